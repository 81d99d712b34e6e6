"""Several goals as one loss: what a candidate adds to the hypervolume of nevergrad's front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class ParetoSearch:
    """nevergrad's `HypervolumePareto`, fed with whole generations, for every optimizer.

    Losses of candidates are noisy: the front holds who looked best in its own generation. Score
    its members again on fresh trials before believing them, see `nondominated`.

    Parameters
    ----------
    dimension
        Of a candidate.
    goals
        How many are minimised.
    """

    def __init__(self, dimension: int, goals: int):
        self.dimension, self.goals = dimension, goals
        self._bounds: np.ndarray | None = None
        self._search: Any = None
        self._vectors: dict[int, np.ndarray] = {}
        self._count = 0

    def losses(self, xs: np.ndarray, values: np.ndarray, ran: np.ndarray) -> np.ndarray:
        """Return one loss per candidate, (n,), and keep those that belong to the front.

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
        found = np.full(len(xs), np.nan)
        for row in np.flatnonzero(ran):
            found[row] = self._add(xs[row], values[row])
        self._forget()
        return found

    def front(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the members, (k, d), and their goals, (k, goals), sorted by the first goal."""
        members = [] if self._search is None else self._search.pareto_front()
        if not members:
            return np.zeros((0, self.dimension)), np.zeros((0, self.goals))
        xs = np.array([self._vectors[_number(each)] for each in members])
        values = np.array([each.losses for each in members])
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
            "xs": np.array([self._vectors[_number(each)] for each in raw]),
            "values": np.array([each.losses for each in raw]),
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
        kept = {_number(each) for each in self._search.pareto_front()}
        self._vectors = {number: x for number, x in self._vectors.items() if number in kept}


def _number(member: Any) -> int:
    return int(member.value)


def nondominated(values: np.ndarray) -> np.ndarray:
    """Return which rows no other row beats in all goals, (n,)."""
    no_worse = (values[:, None] <= values[None]).all(axis=-1)
    better = (values[:, None] < values[None]).any(axis=-1)
    return ~(no_worse & better).any(axis=0)


def spread(values: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of at most `count` members that cover a front, the ends of all goals first.

    Goals are scaled to their range; each further member is the one farthest from those chosen.
    """
    if len(values) <= count:
        return np.arange(len(values))
    scaled = (values - values.min(axis=0)) / np.maximum(np.ptp(values, axis=0), 1e-300)
    chosen = list(dict.fromkeys(map(int, values.argmin(axis=0))))[:count]
    while len(chosen) < count:
        gaps = np.abs(scaled[:, None] - scaled[chosen][None]).max(axis=-1).min(axis=1)
        chosen.append(int(np.argmax(gaps)))
    return np.sort(np.array(chosen))
