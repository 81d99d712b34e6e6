"""Whether a score holds on the way from one solution to another: one basin, or several.

Of many points on a path, the lowest score is low by luck as well.  So the lowest point is chosen on
one half of the trials, and its score is that of the other half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.intervals import PERCENTILES

KEEP = 0.95
"""Part of the score above chance that a path must keep."""
RESAMPLES = 500
Pair = tuple[int, int]


@dataclass(frozen=True)
class Way:
    """What a path keeps of the score of its worse end.

    Parameters
    ----------
    kept
        Lowest score on the path above chance, as a part of that of its worse end.
    low, high
        95 % percentile interval over trials; without one both are `kept`.
    place
        Where the score is lowest, from 0 to 1.
    """

    kept: float
    low: float
    high: float
    place: float

    @property
    def is_open(self) -> bool:
        """Whether it connects its ends."""
        return self.kept >= KEEP


def way_of(
    scores: np.ndarray, chance: float, rng: np.random.Generator, *, astray: bool = False
) -> Way:
    """Return what a path keeps.

    Parameters
    ----------
    scores
        Of each trial at each point, ends included, (points, trials).
    chance
        Score of a network that answers by chance.
    rng
        Draws the resamples of trials.
    astray
        Whether only the first end is a solution; then what is kept is a part of its score.
    """
    ends = [0] if astray else [0, -1]
    chosen, told = scores[:, ::2], scores[:, 1::2]
    lowest = int(np.argmin(chosen.mean(axis=1)))
    drawn = rng.integers(told.shape[1], size=(RESAMPLES, told.shape[1]))
    resampled = told[:, drawn].mean(axis=2)
    parts = _part(resampled[lowest], resampled[ends].min(axis=0), chance)
    means = told.mean(axis=1, keepdims=True)
    kept = float(_part(means[lowest], means[ends].min(axis=0), chance)[0])
    low, high = np.percentile(parts, PERCENTILES)
    return Way(kept, float(low), float(high), lowest / (len(scores) - 1))


def _part(lowest: np.ndarray, ends: np.ndarray, chance: float) -> np.ndarray:
    return np.asarray((lowest - chance) / np.maximum(ends - chance, 1e-9))


def basins(count: int, links: Sequence[Pair]) -> np.ndarray:
    """Return the basin of each solution, numbered from 0, (count,): those linked share one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = np.array(list(links), dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])
