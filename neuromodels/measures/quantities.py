"""What a measure is: a question to a finished solution, and the quantities that answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.capacity import capacity_of
from neuromodels.analysis.intervals import Interval, trials_interval
from neuromodels.study.study import SEARCHED, Study
from neuromodels.tasks import Task

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes

KEPT = 8
"""Trials of a solution, or of each goal, whose course is kept for figures."""
Quantity = dict[str, Any]
"""``value``, the ends of its interval, ``low`` and ``high``, or None, its ``kind`` and ``n``.

What is estimated over inputs also has ``interval_over`` and ``inputs``; a reading also ``folds``,
``decoder``, ``left_out`` and ``reason``. It stands with its two controls, see
`analysis.decoding.Decoding`.
"""
Examined = tuple[Mapping[str, np.ndarray], dict[str, Quantity]]
"""Arrays to keep, and quantities by what the table calls them."""


class Stage:
    """Networks of one study that were built, for solutions of one condition after another."""

    def __init__(self) -> None:
        self._condition = ""
        self._episodes: dict[tuple[int, bool], Episodes] = {}

    def episodes(self, solution: Solution) -> Episodes:
        """Return the trials of a solution, not yet run; the last ones of as many are over."""
        if solution.condition != self._condition:
            self._condition = solution.condition
            self._episodes.clear()
        place = len(solution.streams), solution.inputs is None
        known = self._episodes.get(place)
        if known is None or not known.can_restart:
            self._episodes[place] = replace(solution, stage=None).episodes()
        else:
            known.restart(solution.vector, solution.streams, solution.inputs)
        return self._episodes[place]


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
    inputs
        Numbers of the held-out inputs that trials show, (trials,); None: each draws its own.
    stage
        Networks that were built for other solutions, and can be used again; None: build one.
    """

    study: Study
    condition: str
    vector: np.ndarray
    streams: np.ndarray
    seed: int
    inputs: np.ndarray | None = None
    stage: Stage | None = None

    @property
    def task(self) -> Task:
        """The task of its study."""
        return self.study.task_out_of(tasks.CATALOG)

    def episodes(self) -> Episodes:
        """Return its trials, not yet run.

        With a `stage`, those that were returned before for as many trials begin anew.
        """
        if self.stage is not None:
            return self.stage.episodes(self)
        from neuromodels.experiment.episodes import Episodes  # imports Brian2

        return Episodes(self.study, self.condition, self.vector, self.streams, self.inputs)


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
    runs_trials
        Whether it runs trials of the task at all.
    """

    name: str
    about: str
    note: str
    examine: Callable[..., Examined]
    conditions: tuple[str, ...] = SEARCHED
    over_seeds: bool = False
    shows_seeds: bool = True
    settings: Callable[[Study, Sequence[str]], Settings] | None = None
    runs_trials: bool = True


def mean_of(values: np.ndarray) -> Quantity:
    """Return the mean over trials, (trials,), and its interval."""
    return within(float(values.mean()), trials_interval(values))


def within(value: float, interval: Interval) -> Quantity:
    """Return a value with its interval; None where one of them is not finite."""
    has_ends = np.isfinite(value) and interval.kind != "none"
    return {
        **number(value),
        "low": interval.low if has_ends else None,
        "high": interval.high if has_ends else None,
        "kind": interval.kind if has_ends else "none",
        "n": interval.n,
    }


def number(value: float) -> Quantity:
    """Return a number that has no interval; None where it is not finite."""
    known = value if np.isfinite(value) else None
    return {"value": known, "low": None, "high": None, "kind": "none", "n": None}


def bits_of(right: np.ndarray, inputs: np.ndarray, rng: np.random.Generator) -> Quantity:
    """Return the bits of information in answers, (trials, length); see `capacity_of`."""
    found = capacity_of(right, inputs, rng)
    about = {"interval_over": "inputs", "inputs": found.inputs, "bias": found.bias}
    return {**within(found.bits, found.interval), **about}
