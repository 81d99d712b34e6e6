"""Objectives of a search: terms, bands, constraints, and the loss of a failed trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.study.added_keys import added_key
from neuromodels.study.outcome import FAILURES, Outcome

MEASURES: Mapping[str, str] = {
    "loss": "the task's own loss",
    "error": "fraction of wrong answers: 1 - score",
    "rate": "spikes per second of the spiking neurons, mean over them and the trial",
}
"""What a term may measure."""


@dataclass(frozen=True)
class Term:
    """A measure that is to be small, or to lie within a band.

    Parameters
    ----------
    weight
        Factor.
    low, high
        Bounds of the band. With either, the distance of a candidate's mean from the band counts,
        not the mean.
    constraint
        Whether a candidate outside of the band ranks behind all that are within every band.
    """

    weight: float = 1.0
    low: float | None = None
    high: float | None = None
    constraint: bool = False

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise DeclarationError("Term.weight", "must be greater than 0", self.weight)
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise DeclarationError("Term.low", f"must not exceed high = {self.high}", self.low)
        if self.constraint and not self.is_band:
            raise DeclarationError("Term.constraint", "needs a band: low, high or both")

    @property
    def is_band(self) -> bool:
        """Whether the distance from a band counts."""
        return self.low is not None or self.high is not None

    def distance(self, means: np.ndarray) -> np.ndarray:
        """Return how far means lie outside of the band, times the weight."""
        below = 0.0 if self.low is None else np.maximum(self.low - means, 0)
        above = 0.0 if self.high is None else np.maximum(means - self.high, 0)
        return np.asarray(self.weight * (below + above))


@dataclass(frozen=True)
class FailurePlan:
    """Which trials have failed, and the loss that each counts.

    Parameters
    ----------
    nan, explosion, silence, timeout, outside
        Losses by kind, see `neuromodels.study.outcome.FAILURES`.
    highest_rate
        Mean rate in Hz above which a trial has exploded; it is stopped then. 0: no limit.
    lowest_rate
        Mean rate in Hz below which a trial was silent. 0: silence is no failure.
    largest_weight
        Absolute weight above which a trial has exploded; it is stopped then. 0: no limit.
    """

    nan: float = added_key(1e6)
    explosion: float = added_key(1e6)
    silence: float = added_key(1e6)
    timeout: float = added_key(1e6)
    outside: float = added_key(1e6)
    highest_rate: float = added_key(0.0)
    lowest_rate: float = added_key(0.0)
    largest_weight: float = added_key(0.0)

    def __post_init__(self) -> None:
        for name in ("highest_rate", "lowest_rate", "largest_weight"):
            if not getattr(self, name) >= 0:
                raise DeclarationError(f"FailurePlan.{name}", "must be >= 0", getattr(self, name))
        if 0 < self.highest_rate <= self.lowest_rate:
            raise DeclarationError(
                "FailurePlan.lowest_rate",
                f"must be below highest_rate = {self.highest_rate}",
                self.lowest_rate,
            )

    @property
    def sees_spikes(self) -> bool:
        """Whether spikes must be counted."""
        return self.highest_rate > 0 or self.lowest_rate > 0

    def losses(self, failed: np.ndarray) -> np.ndarray:
        """Return the declared loss of every failed trial, 0 for the others."""
        declared = np.array([0.0, *(getattr(self, name) for name in FAILURES)])
        return declared[failed]


@dataclass(frozen=True)
class Objective:
    """What a search minimises: the sum of some terms, or every one on its own.

    Parameters
    ----------
    terms
        By what they measure, see `MEASURES`.
    pareto
        Minimise every goal on its own, and keep the front: candidates that no other beats in all.

    Raises
    ------
    DeclarationError
        An unknown measure, no goal, or one goal where several are needed.
    """

    terms: Mapping[str, Term] = added_key({"loss": Term()})
    pareto: bool = added_key(False)

    def __post_init__(self) -> None:
        for name in self.terms:
            if name not in MEASURES:
                raise DeclarationError(
                    "Objective.terms", f"must be among {', '.join(MEASURES)}", name
                )
        if len(self.goals) < (2 if self.pareto else 1):
            least = "at least two terms that are" if self.pareto else "a term that is"
            raise DeclarationError(
                "Objective.terms",
                f"there must be {least} no constraint",
                ", ".join(self.terms),
            )

    @property
    def goals(self) -> tuple[str, ...]:
        """Names of the terms that are minimised."""
        return tuple(name for name, term in self.terms.items() if not term.constraint)

    @property
    def sees_spikes(self) -> bool:
        """Whether spikes must be counted."""
        return "rate" in self.terms

    def losses(self, outcome: Outcome, plan: FailurePlan) -> np.ndarray:
        """Return what to minimise, (candidates, goals) or, summed, (candidates, 1).

        A failed trial counts its declared loss. A candidate outside of a constraint gets more
        than the worst within it: the worst of the generation plus its distance.
        """
        declared = plan.losses(outcome.failed)
        goals = {name: self.terms[name] for name in self.goals}
        if self.pareto:
            columns = [_loss({name: term}, outcome, declared) for name, term in goals.items()]
        else:
            columns = [_loss(goals, outcome, declared)]
        return self._constrained(np.column_stack(columns), outcome)

    def violations(self, outcome: Outcome) -> np.ndarray:
        """Return how far candidates lie outside of all constraints, (candidates,)."""
        bands = {name: term for name, term in self.terms.items() if term.constraint}
        return _distances(bands, outcome)

    def _constrained(self, losses: np.ndarray, outcome: Outcome) -> np.ndarray:
        violations = self.violations(outcome)
        outside = violations > 0
        if not outside.any():
            return losses
        within = losses[~outside & outcome.ran.all(axis=1)]
        worst = within.max(axis=0) if len(within) else losses[outside].max(axis=0)
        behind = np.maximum(losses, worst) + violations[:, None]
        return np.where(outside[:, None], behind, losses)


def measure_of(name: str, outcome: Outcome) -> np.ndarray:
    """Return what a term measures, (candidates, trials); NaN where the trial failed."""
    if name == "loss":
        return outcome.losses
    return 1 - outcome.scores if name == "error" else outcome.measures[name]


def _loss(terms: Mapping[str, Term], outcome: Outcome, declared: np.ndarray) -> np.ndarray:
    """Return the mean over trials of weighted measures plus distances from bands."""
    totals = np.zeros(declared.shape)
    for name, term in terms.items():
        if not term.is_band:
            totals = totals + term.weight * measure_of(name, outcome)
    means = np.where(outcome.ran, totals, declared).mean(axis=1)
    return means + _distances({k: term for k, term in terms.items() if term.is_band}, outcome)


def _distances(terms: Mapping[str, Term], outcome: Outcome) -> np.ndarray:
    """Return distances of candidates from bands; a candidate without a trial has none."""
    ran = np.maximum(outcome.ran.sum(axis=1), 1)
    total = np.zeros(len(ran))
    for name, term in terms.items():
        sums = np.where(outcome.ran, measure_of(name, outcome), 0).sum(axis=1)
        total += np.where(outcome.ran.any(axis=1), term.distance(sums / ran), 0)
    return total
