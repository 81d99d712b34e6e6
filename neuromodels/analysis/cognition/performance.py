"""How well a task is done at all, and whether a search ever left chance."""

from __future__ import annotations

from typing import Any

import numpy as np


def mean_score(scores: Any) -> float:
    """Return the mean score of trials, (trials,)."""
    return float(np.mean(scores))


def is_stuck(score: float, limit: float) -> float:
    """Return 1 where the last score of a search lies below a limit, 0 where it does not.

    The mean over searches is the share of them that are stuck.
    """
    return float(score < limit)
