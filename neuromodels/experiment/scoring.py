"""Scores of coefficient vectors on fresh sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neuromodels.analysis.intervals import mean_interval
from neuromodels.study.outcome import Outcome

FAILED_TRIAL_LOSS = 1e6
"""Loss of a candidate in a trial that failed numerically: worse than any that ran."""
MOST_INSTANCES = 8192
"""Instances per call while testing; bounds the memory of large tests."""


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
    """Return the mean loss over trials, (n,); a failed one counts `FAILED_TRIAL_LOSS`."""
    return np.where(np.isfinite(losses), losses, FAILED_TRIAL_LOSS).mean(axis=1)


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
