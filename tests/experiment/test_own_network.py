"""A network of one's own in a rule study: beside the same circuit of the package, and refused."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, TimedArray, ms, second
from numpy.testing import assert_allclose
from plastic_network import LAYERED, OWN, reader

from neuromodels.api import run
from neuromodels.errors import StorageError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.experiment.recording import trial_of
from neuromodels.experiment.runner import Runner
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import StudyFileError, study_of
from neuromodels.study.own_files import with_network

STREAMS = np.arange(6, dtype=np.uint64)


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a study of a network."""
    return reader(tmp_path)


def vectors_of(experiment, draws):
    """Return vectors whose numbers depend on the label of their coefficient only."""
    xs = np.tile(experiment.centre, (2, 1))
    for label, part in experiment.slices.items():
        if label not in draws:
            shape = (2, part.stop - part.start)
            draws[label] = np.random.default_rng(len(label)).normal(0, 0.6, shape)
        xs[:, part] += draws[label]
    return xs


NAMES = {"input_cells": "input_hidden", "cells_output": "hidden_output", "back": "hidden_hidden"}


def as_layered(own, layered, xs):
    """Return vectors of the layered circuit with the numbers of the other."""
    vectors = np.tile(layered.centre, (len(xs), 1))
    for label, part in own.slices.items():
        name, _, coefficient = label.partition(".")
        vectors[:, layered.slices[f"{NAMES.get(name, name)}.{coefficient}"]] = xs[:, part]
    return vectors


@pytest.mark.parametrize(
    ("rule", "condition"),
    [
        ("oja", "plastic"),
        ("stdp", "reset"),
        pytest.param("oja", "fixed", marks=pytest.mark.strain),
        pytest.param("oja", "halted", marks=pytest.mark.strain),
        pytest.param("stdp", "plastic", marks=pytest.mark.strain),
        pytest.param("hebb", "plastic", marks=pytest.mark.strain),
    ],
)
def test_it_repeats_a_layered_circuit(read, rule, condition):
    own, layered = (Experiment(read(kind, rule), condition) for kind in (OWN, LAYERED))
    assert own.dimension == layered.dimension
    xs = vectors_of(own, {})
    found = own.evaluate(xs, STREAMS)
    expected = layered.evaluate(as_layered(own, layered, xs), STREAMS)
    assert_allclose(found.losses, expected.losses, rtol=1e-9, atol=1e-9)
    assert_allclose(found.scores, expected.scores, rtol=1e-9, atol=1e-9)
    assert_allclose(found.measures["silent cells"], expected.measures["silent hidden"])
    assert np.std(found.losses) > 1e-3


@pytest.mark.strain
@pytest.mark.parametrize("task", ["cue_association", "t_maze"])
def test_read_outs_are_taught_and_state_is_erased_between_trials(read, task):
    changes = {"task": f'{{ name = "{task}" }}', "conditions": '["plastic"]'}
    changes["circuit.readout"] = '"leaky_readout"'
    own, layered = (Experiment(read(kind, **changes)) for kind in (OWN, LAYERED))
    xs = 0.3 * vectors_of(own, {})
    found = own.evaluate(xs, STREAMS)
    expected = layered.evaluate(as_layered(own, layered, xs), STREAMS)
    assert_allclose(found.losses, expected.losses, rtol=1e-9, atol=1e-9)
    assert np.std(found.losses) > 1e-3


@pytest.mark.strain
def test_limits_end_the_trials_of_a_layered_circuit(read):
    limits = {"failures.largest_weight": 1.2, "failures.highest_rate": 12}
    own, layered = (Experiment(read(kind, **limits)) for kind in (OWN, LAYERED))
    xs = vectors_of(own, {}) * np.array([[0.3], [1]])
    found = own.evaluate(xs, STREAMS)
    expected = layered.evaluate(as_layered(own, layered, xs), STREAMS)
    assert_allclose(found.failed, expected.failed)
    assert_allclose(found.measures["rate"], expected.measures["rate"])
    assert 0 < np.count_nonzero(found.failed) < found.failed.size


def test_another_content_of_the_file_is_another_network(read):
    assert circuit_of(read(), "plastic").population("cells").size == 7
    assert circuit_of(read(swaps=(("(7,", "(9,"),)), "plastic").population("cells").size == 9


def test_conditions_differ_from_plastic_in_what_they_should(read):
    study, courses = read(), {}
    vector = vectors_of(Experiment(study), {})[0]
    for condition in ("plastic", "frozen", "halted", "reset"):
        courses[condition] = trial_of(study, condition, vector, 3)
    weights = {name: each["back.w"] for name, each in courses.items()}
    assert np.ptp(weights["plastic"][:, -20:], axis=1).max() > 1e-3
    assert np.ptp(weights["frozen"], axis=1).max() == 0
    halt = np.flatnonzero(np.any(weights["halted"] != weights["plastic"], axis=0))[0]
    assert np.ptp(weights["halted"][:, halt:], axis=1).max() == 0
    assert np.ptp(weights["halted"][:, :halt], axis=1).max() > 1e-3
    traces = courses["reset"]["cells.tr"]
    erased = np.flatnonzero(~np.any(traces, axis=0))
    assert np.any(courses["plastic"]["cells.tr"][:, erased])


def test_frozen_means_the_same_with_a_task_from_arrays(read, tmp_path):
    """The rule runs on silent channels for the length of a trial, and then no more."""
    labels = np.arange(8) % 2
    inputs = np.repeat(np.eye(2)[labels][:, None], 12, axis=1)
    np.savez(tmp_path / "data.npz", inputs=inputs, labels=labels)
    file = tmp_path / "data.npz"
    task = f'{{ name = "arrays", file = "{file}", kind = "values", step = 20, substeps = 1 }}'
    changes = {"task": task, "rule.normalisation": '"none"'}
    study = read(rule="pdlf", conditions='["plastic", "frozen"]', **changes)
    vector = vectors_of(Experiment(study), {})[0]
    found = trial_of(study, "frozen", vector, 3)
    silent, later = np.split(found["back.w"], [12], axis=1)
    assert later.shape[1] == 12
    assert np.ptp(silent, axis=1).max() > 1e-3
    assert np.ptp(later, axis=1).max() == 0
    assert not np.any(found["input.u"][:, :12])
    assert np.any(found["input.u"][:, 12:])
    assert trial_of(study, "plastic", vector, 3)["back.w"].shape[1] == 12


# -- what is the user's stays the user's -----------------------------------------------------------

SPARSE = (
    ("heard_post = w*s_pre : 1 (summed)", "gain : 1 (constant)"),
    ('name="back"', "on_pre='v_post += gain*w', delay=200*ms, name='back'"),
    ("return Network", "back.gain = 'i/7 - 0.2'; back.w = '0.3*(j + 1)'; return Network"),
)
"""The same neurons, with statements at spikes, a delay and a variable of the user's own."""


@pytest.mark.parametrize(
    "per",
    [
        "pre",
        *(pytest.param(p, marks=pytest.mark.strain) for p in ("synapse", "post", "projection")),
    ],
)
def test_the_rule_is_that_of_plain_numpy_on_synapses_between_some_pairs(read, per):
    study = read(
        connect="'i != j', p=0.4",
        swaps=SPARSE,
        **{"rule.coefficients": f'{{ eta = {{ per = "{per}" }} }}'},
    )
    circuit = circuit_of(study, "plastic")
    sources, targets = next(p.pairs for p in circuit.projections if p.own)
    assert 0 < len(sources) < 42
    assert not np.any(sources == targets)
    vector = vectors_of(Experiment(study), {})[0]
    found = trial_of(study, "plastic", vector, 5)
    numbers = circuit.coefficients.decode(vector[None])
    eta = numbers["back.eta"][0]
    each = {"pre": eta[sources % len(eta)], "post": eta[targets % len(eta)]}.get(per, eta)
    x, y, w = found["cells.tr"][sources], found["cells.tr"][targets], found["back.w"]
    steps = w[:, :-1] + each[:, None] * y[:, 1:] * (x[:, 1:] - y[:, 1:] * w[:, :-1])
    assert_allclose(w[:, 1:], np.clip(steps, -2, 2), rtol=1e-9, atol=1e-12)
    assert np.ptp(w, axis=1).max() > 1e-3


def test_fixed_weights_give_the_course_of_stock_brian2(read, tmp_path):
    """What arrives from the channels is played to the user's network alone."""
    study = read(connect="'i != j', p=0.4", swaps=SPARSE)
    circuit = circuit_of(study, "fixed")
    vector = vectors_of(Experiment(study, "fixed"), {})[0]
    found = trial_of(study, "fixed", vector, 5)
    numbers = {key: each[0] for key, each in circuit.coefficients.decode(vector[None]).items()}
    arriving = numbers["input_cells.w"].reshape(-1, 7).T @ found["input.u"]
    step = (found["t"][1] - found["t"][0]) * second
    cells = NeuronGroup(
        7,
        """dv/dt = -v/(20*ms) : 1
        dtr/dt = -tr/(20*ms) : 1
        s : 1""",
        threshold="v > 1",
        reset="s = 1; tr += 1; v -= 1",
        dt=step,
        name="stock",
    )
    told = TimedArray(arriving.T, dt=step)
    cells.run_regularly("v += told(t, i); s = 0", when="before_thresholds", dt=step)
    back = Synapses(cells, cells, "g : 1", on_pre="v_post += g", delay=200 * ms, dt=step)
    sources, targets = next(p.pairs for p in circuit.projections if p.own)
    back.connect(i=sources, j=targets)
    back.g = (sources / 7 - 0.2) * numbers["back.w"]
    watch = StateMonitor(cells, ("s", "tr"), record=True, when="end", dt=step)
    Network(cells, back, watch).run(len(found["t"]) * step, namespace={"told": told})
    assert found["cells.s"].sum() > 10
    assert_allclose(found["cells.s"], watch.s)
    assert_allclose(found["cells.tr"], watch.tr, rtol=1e-9, atol=1e-12)


def test_weights_begin_where_the_user_has_set_them_unless_they_are_searched(read):
    study = read(rule="pdlf", swaps=SPARSE, **{"rule.normalisation": "none"})
    circuit = circuit_of(study, "plastic")
    found = trial_of(study, "plastic", circuit.coefficients.centre, 1)["back.w"]
    targets = next(p.pairs for p in circuit.projections if p.own)[1]
    assert_allclose(found[:, 0], 0.3 * (targets + 1))


def test_what_is_drawn_differs_between_trials_and_not_between_candidates(read):
    start = ("return Network", "cells.v = 'rand()'; cells.tr = np.random.rand(7); return Network")
    study = read(swaps=(start,))
    experiment = Experiment(study)
    outcome = experiment.evaluate(np.tile(vectors_of(experiment, {})[0], (2, 1)), STREAMS)
    assert_allclose(outcome.losses[0], outcome.losses[1], atol=0)
    assert circuit_of(study, "plastic").draws == {"cells.v": "rand()"}
    first, other, again = (trial_of(study, "plastic", experiment.centre, k) for k in (1, 2, 1))
    assert np.all(first["cells.v"] != other["cells.v"])
    assert_allclose(first["cells.v"], again["cells.v"], atol=0)


def test_delays_are_those_of_the_wiring_in_all_trials(read):
    study = read(swaps=(*SPARSE, ("delay=200*ms, ", ""), ("back.w =", DELAYS)))
    assert circuit_of(study, "plastic").draws == {}
    trials = Episodes(study, "plastic", circuit_of(study, "plastic").coefficients.centre, STREAMS)
    trials.run()
    delays = np.asarray(trials.batch["back_pre.delay"])
    assert np.ptp(delays, axis=0).max() == 0
    assert np.ptp(delays, axis=1).max() > 0.1


DELAYS = "back.pre.delay = 'rand()*second'; back.w ="


# -- a third factor of one's own -------------------------------------------------------------------


def test_a_variable_of_the_user_is_the_third_factor(read):
    study = read(
        rule="three_factor",
        swaps=(("told             : 1", "told : 1\n        modulation = tr : 1"),),
    )
    vector = vectors_of(Experiment(study), {})[0]
    found = trial_of(study, "plastic", vector, 3)
    assert_allclose(found["cells.modulation"], found["cells.tr"])
    assert np.ptp(found["back.w"], axis=1).max() > 1e-6
    still = trial_of(study, "M0", vector, 3)["back.w"]
    assert np.ptp(still, axis=1).max() < np.ptp(found["back.w"], axis=1).max()


# -- a search --------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a run as a signal would."""


def solutions_of(folder):
    """Return the arrays of all solutions and the final scores of a run."""
    files = sorted((folder / "solutions").glob("*.npz"))
    assert files
    return {file.name: np.load(file)["vector"].tobytes() for file in files}


def run_in(folder, study):
    with Store(folder, study.to_table(), study.digest) as store:
        Runner(study, store).run()


def test_a_killed_run_goes_on_to_the_same_bits(read, tmp_path, monkeypatch):
    study = read(conditions='["plastic"]')
    run_in(tmp_path / "whole", study)
    evaluate, calls = Experiment.evaluate, []

    def dying(self, xs, streams):
        calls.append(len(xs))
        if len(calls) == 4:
            raise Killed
        return evaluate(self, xs, streams)

    monkeypatch.setattr(Experiment, "evaluate", dying)
    with pytest.raises(Killed):
        run_in(tmp_path / "killed", study)
    stored = StoredRun(tmp_path / "killed").table
    run_in(tmp_path / "killed", study_of(stored, str(tmp_path / "killed" / "study.json")))
    assert len(calls) > 4
    assert solutions_of(tmp_path / "killed") == solutions_of(tmp_path / "whole")


def test_the_digest_is_that_of_what_the_network_is_made_of(read):
    study = read()
    spaced = read(swaps=(("tau, limit", "# of all\n    tau, limit"),))
    assert spaced.digest == study.digest
    assert read(circuit=OWN + 'signal = "tr"').digest != study.digest
    assert read(swaps=(("20*ms", "21*ms"),)).digest != study.digest
    with pytest.raises(StudyFileError, match="has changed since this run began"):
        study_of(study.to_table(), "table")


def test_a_study_made_in_python_knows_what_its_network_is_made_of(read, tmp_path, monkeypatch):
    study, folder = read(), tmp_path / "run"
    monkeypatch.chdir(tmp_path)
    circuit = replace(study.circuit, build="net.py:build")
    made = with_network(replace(study, circuit=circuit, contents={}))
    assert made.digest == study.digest
    assert made.circuit == study.circuit
    run(replace(made, conditions=("plastic",), contents={}), folder)
    read(swaps=(("20*ms", "21*ms"),))
    with pytest.raises(StorageError, match="must be empty or hold the study"):
        run(replace(made, conditions=("plastic",), contents={}), folder)
