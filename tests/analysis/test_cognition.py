"""Cognitive values, each on data whose answer is known."""

from pathlib import Path

import numpy as np
import pytest

from neuromodels.analysis.cognition import ABILITIES, VALUES
from neuromodels.analysis.cognition.memory import is_bound
from neuromodels.seeding import generator

CHANCE = 0.5


def of(name, *given):
    return VALUES[name].compute(*given)


def test_every_value_is_declared_in_full():
    for name, value in VALUES.items():
        assert value.name == name
        assert value.ability in ABILITIES
        assert all([value.about, value.formula, value.unit, value.reference])
        assert callable(value.compute)
    assert {value.ability for value in VALUES.values()} == set(ABILITIES)


def test_every_value_has_a_test_here():
    """A value that nobody checks on data of a known answer is not declared."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in VALUES if f'of("{name}"' in text} == set(VALUES)


# -- performance --------------------------------------------------------------------------------


def test_a_score_is_the_mean_and_a_search_below_the_limit_is_stuck():
    assert of("score", np.array([1.0, 0, 1, 1])) == 0.75
    assert [of("stuck", score, 0.55) for score in (0.5, 0.549, 0.55, 0.9)] == [1, 1, 0, 0]


# -- working memory -----------------------------------------------------------------------------


def test_span_lies_where_the_curve_falls_to_the_criterion():
    lengths = np.array([2, 4, 8, 16])
    assert of("span", lengths, np.array([1.0, 0.95, 0.65, 0.5])) == pytest.approx(4 + 4 * 2 / 3)
    assert of("span", lengths, np.array([0.6, 0.5, 0.5, 0.5])) == 0
    only_four = np.array([0.6, 1.0, 0.5, 0.5])  # a rule that was searched on four
    assert of("span", lengths, only_four) == pytest.approx(4 + 4 * 0.5)
    scores = np.array([1.0, 1.0, 0.9, 0.75])
    assert (of("span", lengths, scores), is_bound(scores)) == (16, True)


def test_span_of_a_memory_of_fixed_capacity():
    """k items are certain and the rest guessed: score = (k + (L - k)/2)/L is .75 at L = 2*k."""
    lengths, k = np.arange(1.0, 60), 9
    scores = np.where(lengths <= k, 1.0, (k + (lengths - k) / 2) / lengths)
    assert of("span", lengths, scores) == pytest.approx(2 * k)


def test_information_of_certain_and_guessed_bits():
    bits = np.array([[a, b] for a in (0, 1) for b in (0, 1)])
    right = np.array([[1, 1], [1, 0], [1, 1], [1, 0]])
    assert of("information", right, bits, generator(0, "test")).bits == pytest.approx(1.0)


@pytest.mark.parametrize("life", [3.0, 20.0, 300.0])
def test_half_life_of_a_curve_that_has_one(life):
    delays = np.array([0, 4, 8, 16, 32, 64])
    scores = CHANCE + 0.4 * 2.0 ** (-delays / life)
    assert of("retention half-life", delays, scores, CHANCE) == pytest.approx(life, rel=1e-3)


def test_half_life_where_nothing_is_lost_and_where_nothing_is_known():
    delays = np.array([0, 8, 16])
    assert of("retention half-life", delays, np.full(3, 0.9), CHANCE) == np.inf
    assert np.isnan(of("retention half-life", delays, np.full(3, 0.5), CHANCE))
    assert np.isnan(of("retention half-life", delays[:2], np.array([0.9, 0.8]), CHANCE))


def test_serial_positions():
    right = np.array([[1, 1, 0, 0, 1, 0], [1, 1, 1, 1, 0, 0]])
    np.testing.assert_allclose(of("primacy", right), [1.0, 0.0])
    np.testing.assert_allclose(of("recency", right), [0.5, -1.0])
    with pytest.raises(ValueError, match="3 items or more; got 2"):
        of("primacy", right[:, :2])


# -- learning, flexibility ----------------------------------------------------------------------


def test_trials_to_criterion():
    right = np.array([[0] * 5 + [1] * 15])
    np.testing.assert_array_equal(of("trials to criterion", right), [3])


def test_few_shot_gain_is_the_part_of_what_was_left():
    assert of("few-shot gain", 0.2, 0.6) == pytest.approx(0.5)
    assert of("few-shot gain", 0.5, 0.4) == pytest.approx(-0.2)
    assert np.isnan(of("few-shot gain", 1.0, 1.0))


def test_switch_cost():
    np.testing.assert_allclose(of("switch cost", [1.0, 0.8], [0.4, 0.8]), [0.6, 0.0])


# -- generalisation, adaptability, interference -------------------------------------------------


def test_generalisation_between_by_heart_and_complete():
    assert of("generalisation", 0.5, 1.0, CHANCE) == 0
    assert of("generalisation", 0.9, 0.9, CHANCE) == 1
    assert np.isnan(of("generalisation", 0.6, 0.5, CHANCE))
    assert np.isnan(of("generalisation", 0.49, 0.502, CHANCE)), "a ratio to nearly nothing"


def test_transfer_and_its_opposite():
    scores = np.array([[0.9, 0.5, 0.5], [0.7, 1.0, 0.5], [0.3, 0.75, 0.5]])
    found = of("transfer", scores, CHANCE)
    np.testing.assert_allclose(found[:, :2], [[1.0, 0.0], [0.5, 1.0], [-0.5, 0.5]])
    assert np.isnan(found[:, 2]).all(), "its own rule is at chance"
    assert of("negative transfer", scores, CHANCE) == pytest.approx(0.2 / 6)
    assert np.isnan(of("negative transfer", scores[:1, :1], CHANCE))


def test_recovery_between_its_anchors():
    assert of("recovery", 0.8, 0.2, 1.0) == pytest.approx(0.75)
    assert np.isnan(of("recovery", 0.8, 0.8, 0.8)), "the injury takes nothing"


def test_area_under_doses_of_straight_lines():
    doses = np.array([0.0, 0.1, 0.4])
    assert of("area under doses", doses, np.full(3, 0.9), CHANCE) == pytest.approx(1)
    line = 0.9 - doses  # falls to chance at the highest dose
    assert of("area under doses", doses, line, CHANCE) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="two ascending doses"):
        of("area under doses", doses[::-1], line, CHANCE)


def test_what_is_kept_after_another_task():
    assert of("kept after another task", 0.9, 0.7, CHANCE) == pytest.approx(0.5)
    assert np.isnan(of("kept after another task", 0.5, 0.7, CHANCE))


# -- network state ------------------------------------------------------------------------------


def poisson(trials=4, steps=20_000, neurons=20, share=0.02):
    return generator(1, "test", "poisson").random((trials, steps, neurons)) < share


def test_a_clock_is_regular_and_poisson_is_not():
    clock = np.zeros((1, 100, 2), dtype=bool)
    clock[:, ::10] = True
    assert of("interval CV", clock) == [0]
    found = of("interval CV", poisson())
    # intervals are geometric: std/mean = sqrt(1 - p)
    np.testing.assert_allclose(found, np.sqrt(1 - 0.02), atol=0.02)
    assert np.isnan(of("interval CV", np.zeros((1, 50, 3)))).all()


def test_rate_counts_spikes_of_either_sign():
    spikes = np.zeros((1, 100, 2))
    spikes[0, :5, 0], spikes[0, 5:10, 1] = 1, -1
    np.testing.assert_allclose(of("rate", spikes, 0.001), [50.0])


def test_synchrony_of_one_and_of_independent_neurons():
    spikes = poisson()
    np.testing.assert_allclose(of("synchrony", spikes), 1 / np.sqrt(20), atol=0.02)
    np.testing.assert_allclose(of("synchrony", spikes[..., :1].repeat(20, axis=2)), 1)
    assert np.isnan(of("synchrony", np.zeros((1, 10, 2)))).all()
    with pytest.raises(ValueError, match="two windows or more of 10 steps"):
        of("synchrony", np.zeros((1, 15, 2)), 10)


def test_sparseness_of_all_alike_and_of_one_alone():
    all_alike, alone = np.ones((1, 10, 5)), np.zeros((1, 10, 5))
    alone[..., 2] = 1
    np.testing.assert_allclose(of("sparseness", all_alike), [0], atol=1e-12)
    np.testing.assert_allclose(of("sparseness", alone), [1])
    assert np.isnan(of("sparseness", np.zeros((1, 10, 5)))).all()


def test_weight_turnover():
    weights = np.array([[1.0, -2.0], [0.0, 3.0], [0.0, 0.0]])
    np.testing.assert_allclose(of("weight turnover", weights, weights)[:2], 0)
    np.testing.assert_allclose(of("weight turnover", weights, -weights)[:2], 1)
    assert np.isnan(of("weight turnover", weights, weights)[2])


@pytest.mark.parametrize("name", ["interval CV", "rate"])
def test_elephant_finds_the_same(name):
    statistics = pytest.importorskip("elephant.statistics", reason="elephant is not installed")
    neo, quantities = pytest.importorskip("neo"), pytest.importorskip("quantities")
    spikes, dt = poisson(1, 2000, 5), 0.001
    trains = [
        neo.SpikeTrain(np.flatnonzero(column) * dt * quantities.s, t_stop=2000 * dt * quantities.s)
        for column in spikes[0].T
    ]
    if name == "rate":
        wanted = np.mean([float(statistics.mean_firing_rate(t).rescale("Hz")) for t in trains])
        np.testing.assert_allclose(of("rate", spikes, dt), wanted)
    else:
        wanted = np.mean([statistics.cv(statistics.isi(train)) for train in trains])
        np.testing.assert_allclose(of("interval CV", spikes), wanted)
