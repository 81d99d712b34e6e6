"""Whether a posterior can be believed: simulation-based calibration (Talts et al. 2018).

Parameters are drawn from the prior, the model is run at each, and the posterior of what came out is
drawn from. If posteriors are right, the rank of the true parameter among the draws is uniform.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from neuromodels.analysis.corrections import holm
from neuromodels.analysis.uniformity import uniformity_p

if TYPE_CHECKING:
    from pandas import DataFrame

#: A deviation of the ranks' distribution times the root of their number that 5 % of right
#: posteriors exceed (Kolmogorov).
KOLMOGOROV = 1.358
LEVEL = 0.05


@dataclass(frozen=True)
class Calibration:
    """Ranks of true parameters among draws from their posteriors.

    The test is that of Anderson and Darling, one for each parameter, on the ranks made continuous
    by a uniform random number within each rank: ties do not matter then. With 300 runs it finds a
    posterior a fifth too narrow or too wide nine times in ten; that of Kolmogorov and Smirnov
    misses four of ten. It judges each parameter alone. A posterior that has learned nothing, and is
    as wide as the prior, passes too.

    Parameters
    ----------
    labels
        Of the parameters.
    ranks
        (runs, parameters), from 0 to `draws`.
    draws
        From each posterior.
    left_out
        Runs that lack a measure, and have no posterior.
    jitter
        Random numbers between 0 and 1, (runs, parameters).
    """

    labels: tuple[str, ...]
    ranks: np.ndarray
    draws: int
    left_out: int
    jitter: np.ndarray

    @property
    def runs(self) -> int:
        """How many ranks there are of each parameter."""
        return len(self.ranks)

    @property
    def places(self) -> np.ndarray:
        """Ranks as numbers between 0 and 1, uniform if posteriors are right."""
        return (self.ranks + self.jitter) / (self.draws + 1)

    @property
    def p_values(self) -> dict[str, float]:
        """Of the test of each parameter alone."""
        columns = zip(self.labels, self.places.T, strict=True)
        return {label: uniformity_p(column) for label, column in columns}

    @property
    def corrected(self) -> dict[str, float]:
        """The p values, corrected for the number of parameters (Holm)."""
        alone = self.p_values
        return dict(zip(alone, holm(list(alone.values())), strict=True))

    @property
    def p(self) -> float:
        """Of all parameters together: the smallest of the corrected ones."""
        return min(self.corrected.values())

    @property
    def is_uniform(self) -> bool:
        """Whether the ranks pass, at a level of 5 % for all parameters together."""
        return self.p >= LEVEL

    @property
    def least_deviation(self) -> float:
        """Largest deviation of the cumulative distribution in 95 of 100 right posteriors."""
        return KOLMOGOROV / math.sqrt(self.runs)

    def to_dataframe(self) -> DataFrame:
        """Return a row for each parameter: the test, and how often intervals hold the truth."""
        import pandas

        rows = [self._row(n, label) for n, label in enumerate(self.labels)]
        return pandas.DataFrame(rows, index=pandas.Index(self.labels, name="parameter"))

    def _row(self, n: int, label: str) -> dict[str, float]:
        places = self.places[:, n]
        held = {
            f"inside_{level}": float((np.abs(places - 0.5) <= level / 200).mean())
            for level in (50, 95)
        }
        deviation = float(stats.kstest(places, "uniform").statistic)
        p_values = {"p": self.p_values[label], "p_holm": self.corrected[label]}
        return {"deviation": deviation, **p_values, **held}

    def __repr__(self) -> str:
        verdict = "pass" if self.is_uniform else "do not pass"
        return (
            f"Simulation-based calibration, {self.runs} runs ({self.left_out} left out),"
            f" {self.draws} draws each. Anderson-Darling test of uniform ranks:\n"
            f"{self.to_dataframe().to_string(float_format='%.3g')}\n"
            f"All together the ranks {verdict}: p = {self.p:.3g}, the smallest after Holm. Of right"
            f" posteriors 5 % deviate by more than {self.least_deviation:.2g}."
        )

    def _repr_html_(self) -> str:
        head, _, rest = repr(self).partition("\n")
        verdict = html.escape(rest.rpartition("\n")[2])
        table = self.to_dataframe().to_html(float_format="%.3g")
        return f"<p>{html.escape(head)}</p>{table}<p>{verdict}</p>"


def ranks_of(truth: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return how many draws lie below the truth.

    Parameters
    ----------
    truth
        (runs, parameters).
    draws
        (runs, draws, parameters).
    """
    return (draws < truth[:, None, :]).sum(axis=1)


def calibration_of(
    labels: Sequence[str],
    truth: np.ndarray,
    draws: np.ndarray,
    left_out: int,
    rng: np.random.Generator,
) -> Calibration:
    """Return the ranks of some runs."""
    ranks = ranks_of(truth, draws)
    return Calibration(tuple(labels), ranks, draws.shape[1], left_out, rng.random(ranks.shape))
