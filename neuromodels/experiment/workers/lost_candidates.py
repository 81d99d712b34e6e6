"""Candidates whose workers were lost: which are evaluated again, and which are given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.errors import SimulationError
from neuromodels.experiment.workers.crew import TRIES
from neuromodels.study.outcome import Outcome

HOPELESS = 5
"""The run stops when so many candidates were given up in a generation and none evaluated."""


@dataclass
class LostCandidates:
    """Evaluates the lost chunks of one generation again.

    Parameters
    ----------
    ask
        Evaluates some candidates while nothing else runs; None when a worker was lost over them.
    tell
        Called with each sentence that the user should read.
    count, trials
        Number of candidates and of trials in the generation.
    seconds
        Time limit of a call.
    measures
        Names of an outcome's measures besides losses and scores.
    has_answer
        Whether any candidate of the generation could be evaluated.
    is_needless
        Whether some chunk failed as a whole, but none of its candidates alone.
    """

    ask: Callable[[np.ndarray], Outcome | None]
    tell: Callable[[str], None]
    count: int
    trials: int
    seconds: float
    measures: Sequence[str]
    has_answer: bool
    is_needless: bool = False
    given_up: int = 0

    def evaluate(self, xs: np.ndarray, first: int) -> Outcome:
        """Evaluate a lost chunk as a whole, then one by one.

        Parameters
        ----------
        first
            The number of its first candidate.
        """
        last = first + len(xs) - 1
        which = f"candidates {first} to {last}" if last > first else f"candidate {first}"
        self.tell(f"A worker {self._cause}; evaluating {which} of {self.count} again.")
        whole = self._ask_alone(xs) if len(xs) > 1 else None
        if whole:
            return whole
        before = self.given_up
        outcomes = [self._evaluate_one(xs[k : k + 1], first + k) for k in range(len(xs))]
        self.is_needless |= len(xs) > 1 and self.given_up == before
        return Outcome.joined(outcomes)

    def _ask_alone(self, xs: np.ndarray) -> Outcome | None:
        outcome = self.ask(xs)
        self.has_answer |= outcome is not None
        return outcome

    def _evaluate_one(self, xs: np.ndarray, number: int) -> Outcome:
        for _ in range(TRIES):
            outcome = self._ask_alone(xs)
            if outcome:
                return outcome
        self._give_up(number)
        return Outcome.lost(self.trials, self.measures)

    def _give_up(self, number: int) -> None:
        self.given_up += 1
        if self.given_up == HOPELESS and not self.has_answer:
            raise SimulationError(
                "Distribution.worker",
                f"must survive a candidate; over {HOPELESS} of"
                f" {self.count} and no other, {TRIES} workers each {self._cause}",
                cure="Give the workers more memory, or more time with --chunk-seconds.",
            )
        self.tell(
            f"Candidate {number} of {self.count} counts as failed: {TRIES} workers {self._cause}"
            " over it alone."
        )

    @property
    def _cause(self) -> str:
        return f"died, ran out of memory or took longer than {self.seconds:g} s"
