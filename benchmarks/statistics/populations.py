"""Scores as searches have them: normal, skewed, and with one search in five stuck far below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

STUCK, FAR = 0.2, 10.0
"""Share of stuck searches, and how far below the others they are, in their standard deviations."""


@dataclass(frozen=True)
class Population:
    """Where scores are drawn from.

    Parameters
    ----------
    draw
        Takes a generator and a shape.
    mean, median
        The truth that intervals should hold.
    """

    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    mean: float
    median: float


def stuck_scores(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return normal scores of which a share is `FAR` lower."""
    return rng.normal(size=shape) - FAR * (rng.random(shape) < STUCK)


POPULATIONS = {
    "normal": Population(lambda rng, shape: rng.normal(size=shape), 0.0, 0.0),
    "log-normal": Population(lambda rng, shape: rng.lognormal(size=shape), np.exp(0.5), 1.0),
    "stuck": Population(
        stuck_scores, -FAR * STUCK, float(stats.norm.ppf((0.5 - STUCK) / (1 - STUCK)))
    ),
}
