"""Weights around an injury and after a sequence, against plain numpy; hidden states by goal."""

import json
from dataclasses import replace

import numpy as np
import pytest
from references.pdlf_numpy import COEFFICIENTS, PdlfCopy, p8_norm

from neuromodels.analysis.recovery import alikeness
from neuromodels.cli import main
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.experiment.recording import trial_of
from neuromodels.experiment.runner import Runner
from neuromodels.measures import Solution
from neuromodels.measures.imprint import bits_text, compared_sequences, imprints_of
from neuromodels.measures.injury import Injury
from neuromodels.measures.states import observed_steps, readings_of, states_of
from neuromodels.measures.weights import weights_in
from neuromodels.search.plan import SearchPlan
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.store import Store
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

HIDDEN, LENGTH, LATENCY = 8, 3, 4
PARTS = {
    "circuit": CircuitChoice(hidden=HIDDEN),
    "rule": RuleChoice("pdlf"),
    "device": DeviceChoice(dtype="float64", threads=1),
}
COPY = Study(
    name="copy", task=TaskChoice("sequence_copy", {"length": LENGTH, "latency": LATENCY}), **PARTS
)
STEER = Study(
    name="steer",
    task=TaskChoice("velocity", {"steps": 20}),
    conditions=("plastic", "fixed"),
    search=SearchPlan(candidates=8, trials=4, generations=2),
    seeds=(1,),
    test=TestPlan(trials=40, every=2, curve_trials=20, archive=0),
    **PARTS,
)
STREAMS = trial_streams(5, 40)
WOUND = Injury(1.0, 4, 7)


@pytest.fixture(scope="module")
def vector():
    return 0.5 * generator(1, "vectors").standard_normal(Experiment(COPY).dimension)


def in_numpy(vector, bits):
    """Return the network in plain numpy with the coefficients of a vector."""
    slices = Experiment(COPY).slices
    shapes = {"input_hidden": (3, HIDDEN), "hidden_output": (HIDDEN, 1)}
    rules = [
        {c: vector[slices[f"{name}.{c}"]].reshape(shape) for c in COEFFICIENTS}
        for name, shape in shapes.items()
    ]
    return PdlfCopy(bits, *rules, hidden=HIDDEN, latency=LATENCY)


def bits_of(streams):
    trials = Episodes(COPY, "plastic", np.zeros(Experiment(COPY).dimension), streams)
    trials.run()
    return np.asarray(trials.batch["items.bit"])


# -- around an injury ---------------------------------------------------------------------------


@pytest.mark.parametrize("injury", [None, WOUND])
def test_weights_around_a_wound_are_those_of_numpy(vector, injury):
    looks = [1, 3, 4, 7, 9]
    found = weights_in(looks, Solution(COPY, "plastic", vector, STREAMS, 1), injury)
    network = in_numpy(vector, bits_of(STREAMS))
    for step in range(network.steps):
        if injury is not None and injury.holds(step):
            network.w1[:] = network.w2[:] = 0
        if step in looks:
            for name, w in (("input_hidden", network.w1), ("hidden_output", network.w2)):
                expected = w / np.maximum(p8_norm(w), 1e-6)
                np.testing.assert_allclose(
                    found[name][looks.index(step)], expected, rtol=1e-6, atol=1e-9
                )
        network.step()
    lost = found["input_hidden"][looks.index(4)]
    assert lost.any() == (injury is None)


def test_what_acts_is_what_the_next_step_multiplies_with(vector):
    trials = Episodes(COPY, "plastic", vector, STREAMS)
    trials.run(2)
    weights = trials.acting()["hidden_output"]
    trials.run()
    spikes = np.asarray(trials.batch["hidden.s"])
    assert spikes.any()
    np.testing.assert_allclose(trials.readouts()[:, 0], (spikes * weights).sum(axis=1), atol=1e-9)


def test_alike_is_the_cosine():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(2, 3, 4, 5))
    np.testing.assert_allclose(alikeness(weights, 7 * weights), 1.0)
    np.testing.assert_allclose(alikeness(weights, -weights), -1.0)
    assert not alikeness(weights, np.zeros_like(weights)).any()
    other = rng.normal(size=weights.shape)
    a, b = weights[1, 2].ravel(), other[1, 2].ravel()
    expected = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert alikeness(weights, other)[1, 2] == pytest.approx(expected)


# -- after a sequence ---------------------------------------------------------------------------


def test_imprints_are_those_of_numpy(vector):
    found = imprints_of(Solution(COPY, "plastic", vector, trial_streams(6, 200), 1))
    assert [bits_text(each) for each in found.sequences] == ["001", "011", "101", "110"]
    network = in_numpy(vector, np.vstack([np.zeros((1, LENGTH)), found.sequences]))
    for _ in range(LENGTH):
        network.step()
    for name, w in (("input_hidden", network.w1), ("hidden_output", network.w2)):
        expected = w / np.maximum(p8_norm(w), 1e-6)
        np.testing.assert_allclose(found.silent[name], expected[0], rtol=1e-6, atol=1e-9)
        changes = expected[1:] - expected[0]
        np.testing.assert_allclose(found.changes[name], changes, rtol=1e-6, atol=1e-9)
        size = np.linalg.norm(changes, axis=(1, 2)) / np.linalg.norm(expected[0])
        np.testing.assert_allclose(found.size(name), size)
        assert found.read[name].accuracy.shape == (LENGTH,)
        assert found.read[name].inputs == 2**LENGTH


def test_sequences_are_the_published_ones():
    assert [bits_text(each) for each in compared_sequences(8)] == [
        "00000001",
        "01111111",
        "11110111",
        "11111110",
    ]


def test_a_sequence_that_no_trial_was_shown_is_named(vector):
    with pytest.raises(DeclarationError, match=r"a trial that shows \d{3}; got 2\..*--trials"):
        imprints_of(Solution(COPY, "plastic", vector, trial_streams(6, 2), 1))


def test_tasks_without_bits_or_goals_are_refused(vector):
    with pytest.raises(DeclarationError, match=r"velocity: must show a sequence of bits"):
        imprints_of(Solution(STEER, "plastic", np.zeros(Experiment(STEER).dimension), STREAMS, 1))
    with pytest.raises(DeclarationError, match=r"sequence_copy: must draw goals"):
        states_of(Solution(COPY, "plastic", vector, STREAMS, 1))


# -- hidden states ------------------------------------------------------------------------------


def test_states_are_those_of_a_recorded_trial():
    chosen = 0.5 * generator(2, "v").standard_normal(Experiment(STEER).dimension)
    found = states_of(Solution(STEER, "plastic", chosen, STREAMS, 1))
    recorded = trial_of(STEER, "plastic", chosen, int(STREAMS[3]))
    assert found.steps.tolist() == list(range(2, 16))
    assert found.hidden[3].any()
    for name, states in (("hidden.tr", found.hidden), ("input.u", found.channels)):
        expected = recorded[name][:, found.steps].T
        np.testing.assert_allclose(states[3], expected, rtol=1e-5, atol=1e-6)
    # eight speeds, evenly spread: the goal of a trial is the eighth in which its share lies
    np.testing.assert_allclose(found.goals[3], 8 * recorded["items.share"][0, 0] - 0.5)


def test_looks_are_evenly_spread_over_the_published_part():
    assert observed_steps(1000).size == 35
    assert observed_steps(1000)[[0, -1]].tolist() == [100, 799]
    assert observed_steps(3).size == 2


def test_a_goal_with_one_start_cannot_be_held_out():
    """A sled always begins alike: all trials of a goal are one, and nothing can be read anew."""
    states = states_of(
        Solution(STEER, "plastic", np.zeros(Experiment(STEER).dimension), STREAMS, 1)
    )
    assert len(np.unique(states.inputs, axis=0)) == len(np.unique(states.goals))
    found, shown = readings_of(Solution(STEER, "plastic", np.zeros(1), STREAMS, 1), states)
    assert "one input only shows a class" in shown.reason
    assert np.isnan(found.accuracy).all()


def test_goals_of_trials_that_begin_otherwise_are_read():
    """Channels tell the goal of an arm wherever it starts; a silent network says nothing of it."""
    arm = replace(STEER, name="arm", task=TaskChoice("reacher", {"steps": 20}))
    silent = Solution(arm, "plastic", np.zeros(Experiment(arm).dimension), trial_streams(6, 60), 1)
    states = states_of(silent)
    assert len(np.unique(states.inputs, axis=0)) == 60
    hidden, channels = readings_of(silent, states)
    assert (channels.inputs, channels.trials) == (60, 60 * len(states.steps))
    assert channels.accuracy[0] > 0.9
    assert channels.hashed.mean() < 0.3
    assert channels.shuffled.mean() < 0.35
    assert hidden.reason == "1 of 1 not decoded: the states never differ"


# -- the measures -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "steer"
    with Store(folder, STEER.to_table(), STEER.digest) as store:
        assert Runner(STEER, store).run()
    return folder


def asked(folder, measure, capsys):
    assert main(["measure", str(folder), measure, "--trials", "60", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    return {(row["condition"], row["quantity"]): row["value"] for row in rows}


def test_states_are_measured_for_every_search(finished, capsys):
    found = asked(finished, "states", capsys)
    assert {condition for condition, _ in found} == {"plastic", "fixed"}
    for condition in ("plastic", "fixed"):
        with np.load(finished / "measures" / f"states-{condition}-seed1.npz") as kept:
            for end in ("", ", random-hash control", ", shuffled control"):
                told = found[condition, f"goals read from the hidden traces of one step{end}"]
                assert told is None, "a sled always begins alike"
            assert np.isnan(kept["read"]).all()
            assert {"read_hashed", "read_shuffled", "read_channels_hashed"} <= set(kept)
            assert kept["hidden"].shape == (kept["goals"].size, kept["steps"].size, HIDDEN)
            assert max(np.unique(kept["goals"], return_counts=True)[1]) <= 8


def test_the_table_says_why_nothing_was_read(finished, capsys):
    assert main(["measure", str(finished), "states", "--trials", "60"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "not read" in text
    assert "1 of 1 not decoded: one input only shows a class" in text


def test_weights_are_measured_for_the_plastic_search(finished, capsys):
    found = asked(finished, "weights", capsys)
    assert {condition for condition, _ in found} == {"plastic"}
    with np.load(finished / "measures" / "weights-plastic-seed1.npz") as kept:
        assert kept["looks"].tolist() == [1, 9, 10, 11, 15, 19]
        assert not kept["input_hidden.w"][2].any()
        np.testing.assert_allclose(kept["input_hidden.alike"][:2], 1.0, rtol=1e-5)
        value = found["plastic", "input_hidden: like the same trial left intact, step 11"]
        assert kept["input_hidden.alike"][3] == pytest.approx(value)
