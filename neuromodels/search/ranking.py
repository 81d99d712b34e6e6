"""Losses to utilities: ranks, so that only the order of the losses matters."""

import numpy as np

LARGEST_LOSS = 1e20
"""Bound of the losses that optimizers of others are told; nevergrad clips at 5e20 itself.

Also the loss of a failed candidate if no candidate of its generation succeeded.
"""


def is_informative(losses: np.ndarray) -> bool:
    """Return whether losses (n,) tell candidates apart: they do not if all are equal or failed."""
    comparable = _failures_last(losses)
    return bool(comparable.size) and bool((comparable != comparable[0]).any())


def centred_ranks(losses: np.ndarray) -> np.ndarray:
    """Map losses to utilities from +0.5 (best) to -0.5 (worst), shape (n,).

    Ties share their mean rank; non-finite losses tie for the last place.

    Source: Salimans et al. 2017, section 2.1 (rank transformation).
    """
    levels, counts = _levels(losses)
    last = np.cumsum(counts) - 1
    ranks = last - (counts - 1) / 2
    return (0.5 - ranks / max(len(losses) - 1, 1))[levels]


def log_utilities(losses: np.ndarray) -> np.ndarray:
    """Map losses to utilities that weigh the better half, shape (n,), summing to zero.

    Ties share the mean utility of their ranks; non-finite losses tie for the last place.

    Source: Wierstra et al. 2014, section 3.1 (fitness shaping).
    """
    n = len(losses)
    raw = np.maximum(0.0, np.log(n / 2 + 1) - np.log(np.arange(1, n + 1)))
    utilities = raw / raw.sum() - 1 / n
    levels, counts = _levels(losses)
    first = np.cumsum(counts) - counts
    return (np.add.reduceat(utilities, first) / counts)[levels]


def _levels(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each loss's place among the distinct losses, and how many share each place."""
    _, levels, counts = np.unique(_failures_last(losses), return_inverse=True, return_counts=True)
    return levels, counts


def _failures_last(losses: np.ndarray) -> np.ndarray:
    """Return losses (n,) in which all that are not finite are the largest."""
    # minus infinity is a failed instance too, never the best one
    return np.where(np.isfinite(losses), losses, np.inf)


def replace_failures(losses: np.ndarray) -> np.ndarray:
    """Replace non-finite losses (n,) by one that is worse than all others."""
    finite = np.isfinite(losses)
    if not finite.any():
        return np.full(losses.shape, LARGEST_LOSS)
    clipped = np.clip(losses, -LARGEST_LOSS, LARGEST_LOSS)
    worst = clipped[finite].max()
    span = np.ptp(clipped[finite]) or max(1.0, abs(worst))
    return np.where(finite, clipped, min(worst + span, 2 * LARGEST_LOSS))
