"""Intervals: how far a mean or a median could lie from its estimate.

Nearly all are 95 % percentile intervals (Efron 1979, Annals of Statistics 7:1): the data are drawn
again with replacement many times, and the interval holds the middle 95 % of the statistic's values.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neuromodels.seeding import generator

RESAMPLES = 2000
"""Bootstrap resamples of an interval."""
PERCENTILES = (2.5, 97.5)


def bootstrap_interval(
    statistic: Callable[[np.ndarray], np.ndarray],
    count: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of any statistic of `count` observations.

    Parameters
    ----------
    statistic
        Takes the observations that each resample consists of, as row numbers from 0 to
        ``count - 1``, shape (resamples, count); returns the statistic of each resample, shape
        (resamples,), or fewer values where some resamples have none.
    count
        Number of observations.
    rng
        Draws the resamples.
    resamples
        How many there are.

    Returns
    -------
    low, high
        Both NaN if no resample has a value.
    """
    return _percentile_interval(statistic(rng.integers(count, size=(resamples, count))))


def mean_interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean of `values`, shape (n,).

    Scores of thousands of trials have few distinct values. How often each of them occurs in a
    resample is one multinomial draw, which is much faster than drawing the n rows.
    """
    distinct, counts = np.unique(values, return_counts=True)
    draws = rng.multinomial(values.size, counts / values.size, size=RESAMPLES)
    return _percentile_interval(draws @ distinct / values.size)


def student_intervals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return means of rows, (rows, n), and the ends of their 95 % intervals by Student's t.

    They suit few values better than a bootstrap, whose intervals are then too narrow. What is not
    finite is left out. A row with one value has no interval, and one without any no mean: NaN.
    """
    from scipy.stats import t as student  # takes half a second, and few tables need it

    there = np.isfinite(values)
    count = there.sum(axis=1)
    known = np.where(there, values, 0.0)
    some = np.where(count > 0, count, 1)
    mean = np.where(count > 0, known.sum(axis=1) / some, np.nan)
    squares = np.where(there, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
    several = np.where(count > 1, count, 2)
    error = np.sqrt(squares / (several - 1) / several)
    half = np.where(count > 1, student.ppf(0.975, several - 1) * error, np.nan)
    return mean, mean - half, mean + half


def median_interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the median of `values`, shape (n,)."""
    return bootstrap_interval(lambda rows: np.median(values[rows], axis=1), values.size, rng)


def seeds_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the median over seeds, one value per seed, (seeds,).

    The resamples are always the same, so that the same values give the same interval.
    """
    return median_interval(np.asarray(values, dtype=float), generator(0, "seeds"))


def _percentile_interval(resampled: np.ndarray) -> tuple[float, float]:
    if not resampled.size:
        return float("nan"), float("nan")
    low, high = np.percentile(resampled, PERCENTILES)
    return float(low), float(high)
