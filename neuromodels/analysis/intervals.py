"""Intervals that say what they are: how far a mean, a median or a share may lie from its estimate.

Which one a number has follows from what the number is. Fewer than `LEAST` values have their range
and nothing that claims 95 %. `docs/explanation/statistics.md` says how often each holds the truth.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Kind = Literal[
    "t",
    "exact median",
    "exact binomial",
    "BCa",
    "Cliff",
    "percentile bootstrap",
    "nested bootstrap",
    "normal bootstrap",
    "range",
    "none",
]
"""What an interval is. `percentile bootstrap` is that of capacities, and of older runs."""
KINDS: tuple[str, ...] = get_args(Kind)
LEVEL = 0.95
PERCENTILES = (2.5, 97.5)
LEAST = 5
"""Values of which there must be this many for an interval that claims 95 %."""
LEAST_FOR_BCA = 20
"""The same for BCa, which is too narrow for fewer."""
RESAMPLES = 2000
"""Bootstrap resamples of an interval."""
BATCH = 250
"""Resamples at a time: bounds the memory that thousands of trials need."""


@dataclass(frozen=True)
class Interval:
    """The ends of an interval, and what it is.

    Parameters
    ----------
    low, high
        NaN where `kind` is ``none``.
    kind
        One of `KINDS`.
    n
        How many values it rests on.
    level
        How often it should hold the truth. A range and no interval claim nothing.
    """

    low: float
    high: float
    kind: Kind
    n: int
    level: float = LEVEL

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high."""
        return self.low, self.high

    @property
    def label(self) -> str:
        """What tables and figures call it: ``95 % t interval, n = 12``; ``range, n = 3``."""
        return interval_label(self.kind, self.n, level=self.level)


def interval_label(kind: str, n: int, of: str = "", level: float = LEVEL) -> str:
    """Return what tables and figures call an interval of a kind.

    Parameters
    ----------
    n, of
        How many values, and of what: ``3, "seeds"`` gives ``range, n = 3 seeds``.
    """
    size = f"n = {n:,} {of}".rstrip()
    if kind == "none":
        return f"no interval, {size}"
    return f"{kind_label(kind, level)}, {size}"


def kind_label(kind: str, level: float = LEVEL) -> str:
    """Return the label of a kind alone: ``95 % t interval``, ``range``."""
    return kind if kind == "range" else f"{100 * level:g} % {kind} interval"


def no_interval(n: int) -> Interval:
    """Return what stands where `n` values have no interval."""
    return Interval(np.nan, np.nan, "none", n)


def value_range(values: np.ndarray) -> Interval:
    """Return the smallest and the largest of values, (n,).

    One value, or any that is not finite, has none.
    """
    values = _flat(values)
    if values.size < 2 or not np.isfinite(values).all():
        return no_interval(values.size)
    return Interval(float(values.min()), float(values.max()), "range", values.size)


def mean_interval(values: np.ndarray) -> Interval:
    """Return the interval of the mean of independent values, such as one per search, (n,).

    Student's t from `LEAST` values on. Fewer, or values that are all equal, have their range: they
    do not say how far others would lie. One value, or any that is not finite, has no interval.
    """
    values = _flat(values)
    found = value_range(values)
    if found.kind == "none" or values.size < LEAST or found.low == found.high:
        return found
    half = _student(values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    middle = values.mean()
    return Interval(float(middle - half), float(middle + half), "t", values.size)


def trials_interval(values: np.ndarray) -> Interval:
    """Return the interval of a mean over trials, (trials,).

    Where each trial is right or wrong, 1 or 0, it is the exact one of a share; else that of a mean.
    """
    values = _flat(values)
    if values.size >= LEAST and np.isin(values, (0.0, 1.0)).all():
        return share_interval(int(values.sum()), values.size)
    return mean_interval(values)


def share_interval(count: int, n: int, level: float = LEVEL) -> Interval:
    """Return the exact binomial interval of a share, such as that of stuck searches.

    Source: Clopper and Pearson 1934, Biometrika 26:404. It holds the truth at least as often as its
    level says, also for a count of 0 or `n`. So it needs no least number.

    Parameters
    ----------
    count, n
        `count` of `n`.

    Raises
    ------
    ValueError
        There are none, or the count is not between 0 and `n`.
    """
    from scipy import special  # takes a third of a second, and few commands need it

    if n < 1 or not 0 <= count <= n:
        raise ValueError(f"a share needs 0 <= count <= n with n of 1 or more; got {count} of {n}")
    tail = (1 - level) / 2
    low = special.betaincinv(count, n - count + 1, tail) if count else 0.0
    high = special.betaincinv(count + 1, n - count, 1 - tail) if count < n else 1.0
    return Interval(float(low), float(high), "exact binomial", n, level)


def median_interval(values: np.ndarray) -> Interval:
    """Return the interval of the median of independent values, one per search, (n,).

    It lies between two of the ordered values and needs no distribution: the median is below the
    k-th with the probability that fewer than k of n fair coins show heads (Thompson 1936, Annals of
    Mathematical Statistics 7:122). Five values cannot reach 95 %: their range holds the median with
    .9375. So fewer than six have their range. So have values that are all equal.
    """
    values = _flat(values)
    found = value_range(values)
    rank = median_rank(values.size)
    if found.kind == "none" or not rank or found.low == found.high:
        return found
    ordered = np.sort(values)
    ends = float(ordered[rank - 1]), float(ordered[-rank])
    return Interval(*ends, "exact median", values.size)


def median_rank(n: int) -> int:
    """Return the rank, from 1, of the lower end of the exact interval of a median; 0 for too few.

    It is the largest k for which ``2 * P(fewer than k of n coins show heads)`` is at most .05.
    """
    from scipy import special

    outside = 2 * special.bdtr(np.arange(n), n, 0.5)
    return int((outside <= 1 - LEVEL + 1e-12).sum())


def bca_interval(
    statistic: Callable[..., np.ndarray],
    *data: np.ndarray,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the BCa bootstrap interval of a statistic that is skewed, such as a ratio of means.

    Source: Efron 1987, Journal of the American Statistical Association 82:171; the resampling is
    `scipy.stats.bootstrap`.

    Parameters
    ----------
    statistic
        Takes arrays like `data`, and ``axis``; returns its value along that axis.
    data
        One array or several whose rows belong together, (n,) each.
    rng
        Draws the resamples.
    resamples
        How many there are.

    Returns
    -------
    Interval
        Of kind ``none`` for fewer than `LEAST_FOR_BCA` rows, and where a resample has no value.
        Where all have the same, it is the range of that one value.
    """
    arrays = [_flat(each) for each in data]
    n = arrays[0].size
    if n < LEAST_FOR_BCA:
        return no_interval(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(*arrays, axis=-1))
        low, high, has_spread = _bca(statistic, arrays, rng, resamples)
    if not has_spread and np.isfinite(value):
        return Interval(value, value, "range", n)
    return Interval(low, high, "BCa", n) if np.isfinite([low, high]).all() else no_interval(n)


def _bca(
    statistic: Callable[..., np.ndarray],
    arrays: list[np.ndarray],
    rng: np.random.Generator,
    resamples: int,
) -> tuple[float, float, bool]:
    """Return both ends, and whether the resamples differ."""
    from scipy.stats import bootstrap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of resamples that are all equal: the caller says so
        found = bootstrap(
            arrays,
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=resamples,
            batch=BATCH,
            confidence_level=LEVEL,
            method="BCa",
            rng=rng,
        )
    low, high = found.confidence_interval
    return float(low), float(high), bool(np.ptp(found.bootstrap_distribution) != 0)


@dataclass(frozen=True)
class RowIntervals:
    """Means of rows and their intervals.

    Parameters
    ----------
    means, low, high
        (rows,) each; NaN where there is none.
    kinds
        ``t``, ``range`` or ``none``, (rows,).
    """

    means: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kinds: np.ndarray


def row_intervals(values: np.ndarray) -> RowIntervals:
    """Return the mean of each row, (rows, n), with its `mean_interval`.

    What is not finite is left out: a measure that does not exist in an instance. Whoever shows the
    rows says how many these are.
    """
    there = np.isfinite(values)
    count = there.sum(axis=1)
    known = np.where(there, values, 0.0)
    mean = np.where(count > 0, known.sum(axis=1) / np.maximum(count, 1), np.nan)
    squares = np.where(there, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
    freedom = np.maximum(count - 1, 1)
    half = _student(freedom) * np.sqrt(squares / freedom / np.maximum(count, 1))
    least = np.where(there, values, np.inf).min(axis=1, initial=np.inf)
    most = np.where(there, values, -np.inf).max(axis=1, initial=-np.inf)
    is_t = (count >= LEAST) & (least < most)
    has_none = count < 2
    low, high = (np.where(is_t, *ends) for ends in ((mean - half, least), (mean + half, most)))
    kinds = np.where(has_none, "none", np.where(is_t, "t", "range"))
    low, high = (np.where(has_none, np.nan, end) for end in (low, high))
    return RowIntervals(mean, low, high, kinds)


def _student(freedom: np.ndarray | int) -> np.ndarray:
    """Return the quantile of Student's t that both ends of an interval need."""
    from scipy import special

    return special.stdtrit(freedom, (1 + LEVEL) / 2)


def _flat(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"values must lie along one axis; got shape {values.shape}")
    return values
