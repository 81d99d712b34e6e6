"""Several solutions, not one: good centres that differ, for questions about degeneracy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class Archive:
    """Vectors whose score is near the best and that lie far from each other.

    While there are too many, the worse of the two that are closest goes.

    Parameters
    ----------
    count
        How many are kept.
    sigma
        Unit of distance by coordinate, (d,): the spread with which the search began.
    margin
        How far a score may lie below the best.
    """

    def __init__(self, count: int, sigma: np.ndarray, margin: float):
        self.count = count
        self.margin = margin
        self._sigma = np.asarray(sigma, dtype=float)
        self.centres = np.zeros((0, self._sigma.size))
        self.scores = np.zeros(0)
        self.generations = np.zeros(0, dtype=np.int64)

    def add(self, centre: np.ndarray, generation: int, score: float) -> None:
        """Consider a vector; it stays if it is good enough and not crowded out."""
        if self.count == 0:
            return
        self.centres = np.vstack([self.centres, centre])
        self.scores = np.append(self.scores, score)
        self.generations = np.append(self.generations, generation)
        self._keep(self.scores >= self.scores.max() - self.margin)
        while len(self.scores) > self.count:
            self._drop_crowded()

    def distances(self) -> np.ndarray:
        """Return the distance of every two members, (n, n): root mean square in sigmas."""
        scaled = self.centres / self._sigma
        between = scaled[:, None] - scaled[None]
        return np.sqrt((between**2).mean(axis=-1))

    def _drop_crowded(self) -> None:
        distances = self.distances()
        np.fill_diagonal(distances, np.inf)
        pair = np.unravel_index(np.argmin(distances), distances.shape)
        # of equals the earlier one goes
        worse = min(pair, key=lambda k: (self.scores[k], self.generations[k]))
        self._keep(np.arange(len(self.scores)) != worse)

    def _keep(self, chosen: np.ndarray) -> None:
        self.centres, self.scores = self.centres[chosen], self.scores[chosen]
        self.generations = self.generations[chosen]

    def dump(self) -> dict[str, np.ndarray]:
        """Return the state as arrays."""
        return {"centres": self.centres, "scores": self.scores, "generations": self.generations}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take the state back."""
        self.centres, self.scores = state["centres"], state["scores"]
        self.generations = state["generations"]


class Patience:
    """How many test points a search may go without a better score.

    Parameters
    ----------
    limit
        That many; 0: any number.
    """

    def __init__(self, limit: int):
        self.limit = limit
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was seen."""
        self.best, self.waited = -np.inf, 0

    def see(self, score: float) -> None:
        """Take the score of a test point."""
        better = score > self.best
        self.waited = 0 if better else self.waited + 1
        self.best = max(self.best, score)

    @property
    def is_over(self) -> bool:
        """Whether the search is stuck."""
        return 0 < self.limit <= self.waited

    def dump(self) -> dict[str, np.ndarray]:
        """Return the state as arrays."""
        return {"best": np.array(self.best), "waited": np.array(self.waited)}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take the state back."""
        self.best, self.waited = float(state["best"]), int(state["waited"])
