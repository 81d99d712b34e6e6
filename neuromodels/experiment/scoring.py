"""Scores of coefficient vectors on fresh sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.intervals import Interval, no_interval, trials_interval
from neuromodels.errors import DeclarationError
from neuromodels.search.plan import Stage
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.records import counts_to_text
from neuromodels.study.conditions import CONDITIONS
from neuromodels.study.outcome import Outcome
from neuromodels.study.study import Study
from neuromodels.tasks.inputs import Inputs, is_exact

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
    def evaluate(
        self, xs: np.ndarray, streams: np.ndarray, inputs: np.ndarray | None = None
    ) -> Outcome: ...


@dataclass(frozen=True)
class Score:
    """A mean score with its interval, the mean loss of the trials that ran, and failures.

    `interval_kind` is one of `neuromodels.analysis.intervals.KINDS`. A failed trial has the score
    0; ``nan`` and so on count failures by kind. ``rate`` is the mean rate in Hz of the trials that
    ran, None where no spikes were counted; the rest is as in
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
    inputs: int = 0
    exact: int = 0


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


def check_same_coefficients(stage: Stage, found: dict[str, slice], own: dict[str, slice]) -> None:
    """Refuse a stage whose vectors are not those of the study.

    Parameters
    ----------
    found, own
        Parts of a vector by label, in the stage and in the study itself.

    Raises
    ------
    DeclarationError
        With what the stage has.
    """
    if found != own:
        sizes = ", ".join(f"{name} {part.stop - part.start:,}" for name, part in found.items())
        raise DeclarationError(
            "search.stages",
            "must have the coefficients of the study in every stage",
            f"{sizes} with {dict(stage.task)}",
            "Change parameters of the task that change no channel.",
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
    inputs: np.ndarray | None = None,
) -> Outcome:
    """Evaluate vectors (n, d) on every stream, a bounded number of instances at a time.

    Parameters
    ----------
    between
        Gets how many streams are done after each part; raises to give up.
    inputs
        Numbers of the inputs that trials show, one per stream; None: each trial draws its own.
    """
    width = max(1, MOST_INSTANCES // len(xs))
    parts = []
    for start in range(0, len(streams), width):
        part = slice(start, start + width)
        shown = () if inputs is None else (inputs[part],)
        parts.append(experiment.evaluate(xs, streams[part], *shown))
        between(min(start + width, len(streams)))
    return Outcome.joined(parts, axis=1)


@dataclass(frozen=True)
class Trials:
    """The trials of a test.

    Parameters
    ----------
    streams
        Noise-stream ids, (trials,), uint64.
    inputs
        Numbers of the held-out inputs that they show, (trials,); None: each draws what a search
        may see as well.
    held_out
        How many inputs are held out.
    """

    streams: np.ndarray
    inputs: np.ndarray | None = None
    held_out: int = 0

    @property
    def shown(self) -> int:
        """How many held-out inputs they show."""
        return 0 if self.inputs is None else len(np.unique(self.inputs))

    def is_exact(self, scores: np.ndarray) -> bool:
        """Whether the mean of scores, (trials,), is that of all held-out inputs."""
        return self.inputs is not None and is_exact(scores, self.inputs, self.held_out)


def final_trials(study: Study, seed: int, count: int, name: str = "final") -> Trials:
    """Return the trials behind the scores that a study reports, the same for all conditions.

    Parameters
    ----------
    count
        How many are wanted; see `neuromodels.tasks.inputs.Inputs.even_count`.
    name
        Of what they are for; no two share streams.
    """
    if study.test.inputs == "searched":
        return Trials(trial_streams(seed, count, name))
    inputs = held_out_inputs(study)
    even = inputs.even_count(count)
    chosen = inputs.choose_held_out(even, generator(seed, "inputs", name))
    return Trials(trial_streams(seed, len(chosen), name), chosen, inputs.held_out)


def measured_inputs(study: Study, seed: int, count: int, measure: str) -> np.ndarray | None:
    """Return the inputs that trials of a measure show, (count,); None: each draws its own."""
    if study.test.inputs == "searched":
        return None
    rng = generator(seed, "inputs", measure)
    return held_out_inputs(study).choose_held_out(count, rng)


def held_out_inputs(study: Study) -> Inputs:
    """Return the inputs of a study's task, of which some are held out.

    Raises
    ------
    DeclarationError
        Where none are.
    """
    task = study.task_out_of(tasks.CATALOG)
    inputs: Inputs | None = task.inputs(task.with_defaults(study.task.parameters))
    if inputs is None or not inputs.held_out:
        raise DeclarationError(
            f"Task.{task.name}",
            "must keep inputs from searches where scores are on held-out ones",
            cure="Set its test_share.",
        )
    return inputs


def summarise(outcome: Outcome, trials: Trials | None = None) -> Score:
    """Return mean score, interval and loss of one vector over its trials, those of a test."""
    scores = scores_per_trial(outcome)[0]
    exact, shown = (trials.is_exact(scores), trials.shown) if trials else (False, 0)
    interval = no_interval(scores.size) if exact else trials_interval(scores)
    return score_within(interval, float(scores.mean()), outcome, shown, exact)


def score_within(
    interval: Interval, score: float, outcome: Outcome, inputs: int = 0, exact: bool = False
) -> Score:
    """Return a mean score with its interval; without one both ends are the score.

    Parameters
    ----------
    inputs, exact
        How many held-out inputs were shown, and whether the score is that of all there are.
    """
    low, high = (score, score) if interval.kind == "none" else interval.ends
    loss, count = mean_loss(outcome.losses), outcome.losses.size
    shown: dict[str, Any] = {"interval_kind": interval.kind, "inputs": inputs, "exact": int(exact)}
    return Score(score, low, high, loss, count, **beside_score(outcome), **shown)


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


def shuffled_for(condition: str, seed: int, solution: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the vector of a solution as a condition tests it, (d,).

    The numbers of each coefficient of a shuffled mechanism change places among themselves: synapse
    with synapse, neuron with neuron, within their projection. Their values stay the same.

    Parameters
    ----------
    solution
        Arrays ``vector``, ``names``, ``starts``, ``stops``.
    """
    declared, vector = CONDITIONS[condition], np.array(solution["vector"])
    if not declared.shuffles:
        return vector
    for label, start, stop in zip(
        solution["names"], solution["starts"], solution["stops"], strict=True
    ):
        _, _, coefficient = str(label).partition(".")
        if coefficient.startswith(f"{declared.mechanism}."):
            drawn = generator(seed, "shuffled", label)
            vector[start:stop] = drawn.permutation(vector[start:stop])
    return vector
