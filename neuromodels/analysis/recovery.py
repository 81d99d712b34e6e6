"""How far and how fast a network comes back after an injury."""

from __future__ import annotations

import numpy as np

from neuromodels.analysis.intervals import RESAMPLES, bootstrap_interval

ENOUGH = 0.9
"""Fraction of the intact reward at which a network counts as recovered."""
WIDTH = 5
"""Steps over which rewards are averaged to say when that is."""


def recovered_fraction(intact: np.ndarray, injured: np.ndarray, last: int) -> float:
    """Return the reward after an injury over that of the same trials left intact.

    Parameters
    ----------
    intact, injured
        Rewards of each step of the same trials, (trials, steps).
    last
        First step after the injury.

    Returns
    -------
    float
        1: as if nothing had happened; NaN where the intact trials earn nothing either.
    """
    whole = intact[:, last:].mean()
    return float(injured[:, last:].mean() / whole) if whole > 0 else float("nan")


def recovery_steps(intact: np.ndarray, injured: np.ndarray, last: int) -> float:
    """Return how many steps after an injury the reward is back at `ENOUGH` of the intact one.

    Both are means over trials and `WIDTH` steps that begin at the step in question; infinite
    where it never comes back.
    """
    ours, whole = (_smoothed(each[:, last:].mean(axis=0)) for each in (injured, intact))
    back = np.flatnonzero(ours >= ENOUGH * whole)
    return float(back[0]) if back.size else float("inf")


def recovery_interval(
    intact: np.ndarray,
    injured: np.ndarray,
    last: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval over trials of the recovered fraction."""
    ours, whole = injured[:, last:].mean(axis=1), intact[:, last:].mean(axis=1)

    def fractions(rows: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = ours[rows].mean(axis=1) / whole[rows].mean(axis=1)
        return ratios[~np.isnan(ratios)]

    return bootstrap_interval(fractions, len(ours), rng, resamples)


def alikeness(weights: np.ndarray, intact: np.ndarray) -> np.ndarray:
    """Return the cosine between weights and those of the same trials left intact.

    Parameters
    ----------
    weights, intact
        (looks, trials, before, behind) each.

    Returns
    -------
    ndarray
        (looks, trials): 1 for the same directions, 0 where one of them is all zeros.
    """
    sums = [
        (a * b).sum(axis=(2, 3))
        for a, b in ((weights, intact), (weights, weights), (intact, intact))
    ]
    return sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-30))


def _smoothed(values: np.ndarray) -> np.ndarray:
    width = min(WIDTH, len(values))
    return np.convolve(values, np.full(width, 1 / width), mode="valid")
