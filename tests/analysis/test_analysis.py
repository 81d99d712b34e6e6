"""Decoders and effect sizes against cases whose answer is known."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from neuromodels.analysis.decoding import decoding_accuracy
from neuromodels.analysis.effects import cliffs_delta, effect_of

RNG = np.random.default_rng(0)


def test_bits_that_lie_in_a_state_are_read():
    bits = RNG.random((400, 3)) < 0.5
    states = (2.0 * bits - 1) @ RNG.normal(size=(3, 40)) + 0.3 * RNG.normal(size=(400, 40))
    np.testing.assert_allclose(decoding_accuracy(states, bits), 1.0, atol=0.01)


@pytest.mark.parametrize("dimension", [10, 1000])
def test_bits_that_lie_elsewhere_are_not(dimension):
    """Also with more dimensions than trials, where any bits can be fitted."""
    bits = RNG.random((600, 4)) < 0.5
    found = decoding_accuracy(RNG.normal(size=(600, dimension)), bits)
    assert np.abs(found - 0.5).max() < 4 * np.sqrt(0.25 / 600)


def test_an_unequal_mix_is_no_memory():
    bits = RNG.random((1000, 1)) < 0.8
    accuracy = decoding_accuracy(RNG.normal(size=(1000, 5)), bits)[0]
    assert accuracy == pytest.approx(bits.mean(), abs=0.02)


def test_a_state_that_never_changes_tells_nothing():
    bits = RNG.random((100, 2)) < 0.5
    assert (decoding_accuracy(np.ones((100, 7)), bits) < 0.7).all()


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
