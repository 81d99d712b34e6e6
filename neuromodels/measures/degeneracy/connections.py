"""Paths between the solutions of a study: straight lines, and paths with one bend where they fail.

Mode connectivity: Draxler et al. 2018, ICML 35:1309; Garipov et al. 2018, NeurIPS 31.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from neuromodels.analysis.degeneracy.paths import Pair, Way, basins, way_of
from neuromodels.experiment.scoring import ExperimentLike, score_vectors, scores_per_trial
from neuromodels.seeding import generator, trial_streams

POINTS = 7
"""On a line, its ends included; a barrier narrower than a sixth of it may not be seen."""
JUDGED = 13
"""On a path with a bend that was found."""
AT_ONCE = 8192
ROUNDS, BENDS = 4, 6
"""Of the search for a bend: rounds, and places tried in each."""
SEARCHED_TRIALS = 32
WIDTH = 0.25
"""Spread of the first places of a bend, in units of the distance of the two ends."""


@dataclass(frozen=True, eq=False)
class Connections:
    """How n solutions are connected.

    Parameters
    ----------
    straight
        By pair, what the straight line keeps.
    bent
        By pair, what the best path with one bend keeps, where one was looked for.
    random
        What lines of the same length from a solution in a random direction keep.
    basin
        Of each solution, (n,).
    """

    straight: dict[Pair, Way]
    random: list[Way]
    bent: dict[Pair, Way] = field(default_factory=dict)
    basin: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))


class Paths:
    """Scores along paths between the solutions of a study.

    Parameters
    ----------
    experiment
        Its network.
    vectors
        Solutions, (n, d).
    chance
        Score of a network that answers by chance.
    seed
        Of the trials, of random directions, and of the search for bends.
    trials
        That judge a path; others search for bends.
    """

    def __init__(
        self,
        experiment: ExperimentLike,
        vectors: np.ndarray,
        chance: float,
        seed: int,
        trials: int,
    ):
        self._experiment, self._vectors, self._chance = experiment, vectors, chance
        self._seed = seed
        self._streams = trial_streams(seed, trials, "paths")
        self._searching = trial_streams(seed, SEARCHED_TRIALS, "paths", "bends")
        self._rng = generator(seed, "paths")

    def connections(self, bends: int) -> Connections:
        """Return all straight lines, the control, and up to `bends` paths with a bend.

        Bends are looked for between basins that no line connects, the best line first.
        """
        n = len(self._vectors)
        pairs = list(combinations(range(n), 2))
        straight = dict(zip(pairs, self.ways([self._line(*pair) for pair in pairs]), strict=True))
        random = self.ways([self._astray(k) for k in range(n)], astray=True)
        bent: dict[Pair, Way] = {}
        links = [pair for pair, way in straight.items() if way.is_open]
        while len(bent) < bends and (pair := _next(straight, bent, basins(n, links))) is not None:
            bent[pair] = self.bent(*pair)
            links += [pair] if bent[pair].is_open else []
        return Connections(straight, random, bent, basins(n, links))

    def ends(self) -> np.ndarray:
        """Return the scores of the solutions themselves, (n, trials)."""
        return self._scores([self._vectors], self._streams)[0]

    def ways(self, paths: Sequence[np.ndarray], *, astray: bool = False) -> list[Way]:
        """Return what each path, (points, d), keeps; `astray`: only its first end is a solution."""
        scores = self._scores(paths, self._streams)
        rng = generator(self._seed, "paths", "resamples")
        return [way_of(each, self._chance, rng, astray=astray) for each in scores]

    def bent(self, first: int, last: int) -> Way:
        """Return what the best path with one bend between two solutions keeps."""
        ends = self._vectors[[first, last]]
        middle = ends.mean(axis=0)
        sigma = self._experiment.sigma
        apart = np.sqrt((((ends[1] - ends[0]) / sigma) ** 2).mean())
        width = WIDTH * apart
        for _ in range(ROUNDS):
            noise = self._rng.standard_normal((BENDS, len(middle))) * sigma * width
            places = np.concatenate([middle[None], middle + noise])
            scores = self._scores([_over(ends, place, POINTS) for place in places], self._searching)
            middle = places[int(np.argmax(scores.mean(axis=2).min(axis=1)))]
            width *= 0.7
        return self.ways([_over(ends, middle, JUDGED)])[0]

    def _line(self, first: int, last: int) -> np.ndarray:
        return np.linspace(self._vectors[first], self._vectors[last], POINTS)

    def _astray(self, k: int) -> np.ndarray:
        """Return a line from a solution in a random direction, as long as those to the others."""
        sigma = self._experiment.sigma
        lengths = np.linalg.norm((self._vectors - self._vectors[k]) / sigma, axis=1)
        direction = self._rng.standard_normal(len(sigma))
        direction /= np.linalg.norm(direction)
        end = self._vectors[k] + np.median(np.delete(lengths, k)) * direction * sigma
        return np.linspace(self._vectors[k], end, POINTS)

    def _scores(self, paths: Sequence[np.ndarray], streams: np.ndarray) -> np.ndarray:
        """Return the score of each trial at each point, (paths, points, trials)."""
        xs = np.concatenate(list(paths))
        width = max(1, AT_ONCE // len(streams))
        parts = [xs[k : k + width] for k in range(0, len(xs), width)]
        found = [scores_per_trial(score_vectors(self._experiment, x, streams)) for x in parts]
        return np.concatenate(found).reshape(len(paths), -1, len(streams))


def _over(ends: np.ndarray, place: np.ndarray, points: int) -> np.ndarray:
    """Return the points of a path that goes over a place, (points, d)."""
    half = points // 2 + 1
    there = np.linspace(ends[0], place, half)
    return np.concatenate([there, np.linspace(place, ends[1], half)[1:]])


def _next(straight: dict[Pair, Way], bent: dict[Pair, Way], basin: np.ndarray) -> Pair | None:
    """Return the best line between two basins that no bend was looked for; None: there is none."""
    left = [p for p in straight if basin[p[0]] != basin[p[1]] and p not in bent]
    return max(left, key=lambda pair: straight[pair].kept) if left else None
