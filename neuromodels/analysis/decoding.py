"""How much a linear decoder reads out of a state."""

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
