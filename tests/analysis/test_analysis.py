"""Effect sizes against cases whose answer is known."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from neuromodels.analysis.effects import cliffs_delta, effect_of

RNG = np.random.default_rng(0)


def test_a_paired_difference_ignores_what_seeds_share():
    seeds = RNG.normal(scale=10, size=8)
    found = effect_of(seeds + 1.0, seeds)
    assert found.difference == pytest.approx(1.0)
    assert (found.low, found.high) == pytest.approx((1.0, 1.0))
    assert found.seeds == 8


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    hits = 0
    for _ in range(200):
        found = effect_of(RNG.normal(0.5, 1, size=30), np.zeros(30))
        hits += found.low <= 0.5 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_cliffs_delta_follows_from_mann_whitneys_u():
    a, b = RNG.normal(0.3, 1, size=17), RNG.normal(size=23)
    u = mannwhitneyu(a, b).statistic
    assert cliffs_delta(a, b) == pytest.approx(2 * u / (17 * 23) - 1)
    assert cliffs_delta(np.array([2, 3]), np.array([0, 1])) == 1.0


def test_what_is_not_paired_is_refused():
    with pytest.raises(ValueError, match=r"pairs; got shapes \(3,\) and \(2,\)"):
        effect_of(np.ones(3), np.ones(2))
