"""Tests of two settings that hold for few searches: paired, unpaired, and of shares.

Each takes plain arrays and returns a `Comparison`. All are two-sided.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from neuromodels.analysis.effects import paired_differences
from neuromodels.analysis.intervals import Interval, share_interval
from neuromodels.analysis.permutations import (
    share_as_large,
    sign_flips,
    splits,
    splits_are_listed,
)


@dataclass(frozen=True)
class Comparison:
    """What a test says of two settings.

    Parameters
    ----------
    statistic
        What the test is about, see the function.
    p
        Two-sided p value.
    test
        Name of the test.
    n, m
        Numbers of values of the setting and of the reference.
    """

    statistic: float
    p: float
    test: str
    n: int
    m: int


@dataclass(frozen=True)
class ShareComparison(Comparison):
    """The same of two shares, with their intervals."""

    first: Interval
    second: Interval


def sign_flip(differences: np.ndarray) -> Comparison:
    """Test whether differences lie evenly around 0, by all flips of their signs.

    The statistic is their mean. Up to 17 differences, all flips are listed; from 18 on 10,000 are
    drawn, always the same ones. With n differences p is ``2 / 2**n`` at least: five cannot reach
    .05.

    Parameters
    ----------
    differences
        One per pair, (n,).

    Raises
    ------
    ValueError
        Fewer than two, or what is not finite.
    """
    values = _sample("differences", differences)
    sums = sign_flips(values.size) @ values
    p = float(share_as_large(np.abs(sums)))
    return Comparison(float(values.mean()), p, "sign flip", values.size, values.size)


def paired_permutation(values: np.ndarray, reference: np.ndarray) -> Comparison:
    """Test a setting against a reference seed by seed: each pair may be exchanged.

    It is `sign_flip` of the differences.

    Parameters
    ----------
    values, reference
        One score per seed, in the same order of seeds, (seeds,) each.

    Raises
    ------
    ValueError
        The shapes differ, fewer than two pairs, or what is not finite.
    """
    return sign_flip(paired_differences(values, reference))


def unpaired_permutation(values: np.ndarray, reference: np.ndarray) -> Comparison:
    """Test whether two groups are drawn from one distribution, by new splits of all values.

    The statistic is the difference of means. All splits are listed up to groups of nine; beyond,
    10,000 are drawn, always the same ones.

    Parameters
    ----------
    values, reference
        (n,) and (m,).

    Raises
    ------
    ValueError
        Fewer than two in a group, or what is not finite.
    """
    ours, theirs = _sample("values", values), _sample("reference", reference)
    n, m = ours.size, theirs.size
    pooled = np.concatenate([ours, theirs])
    first = splits(n, m) @ (pooled - pooled.mean())
    p = float(share_as_large(np.abs(first)))
    return Comparison(float(ours.mean() - theirs.mean()), p, "unpaired permutation", n, m)


def brunner_munzel(values: np.ndarray, reference: np.ndarray) -> Comparison:
    """Test whether values of one group tend to be larger: P(value > reference) + P(equal)/2 = 1/2.

    A rank test: a few stuck searches far below the others do not spoil it, and the groups may
    spread differently. The statistic is that probability. Where all splits can be listed, p is that
    of the studentised permutation test (Neubert and Brunner 2007, Computational Statistics & Data
    Analysis 51:5192); for larger groups it is by Student's t (Brunner and Munzel 2000, Biometrical
    Journal 42:17; `scipy.stats.brunnermunzel`). Groups that do not overlap have no variance: p is
    then the share of splits as extreme.

    Parameters
    ----------
    values, reference
        (n,) and (m,).

    Raises
    ------
    ValueError
        Fewer than two in a group, or what is not finite.
    """
    ours, theirs = _sample("values", values), _sample("reference", reference)
    n, m = ours.size, theirs.size
    above = _above(np.concatenate([ours, theirs]))
    superiority = float(above[:n, n:].mean())
    if splits_are_listed(n, m):
        p = float(share_as_large(np.abs(_studentised(above, splits(n, m), n, m))))
    else:
        p = _p_by_student(ours, theirs, superiority)
    return Comparison(superiority, p, "Brunner-Munzel", n, m)


def stuck_shares(stuck: int, searches: int, others_stuck: int, others: int) -> ShareComparison:
    """Test whether two settings get stuck equally often.

    Boschloo's exact test (1970), which is stronger than Fisher's and as exact. The statistic is the
    difference of the shares.

    Parameters
    ----------
    stuck, searches
        `stuck` of `searches` of the setting. What counts as stuck is declared before the runs.
    others_stuck, others
        The same of the reference.

    Raises
    ------
    ValueError
        A setting has no searches, or a count is not between 0 and their number.
    """
    from scipy.stats import boschloo_exact

    first, second = share_interval(stuck, searches), share_interval(others_stuck, others)
    table = [[stuck, others_stuck], [searches - stuck, others - others_stuck]]
    nobody_differs = stuck + others_stuck in (0, searches + others)
    p = 1.0 if nobody_differs else float(min(boschloo_exact(table).pvalue, 1.0))
    difference = stuck / searches - others_stuck / others
    return ShareComparison(difference, p, "Boschloo", searches, others, first, second)


def _above(pooled: np.ndarray) -> np.ndarray:
    """Return 1 where the value of a row is above that of a column, 1/2 where they are equal."""
    return (np.sign(np.subtract.outer(pooled, pooled)) + 1) / 2


def _studentised(above: np.ndarray, first: np.ndarray, n: int, m: int) -> np.ndarray:
    """Return the statistic of Brunner and Munzel for each split, (splits,).

    Where neither group spreads, it is infinite, or 0 where they are equal.

    Parameters
    ----------
    above
        `_above` of all values, (n + m, n + m).
    first
        Which values are in the first group, (splits, n + m).
    """
    second = 1.0 - first
    theirs = first @ above.T  # how many of the first group a value is above
    ours = above.sum(axis=1) - theirs
    mean, ours2 = _moments(ours / m, first, n)
    _, theirs2 = _moments(theirs / n, second, m)
    spread, shift = ours2 / n + theirs2 / m, mean - 0.5
    extreme = np.sign(shift) * np.where(np.abs(shift) > 0, np.inf, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 1e-12, shift / np.sqrt(spread), extreme)


def _moments(parts: np.ndarray, group: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance over a group of each split."""
    mean = np.einsum("ij,ij->i", group, parts) / size
    squares = np.einsum("ij,ij,ij->i", group, parts, parts)
    return mean, (squares - size * mean**2) / (size - 1)


def _p_by_student(values: np.ndarray, reference: np.ndarray, superiority: float) -> float:
    from scipy.stats import brunnermunzel

    if superiority in (0.0, 1.0):
        return 2 / comb(values.size + reference.size, values.size)
    if np.ptp([*values, *reference]) == 0:
        return 1.0
    return float(brunnermunzel(values, reference).pvalue)


def _sample(name: str, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
        told = "must be two finite numbers or more along one axis"
        raise ValueError(f"{name} {told}; got {values.tolist()}")
    return values
