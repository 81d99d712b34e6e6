"""Network state: how much neurons spike, how regularly, how much together, and how few at a time.

All take spikes, (trials, steps, neurons), with any number that is not 0 as a spike.
"""

from __future__ import annotations

import numpy as np


def rate(spikes: np.ndarray, dt: float) -> np.ndarray:
    """Return spikes per neuron and second, (trials,); `dt` is the length of a step in s."""
    return (np.asarray(spikes) != 0).mean(axis=(1, 2)) / dt


def interval_cv(spikes: np.ndarray) -> np.ndarray:
    """Return the coefficient of variation of the intervals between spikes, (trials,).

    The mean over neurons with two intervals or more of ``std/mean``; not-a-number where there is
    none. 0 for a clock, 1 for a Poisson process of a low rate.
    """
    return np.array([_mean_cv(trial) for trial in np.asarray(spikes) != 0])


def _mean_cv(trial: np.ndarray) -> float:
    gaps = [np.diff(np.flatnonzero(column)) for column in trial.T]
    cvs = [each.std() / each.mean() for each in gaps if len(each) >= 2]
    return float(np.mean(cvs)) if cvs else float("nan")


def synchrony(spikes: np.ndarray, width: int = 1) -> np.ndarray:
    """Return how much neurons spike together, (trials,).

    ``chi = sqrt(var(mean over neurons) / mean over neurons of var)`` of counts in windows of
    `width` steps: 1 where all do the same, about ``1/sqrt(neurons)`` where they are independent.
    Not-a-number where no neuron's count varies.
    """
    counts = _counts(np.asarray(spikes) != 0, width)
    together = counts.mean(axis=2).var(axis=1)
    alone = counts.var(axis=1).mean(axis=1)
    return np.sqrt(np.where(alone > 0, together, np.nan) / np.where(alone > 0, alone, 1))


def _counts(spikes: np.ndarray, width: int) -> np.ndarray:
    windows = spikes.shape[1] // width
    if windows < 2:
        raise ValueError(f"synchrony needs two windows or more of {width} steps; got {windows}")
    cut = spikes[:, : windows * width]
    return cut.reshape(len(spikes), windows, width, spikes.shape[2]).sum(axis=2)


def sparseness(spikes: np.ndarray) -> np.ndarray:
    """Return how unevenly activity is spread over neurons, (trials,).

    ``(1 - (mean r)**2/mean(r**2))/(1 - 1/n)`` with r the neurons' counts: 0 where all are alike, 1
    where one neuron spikes alone. Not-a-number without spikes, or with one neuron.
    """
    counts = (np.asarray(spikes) != 0).sum(axis=1).astype(float)
    neurons = counts.shape[1]
    squares = (counts**2).mean(axis=1)
    is_known = (squares > 0) & (neurons > 1)
    share = counts.mean(axis=1) ** 2 / np.where(squares > 0, squares, 1)
    return np.where(is_known, (1 - share) / (1 - 1 / max(neurons, 2)), np.nan)


def weight_turnover(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return how far weights move, in units of their own size, (trials,).

    ``sum |after - before| / sum (|before| + |after|)``: 0 where none moves, 1 where all turn round
    or come from 0; not-a-number where all weights are 0.

    Parameters
    ----------
    before, after
        Weights of each trial, (trials, synapses).
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    moved = np.abs(after - before).sum(axis=1)
    size = (np.abs(before) + np.abs(after)).sum(axis=1)
    return np.where(size > 0, moved, np.nan) / np.where(size > 0, size, 1)
