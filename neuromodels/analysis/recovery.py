"""How far and how fast rewards come back after an injury, and whether the weights do."""

from __future__ import annotations

import numpy as np

from neuromodels.analysis.intervals import RESAMPLES, Interval, bca_interval

RECOVERED = 0.9
"""Fraction of the intact reward at which a network counts as recovered."""
WINDOW = 5
"""Steps of the moving average of rewards from which that moment is read."""


def recovered_fraction(intact: np.ndarray, injured: np.ndarray, end: int) -> float:
    """Return the mean reward after an injury, divided by that of the same trials left intact.

    That is ``mean(injured[:, end:]) / mean(intact[:, end:])``.

    Parameters
    ----------
    intact, injured
        Reward of each trial in each step, (trials, steps); the same trials, without and with the
        injury.
    end
        First step after the injury.

    Returns
    -------
    float
        1 if the injury left no trace; NaN if the intact trials earn nothing.
    """
    whole = intact[:, end:].mean()
    return float(injured[:, end:].mean() / whole) if whole > 0 else float("nan")


def recovery_steps(intact: np.ndarray, injured: np.ndarray, end: int) -> float:
    """Return after how many steps the reward is back at `RECOVERED` of the intact one.

    Rewards are averaged over trials, and over the `WINDOW` steps from the one in question on.

    Parameters
    ----------
    intact, injured, end
        As for `recovered_fraction`.

    Returns
    -------
    float
        0 if the reward is back in the first step after the injury; infinite if it never is.
    """
    ours, whole = (_smooth(rewards[:, end:].mean(axis=0)) for rewards in (injured, intact))
    back = np.flatnonzero(ours >= RECOVERED * whole)
    return float(back[0]) if back.size else float("inf")


def recovery_interval(
    intact: np.ndarray,
    injured: np.ndarray,
    end: int,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the BCa interval, over trials, of the recovered fraction.

    A trial is drawn with both of its rewards. Where a resample may earn nothing while intact, the
    fraction has no interval.

    Parameters
    ----------
    intact, injured, end
        As for `recovered_fraction`.
    rng
        Draws the resamples.
    resamples
        How many there are.
    """
    ours, whole = injured[:, end:].mean(axis=1), intact[:, end:].mean(axis=1)
    return bca_interval(_ratio_of_means, ours, whole, rng=rng, resamples=resamples)


def _ratio_of_means(ours: np.ndarray, whole: np.ndarray, axis: int) -> np.ndarray:
    return ours.mean(axis=axis) / whole.mean(axis=axis)


def alikeness(weights: np.ndarray, intact: np.ndarray) -> np.ndarray:
    """Return the cosine of the angle between weights and those of the same trials left intact.

    With ``w`` and ``v`` the two matrices of a trial, it is ``sum(w v) / sqrt(sum(w w) sum(v v))``.

    Parameters
    ----------
    weights, intact
        Weights of each trial at each time of looking, (looks, trials, pre, post), or
        (looks, trials, synapses).

    Returns
    -------
    ndarray
        Cosines, (looks, trials): 1 for matrices that differ by a positive factor only, 0 where
        one of them is all zeros.
    """
    sums = [
        (a * b).sum(axis=tuple(range(2, a.ndim)))
        for a, b in ((weights, intact), (weights, weights), (intact, intact))
    ]
    return sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-30))


def _smooth(values: np.ndarray) -> np.ndarray:
    """Return the mean of each value and those that follow it, `WINDOW` in all."""
    width = min(WINDOW, len(values))
    return np.convolve(values, np.full(width, 1 / width), mode="valid")
