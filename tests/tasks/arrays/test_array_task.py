"""What a task from arrays shows and scores, against numpy and stock Brian2."""

import brian2
import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, TimedArray, ms

from neuromodels.errors import DeclarationError
from neuromodels.experiment.contracts import TaskContract
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Population, layered
from neuromodels.study.conditions import Controls, controlled
from neuromodels.tasks.arrays import TrialArrays, array_task

FIXED = RULES["fixed"].with_options({"normalisation": "none"})
TRIALS, STEPS, CHANNELS, SUBSTEPS = 12, 5, 3, 2
DRAWN = np.random.default_rng(1)
INPUTS = DRAWN.normal(size=(TRIALS, STEPS, CHANNELS))
LABELS = np.arange(TRIALS) % 4
MASK = np.arange(STEPS) >= DRAWN.integers(0, STEPS, TRIALS)[:, None]
RUNS = 40


class Trials:
    """A read-out without dynamics behind the channels of a task, with random fixed weights."""

    def __init__(self, task, parameters=None, dtype="float64", controls=None, instances=RUNS):
        layers = (
            Population("input", task.channels, None, task.groups, task.trace),
            Population("output", task.outputs, MODELS["readout"]),
        )
        circuit = layered(layers, FIXED, FIXED)
        self.made = assemble(circuit, task, parameters or {}, controls=controls)
        self.batch = Batch(self.made.network, instances, dtype=dtype, threads=1, namespace={})
        self.batch.streams = np.arange(instances, dtype=np.uint64)
        for address, expression in self.made.initial.items():
            self.batch.initialise(address, expression)
        shape = (task.channels, task.outputs)
        self.weights = np.random.default_rng(2).normal(size=shape).astype(dtype)
        self.batch["input_output.w"] = self.weights.ravel()

    def run(self):
        self.batch.run(self.made.duration)
        return self

    def read(self, address):
        return np.asarray(self.batch[address]).reshape(-1)

    @property
    def numbers(self):
        return self.read("items.number").astype(int)


# -- scores against numpy -------------------------------------------------------------------------


def answers(weights, numbers, mask):
    """Return what the read-out says in each step of each trial, and the weights of the steps."""
    counted = mask / mask.sum(axis=1, keepdims=True)
    return INPUTS[numbers] @ weights, counted[numbers]


def entropy_of_labels(evidence, labels):
    odds = np.exp(evidence)
    return -np.log(odds[np.arange(len(labels)), labels] / odds.sum(axis=1))


def error_of_labels(evidence, labels):
    return ((evidence - np.eye(4)[labels]) ** 2).mean(axis=1)


OWN_OF_LABELS = """
    margin = clip(1 - own + label, 0, inf)
    loss = last*margin**2
"""


def own_of_labels(evidence, labels):
    own = evidence[np.arange(len(labels)), labels]
    return np.clip(1 - own + labels, 0, None) ** 2


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("", entropy_of_labels),
        ("squared error", error_of_labels),
        (OWN_OF_LABELS, own_of_labels),
    ],
    ids=["entropy", "squares", "own"],
)
def test_losses_of_labels_are_those_of_numpy(loss, expected, mask):
    arrays = TrialArrays(INPUTS, LABELS, mask=mask)
    trials = Trials(array_task(arrays, "values", loss, substeps=SUBSTEPS)).run()
    said, counted = answers(
        trials.weights, trials.numbers, np.ones((TRIALS, STEPS)) if mask is None else mask
    )
    evidence, labels = (said * counted[..., None]).sum(axis=1), LABELS[trials.numbers]
    np.testing.assert_allclose(trials.read("score.loss"), expected(evidence, labels))
    np.testing.assert_array_equal(trials.read("score.correct"), evidence.argmax(1) == labels)
    assert len(set(trials.numbers)) > TRIALS / 2


def squares_of_targets(said, wanted):
    return ((said - wanted) ** 2).mean(axis=-1)


def distance_of_targets(said, wanted):
    return np.abs(said - wanted).mean(axis=-1)


def entropy_of_targets(said, wanted):
    share = 1 / (1 + np.exp(-said))
    return -(wanted * np.log(share) + (1 - wanted) * np.log(1 - share)).mean(axis=-1)


def fourth_power(said, wanted):
    return ((said - wanted) ** 4)[..., 0]


@pytest.mark.parametrize(
    ("loss", "expected", "outputs"),
    [
        ("", squares_of_targets, 1),
        ("", squares_of_targets, 2),
        ("absolute error", distance_of_targets, 2),
        ("cross entropy", entropy_of_targets, 3),
        ("loss += weight*(y - wanted)**4", fourth_power, 1),
        ("loss += weight*(y0 - wanted0)**4", fourth_power, 2),
    ],
)
def test_losses_of_targets_are_those_of_numpy(loss, expected, outputs):
    targets = np.random.default_rng(3).uniform(size=(TRIALS, STEPS, outputs))
    arrays = TrialArrays(INPUTS, targets=targets, mask=MASK)
    trials = Trials(array_task(arrays, "values", loss, substeps=SUBSTEPS)).run()
    said, counted = answers(trials.weights, trials.numbers, MASK)
    wanted = targets[trials.numbers]
    losses = (counted * expected(said, wanted)).sum(axis=1)
    np.testing.assert_allclose(trials.read("score.loss"), losses)
    squares = (counted * squares_of_targets(said, wanted)).sum(axis=1)
    scores = 1 - squares / targets[MASK].var(axis=0).mean()
    if loss == "cross entropy":
        scores = (counted * ((said > 0) == (wanted > 0.5)).mean(axis=-1)).sum(axis=1)
    np.testing.assert_allclose(trials.read("score.correct"), scores.clip(0, 1), atol=1e-12)


# -- what is shown --------------------------------------------------------------------------------


def shown(kind, inputs, dtype="float64", **settings):
    """Return the input of each step of one trial, (channels, steps), and the trial's number."""
    task = array_task(TrialArrays(inputs, LABELS), kind, **settings)
    trials = Trials(task, dtype=dtype, controls=Controls(record=True), instances=1).run()
    return np.asarray(trials.batch.samples("watch_input")["u"]), trials.numbers[0]


def test_currents_drive_a_membrane_as_a_timed_array_does_in_brian2():
    u, number = shown("currents", INPUTS, step=10.0, substeps=10)
    drive = TimedArray(INPUTS[number], dt=10 * ms, name="drive_of_trial")
    group = NeuronGroup(
        CHANNELS,
        "dv/dt = (drive_of_trial(t, i) - v)/(20*ms) : 1",
        method="exact",
        clock=brian2.Clock(1 * ms, name="drive_clock"),
        name="driven",
        namespace={"drive_of_trial": drive},
    )
    seen = StateMonitor(group, "v", record=True, when="end", clock=group.clock, name="driven_v")
    brian2.Network(group, seen, name="driven_net").run(50 * ms, namespace={})
    v, decay = np.zeros(CHANNELS), np.exp(-1 / 20)
    for step in range(50):
        v = v * decay + u[:, step]
        np.testing.assert_allclose(v, seen.v[:, step])


def test_spikes_are_those_of_a_generator_in_brian2():
    counts = np.random.default_rng(4).integers(0, 2, INPUTS.shape)
    u, number = shown("spikes", counts, step=4.0, substeps=4)
    step, channel = np.nonzero(counts[number])
    clock = brian2.Clock(1 * ms, name="given_clock")
    group = SpikeGeneratorGroup(CHANNELS, channel, 4 * step * ms, clock=clock, name="given")
    seen = SpikeMonitor(group, name="given_spikes")
    brian2.Network(group, seen, name="given_net").run(20 * ms, namespace={})
    expected = np.zeros((CHANNELS, 20))
    expected[seen.i, np.round(seen.t / ms).astype(int)] = 1
    np.testing.assert_array_equal(u, expected)


def test_several_spikes_of_a_step_arrive_together():
    counts = np.arange(TRIALS * STEPS * CHANNELS).reshape(INPUTS.shape)
    u, number = shown("spikes", counts, step=4.0, substeps=2)
    np.testing.assert_array_equal(u[:, ::2], counts[number].T)
    assert not u[:, 1::2].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_spikes_of_rates_come_as_often_as_told(dtype):
    rates = np.random.default_rng(5).uniform(0, 400, (1, 4, CHANNELS))
    arrays = TrialArrays(np.repeat(rates, 2, axis=0), [0, 1])
    task = array_task(arrays, "rates", step=100.0, substeps=100)
    trials = Trials(task, dtype=dtype, controls=Controls(record=True), instances=50)
    trials.batch.record(range(50))
    trials.run()
    seen = [np.asarray(trials.batch.samples("watch_input", k)["u"]) for k in range(50)]
    counts = np.array(seen).reshape(50, CHANNELS, 4, 100).sum(axis=(0, 3))
    chance = rates[0].T * 1e-3
    error = np.sqrt(50 * 100 * chance * (1 - chance))
    assert (np.abs(counts - 5000 * chance) < 4 * error).all()
    assert len({each.tobytes() for each in seen}) == 50


def test_single_precision_finds_every_row_of_long_arrays():
    """Rows are counted in floating point: those of 2**21 and more are exact too."""
    trials, steps = 3, 2**20
    inputs = (np.arange(trials * steps) % 8191.0).reshape(trials, steps, 1)
    task = array_task(TrialArrays(inputs, [0, 1, 0]), "values", step=1.0, substeps=1)
    running = Trials(task, dtype="float32", instances=8)
    first = running.made.duration - 300 * ms
    running.batch.run(first)
    for step in range(300):
        running.batch.run(1 * ms)
        expected = inputs[running.numbers, steps - 300 + step, 0]
        if step % 50 == 0:
            np.testing.assert_array_equal(running.read("input.u"), expected)
    assert set(running.numbers) == {0, 1, 2}


# -- trials, tests and memory ---------------------------------------------------------------------


def drawn(task, parameters, dtype="float32"):
    trials = Trials(task, parameters, dtype=dtype, instances=3000)
    trials.batch.run(trials.made.duration)
    return trials.numbers


@pytest.mark.parametrize(
    ("share", "kept", "dtype"),
    [
        (0.25, 3, "float32"),
        pytest.param(0.25, 3, "float64", marks=pytest.mark.strain),
        pytest.param(0.3, 4, "float32", marks=pytest.mark.strain),
        (0.125, 1, "float64"),
        pytest.param(0.125, 1, "float32", marks=pytest.mark.strain),
        pytest.param(0.9, 11, "float32", marks=pytest.mark.strain),
    ],
)
def test_no_search_sees_a_trial_of_the_tests(share, kept, dtype):
    task = array_task(TrialArrays(INPUTS, LABELS), "values")
    seen = drawn(task, {"test_share": share, "substeps": 1}, dtype)
    tested = drawn(task, {"test_share": share, "substeps": 1, "held_out": 1}, dtype)
    assert len(set(tested)) == kept
    assert set(seen) | set(tested) == set(range(TRIALS))
    assert not set(seen) & set(tested)


def test_marked_trials_are_those_of_the_tests():
    marks = np.isin(np.arange(TRIALS), [0, 5, 6])
    task = array_task(TrialArrays(INPUTS, LABELS, test=marks), "values", substeps=1)
    seen = drawn(task, {})
    assert set(drawn(task, task.unseen)) == {0, 5, 6}
    assert set(seen) == set(range(TRIALS)) - {0, 5, 6}
    counts = np.bincount(seen)[~marks]
    assert np.abs(counts - 3000 / 9).max() < 4 * np.sqrt(3000 / 9)


def test_all_instances_share_the_arrays():
    inputs = np.zeros((50, 200, 30))
    task = array_task(TrialArrays(inputs, np.arange(50) % 2), "values")
    few, many = (Trials(task, instances=n).run() for n in (10, 1000))
    held = [trials.batch.report.as_dict()["bytes"] for trials in (few, many)]
    own = (held[1] - held[0]) / 990
    assert own < 0.01 * inputs.nbytes


def test_a_network_that_knows_the_answer_scores_one():
    arrays = TrialArrays(np.repeat(np.eye(4)[LABELS][:, None], STEPS, axis=1), LABELS)
    trials = Trials(array_task(arrays, "values"))
    trials.batch["input_output.w"] = np.eye(4).ravel()
    assert (trials.run().read("score.correct") == 1).all()


# -- silence before the trial ----------------------------------------------------------------------

BOTH = {"labels": {"labels": LABELS}, "targets": {"targets": INPUTS}}


@pytest.mark.parametrize("loss", ["", "loss += weight*(y0 - 0.3)**4"], ids=["usual", "own"])
@pytest.mark.parametrize("answers", BOTH)
def test_silence_before_a_trial_changes_no_score(answers, loss):
    """A read-out without dynamics has forgotten it at once."""
    task = array_task(TrialArrays(INPUTS, mask=MASK, **BOTH[answers]), "values", loss, substeps=2)
    at_once, later = Trials(task).run(), Trials(task, {"prelude": 7}).run()
    assert later.made.duration - at_once.made.duration == pytest.approx(7 * 5e-3)
    np.testing.assert_array_equal(later.numbers, at_once.numbers)
    assert np.ptp(at_once.read("score.loss")) > 0
    for address in ("score.loss", "score.correct"):
        np.testing.assert_array_equal(later.read(address), at_once.read(address))


@pytest.mark.parametrize(
    ("kind", "variable"),
    [("values", "u"), ("spikes", "u"), ("currents", "level"), ("rates", "rate")],
)
def test_channels_are_silent_before_a_trial(kind, variable):
    """Trial 0 has a row before the first one nowhere, and others have that of another trial."""
    inputs = 1 + DRAWN.integers(5, size=INPUTS.shape)
    task = array_task(TrialArrays(inputs, LABELS), kind, substeps=2)
    trials = Trials(task, {"prelude": 3})
    shown = []
    for _ in range(5):
        trials.batch.run(5 * ms)
        shown.append(trials.read(f"input.{variable}").reshape(RUNS, CHANNELS))
    assert not np.any(shown[:3])
    first = inputs[trials.numbers, 0]
    np.testing.assert_array_equal(shown[3], first)
    np.testing.assert_array_equal(shown[4], 0 * first if kind == "spikes" else first)


def test_frozen_lets_a_rule_settle_for_the_length_of_a_trial():
    task = array_task(TrialArrays(INPUTS, LABELS), "values", substeps=4)
    parameters, controls = controlled(task, {}, "frozen")
    assert parameters["prelude"] == controls.freeze_at == STEPS * 4
    parameters, controls = controlled(task, {"prelude": 33}, "frozen")
    assert parameters["prelude"] == controls.freeze_at == 33
    with pytest.raises(DeclarationError, match=r"prelude: must be a whole number >= 0; got '?1\.5"):
        controlled(task, {"prelude": 1.5}, "frozen")


@pytest.mark.parametrize(
    "task",
    [
        array_task(TrialArrays(np.abs(INPUTS), LABELS, mask=MASK), "rates", test_share=0.5),
        array_task(TrialArrays(INPUTS, targets=INPUTS), "currents", substeps=2),
        pytest.param(
            array_task(TrialArrays(INPUTS, LABELS, classes=100), "values", substeps=1),
            marks=pytest.mark.strain,
        ),
    ],
    ids=["rates", "targets", "classes"],
)
def test_the_contract_of_tasks_is_kept(task):
    verdicts = list(TaskContract().verdicts(task))
    assert [verdict for verdict in verdicts if verdict.status == "failed"] == []
