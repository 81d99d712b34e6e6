"""Intervals against closed forms, and against numbers that stored runs rest on."""

import numpy as np
import pytest
from scipy import stats

from neuromodels.analysis.effects import effect_of
from neuromodels.analysis.intervals import (
    bootstrap_interval,
    mean_interval,
    median_interval,
    seeds_interval,
    student_intervals,
)
from neuromodels.analysis.recovery import recovery_interval


def test_mean_interval_agrees_with_the_normal_one():
    values = np.random.default_rng(0).choice([0, 0.25, 0.5, 0.75, 1], size=5000)
    low, high = mean_interval(values, np.random.default_rng(1))
    half = 1.96 * values.std() / np.sqrt(values.size)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_mean_interval_of_a_constant_is_that_constant():
    assert mean_interval(np.full(100, 0.75), np.random.default_rng(0)) == (0.75, 0.75)


def test_median_interval_of_three_seeds_is_their_range():
    assert median_interval(np.array([0.7, 0.9, 0.8]), np.random.default_rng(0)) == (0.7, 0.9)


def test_any_statistic_has_an_interval():
    values = np.random.default_rng(2).normal(size=500)

    def variances(rows):
        return values[rows].var(axis=1)

    low, high = bootstrap_interval(variances, 500, np.random.default_rng(3))
    half = 1.96 * values.var() * np.sqrt(2 / 500)
    assert low == pytest.approx(values.var() - half, abs=0.3 * half)
    assert high == pytest.approx(values.var() + half, abs=0.3 * half)


def test_a_statistic_that_no_resample_has_gives_no_interval():
    nowhere = bootstrap_interval(lambda rows: np.zeros(0), 5, np.random.default_rng(0))
    assert np.isnan(nowhere).all()
    assert np.isnan(recovery_interval(*np.zeros((2, 3, 4)), 1, np.random.default_rng(0))).all()


def test_intervals_are_those_of_runs_that_are_stored():
    """Recorded when each of these drew its own resamples; sums of these values are exact."""
    k = np.arange(12)
    values = (7 * k % 12) / 8 - 0.375
    intact, injured = np.outer(k % 4, [1, 2, 1, 1]) / 4, np.outer(k % 3, [1, 0, 1, 2]) / 8
    rng = np.random.default_rng(5)
    assert mean_interval(values, rng) == (0.07291666666666667, 0.5625)
    assert median_interval(values, rng) == (-0.0625, 0.6875)
    assert seeds_interval(values[:5]) == (-0.375, 0.75)
    effect = effect_of(values, values[::-1] ** 2)
    assert (effect.low, effect.high) == (-0.19401041666666666, 0.265625)
    assert recovery_interval(intact, injured, 1, rng) == (0.125, 0.4773944805194799)
    # the first trial earns nothing: a resample of it alone has no fraction
    assert recovery_interval(intact[:2], injured[:2], 1, rng, 50) == (0.375, 0.375)
    assert rng.random() == 0.5453961220204642, "no more and no fewer draws"


def test_intervals_by_student_are_those_of_scipy():
    rng = np.random.default_rng(4)
    values = rng.normal(3, 2, (3, 6))
    mean, low, high = student_intervals(values)
    for row, *ends in zip(values, mean, low, high, strict=True):
        wanted = stats.t.interval(0.95, 5, row.mean(), stats.sem(row))
        np.testing.assert_allclose(ends, [row.mean(), *wanted])
    values[0, 2:] = np.nan
    mean, low, high = student_intervals(values)
    wanted = stats.t.interval(0.95, 1, values[0, :2].mean(), stats.sem(values[0, :2]))
    np.testing.assert_allclose([low[0], high[0]], wanted)
    (one,), (none,) = (student_intervals(np.array([row]))[1] for row in ([5.0], [np.nan]))
    assert np.isnan([one, none]).all()
    assert student_intervals(np.array([[5.0], [np.nan]]))[0][0] == 5
