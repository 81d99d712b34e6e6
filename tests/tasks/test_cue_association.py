"""Noisy cue association against numpy, and the memory that is set by hand."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.batches import batch_of
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.recording import recording_of
from neuromodels.seeding import trial_streams
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import CATALOG

TASK = CATALOG["cue_association"]
LEFT, RIGHT, GO, NOISE = (slice(10 * k, 10 * k + 10) for k in range(4))
TRIALS = 200
PER_BLOCK = {"per": "block"}


def study_of(rule: str = "plastic_oja", **parameters) -> Study:
    shared = {"w": PER_BLOCK, **({} if rule == "fixed" else {"alpha": PER_BLOCK})}
    options = {"normalisation": "none"} if rule == "fixed" else {}
    return Study(
        name="cues",
        task=TaskChoice("cue_association", parameters),
        rule=RuleChoice(rule, options, shared),
        circuit=CircuitChoice(
            hidden=8,
            neuron="lif",
            readout="leaky_readout",
            groups=2,
            plastic="input",
            coefficients={"hidden.bias": {"per": "group"}},
        ),
        device=DeviceChoice(threads=1),
    )


def by_hand(experiment: Experiment) -> np.ndarray:
    """Return one hidden half per side; noise reaches a half as often as its side's cues came."""
    found = np.zeros(experiment.dimension)
    numbers = {
        "input_hidden.w": [[0.2, 0.0], [0.0, 0.2], [0.1, 0.1], [0.0, 0.0]],
        "input_hidden.alpha": [[0, 0], [0, 0], [0, 0], [2, 2]],
        "input_hidden.eta": np.log(0.02),
        "hidden_output.w": [1.0, -1.0],
    }
    for label, values in numbers.items():
        found[experiment.slices[label]] = np.ravel(values)
    return found


class Watched:
    """Trials run step by step: what was drawn, and every channel in every step."""

    def __init__(self, trials: int = TRIALS, **parameters):
        study = study_of("fixed", **parameters)
        circuit = circuit_of(study, "plastic")
        made = network_of(study, "plastic", circuit)
        batch = batch_of(made, study, trials)
        batch.streams = trial_streams(3, trials)
        self.steps = TASK.number(TASK.steps, TASK.with_defaults(parameters))
        spikes, rates = [], []
        for _ in range(self.steps):
            batch.run(made.duration / self.steps)
            spikes.append(np.asarray(batch["input.u"]))
            rates.append(np.asarray(batch["input.rate"]))
        self.spikes, self.rates = np.stack(spikes, axis=-1), np.stack(rates, axis=-1)
        names = ("side", "likelier", "seen", "level")
        self.drawn = {name: np.asarray(batch[f"items.{name}"]) for name in names}
        self.target = np.asarray(batch["score.target"])[:, 0]


@pytest.fixture(scope="module")
def plain():
    return Watched()


@pytest.fixture(scope="module")
def noisy():
    return Watched(60, cues=3, delay=300, noise=5.0, noise_spread=20.0, dropout=0.5, lead=0.9)


def expected_rates(sides, seen, level, delay: int) -> np.ndarray:
    """Return the rates of one trial written out on a grid of 5 ms, (40, steps), Hz."""
    steps = int((150 * len(sides) + delay + 150) / 5)
    ms = 5 * np.arange(steps)
    rates = np.full((40, steps), float(level))
    for number, (side, shown) in enumerate(zip(sides, seen, strict=True)):
        on = (ms >= 150 * number + 50) & (ms < 150 * (number + 1))
        rates[LEFT if side > 0 else RIGHT] += 40.0 * shown * on
    rates[GO] += 40.0 * (ms >= steps * 5 - 150)
    rates[NOISE] += 10.0
    return rates


@pytest.mark.parametrize(("trials", "delay"), [("plain", 1050), ("noisy", 300)])
def test_rates_are_those_of_the_protocol(request, trials, delay):
    found = request.getfixturevalue(trials)
    level = np.ravel(found.drawn["level"])
    for trial in range(20):
        sides, seen = (found.drawn[name][trial] for name in ("side", "seen"))
        expected = expected_rates(sides, seen, level[trial], delay)
        np.testing.assert_allclose(found.rates[trial], expected, rtol=1e-5)


@pytest.mark.parametrize("trials", ["plain", "noisy"])
def test_spikes_are_drawn_at_those_rates(request, trials):
    """Counts of channel groups; their variance is that of independent draws."""
    found = request.getfixturevalue(trials)
    p = found.rates * 0.005
    for group in (LEFT, RIGHT, GO, NOISE):
        count, mean = found.spikes[:, group].sum(), p[:, group].sum()
        sd = np.sqrt((p[:, group] * (1 - p[:, group])).sum())
        assert abs(count - mean) < 4.5 * sd
    assert set(np.unique(found.spikes)) == {0.0, 1.0}


def test_sides_follow_the_likelier_one(plain):
    likelier, sides = np.ravel(plain.drawn["likelier"]), plain.drawn["side"]
    assert set(np.unique(sides)) == {-1.0, 1.0}
    assert abs((likelier > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(TRIALS)
    agreeing = (sides == likelier[:, None]).mean()
    assert abs(agreeing - 0.7) < 4 * np.sqrt(0.21 / sides.size)
    np.testing.assert_array_equal(plain.target, sides.sum(axis=1))
    assert not plain.drawn["level"].any()
    assert plain.drawn["seen"].all()


def test_noise_and_dark_cues_are_drawn_for_each_trial(noisy):
    level = np.ravel(noisy.drawn["level"])
    assert level.min() >= 5
    assert level.max() <= 25
    assert abs(level.mean() - 15) < 4 * 20 / np.sqrt(12 * level.size)
    seen = noisy.drawn["seen"]
    assert abs(seen.mean() - 0.5) < 4 * 0.5 / np.sqrt(seen.size)


@pytest.fixture(scope="module")
def plastic():
    return Experiment(study_of(slope=3.0))


@pytest.fixture(scope="module")
def fixed():
    return Experiment(study_of("fixed"))


def test_loss_and_score_are_those_of_the_recorded_read_out(plastic):
    vector = by_hand(plastic)
    streams = trial_streams(7, 2)
    outcome = plastic.evaluate(vector[None], streams)
    for trial, stream in enumerate(streams):
        recording = recording_of(study_of(slope=3.0), "plastic", vector, int(stream))
        label = np.sign(recording["items.side"].sum())
        margin = 3.0 * label * recording["output.o"][0, -30:].mean()
        assert outcome.losses[0, trial] == pytest.approx(np.logaddexp(0, -margin), abs=1e-6)
        assert outcome.scores[0, trial] == (margin > 0)


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_the_loss_of_large_read_outs_is_finite(fixed, size):
    vector = np.zeros(fixed.dimension)
    vector[fixed.slices["output.bias"]] = size
    outcome = fixed.evaluate(vector[None], trial_streams(2, 40))
    answer = np.where(outcome.losses[0] > 1, 0.0, 1.0)
    np.testing.assert_array_equal(outcome.scores[0], answer)
    assert set(np.round(outcome.losses[0], 3)) == {0.0, 10.0}, "the bias is bounded at 10"


def test_silence_is_a_tie(fixed):
    outcome = fixed.evaluate(np.zeros((1, fixed.dimension)), trial_streams(2, 10))
    assert (outcome.scores == 0.5).all()
    np.testing.assert_allclose(outcome.losses, np.log(2), rtol=1e-6)


def test_plastic_noise_synapses_hold_the_answer(plastic):
    """The solution by hand; it needs the rule, and no membrane or trace in the delay."""
    streams = trial_streams(11, 600)
    vector = by_hand(plastic)[None]
    assert plastic.evaluate(vector, streams).scores.mean() > 0.85
    reset = Experiment(study_of(slope=3.0), "reset")
    assert reset.evaluate(vector, streams).scores.mean() > 0.85
    frozen = Experiment(study_of(slope=3.0), "frozen").evaluate(vector, streams)
    assert (frozen.scores == 0.5).all(), "1e-23 of the last cue is no answer"


def test_weights_that_do_not_change_are_at_chance(fixed):
    """Whatever they are: noise and the go signal are all that there is to answer from."""
    rng, trials = np.random.default_rng(17), 400
    vectors = 0.3 * rng.standard_normal((12, fixed.dimension))
    scores = fixed.evaluate(vectors, trial_streams(13, trials)).scores
    assert (scores.std(axis=1) > 0).sum() > 6, "most of them answer"
    assert np.abs(scores.mean(axis=1) - 0.5).max() < 4 * 0.5 / np.sqrt(trials)


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ({"cues": 4}, "cues % 2 == 1"),
        ({"delay": 301}, "delay % 5 == 0"),
        ({"dropout": 1.5}, "dropout <= 1"),
        ({"noise": 300.0}, "<= 200"),
    ],
)
def test_impossible_parameters_are_refused(parameters, wrong):
    with pytest.raises(DeclarationError, match=wrong):
        TASK.with_defaults(parameters)


def test_a_prelude_is_silent():
    study = study_of("fixed", prelude=6, cues=1, delay=0)
    silent = np.zeros(circuit_of(study, "plastic").coefficients.dimension)
    recording = recording_of(study, "plastic", silent, 5)
    assert recording["t"].size == 6 + 30 + 30
    side = recording["items.side"][0]
    cue = recording["input.u"][LEFT if side > 0 else RIGHT].sum(axis=0)
    assert not cue[:16].any()
    assert cue[16:36].any()
