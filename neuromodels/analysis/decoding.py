"""How much a linear decoder, or the nearest mean, reads out of a state."""

from __future__ import annotations

import numpy as np

RIDGE = 1e-3
"""Shrinkage of the decoder, in units of the mean variance of the state."""


def decoded(states: np.ndarray, bits: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Return how many bits a ridge regression gets right on trials that it has not seen.

    The first half of the trials is fitted, the second half read; then the other way round.

    Parameters
    ----------
    states
        (trials, n).
    bits
        (trials, m), True or False.

    Returns
    -------
    ndarray
        Fraction of right bits, (m,); 0.5 is chance.
    """
    half = len(states) // 2
    parts = slice(None, half), slice(half, None)
    right = [
        _read(states[fit], bits[fit], states[test], ridge) == bits[test]
        for fit, test in (parts, parts[::-1])
    ]
    return np.vstack(right).mean(axis=0)


def nearest_mean(states: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how many states of each trial lie nearest to the mean state of its own class.

    Means are of the other half of the trials: first half, second half, and the other way round.

    Parameters
    ----------
    states
        (trials, k, n).
    labels
        Class of each trial, (trials,), whole numbers.

    Returns
    -------
    ndarray
        Fraction of a trial's k states, (trials,); one over the number of classes is chance.
    """
    half = len(states) // 2
    parts = slice(None, half), slice(half, None)
    return np.concatenate(
        [
            (_nearest(states[fit], labels[fit], states[test]) == labels[test, None]).mean(axis=1)
            for fit, test in (parts[::-1], parts)
        ]
    )


def _nearest(fit: np.ndarray, labels: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Return the class whose mean state is nearest to each state, (trials, k)."""
    classes = np.unique(labels)
    means = np.array([fit[labels == each].mean(axis=(0, 1)) for each in classes])
    return classes[np.argmax(states @ means.T - (means**2).sum(axis=1) / 2, axis=-1)]


def _read(fit: np.ndarray, bits: np.ndarray, states: np.ndarray, ridge: float) -> np.ndarray:
    """Return the bits that a decoder fitted to some trials reads in others."""
    mean, targets = fit.mean(axis=0), 2.0 * bits - 1
    centred = fit - mean
    # the smaller of the two Gram matrices: trials or dimensions
    gram = centred @ centred.T
    penalty = ridge * np.trace(gram) / max(len(fit), 1) + 1e-12
    dual = np.linalg.solve(gram + penalty * np.eye(len(fit)), targets - targets.mean(axis=0))
    guess = (states - mean) @ (centred.T @ dual) + targets.mean(axis=0)
    return guess > 0
