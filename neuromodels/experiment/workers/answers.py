"""What comes back from a worker: a value, an error as plain values, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from neuromodels.errors import NeuromodelsError


@dataclass(frozen=True)
class Description:
    """Size, start and parts of an experiment's vectors, for a driver that does not build it."""

    dimension: int
    centre: np.ndarray
    sigma: np.ndarray
    slices: dict[str, slice]


@dataclass(frozen=True)
class Answer:
    """The result of one call on a worker.

    Parameters
    ----------
    value
        A `Description`, an `Outcome` or the arrays of a recording.
    worker
        Address of the process.
    report
        Costs of its experiment so far, see `Experiment.report`.
    seconds
        Time spent on this call, without building the network, s.
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
    """An error of this package as plain values; unpickling would compose its message twice."""

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
