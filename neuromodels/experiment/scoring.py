"""Scores of coefficient vectors on fresh sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from neuromodels.analysis.intervals import Interval, trials_interval
from neuromodels.errors import DeclarationError
from neuromodels.store.records import counts_to_text
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
    """A mean score with its interval, the mean loss of the trials that ran, and failures.

    `interval_kind` is one of `neuromodels.analysis.intervals.KINDS`. A failed trial has the score
    0; ``nan`` and so on count failures by kind. ``rate`` is the mean rate in Hz of the trials that
    ran, None where no spikes were counted; ``silent_trials`` is as in
    `neuromodels.store.records.TestRecord`.
    """

    score: float
    low: float
    high: float
    loss: float | None
    trials: int
    failures: int = 0
    nan: int = 0
    explosion: int = 0
    silence: int = 0
    timeout: int = 0
    outside: int = 0
    rate: float | None = None
    silent_trials: str = "{}"
    interval_kind: str = "none"


def check_dimension(condition: str, dimension: int) -> None:
    """Refuse to search where nothing is left to search.

    Raises
    ------
    DeclarationError
        With what to do.
    """
    if dimension == 0:
        raise DeclarationError(
            "rule.coefficients",
            f"at least one number must be free under the condition {condition!r};"
            " all coefficients are frozen",
            cure="Free one, or run the rule by hand with neuromodels.simulation.",
        )


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
    between: Callable[[int], None] = lambda done: None,
) -> Outcome:
    """Evaluate vectors (n, d) on every stream, a bounded number of instances at a time.

    Parameters
    ----------
    between
        Gets how many streams are done after each part; raises to give up.
    """
    width = max(1, MOST_INSTANCES // len(xs))
    parts = []
    for start in range(0, len(streams), width):
        parts.append(experiment.evaluate(xs, streams[start : start + width]))
        between(min(start + width, len(streams)))
    return Outcome.joined(parts, axis=1)


def summarise(outcome: Outcome) -> Score:
    """Return mean score, interval and loss of one vector over its trials."""
    scores = scores_per_trial(outcome)[0]
    return score_within(trials_interval(scores), float(scores.mean()), outcome)


def score_within(interval: Interval, score: float, outcome: Outcome) -> Score:
    """Return a mean score with its interval; without one both ends are the score."""
    low, high = (score, score) if interval.kind == "none" else interval.ends
    loss, count = mean_loss(outcome.losses), outcome.losses.size
    more = {**beside_score(outcome), "interval_kind": interval.kind}
    return Score(score, low, high, loss, count, **more)


def beside_score(outcome: Outcome) -> dict[str, Any]:
    """Return what is told beside a score: failures by kind, the mean rate, and silent trials."""
    silent = counts_to_text(outcome.silent)
    told = {"failures": outcome.failures, **outcome.counts}
    return {**told, "rate": mean_rate(outcome), "silent_trials": silent}


def mean_rate(outcome: Outcome) -> float | None:
    """Return the mean rate of the trials that ran, None where spikes were not counted."""
    rates = outcome.measures.get("rate")
    return None if rates is None else mean_loss(rates[outcome.ran])


def mean_loss(losses: np.ndarray) -> float | None:
    """Return the mean of finite numbers, None when there is none."""
    ran = losses[np.isfinite(losses)]
    return float(ran.mean()) if ran.size else None
