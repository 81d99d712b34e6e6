"""Several goals as one loss: the hypervolume of the front with a candidate, from nevergrad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class ParetoSearch:
    """nevergrad's `HypervolumePareto`, fed with whole generations, for every optimizer.

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
        self._bounds: np.ndarray | None = None
        self._search: Any = None
        self._vectors: dict[int, np.ndarray] = {}
        self._count = 0

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
        if self._search is None:
            if not ran.any():
                return np.full(len(xs), np.nan)
            self._begin(values[ran].max(axis=0))
        losses = np.full(len(xs), np.nan)
        for row in np.flatnonzero(ran):
            losses[row] = self._add(xs[row], values[row])
        self._forget()
        return losses

    def front(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the members, (k, d), and their goals, (k, goals), sorted by the first goal."""
        members = [] if self._search is None else self._search.pareto_front()
        if not members:
            return np.zeros((0, self.dimension)), np.zeros((0, self.goals))
        xs = np.array([self._vectors[_number(member)] for member in members])
        values = np.array([member.losses for member in members])
        order = np.lexsort(values.T[::-1])
        return xs[order], values[order]

    def dump(self) -> dict[str, np.ndarray]:
        """Return the state as arrays."""
        if self._search is None:
            return {}
        raw = self._search._pf.get_raw()
        return {
            "bounds": np.array(self._bounds),
            "volume": np.array(self._search.best_volume),
            "xs": np.array([self._vectors[_number(member)] for member in raw]),
            "values": np.array([member.losses for member in raw]),
        }

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a dumped state."""
        if not state:
            return
        self._begin(state["bounds"])
        for x, values in zip(state["xs"], state["values"], strict=True):
            self._search._pf.add_to_pareto(self._member(x, values))
        self._search._best_volume = float(state["volume"])

    def _begin(self, bounds: np.ndarray) -> None:
        from nevergrad.optimization.multiobjective.core import HypervolumePareto

        self._bounds = np.asarray(bounds, dtype=float)
        self._search = HypervolumePareto(upper_bounds=self._bounds, seed=0)

    def _add(self, x: np.ndarray, values: np.ndarray) -> float:
        return float(self._search.add(self._member(x, values)))

    def _member(self, x: np.ndarray, values: np.ndarray) -> Any:
        """Return a parameter of nevergrad's that stands for a candidate by its number."""
        import nevergrad as ng

        member = ng.p.Scalar(init=float(self._count))
        member._losses = np.asarray(values, dtype=float)
        self._vectors[self._count] = np.array(x, dtype=float)
        self._count += 1
        return member

    def _forget(self) -> None:
        """Keep the vectors of the front only."""
        kept = {_number(member) for member in self._search.pareto_front()}
        self._vectors = {number: x for number, x in self._vectors.items() if number in kept}


def _number(member: Any) -> int:
    return int(member.value)


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
