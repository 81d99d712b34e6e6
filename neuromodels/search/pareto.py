"""Several goals as one loss: the hypervolume of the front with a candidate.

The loss is that of `HypervolumePareto` in nevergrad, and equal to it; volumes come from moocore.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np


class ParetoSearch:
    """The front of all candidates so far, fed with whole generations, for every optimizer.

    Goals of candidates are noisy: the front holds those that looked best in their own generation.
    Score its members again on fresh trials and keep the `nondominated` ones.

    Parameters
    ----------
    dimension
        Coefficients of a candidate.
    goals
        Number of goals; all are minimised.
    """

    def __init__(self, dimension: int, goals: int):
        self.dimension, self.goals = dimension, goals
        self._xs, self._values = np.zeros((0, dimension)), np.zeros((0, goals))
        self._bounds: np.ndarray | None = None
        self._volume = -inf
        self._volume_of: Any = None

    def losses(self, xs: np.ndarray, values: np.ndarray, ran: np.ndarray) -> np.ndarray:
        """Return one loss per candidate, (n,), and keep those that belong to the front.

        The loss is minus the hypervolume of the front with the candidate; one that adds nothing
        to it also gets its distance from the front. A candidate that is worse than the reference
        point in any goal gets the sum of what it is worse by.

        Parameters
        ----------
        xs
            Candidates, (n, d).
        values
            Their goals, (n, goals).
        ran
            Which were evaluated at all, (n,); the others get NaN. The reference point of the
            hypervolume is the worst of the first generation in which any ran.
        """
        losses = np.full(len(xs), np.nan)
        if self._bounds is None:
            if not ran.any():
                return losses
            self._begin(values[ran].max(axis=0))
        for row in np.flatnonzero(ran):
            losses[row] = self._add(xs[row], np.asarray(values[row], dtype=float))
        self._keep(nondominated(self._values))
        return losses

    def front(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the members, (k, d), and their goals, (k, goals), sorted by the first goal."""
        kept = nondominated(self._values)
        xs, values = self._xs[kept], self._values[kept]
        order = np.lexsort(values.T[::-1])
        return xs[order], values[order]

    def dump(self) -> dict[str, np.ndarray]:
        """Return the state as arrays."""
        if self._bounds is None:
            return {}
        return {
            "bounds": np.array(self._bounds),
            "volume": np.array(self._volume),
            "xs": self._xs.copy(),
            "values": self._values.copy(),
        }

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a dumped state."""
        if not state:
            return
        self._begin(state["bounds"])
        self._xs = np.array(state["xs"], dtype=float).reshape(-1, self.dimension)
        self._values = np.array(state["values"], dtype=float).reshape(-1, self.goals)
        self._volume = float(state["volume"])

    def _begin(self, bounds: np.ndarray) -> None:
        from moocore import Hypervolume

        self._bounds = np.asarray(bounds, dtype=float)
        self._volume_of = Hypervolume(ref=self._bounds)

    def _add(self, x: np.ndarray, values: np.ndarray) -> float:
        """Return the loss of a candidate, which joins the front where it widens it.

        Until one lies within the reference point, all that lie outside are kept.
        """
        excess = float(np.maximum(values - self._bounds, 0).sum())
        if excess > 0:
            self._volume = max(self._volume, -excess)
            if self._volume < 0:
                self._join(x, values)
            return excess
        better = self._values[(self._values <= values).all(axis=1)]
        if len(better):
            return float((values - better).min()) - self._volume
        volume = float(self._volume_of(np.vstack([self._values, values])))
        if volume <= self._volume:  # it lies on the reference point's edge
            return inf
        self._volume = volume
        self._join(x, values)
        return -volume

    def _join(self, x: np.ndarray, values: np.ndarray) -> None:
        self._xs = np.vstack([self._xs, x])
        self._values = np.vstack([self._values, values])

    def _keep(self, rows: np.ndarray) -> None:
        self._xs, self._values = self._xs[rows], self._values[rows]


def nondominated(values: np.ndarray) -> np.ndarray:
    """Return which rows of (n, goals) are on the front, (n,).

    Those for which no other row is at least as low in every goal and lower in one.
    """
    no_worse = (values[:, None] <= values[None]).all(axis=-1)
    better = (values[:, None] < values[None]).any(axis=-1)
    return ~(no_worse & better).any(axis=0)


def spread(values: np.ndarray, count: int) -> np.ndarray:
    """Return at most `count` rows of a front (n, goals) that cover it, ascending.

    The best in each goal are chosen first, then again and again the row that is farthest from
    all those chosen. Goals are scaled to their range; the distance of two rows is their largest
    difference in a goal.
    """
    if len(values) <= count:
        return np.arange(len(values))
    scaled = (values - values.min(axis=0)) / np.maximum(np.ptp(values, axis=0), 1e-300)
    chosen = list(dict.fromkeys(map(int, values.argmin(axis=0))))[:count]
    while len(chosen) < count:
        gaps = np.abs(scaled[:, None] - scaled[chosen][None]).max(axis=-1).min(axis=1)
        chosen.append(int(np.argmax(gaps)))
    return np.sort(np.array(chosen))
