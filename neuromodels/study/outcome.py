"""Outcomes of trials: losses, scores and other measures, and how some trials failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np

FAILURES = ("nan", "explosion", "silence", "timeout", "outside")
"""How a trial fails: a number of its state is not finite; neurons fire too much or weights grow
too large; neurons fire too little; workers were lost over the candidate alone; its score lies
outside of the range that the task declares."""

SILENT = "silent "
"""Before the name of a population: the measure that is 1 where none of its neurons fired."""


@dataclass(frozen=True)
class Outcome:
    """Losses and scores of every candidate in every trial.

    Parameters
    ----------
    losses
        The task's loss, shape (candidates, trials); NaN where the trial failed.
    scores
        The task's scores, same shape; NaN where the trial failed.
    failed
        Same shape, uint8: 0 where the trial ran, else 1 + the place of its kind in `FAILURES`.
    measures
        What else an objective may ask for, by name, same shape.
    """

    losses: np.ndarray
    scores: np.ndarray
    failed: np.ndarray
    measures: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def lost(cls, trials: int, measures: Sequence[str] = ()) -> Self:
        """Return the outcome of one candidate whose workers were all lost."""
        nothing = np.full((1, trials), np.nan)
        kind = np.full((1, trials), 1 + FAILURES.index("timeout"), dtype=np.uint8)
        return cls(nothing, nothing.copy(), kind, {name: nothing.copy() for name in measures})

    @classmethod
    def joined(cls, parts: Sequence[Self], axis: int = 0) -> Self:
        """Return the outcomes of consecutive candidates, or trials with `axis` 1, as one.

        A measure that a part does not know is NaN there.
        """
        names = list(dict.fromkeys(name for part in parts for name in part.measures))
        return cls(
            np.concatenate([part.losses for part in parts], axis),
            np.concatenate([part.scores for part in parts], axis),
            np.concatenate([part.failed for part in parts], axis),
            {name: np.concatenate([p._measure(name) for p in parts], axis) for name in names},
        )

    def _measure(self, name: str) -> np.ndarray:
        return self.measures.get(name, np.full(self.losses.shape, np.nan))

    @property
    def ran(self) -> np.ndarray:
        """Which trials did not fail, shape (candidates, trials)."""
        return self.failed == 0

    @property
    def failures(self) -> int:
        """How many trials failed."""
        return int(np.count_nonzero(self.failed))

    @property
    def silent(self) -> dict[str, int]:
        """In how many trials no neuron of a population fired, by population where it is known."""
        return {
            name.removeprefix(SILENT): int(np.count_nonzero(values == 1))
            for name, values in self.measures.items()
            if name.startswith(SILENT)
        }

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many trials failed, by kind."""
        counted = np.bincount(self.failed.ravel(), minlength=1 + len(FAILURES))[1:]
        return dict(zip(FAILURES, map(int, counted), strict=True))
