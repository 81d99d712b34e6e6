"""How often intervals hold the truth and tests see what is not there, counted in a few cells.

`benchmarks/statistics` counts all cells, and its table is committed.
"""

import numpy as np
import pytest
from scipy import stats

from neuromodels.analysis.comparisons import (
    brunner_munzel,
    paired_permutation,
    stuck_shares,
    unpaired_permutation,
)
from neuromodels.analysis.corrections import holm, max_t
from neuromodels.analysis.effects import cliffs_delta, delta_interval, effect_of
from neuromodels.analysis.equivalence import paired_equivalence
from neuromodels.analysis.intervals import mean_interval, median_interval, share_interval

SETS = 600
"""So many that a rate of .95 has a standard error of .009, and one of .05 the same."""


def normal(n, seed=0):
    return np.random.default_rng([seed, n]).normal(size=(SETS, n))


def stuck(n, seed=0):
    rng = np.random.default_rng([seed, n])
    return rng.normal(size=(SETS, n)) - 10.0 * (rng.random((SETS, n)) < 0.2)


def rate(intervals, truth):
    return np.mean([each.low <= truth <= each.high for each in intervals])


@pytest.mark.parametrize("n", [5, 12])
def test_t_intervals_of_normal_scores_hold_the_mean(n):
    assert 0.92 < rate(map(mean_interval, normal(n)), 0.0) < 0.98


@pytest.mark.parametrize("n", [3, 5, 6, 9])
@pytest.mark.parametrize("scores", [normal, stuck])
def test_intervals_of_a_median_hold_it_as_often_as_coins_say(n, scores):
    """Whatever the distribution: P(k <= B < n - k) of a binomial number B of n coins."""
    median = 0.0 if scores is normal else stats.norm.ppf(0.375)
    wanted = {3: 0.75, 5: 0.9375, 6: 0.96875, 9: 0.9609375}[n]
    held = rate(map(median_interval, scores(n)), median)
    assert held == pytest.approx(wanted, abs=4 * np.sqrt(wanted * (1 - wanted) / SETS))


@pytest.mark.parametrize("scores", [normal, stuck])
def test_t_intervals_of_pairs_hold_no_difference(scores):
    pairs = zip(scores(8), scores(8, seed=1), strict=True)
    assert rate((effect_of(a, b).interval for a, b in pairs), 0.0) > 0.92


def test_t_intervals_do_not_hold_a_mean_that_stuck_searches_make():
    """The page says so: no few values know of a stuck search that is not among them."""
    assert rate(map(mean_interval, stuck(5)), -2.0) < 0.80


def test_exact_intervals_hold_a_share():
    counts = np.random.default_rng(2).binomial(20, 0.2, SETS)
    assert rate((share_interval(int(count), 20) for count in counts), 0.2) > 0.93


def test_intervals_of_delta_hold_it():
    truth = 2 * stats.norm.cdf(1 / np.sqrt(2)) - 1
    pairs = zip(normal(8) + 1, normal(8, seed=1), strict=True)
    assert 0.92 < rate((delta_interval(a, b) for a, b in pairs), truth) < 0.99
    many = np.random.default_rng(3).normal(size=(2, 2000))
    assert cliffs_delta(many[0] + 1, many[1]) == pytest.approx(truth, abs=0.04)


@pytest.mark.parametrize("test", [paired_permutation, unpaired_permutation, brunner_munzel])
@pytest.mark.parametrize("scores", [normal, stuck])
def test_tests_see_nothing_where_nothing_is(test, scores):
    pairs = zip(scores(6), scores(6, seed=1), strict=True)
    assert np.mean([test(a, b).p < 0.05 for a, b in pairs]) < 0.085


def test_shares_are_seen_to_differ_no_more_often_than_the_level():
    """Worked out from pairs of counts of eight, not drawn; of two equal ones p is 1."""
    chance = stats.binom.pmf(np.arange(9), 8, 0.2)
    seen = 2 * sum(
        chance[a] * chance[b] * (stuck_shares(a, 8, b, 8).p < 0.05)
        for a in range(6)
        for b in range(a + 1, 6)
    )
    assert 0.001 < seen < 0.05
    assert stuck_shares(2, 8, 2, 8).p == pytest.approx(1.0)


def test_equivalence_is_shown_at_the_margin_no_more_often_than_the_level():
    ours, theirs = normal(10) + np.sqrt(2), normal(10, seed=1)
    found = [paired_equivalence(a, b, np.sqrt(2)) for a, b in zip(ours, theirs, strict=True)]
    assert 0.02 < np.mean([each.is_shown for each in found]) < 0.085


def test_no_contrast_is_invented_among_twelve_and_max_t_finds_more():
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(150, 12, 13))
    found = {"holm": [], "max_t": []}
    for differences in scores[..., 1:] - scores[..., :1]:
        for shift in (0.0, 1.5 * np.sqrt(2)):
            moved = differences + shift
            p_values = [paired_permutation(each, np.zeros(12)).p for each in moved.T]
            found["holm"].append(np.array(holm(p_values)) < 0.05)
            found["max_t"].append(max_t(moved).p < 0.05)
    for each in found.values():
        assert np.mean([row.any() for row in each[::2]]) < 0.11
    powers = {name: np.mean(each[1::2]) for name, each in found.items()}
    assert powers["max_t"] >= powers["holm"] > 0.5
