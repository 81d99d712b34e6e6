"""What can be read out of a state: by a linear decoder, or by the nearest mean of a class.

Every trial is read by a decoder that was fitted to the other half of the trials.
"""

from __future__ import annotations

import numpy as np

RIDGE = 1e-3
"""Ridge penalty of the decoder, as a fraction of the summed variance of the state."""


def decoding_accuracy(states: np.ndarray, bits: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Return the fraction of bits that a ridge regression reads right, on trials it has not seen.

    The decoder is fitted to the first half of the trials and read in the second, then the other
    way round. Let ``X`` be the fitted states, (trials, n), ``T`` their bits as -1 and 1, and ``x``
    a state to be read, all minus the means over the fitted trials. A bit is read as True if::

        x X' (X X' + p I)^-1 T + t > 0

    where ``t`` is the mean that was taken from ``T``, and ``p`` is `ridge` times the mean of the
    diagonal of ``X X'``.

    Parameters
    ----------
    states
        State of each trial, (trials, n).
    bits
        What is to be read, (trials, m), True or False.
    ridge
        Penalty, as a fraction of the summed variance of the state.

    Returns
    -------
    ndarray
        Accuracy for each bit, (m,); 0.5 is chance for bits that are True half of the time.
    """
    half = len(states) // 2
    parts = slice(None, half), slice(half, None)
    right = [
        _read_bits(states[fit], bits[fit], states[test], ridge) == bits[test]
        for fit, test in (parts, parts[::-1])
    ]
    return np.vstack(right).mean(axis=0)


def nearest_mean(states: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the fraction of each trial's states that lie nearest to the mean of their own class.

    The mean states of the classes are those of the other half of the trials; distances are
    Euclidean, and of equal ones the first class counts.

    Parameters
    ----------
    states
        States of each trial, such as one per step, (trials, k, n).
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
            (_classify(states[fit], labels[fit], states[test]) == labels[test, None]).mean(axis=1)
            for fit, test in (parts[::-1], parts)
        ]
    )


def _classify(fit: np.ndarray, labels: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Return the class whose mean state is nearest to each state, (trials, k)."""
    classes = np.unique(labels)
    means = np.array([fit[labels == label].mean(axis=(0, 1)) for label in classes])
    # |x - m|^2 is smallest where x.m - |m|^2 / 2 is largest
    return classes[np.argmax(states @ means.T - (means**2).sum(axis=1) / 2, axis=-1)]


def _read_bits(fit: np.ndarray, bits: np.ndarray, states: np.ndarray, ridge: float) -> np.ndarray:
    """Return the bits that a decoder fitted to some trials reads in others, (trials, m)."""
    mean, targets = fit.mean(axis=0), 2.0 * bits - 1
    centred = fit - mean
    # one row per trial, not per dimension: there are fewer trials than weights to be read
    gram = centred @ centred.T
    penalty = ridge * np.trace(gram) / max(len(fit), 1) + 1e-12
    dual = np.linalg.solve(gram + penalty * np.eye(len(fit)), targets - targets.mean(axis=0))
    guess = (states - mean) @ (centred.T @ dual) + targets.mean(axis=0)
    return guess > 0
