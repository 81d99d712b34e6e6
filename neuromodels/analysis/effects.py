"""How far two settings differ over seeds: paired differences, their intervals, Cliff's delta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.intervals import bootstrap_interval
from neuromodels.seeding import generator

RESAMPLES = 10000


@dataclass(frozen=True)
class Effect:
    """One setting against another.

    Parameters
    ----------
    difference
        Mean over seeds of the paired differences.
    low, high
        Its 95 % percentile bootstrap interval over seeds.
    delta
        Cliff's delta (1993): how much more often a value of the first exceeds one of the second
        than the other way round, from -1 to 1; it knows nothing of pairs.
    seeds
        How many pairs.
    """

    difference: float
    low: float
    high: float
    delta: float
    seeds: int


def effect_of(values: np.ndarray, reference: np.ndarray) -> Effect:
    """Compare the scores of two settings, paired by seed, (seeds,) each.

    Raises
    ------
    ValueError
        When they are not pairs.
    """
    values, reference = np.asarray(values, dtype=float), np.asarray(reference, dtype=float)
    if values.shape != reference.shape or values.ndim != 1 or not values.size:
        raise ValueError(f"there must be pairs; got shapes {values.shape} and {reference.shape}")
    differences = values - reference
    low, high = bootstrap_interval(
        lambda rows: differences[rows].mean(axis=1), values.size, generator(0, "effects"), RESAMPLES
    )
    delta = cliffs_delta(values, reference)
    return Effect(float(differences.mean()), low, high, delta, values.size)


def cliffs_delta(values: np.ndarray, reference: np.ndarray) -> float:
    """Return how much more often a value exceeds one of the reference than is exceeded."""
    return float(np.sign(np.subtract.outer(values, reference)).mean())
