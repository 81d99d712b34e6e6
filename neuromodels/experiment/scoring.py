"""Scores on fresh sequences, their intervals, and finalists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neuromodels.seeding import generator
from neuromodels.study.outcome import Outcome

FAILED_LOSS = 1e6
"""Loss of an instance that failed: worse than any that ran."""
MOST_INSTANCES = 8192
"""Instances per call while testing; bounds the memory of large tests."""
RESAMPLES = 2000


class ExperimentLike(Protocol):
    """A network built once that turns coefficient vectors into losses."""

    @property
    def dimension(self) -> int: ...
    @property
    def centre(self) -> np.ndarray: ...
    @property
    def sigma(self) -> np.ndarray: ...
    @property
    def slices(self) -> dict[str, slice]: ...
    @property
    def report(self) -> dict: ...
    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Outcome: ...


@dataclass(frozen=True)
class Score:
    """A mean score with its 95 % interval, the mean loss of the trials that ran, and failures."""

    score: float
    low: float
    high: float
    loss: float | None
    trials: int
    failures: int = 0


def losses_per_candidate(losses: np.ndarray) -> np.ndarray:
    """Return the mean loss over trials, (n,); failed instances count `FAILED_LOSS`."""
    return np.where(np.isfinite(losses), losses, FAILED_LOSS).mean(axis=1)


def scores_per_trial(outcome: Outcome) -> np.ndarray:
    """Return scores (n, T) in which failed instances recall nothing."""
    ran = np.isfinite(outcome.losses) & np.isfinite(outcome.scores)
    return np.where(ran, outcome.scores, 0.0)


def score_vectors(
    experiment: ExperimentLike,
    xs: np.ndarray,
    streams: np.ndarray,
    stopped: Callable[[], None] = lambda: None,
) -> Outcome:
    """Evaluate vectors (n, d) on every stream, a bounded number of instances at a time.

    Parameters
    ----------
    stopped
        Called between parts; raises to give up.
    """
    width = max(1, MOST_INSTANCES // len(xs))
    parts = []
    for start in range(0, len(streams), width):
        parts.append(experiment.evaluate(xs, streams[start : start + width]))
        stopped()
    return Outcome.joined(parts, axis=1)


def summarise(outcome: Outcome, rng: np.random.Generator) -> Score:
    """Return mean score, interval and loss of one vector over its trials."""
    scores = scores_per_trial(outcome)[0]
    low, high = mean_interval(scores, rng)
    loss = mean_loss(outcome.losses[0])
    return Score(float(scores.mean()), low, high, loss, scores.size, outcome.failures)


def mean_loss(losses: np.ndarray) -> float | None:
    """Return the mean of finite losses, None when there is none."""
    ran = losses[np.isfinite(losses)]
    return float(ran.mean()) if ran.size else None


def mean_interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a mean (Efron 1979).

    Resampling with replacement is a multinomial draw of how often each distinct value occurs.
    """
    distinct, counts = np.unique(values, return_counts=True)
    draws = rng.multinomial(values.size, counts / values.size, size=RESAMPLES)
    low, high = np.percentile(draws @ distinct / values.size, [2.5, 97.5])
    return float(low), float(high)


def median_interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a median over seeds."""
    draws = rng.choice(values, size=(RESAMPLES, values.size))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return float(low), float(high)


def seeds_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the interval over seeds; the same values give the same numbers."""
    return median_interval(np.asarray(values, dtype=float), generator(0, "seeds"))


class Finalists:
    """The best centres of the test points of one search.

    Parameters
    ----------
    count
        How many are kept.
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
