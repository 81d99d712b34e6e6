"""The test of Anderson and Darling against published quantiles, and Holm's correction by hand."""

import numpy as np
import pytest
from scipy import stats

from neuromodels.analysis.corrections import holm
from neuromodels.analysis.uniformity import anderson_darling, uniformity_p


def numbers_with(statistic, count=200):
    """Return numbers whose statistic is the one that is wanted: the more they crowd, the larger."""
    even = (np.arange(count) + 0.5) / count
    low, high = 1.0, 3.0
    for _ in range(60):
        power = (low + high) / 2
        if anderson_darling(even**power) < statistic:
            low = power
        else:
            high = power
    return even**power


def test_the_statistic_is_the_weighted_integral_of_squared_deviations():
    """By its definition, summed over a fine grid instead of its closed form."""
    values = np.random.default_rng(1).beta(2, 2, 50)
    grid = (np.arange(2_000_000) + 0.5) / 2_000_000
    below = np.searchsorted(np.sort(values), grid) / len(values)
    integral = len(values) * ((below - grid) ** 2 / (grid * (1 - grid))).mean()
    assert anderson_darling(values) == pytest.approx(integral, rel=1e-4)


@pytest.mark.parametrize(
    ("statistic", "p"), [(1.248, 0.25), (1.933, 0.10), (2.492, 0.05), (3.070, 0.025), (3.857, 0.01)]
)
def test_p_values_are_those_of_the_published_table(statistic, p):
    """D'Agostino and Stephens 1986, table 4.2, case 0."""
    assert uniformity_p(numbers_with(statistic)) == pytest.approx(p, rel=0.03)


def test_uniform_numbers_fail_at_the_level():
    rng = np.random.default_rng(0)
    found = [uniformity_p(rng.random(100)) for _ in range(400)]
    assert stats.kstest(found, "uniform").pvalue > 1e-3


def test_it_sees_a_width_that_the_largest_deviation_misses():
    """Posteriors a fifth too narrow, 300 runs: it finds them nearly always."""
    rng = np.random.default_rng(0)
    values = stats.norm.cdf(rng.normal(size=(100, 300)) / 0.8)
    ours = np.mean([uniformity_p(v) < 0.05 for v in values])
    theirs = np.mean([stats.kstest(v, "uniform").pvalue < 0.05 for v in values])
    assert ours > 0.85
    assert ours > theirs + 0.15


def test_numbers_at_the_ends_and_far_from_uniform_stay_finite():
    assert uniformity_p(np.array([0.0, 0.2, 0.5, 0.8, 1.0])) < 1
    assert uniformity_p(np.full(1000, 0.999)) == pytest.approx(0, abs=1e-8)
    assert uniformity_p((np.arange(1000) + 0.5) / 1000) == pytest.approx(1)


def test_holm_multiplies_by_how_many_are_left():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
