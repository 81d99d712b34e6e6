"""Learning and flexibility: what examples bring, and what it costs when the world turns."""

from __future__ import annotations

import numpy as np


def normalised_gain(before: float, after: float) -> float:
    """Return which part of what could still be learned was learned.

    It is ``(after - before)/(1 - before)``; not-a-number where everything was known before.
    """
    left = 1 - before
    return (after - before) / left if left > 0 else float("nan")


def switch_cost(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return what a switch costs: the share of right answers before it less that after it.

    Parameters
    ----------
    before, after
        Of each episode, (episodes,), such as those of `neuromodels.analysis.learning.means_around`.
    """
    return np.asarray(before, dtype=float) - np.asarray(after, dtype=float)
