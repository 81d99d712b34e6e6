"""What every optimizer of the catalog offers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
        """Learn from candidates (n, d) and their losses (n,); non-finite ones rank last."""

    def recommend(self) -> np.ndarray:
        """Return the solution so far, shape (d,): the distribution's centre where it has one."""

    def dump(self) -> dict[str, np.ndarray]:
        """Return the complete state, random generator included, as numpy arrays."""

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue bit for bit from a state that `dump` returned."""


OptimizerFactory = Callable[[np.ndarray, np.ndarray, int, int, Mapping[str, float]], Optimizer]
"""Makes an optimizer from centre (d,), sigma (d,), candidates, seed and all of its options."""


@dataclass(frozen=True)
class OptimizerInfo:
    """One entry of the catalog.

    Parameters
    ----------
    factory
        Makes the optimizer; its arguments are already checked.
    summary
        One sentence: when to use it.
    reference
        The paper.
    options
        Every option with its default.
    source
        Who implements it.
    antithetic
        Whether candidates come in mirrored pairs, so that their number must be even.
    dimensions
        Smallest and largest number of searched coefficients.
    """

    factory: OptimizerFactory
    summary: str
    reference: str
    options: Mapping[str, float] = field(default_factory=dict)
    source: Literal["neuromodels", "nevergrad"] = "neuromodels"
    antithetic: bool = False
    dimensions: tuple[int, float] = (1, math.inf)
