"""How far two settings differ over seeds: paired differences, Cliff's delta, their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.intervals import LEAST, LEVEL, Interval, mean_interval, no_interval


@dataclass(frozen=True)
class Effect:
    """One setting against another, the reference.

    Parameters
    ----------
    difference
        Mean over seeds of the setting minus the reference.
    interval
        Of that mean: `neuromodels.analysis.intervals.mean_interval` of the differences.
    delta
        Cliff's delta, from -1 to 1, see `cliffs_delta`; it does not use the pairing.
    seeds
        Number of pairs.
    """

    difference: float
    interval: Interval
    delta: float
    seeds: int

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.interval.low

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.interval.high


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
    differences = paired_differences(values, reference)
    delta = cliffs_delta(np.asarray(values, float), np.asarray(reference, float))
    interval = mean_interval(differences)
    return Effect(float(differences.mean()), interval, delta, differences.size)


def paired_differences(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return values minus their partners, (pairs,).

    Raises
    ------
    ValueError
        The shapes differ, are not flat, or hold no pair.
    """
    values, reference = np.asarray(values, dtype=float), np.asarray(reference, dtype=float)
    if values.shape != reference.shape or values.ndim != 1 or not values.size:
        raise ValueError(f"there must be pairs; got shapes {values.shape} and {reference.shape}")
    return values - reference


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


def delta_interval(values: np.ndarray, reference: np.ndarray) -> Interval:
    """Return the interval of Cliff's delta of two independent groups.

    Its ends lie unevenly about delta, since that cannot leave -1 to 1.

    Source: Feng and Cliff 2004, Journal of Modern Applied Statistical Methods 3:322, with the
    quantile of Student's t for that of a normal value; also where all values lie on one side.

    Parameters
    ----------
    values, reference
        (n,) and (m,). The interval's `n` is the smaller number.

    Returns
    -------
    Interval
        Of kind ``Cliff``; ``none`` where a group has fewer than `LEAST`, or holds what is not
        finite.
    """
    from scipy import special

    values, reference = np.asarray(values, dtype=float), np.asarray(reference, dtype=float)
    fewer = min(values.size, reference.size)
    if fewer < LEAST or not np.isfinite([*values, *reference]).all():
        return no_interval(fewer)
    delta = cliffs_delta(values, reference)
    t = float(special.stdtrit(values.size + reference.size - 2, (1 + LEVEL) / 2))
    if abs(delta) == 1:
        inner = (fewer - t**2) / (fewer + t**2)
        low, high = sorted((delta, delta * inner))
    else:
        low, high = _uneven_ends(delta, t, _delta_variance(values, reference, delta))
    return Interval(low, high, "Cliff", fewer)


def _uneven_ends(delta: float, t: float, variance: float) -> tuple[float, float]:
    middle = delta - delta**3
    half = t * np.sqrt(variance * ((1 - delta**2) ** 2 + t**2 * variance))
    below = 1 - delta**2 + t**2 * variance
    low, high = (float(np.clip((middle + sign * half) / below, -1, 1)) for sign in (-1, 1))
    return low, high


def _delta_variance(values: np.ndarray, reference: np.ndarray, delta: float) -> float:
    """Return the unbiased variance of delta; at least what Cliff allows as the smallest."""
    signs = np.sign(np.subtract.outer(values, reference))
    n, m = signs.shape
    rows, columns = signs.mean(axis=1) - delta, signs.mean(axis=0) - delta
    sums = m**2 * rows @ rows + n**2 * columns @ columns - ((signs - delta) ** 2).sum()
    least = (1 - delta**2) / (n * m - 1)
    return max(float(sums) / (n * m * (n - 1) * (m - 1)), least)
