"""The centres of a search that are scored again when it ends."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class Finalists:
    """The best centres of the test points of one search.

    Parameters
    ----------
    count
        Number of centres to keep.
    dimension
        Length of a centre.
    """

    def __init__(self, count: int, dimension: int):
        self.count = count
        self.scores = np.zeros(0)
        self.generations = np.zeros(0, dtype=np.int64)
        self.centres = np.zeros((0, dimension))

    def add(self, centre: np.ndarray, generation: int, score: float) -> None:
        """Keep a centre if it is among the best; of equals the later one."""
        scores = np.append(self.scores, score)
        generations = np.append(self.generations, generation)
        centres = np.vstack([self.centres, centre])
        best = np.lexsort((-generations, -scores))[: self.count]
        self.scores, self.generations = scores[best], generations[best]
        self.centres = centres[best]

    def with_last(self, centre: np.ndarray, generation: int) -> tuple[np.ndarray, np.ndarray]:
        """Return centres (k, d) and generations (k,) to score again, the last one among them."""
        if generation in self.generations:
            return self.centres, self.generations
        return np.vstack([self.centres, centre]), np.append(self.generations, generation)

    def dump(self) -> dict[str, np.ndarray]:
        """Return the state as arrays."""
        return {"scores": self.scores, "generations": self.generations, "centres": self.centres}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take the state back."""
        self.scores, self.generations = state["scores"], state["generations"]
        self.centres = state["centres"]
