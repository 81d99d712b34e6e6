"""Injuries: what is lost, when, and the same for every method; recovery on made-up rewards."""

from dataclasses import replace

import numpy as np
import pytest

from neuromodels.analysis.recovery import (
    recovered_fraction,
    recovery_interval,
    recovery_steps,
)
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.measures import Solution
from neuromodels.measures import injury as injuries
from neuromodels.measures.injury import Injury, rewards_of
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

STUDY = Study(
    name="small",
    task=TaskChoice("sequence_copy", {"length": 4, "latency": 2}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=8),
    device=DeviceChoice(dtype="float64", threads=1),
)
STEPS, STREAMS = 10, trial_streams(4, 30)
SHAPES = {"input_hidden": (3, 8), "hidden_output": (8, 1)}


def vector_of(condition):
    dimension = Experiment(STUDY, condition).dimension
    return 0.5 * generator(1, "vectors").standard_normal(dimension)


@pytest.fixture(scope="module")
def vectors():
    return {condition: vector_of(condition) for condition in ("plastic", "fixed")}


@pytest.mark.parametrize("condition", ["plastic", "fixed"])
def test_rewards_add_up_to_the_score(vectors, condition):
    rewards = rewards_of(Solution(STUDY, condition, vectors[condition], STREAMS, 1))
    assert rewards.shape == (30, STEPS)
    scores = Experiment(STUDY, condition).evaluate(vectors[condition][None], STREAMS).scores[0]
    np.testing.assert_allclose(rewards.sum(axis=1), scores)


def test_nothing_lost_is_nothing_changed(vectors):
    intact = rewards_of(Solution(STUDY, "plastic", vectors["plastic"], STREAMS, 1))
    unhurt = rewards_of(
        Solution(STUDY, "plastic", vectors["plastic"], STREAMS, 1), Injury(0.0, 0, STEPS)
    )
    np.testing.assert_array_equal(unhurt, intact)


def test_a_network_without_weights_says_nothing(vectors):
    """Silence is the answer 0: right for every 0, wrong for every 1."""
    lost = rewards_of(Solution(STUDY, "fixed", vectors["fixed"], STREAMS, 1), Injury(1.0, 0, STEPS))
    zeros = rewards_of(Solution(STUDY, "fixed", np.zeros_like(vectors["fixed"]), STREAMS, 1))
    np.testing.assert_array_equal(lost, zeros)


def test_before_the_injury_all_is_as_it_was(vectors):
    intact = rewards_of(Solution(STUDY, "plastic", vectors["plastic"], STREAMS, 1))
    hurt = rewards_of(
        Solution(STUDY, "plastic", vectors["plastic"], STREAMS, 1), Injury(1.0, 8, STEPS)
    )
    np.testing.assert_array_equal(hurt[:, :8], intact[:, :8])
    assert not np.array_equal(hurt, intact)


def test_fixed_weights_come_back_and_plastic_ones_do_not(vectors):
    """Fixed weights have no state but the membranes; after a few steps nothing is left to see."""
    wound = Injury(1.0, 1, 3)
    for condition, comes_back in (("fixed", True), ("plastic", False)):
        hurt, other = (Episodes(STUDY, condition, vectors[condition], STREAMS) for _ in range(2))
        patient, masks = injuries._Patient(hurt), injuries._Masks(wound, hurt.shapes, 30)
        for step in range(4):
            if wound.holds(step):
                patient.lose(masks.lost())
                assert not hurt.weights()["input_hidden"].any()
            elif step == wound.last:
                patient.heal()
            hurt.run()
            other.run()
        found, expected = (each.weights()["input_hidden"] for each in (hurt, other))
        assert np.allclose(found, expected) == comes_back


def test_fixed_weights_come_back_beside_plastic_ones():
    study = replace(STUDY, circuit=CircuitChoice(hidden=8, plastic="input"))
    vector = 0.5 * generator(1, "vectors").standard_normal(Experiment(study, "plastic").dimension)
    hurt, other = (Episodes(study, "plastic", vector, STREAMS) for _ in range(2))
    for _ in injuries.injured_steps(hurt, Injury(1.0, 1, 3)):
        hurt.run()
        other.run()
    found, expected = hurt.weights(), other.weights()
    np.testing.assert_allclose(found["hidden_output"], expected["hidden_output"])
    assert expected["hidden_output"].any()
    assert not np.allclose(found["input_hidden"], expected["input_hidden"])


def test_every_method_has_the_same_wounds():
    for unit in ("weights", "neurons"):
        one, other = (injuries._Masks(Injury(0.4, 0, 9, unit), SHAPES, 50) for _ in range(2))
        for name, lost in one.lost().items():
            np.testing.assert_array_equal(other.lost()[name], lost)
            assert lost.mean() == pytest.approx(0.4, abs=0.06)


def test_a_lost_neuron_loses_all_its_weights_in_every_projection():
    lost = injuries._Masks(Injury(0.5, 0, 9, "neurons"), SHAPES, 20).lost()
    into, out = lost["input_hidden"].reshape(20, 3, 8), lost["hidden_output"].reshape(20, 8)
    assert (into.all(axis=1) == into.any(axis=1)).all()
    np.testing.assert_array_equal(into.any(axis=1), out)


def test_wounds_stay_unless_they_are_redrawn():
    for is_redrawn in (False, True):
        masks = injuries._Masks(Injury(0.5, 0, 9, "weights", is_redrawn), SHAPES, 20)
        first, second = (masks.lost()["input_hidden"].copy() for _ in range(2))
        assert np.array_equal(first, second) != is_redrawn


@pytest.mark.parametrize(
    ("wrong", "message"),
    [((1.5, 0, 3), "share: must lie between 0 and 1; got 1.5"), ((0.5, 4, 3), "last = 3; got 4")],
)
def test_injuries_without_sense_are_refused(wrong, message):
    with pytest.raises(DeclarationError, match=message):
        Injury(*wrong)


# -- recovery -----------------------------------------------------------------------------------


def curve(rate, steps=60, last=20, trials=50):
    """Return rewards of 1 + noise, and the same after a loss that heals with a rate."""
    noise = np.random.default_rng(0).normal(scale=0.1, size=(trials, steps))
    k = np.arange(steps)
    healed = np.where(k < last - 5, 1.0, np.where(k < last, 0.0, 1 - np.exp(-rate * (k - last))))
    return 1 + noise, healed + noise


def test_the_recovered_fraction_is_that_of_the_curve():
    intact, injured = curve(0.1)
    expected = (1 - np.exp(-0.1 * np.arange(40))).mean()
    assert recovered_fraction(intact, injured, 20) == pytest.approx(expected, abs=0.02)
    low, high = recovery_interval(intact, injured, 20, np.random.default_rng(1)).ends
    assert low < expected < high
    assert high - low < 0.05


def test_recovery_takes_as_long_as_the_curve():
    slow, fast, never = (recovery_steps(*curve(rate), 20) for rate in (0.1, 0.5, 0.0))
    assert slow == pytest.approx(np.log(10) / 0.1 - 2, abs=4)
    assert fast < slow
    assert never == np.inf


def test_where_nothing_was_earned_nothing_can_be_recovered():
    assert np.isnan(recovered_fraction(np.zeros((3, 9)), np.zeros((3, 9)), 4))
    found = injuries._recovery(np.zeros((3, 9)), np.zeros((3, 9)), 4, np.random.default_rng(0))
    fraction = {"value": None, "low": None, "high": None, "kind": "none", "n": 3}
    assert found["fraction recovered afterwards"] == fraction
