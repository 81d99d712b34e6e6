"""What an optimizer is: what it does, and what the catalog says about it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Literal, Protocol

import numpy as np


class Optimizer(Protocol):
    """A search distribution: ask for candidates, tell their losses. Minimises."""

    name: str
    dimension: int
    candidates: int

    def ask(self, n: int | None = None) -> np.ndarray:
        """Return candidates, shape (n, d), float64; `n` defaults to `candidates`."""

    def tell(self, xs: np.ndarray, losses: np.ndarray) -> None:
        """Learn from candidates (n, d) and their losses (n,); non-finite ones rank last.

        One that is told several goals as they are gets (n, goals).
        """

    def recommend(self) -> np.ndarray:
        """Return the solution so far, shape (d,): the distribution's centre where it has one."""

    def dump(self) -> dict[str, np.ndarray]:
        """Return the complete state, random generator included, as numpy arrays."""

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue bit for bit from a state that `dump` returned."""


MakeOptimizer = Callable[[np.ndarray, np.ndarray, int, int, Mapping[str, float]], Optimizer]
"""Makes an optimizer from centre (d,), sigma (d,), candidates, seed and all of its options."""


@dataclass(frozen=True)
class Option:
    """A number that sets how an optimizer works.

    Parameters
    ----------
    default
        Its value unless a study says otherwise.
    low, high
        What it may be: ``low <= value < high``; `high` is excluded, so that a decay rate stays
        below one.
    meaning
        One sentence: what it does, in which unit.
    """

    default: float
    low: float
    high: float
    meaning: str

    def holds(self, value: object) -> bool:
        """Return whether a value is a number within the limits."""
        is_number = isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
        if not is_number or not abs(value) <= sys.float_info.max:  # type: ignore[arg-type]
            return False
        return self.low <= float(value) < self.high  # type: ignore[arg-type]


@dataclass(frozen=True)
class OptimizerInfo:
    """An optimizer as the catalog declares it.

    Parameters
    ----------
    name
        What a study calls it.
    summary
        One sentence: when to use it.
    reference
        The paper.
    make
        Makes the optimizer; its arguments are already checked.
    options
        Every option by its name.
    source
        Who implements it.
    antithetic
        Whether candidates come in mirrored pairs, so that their number must be even.
    dimensions
        Smallest and largest number of searched coefficients.
    fewest
        Smallest number of candidates per generation.
    is_told_goals
        Whether it is told several goals as they are; all others get one loss, see
        `neuromodels.search.pareto`.
    """

    name: str
    summary: str
    reference: str
    make: MakeOptimizer
    options: Mapping[str, Option] = field(default_factory=dict)
    source: Literal["neuromodels", "nevergrad", "pycma", "pymoo"] = "neuromodels"
    antithetic: bool = False
    dimensions: tuple[int, float] = (1, math.inf)
    fewest: int = 2
    is_told_goals: bool = False

    @property
    def defaults(self) -> dict[str, float]:
        """Every option with its default."""
        return {name: option.default for name, option in self.options.items()}
