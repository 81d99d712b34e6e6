"""Runs around the best place of a fit, and intervals around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from neuromodels.exploration.fitting.losses import Table
from neuromodels.exploration.fitting.scoring import Scorer
from neuromodels.models.compiled import IN_STRETCHES
from neuromodels.seeding import generator

LEVEL = 0.95
RESAMPLES = 200
#: Instances of each place that only tells how far to go, and how often.
FEW, ROUNDS = 4, 5
#: Smallest and largest distance from the best place at which runs are made.
NEAREST, FARTHEST = 1e-4, 0.25


@dataclass(frozen=True)
class Uncertainty:
    """Intervals of a fit's numbers, between 0 and 1.

    Parameters
    ----------
    low, high
        Of 95 % intervals, (numbers,); NaN where nothing says how sure the fit is.
    how
        In words.
    """

    low: np.ndarray
    high: np.ndarray
    how: str


def nothing(size: int, why: str) -> Uncertainty:
    """Return that nothing is known, and why."""
    return Uncertainty(np.full(size, np.nan), np.full(size, np.nan), why)


@dataclass
class Around:
    """Runs around a place.

    Parameters
    ----------
    scorer
        Runs the model.
    place
        Between 0 and 1, (numbers,).
    free
        Which numbers may have any value, as indices.
    repeats
        Instances of each run.
    stretches
        Of time, into which records are cut; 0: they are not.
    """

    scorer: Scorer
    place: np.ndarray
    free: np.ndarray
    repeats: int
    stretches: int = 0

    def at(self, shifts: np.ndarray, repeats: int) -> tuple[np.ndarray, Table]:
        """Return the shifts that the bounds allow, (n, free), and what was measured there."""
        places = np.tile(self.place, (len(shifts), 1))
        places[:, self.free] = np.clip(places[:, self.free] + shifts, 0, 1)
        cut = {"stretches": self.stretches} if self.stretches else {}
        table = self.scorer.measure(places, repeats, "uncertainty", **cut)
        return places[:, self.free] - self.place[self.free], table

    def along(self, sizes: np.ndarray, repeats: int) -> tuple[np.ndarray, Table]:
        """Measure at the place and at both sides of it along each axis."""
        sides = np.diag(sizes)
        return self.at(np.vstack([np.zeros(len(sizes)), sides, -sides]), repeats)

    def design(self, ways: np.ndarray, pairs: int, repeats: int) -> tuple[np.ndarray, Table]:
        """Measure at the place and at random pairs of places that face each other.

        They fill a box with sides along the columns of `ways`.
        """
        rng = generator(self.scorer.seed, "places of uncertainty")
        shifts = rng.uniform(-1, 1, (pairs, len(ways))) @ ways.T
        return self.at(np.vstack([np.zeros(len(ways)), shifts, -shifts]), repeats)

    def sizes(self, rises: Callable[[Table], tuple[np.ndarray, float]]) -> np.ndarray:
        """Return how far to go along each axis to see a change that tells something.

        Parameters
        ----------
        rises
            Of what was measured along the axes: by how much each axis changes it, in squares,
            and by how much it should.
        """
        sizes = np.full(len(self.free), 0.02)
        for _ in range(ROUNDS):
            found, wanted = rises(self.along(sizes, FEW)[1])
            ratio = np.sqrt(wanted / np.maximum(found, 1e-300))
            ratio = np.where(np.isfinite(ratio), ratio, 0.5)  # NaN: where nothing could be measured
            sizes = np.clip(sizes * np.clip(ratio, 0.2, 5), NEAREST, FARTHEST)
        return sizes

    def intervals(
        self, centre: np.ndarray, covariance: np.ndarray, freedom: float, how: str
    ) -> Uncertainty:
        """Return intervals within the bounds, from a centre (shift) and its covariance.

        The best place lies in them, also where the loss around it is far from a parabola.
        """
        factor = student.ppf(0.5 + LEVEL / 2, freedom)
        half = factor * np.sqrt(np.maximum(np.diag(covariance), 0))
        low, high = self.place.copy(), self.place.copy()
        middle = self.place[self.free] + centre
        low[self.free] = np.minimum(middle - half, low[self.free])
        high[self.free] = np.maximum(middle + half, high[self.free])
        return Uncertainty(np.clip(low, 0, 1), np.clip(high, 0, 1), how)


def resampled(scorer: Scorer, table: Table, repeats: int) -> np.ndarray:
    """Return losses with repeats drawn again, the same ones at all places, (resamples, places)."""
    rng = generator(scorer.seed, "bootstrap of uncertainty")
    rows = rng.integers(repeats, size=(RESAMPLES, repeats))
    whole = {n: v for n, v in table.items() if not n.endswith(IN_STRETCHES)}
    drawn = [scorer.losses({n: v[:, row] for n, v in whole.items()}) for row in rows]
    return np.array(drawn)
