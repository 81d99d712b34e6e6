"""What comes back from a worker: a value, an error as plain values, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from neuromodels.errors import NeuromodelsError
from neuromodels.scoring import OutcomeLike


@dataclass(frozen=True)
class Description:
    """What a driver must know of an experiment that it does not build itself."""

    dimension: int
    centre: np.ndarray
    sigma: np.ndarray
    slices: dict[str, slice]


@dataclass(frozen=True)
class Evaluated:
    """Losses and scores of some candidates, (candidates, trials); NaN where an instance failed."""

    losses: np.ndarray
    scores: np.ndarray
    failures: int

    @classmethod
    def of(cls, outcome: OutcomeLike) -> Self:
        """Return an outcome as plain arrays."""
        losses, scores = np.asarray(outcome.losses), np.asarray(outcome.scores)
        return cls(losses, scores, int(outcome.failures))

    @classmethod
    def none(cls, trials: int) -> Self:
        """Return the outcome of one candidate that could not be evaluated."""
        nothing = np.full((1, trials), np.nan)
        return cls(nothing, nothing.copy(), trials)

    @classmethod
    def joined(cls, parts: Sequence[Evaluated]) -> Self:
        """Return the outcomes of consecutive candidates as one."""
        losses = np.concatenate([part.losses for part in parts])
        scores = np.concatenate([part.scores for part in parts])
        return cls(losses, scores, sum(part.failures for part in parts))


@dataclass(frozen=True)
class Answer:
    """What a worker was asked for.

    Parameters
    ----------
    value
        A `Description`, an `Evaluated` or the arrays of a recording.
    worker
        The address of the process.
    report
        What its experiment has cost so far.
    seconds
        How long it worked on this, building the network apart.
    """

    value: Any
    worker: str
    report: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Lost:
    """A call whose worker died, took too long or ran out of memory."""


@dataclass(frozen=True)
class Refusal:
    """An error of ours as plain values: its class composes the message when it is made."""

    kind: type[NeuromodelsError]
    message: str
    state: dict[str, Any]
    worker: str

    @classmethod
    def of(cls, error: NeuromodelsError, worker: str) -> Self:
        """Return an error, and the worker it happened on, ready to travel."""
        return cls(type(error), str(error), dict(vars(error)), worker)

    def error(self) -> NeuromodelsError:
        """Return the error, its worker named in the message."""
        error = self.kind.__new__(self.kind)
        # a message of several lines ends with a marked token, which must stay below its own
        space = "\n" if "\n" in self.message else " "
        error.args = (f"{self.message}{space}(On {self.worker}.)",)
        vars(error).update(self.state)
        return error
