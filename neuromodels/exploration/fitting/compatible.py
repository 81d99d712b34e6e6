"""Which parameters recorded data allow, where nobody knows how large their errors are.

The errors of a record that are near in time may go together: a spike that comes late makes the next
ones late. So they are not counted one by one. The record is weighted with slow waves over its time,
and each wave changes the losses of all places by an amount of its own. The mean square over the
waves is the variance of a difference of two losses (the equal-weighted cosine estimator of Lazarus,
Lewis, Stock and Watson, J. Bus. Econ. Stat. 36, 2018). The statistic has Student's t with as many
degrees of freedom as there are waves.

On a parabola, the loss lies above its minimum by half of the slope times the distance. What errors
do to the slope, times the distance, is the spread of the difference. So a place is allowed where
its loss is above the minimum by less than half of t times this spread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from scipy.stats import t as student

from neuromodels.exploration.fitting.around import (
    LEVEL,
    Around,
    Uncertainty,
    nothing,
    resampled,
)
from neuromodels.exploration.fitting.losses import Table
from neuromodels.seeding import generator

#: Of time, into which a record is cut; and waves over them. Errors must be alike for no longer than
#: about a twentieth of the record, a third of the shortest half wave.
STRETCHES, WAVES = 32, 6
#: How much a wave adds to the weights and takes from them.
HEIGHT = 0.1
#: Pairs of runs around the best place, at least: losses of spike trains are rough.
PAIRS = 150
#: Numbers for which the surface has cubes, at most: there are so many of them.
MOST_FOR_CUBES = 4
#: Points at which a surface is looked at, and those around each end; and how often ends are moved.
POINTS, AT_END, MOVES = 20_000, 200, 12
#: Share of the region that may be allowed, how far the allowed part must reach in it, and where the
#: lowest point is at its edge. The region changes, at most so often, until it suits.
FULL, SHORT, EDGE, REGIONS = 0.5, 0.3, 0.95, 4
#: Largest half side of a region.
WIDEST = 0.5


def from_record(around: Around, ways: np.ndarray, freedom: int) -> Uncertainty:
    """Return the intervals that hold all places which a record allows.

    Parameters
    ----------
    around
        The best place.
    ways
        Sides of the region in which losses are looked at first, as columns.
    freedom
        How many recorded numbers there are beyond the parameters.
    """
    around = replace(around, stretches=STRETCHES)
    surface, allowed = _look_around(around, ways, min(WAVES, freedom))
    if surface is None:
        return nothing(len(around.place), "too few runs around the best place have a loss")
    best = around.place[around.free]
    places = np.vstack([best, best + allowed @ surface.ways.T])
    low, high = around.place.copy(), around.place.copy()
    low[around.free], high[around.free] = places.min(axis=0), places.max(axis=0)
    how = "all parameters that the recorded data allow, by slow waves over their time"
    return Uncertainty(np.clip(low, 0, 1), np.clip(high, 0, 1), how)


def _look_around(around: Around, ways: np.ndarray, waves: int) -> tuple[Surface | None, np.ndarray]:
    """Return a surface over a region of the right size, and the points that are allowed."""
    allowed = np.zeros((0, len(ways)))
    for _ in range(REGIONS):
        surface = Surface.around(around, ways, waves)
        if surface is None:
            break
        allowed = surface.allowed()
        factor = _change_of(surface, allowed)
        if factor == 1:
            break
        ways = ways * factor
        ways = ways * np.minimum(1, WIDEST / np.abs(ways).max(axis=0))
    return surface, allowed


def _change_of(surface: Surface, allowed: np.ndarray) -> float:
    """Return by how much a region should grow or shrink."""
    if surface.share > FULL or np.abs(surface.lowest).max() > EDGE:
        return 1.5
    reach = float(np.abs(allowed).max())
    return max(1.5 * reach, 0.1) if reach < SHORT else 1.0


@dataclass(frozen=True)
class Surface:
    """A polynomial through losses in a region, and what errors do to it.

    Parameters
    ----------
    place
        The middle of the region, (free numbers,).
    ways
        Half of its sides, as columns; points of the region lie between -1 and 1 along each.
    degree
        Of the polynomial.
    weights
        Of its terms, (terms,).
    errors
        Their covariance, (terms, terms).
    factor
        By how many spreads the loss of an allowed place is above the minimum, at most.
    seed
        Of the points that are looked at.
    """

    place: np.ndarray
    ways: np.ndarray
    degree: int
    weights: np.ndarray
    errors: np.ndarray
    factor: float
    seed: int

    @classmethod
    def around(cls, around: Around, ways: np.ndarray, waves: int) -> Surface | None:
        """Run in a region; return None where too few runs have a loss."""
        axes = len(ways)
        degree = 3 if axes <= MOST_FOR_CUBES else 2
        count = terms_of(np.zeros((1, axes)), degree).shape[1]
        shifts, table = around.design(ways, max(PAIRS, 2 * count), around.repeats)
        losses = around.scorer.losses(table)
        changes = _changes(around, table, losses, waves)
        is_there = np.isfinite(losses) & np.isfinite(changes).all(axis=0)
        if is_there.sum() < count + 2:
            return None
        matrix = terms_of(np.linalg.solve(ways, shifts[is_there].T).T, degree)
        solve = np.linalg.pinv(matrix)
        weights = solve @ losses[is_there]
        left = losses[is_there] - matrix @ weights
        rough = float(left @ left) / (len(left) - count)
        by_errors = solve @ changes[:, is_there].T
        errors = by_errors @ by_errors.T + rough * solve @ solve.T
        degrees = min(waves, around.repeats - 1) if around.repeats > 1 else waves
        factor = float(student.ppf(0.5 + LEVEL / 2, degrees)) / 2
        place = around.place[around.free]
        return cls(place, ways, degree, weights, errors, factor, around.scorer.seed)

    def allowed(self) -> np.ndarray:
        """Return points that are allowed, with those farthest along each number, (n, axes)."""
        rng = generator(self.seed, "ends of what is allowed")
        axes = len(self.lowest)
        # also near the lowest point, where little is allowed
        near = np.exp(rng.uniform(np.log(0.01), 0, (POINTS, 1)))
        points = self.lowest + near * (rng.uniform(-1, 1, (POINTS, axes)) - self.lowest)
        found = np.vstack([self.lowest, points[self._are_allowed(points)]])
        for _ in range(MOVES):
            places = found @ self.ways.T
            ends = found[np.concatenate([places.argmin(axis=0), places.argmax(axis=0)])]
            steps = rng.normal(size=(AT_END, *ends.shape)) * found.std(axis=0) / 2
            moved = np.clip((ends + steps).reshape(-1, axes), -1, 1)
            found = np.vstack([found, moved[self._are_allowed(moved)]])
        return found

    @cached_property
    def lowest(self) -> np.ndarray:
        """The lowest point of the region."""
        points, values = self._sample
        best = points[values.argmin()]
        rng = generator(self.seed, "lowest point")
        for move in range(MOVES):
            steps = rng.normal(size=(AT_END, len(best))) * 0.3 / 1.5**move
            around = np.vstack([best, np.clip(best + steps, -1, 1)])
            around = around[self._are_within(around)]
            best = around[(terms_of(around, self.degree) @ self.weights).argmin()]
        return best

    @cached_property
    def share(self) -> float:
        """The share of the region that is allowed."""
        return float(self._are_allowed(self._sample[0]).mean())

    @cached_property
    def _sample(self) -> tuple[np.ndarray, np.ndarray]:
        """Points of the region within the bounds, and the surface there."""
        rng = generator(self.seed, "points of a surface")
        points = rng.uniform(-1, 1, (POINTS, len(self.ways)))
        points[0] = 0
        points = points[self._are_within(points)]
        return points, terms_of(points, self.degree) @ self.weights

    def _are_within(self, points: np.ndarray) -> np.ndarray:
        """Return which points lie within the bounds of the parameters."""
        places = self.place + points @ self.ways.T
        return ((places >= -1e-12) & (places <= 1 + 1e-12)).all(axis=1)

    def _are_allowed(self, points: np.ndarray) -> np.ndarray:
        apart = terms_of(points, self.degree) - terms_of(self.lowest[np.newaxis], self.degree)
        spread = np.sqrt(np.maximum(((apart @ self.errors) * apart).sum(axis=1), 0))
        return (apart @ self.weights <= self.factor * spread) & self._are_within(points)


def terms_of(points: np.ndarray, degree: int) -> np.ndarray:
    """Return the terms of a polynomial at points, (n, axes): all products up to a degree."""
    axes = range(points.shape[1])
    powers = [p for d in range(degree + 1) for p in combinations_with_replacement(axes, d)]
    return np.stack([points[:, list(power)].prod(axis=1) for power in powers], axis=1)


def waves_over(stretches: int, waves: int) -> np.ndarray:
    """Return cosines over stretches of time, (waves, stretches), each with a mean square of one."""
    middles = (np.arange(stretches) + 0.5) / stretches
    return np.sqrt(2) * np.cos(np.pi * np.arange(1, waves + 1)[:, np.newaxis] * middles)


def _changes(around: Around, table: Table, losses: np.ndarray, waves: int) -> np.ndarray:
    """Return changes of the losses, (changes, runs): the sum of their products is a covariance."""
    scorer, repeats = around.scorer, around.repeats
    both = [
        [scorer.weighted_losses(table, 1 + height * wave) for height in (HEIGHT, -HEIGHT)]
        for wave in waves_over(STRETCHES, waves)
    ]
    by_waves = np.array([more - less for more, less in both]) / (2 * HEIGHT * np.sqrt(waves))
    if repeats == 1:
        return by_waves
    drawn = resampled(scorer, table, repeats) - losses
    # the variance of so few runs is too small by one of them
    by_runs = drawn * np.sqrt(repeats / (repeats - 1) / len(drawn))
    return np.concatenate([by_waves, by_runs])
