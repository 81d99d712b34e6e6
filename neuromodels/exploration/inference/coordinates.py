"""Coordinates in which a network learns easily: all look like draws from a Gaussian.

Places between 0 and 1 become quantiles of a law on all numbers. They have no bounds then, so no
probability leaks out of the box, and none has to be thrown away. Of the normal law, the prior is
the Gaussian that a flow begins with: what the data do not tell, the network need not learn.

Measures become normal scores. A network that sees them as they are spends itself on a few runs far
out: in a network of neurons synchrony may reach fifty times its median.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import special, stats

#: Places nearer to a bound than this are as good as at it: single precision knows no more.
NEAREST = 1e-6
#: The law whose quantiles parameters are, by the name that a stored posterior has of it. Those
#: without a name are older.
LAWS = {"normal": stats.norm, "logistic": stats.logistic}


class MeasureMap(Protocol):
    """Takes measures (rows, columns) to what a network sees, of the same shape."""

    def __call__(self, measured: np.ndarray) -> np.ndarray:
        """Return what a network sees of measures."""


@dataclass(frozen=True)
class Coordinates:
    """What a network sees of parameters and of measures.

    Parameters
    ----------
    law
        Of `LAWS`.
    measures
        Takes measures to what a network sees.
    """

    law: Any
    measures: MeasureMap

    def of_places(self, places: np.ndarray) -> np.ndarray:
        """Return the quantiles of places between 0 and 1."""
        return self.law.ppf(np.clip(places, NEAREST, 1 - NEAREST))

    def places(self, quantiles: np.ndarray) -> np.ndarray:
        """Return the places of quantiles."""
        return self.law.cdf(np.asarray(quantiles, dtype=float))

    def log_prior(self, quantiles: np.ndarray) -> np.ndarray:
        """Return the log density of the uniform prior in quantiles (points, axes): (points,)."""
        return self.law.logpdf(quantiles).sum(axis=1)


class NormalScores:
    """The quantile of the normal law that a measure would be, by its rank among simulations.

    Between simulations it is interpolated. A value beyond all of them counts as the last one.

    Parameters
    ----------
    simulated
        Measures, (simulations, columns).
    """

    def __init__(self, simulated: np.ndarray):
        self.columns = [_scores(column) for column in simulated.T]

    def __call__(self, measured: np.ndarray) -> np.ndarray:
        """Return the scores of measures (rows, columns)."""
        pairs = zip(measured.T, self.columns, strict=True)
        return np.stack([np.interp(column, *known) for column, known in pairs], axis=1)


class Standardized:
    """Measures less their mean, over their standard deviation: what older posteriors were given.

    Parameters
    ----------
    simulated
        Measures, (simulations, columns).
    """

    def __init__(self, simulated: np.ndarray):
        self.mean, self.deviation = simulated.mean(axis=0), simulated.std(axis=0)

    def __call__(self, measured: np.ndarray) -> np.ndarray:
        """Return standardized measures (rows, columns)."""
        return (measured - self.mean) / self.deviation


def coordinates_of(measured: np.ndarray, law: str = "normal") -> Coordinates:
    """Return the coordinates for a network that sees these simulations, (simulations, columns).

    Parameters
    ----------
    law
        A key of `LAWS`.
    """
    measures = NormalScores(measured) if law == "normal" else Standardized(measured)
    return Coordinates(LAWS[law], measures)


def _scores(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of a column, each once, and their scores; ties have the mean rank."""
    values, counts = np.unique(column, return_counts=True)
    ranks = np.cumsum(counts) - counts / 2
    return values, special.ndtri(ranks / len(column))
