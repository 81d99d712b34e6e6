"""How far two settings differ over seeds: paired differences, their interval, Cliff's delta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.intervals import bootstrap_interval
from neuromodels.seeding import generator

RESAMPLES = 10000
"""Bootstrap resamples of a difference; few seeds make them cheap."""


@dataclass(frozen=True)
class Effect:
    """One setting against another, the reference.

    Parameters
    ----------
    difference
        Mean over seeds of the setting minus the reference.
    low, high
        Its 95 % percentile bootstrap interval over seeds.
    delta
        Cliff's delta, from -1 to 1, see `cliffs_delta`; it does not use the pairing.
    seeds
        Number of pairs.
    """

    difference: float
    low: float
    high: float
    delta: float
    seeds: int


def effect_of(values: np.ndarray, reference: np.ndarray) -> Effect:
    """Compare two settings seed by seed.

    Parameters
    ----------
    values, reference
        One score per seed, in the same order of seeds, (seeds,) each.

    Raises
    ------
    ValueError
        The shapes differ, are not flat, or hold no seed.
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
    """Return Cliff's delta: P(value > reference) - P(value < reference).

    Both probabilities are fractions of all pairs of one value and one reference; ties count for
    neither. 1 means that every value exceeds every reference, 0 that neither side is larger.

    Source: Cliff 1993, Psychological Bulletin 114:494.

    Parameters
    ----------
    values, reference
        (n,) and (m,), in any order.
    """
    return float(np.sign(np.subtract.outer(values, reference)).mean())
