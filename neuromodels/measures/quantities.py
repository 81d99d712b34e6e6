"""What a measure is: a question to a finished solution, and the quantities that answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.capacity import capacity_of
from neuromodels.analysis.intervals import mean_interval
from neuromodels.study.study import SEARCHED, Study
from neuromodels.tasks import Task

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes

KEPT = 8
"""Trials of a solution, or of each goal, whose course is kept for figures."""
Quantity = dict[str, Any]
"""``value``, and the ends of its 95 % interval over trials, ``low`` and ``high``, or None.

What is estimated over inputs also has ``inputs``; a reading also ``folds``, ``decoder``,
``left_out`` and ``reason``. It stands with its two controls, see `analysis.decoding.Decoding`.
"""
Examined = tuple[Mapping[str, np.ndarray], dict[str, Quantity]]
"""Arrays to keep, and quantities by what the table calls them."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A stored solution and the fresh trials on which it is examined.

    Parameters
    ----------
    study
        Which it answers.
    condition
        Whose network is run.
    vector
        Coefficients of the search behind that condition, (d,).
    streams
        Noise streams of the trials, (trials,).
    seed
        Of its search.
    """

    study: Study
    condition: str
    vector: np.ndarray
    streams: np.ndarray
    seed: int

    @property
    def task(self) -> Task:
        """The task of its study."""
        return self.study.task_out_of(tasks.CATALOG)

    def episodes(self) -> Episodes:
        """Return its trials, not yet run."""
        from neuromodels.experiment.episodes import Episodes  # imports Brian2

        return Episodes(self.study, self.condition, self.vector, self.streams)


class Settings(Protocol):
    """What ``--vary`` makes of a study."""

    @property
    def name(self) -> str:
        """What is varied, for the names of files."""
        ...

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The value of each parameter in each setting, (settings,)."""
        ...


@dataclass(frozen=True)
class Measure:
    """A question that can be asked of a finished solution.

    Parameters
    ----------
    name
        As after ``neuromodels measure RUN``.
    about
        The question, in one line.
    note
        What the reader of its table should know, in whole sentences.
    examine
        Answers the question for a `Solution`. With `settings` it gets these first.
    conditions
        Whose solutions are examined.
    over_seeds
        Whether medians over seeds are given beside the quantities of each seed.
    shows_seeds
        Whether a terminal shows a column per seed where there are medians over them.
    settings
        Reads what ``--vary`` asks for, before anything is run. None: nothing can be varied.
    sees_own_networks
        Whether it says something of a network of one's own, where it sees the plastic synapses
        and the projections from the channels and to the read-out, but nothing else.
    """

    name: str
    about: str
    note: str
    examine: Callable[..., Examined]
    conditions: tuple[str, ...] = SEARCHED
    over_seeds: bool = False
    shows_seeds: bool = True
    settings: Callable[[Study, Sequence[str]], Settings] | None = None
    sees_own_networks: bool = True


def mean_of(values: np.ndarray, rng: np.random.Generator) -> Quantity:
    """Return the mean over trials, (trials,), and its interval."""
    low, high = mean_interval(values, rng)
    return {"value": float(values.mean()), "low": low, "high": high}


def number(value: float) -> Quantity:
    """Return a number that has no interval; None where it is not finite."""
    return {"value": value if np.isfinite(value) else None, "low": None, "high": None}


def bits_of(right: np.ndarray, inputs: np.ndarray, rng: np.random.Generator) -> Quantity:
    """Return the bits of information in answers, (trials, length); see `capacity_of`."""
    found = capacity_of(right, inputs, rng)
    return {
        "value": found.bits,
        "low": found.low,
        "high": found.high,
        "inputs": found.inputs,
        "bias": found.bias,
    }
