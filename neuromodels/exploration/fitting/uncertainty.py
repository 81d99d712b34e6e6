"""How sure a fit is of its parameters, from runs around the best place.

With targets, measures are a plane around the best place. The tolerances are the standard errors of
the targets. So least squares give the covariance of the parameters: what the errors of the targets
and the noise of the runs do to them.

With another loss, the loss is a parabola around the best place. The runs are drawn again, and each
time the parabola has another minimum: this is what the noise of the runs does to the parameters.
Where the loss compares with recorded numbers, their scatter is added as in nonlinear least squares
(Seber and Wild, Nonlinear Regression, 1989, section 2.1): the minimum of the loss, divided by the
degrees of freedom, says how large it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.stats import t as student

from neuromodels.exploration.fitting.losses import Table, Targets
from neuromodels.exploration.fitting.scoring import Scorer
from neuromodels.seeding import generator

LEVEL = 0.95
#: Numbers of which a parabola is fitted, at most: it has half the square of them.
MOST_OF_PARABOLA = 12
RESAMPLES = 200
#: Instances of each place, at least; and of those that only tell how far to go, and how often.
REPEATS, FEW, ROUNDS = 16, 4, 5
#: Smallest and largest distance from the best place at which runs are made.
NEAREST, FARTHEST = 1e-4, 0.25
#: Pairs of runs for a parabola, at least; the last is through more where losses are rough.
PAIRS, MOST_PAIRS = 40, 150
#: A way to a rise of the loss gets longer or shorter by this factor, at most, in each round.
STRETCH = 3.0
#: An eigenvalue this small, of one that the bounds' width would have, says nothing.
FLAT = 1e-6


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


def uncertainty_of(
    scorer: Scorer, place: np.ndarray, free: np.ndarray, repeats: int, recorded: int
) -> Uncertainty:
    """Return intervals around the best place.

    Parameters
    ----------
    scorer
        Runs the model.
    place
        The best one.
    free
        Which numbers may have any value, as indices; the others stay.
    repeats
        Instances of each run of the search.
    recorded
        How many recorded numbers the loss compares with; 0: none.
    """
    size = len(place)
    if not len(free):
        return nothing(size, "no number may have any value")
    around = _Around(scorer, place, free, max(repeats, REPEATS))
    if isinstance(scorer.loss, Targets):
        return _from_targets(around, scorer.loss)
    if len(free) > MOST_OF_PARABOLA:
        return nothing(size, f"more than {MOST_OF_PARABOLA} numbers for a parabola")
    return _from_parabola(around, recorded)


@dataclass
class _Around:
    """Runs around a place."""

    scorer: Scorer
    place: np.ndarray
    free: np.ndarray
    repeats: int

    def at(self, shifts: np.ndarray, repeats: int) -> tuple[np.ndarray, Table]:
        """Return the shifts that the bounds allow, (n, free), and what was measured there."""
        places = np.tile(self.place, (len(shifts), 1))
        places[:, self.free] = np.clip(places[:, self.free] + shifts, 0, 1)
        table = self.scorer.measure(places, repeats, "uncertainty")
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


# ---------------------------------------------------------------------------------------- targets


def _from_targets(around: _Around, loss: Targets) -> Uncertainty:
    """Return intervals from how measures change with the parameters."""
    axes = len(around.free)

    def rises(table: Table) -> tuple[np.ndarray, float]:
        left = loss.residuals(table)
        return ((left[1 : axes + 1] - left[axes + 1 :]) ** 2).sum(axis=1) / 4, 1.0

    sizes = around.sizes(rises)
    shifts, table = around.design(np.diag(sizes), 8 + 4 * axes, around.repeats)
    slopes, left = _plane(shifts / sizes, loss.residuals(table))
    if slopes is None:
        return nothing(len(around.place), "too few runs around the best place have all measures")
    slopes = slopes / sizes[:, np.newaxis]
    gain = _inverse(slopes @ slopes.T) @ slopes
    noise = _noise(table, loss) / around.repeats
    covariance = gain @ (np.eye(noise.shape[0]) + noise) @ gain.T
    centre = np.clip(-gain @ left, -sizes, sizes)
    how = "least squares with the tolerances as standard errors of the targets"
    return around.intervals(centre, covariance + _unknown(slopes), np.inf, how)


def _plane(shifts: np.ndarray, left: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Return slopes (axes, targets) and height (targets,) of a plane through what is left.

    Squares of each axis take part, so that a bend does not shift the height.
    """
    is_there = np.isfinite(left).all(axis=1)
    columns = [np.ones((len(shifts), 1)), shifts, shifts**2 - 1 / 3]
    matrix = np.concatenate(columns, axis=1)[is_there]
    if len(matrix) < matrix.shape[1] + 2:
        return None, np.zeros(left.shape[1])
    found = np.linalg.lstsq(matrix, left[is_there], rcond=None)[0]
    axes = shifts.shape[1]
    return found[1 : axes + 1], found[0] - found[axes + 1 :].sum(axis=0) / 3


def _noise(table: Table, loss: Targets) -> np.ndarray:
    """Return the covariance of single runs at the best place, in tolerances."""
    runs = loss.in_tolerances({name: table[name][0] for name in loss.names})
    return np.atleast_2d(np.cov(runs, rowvar=False)) if len(runs) > 1 else np.zeros((1, 1))


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse on the directions that the measures see."""
    values, vectors = np.linalg.eigh(matrix)
    is_seen = values > FLAT
    return (vectors[:, is_seen] / values[is_seen]) @ vectors[:, is_seen].T


def _unknown(slopes: np.ndarray) -> np.ndarray:
    """Return a covariance wider than the bounds for directions that no measure sees."""
    values, vectors = np.linalg.eigh(slopes @ slopes.T)
    unseen = vectors[:, values <= FLAT]
    return 1e2 * unseen @ unseen.T


# --------------------------------------------------------------------------------------- parabola


def _from_parabola(around: _Around, recorded: int) -> Uncertainty:
    """Return intervals from the minimum of a parabola through the losses."""
    axes, size = len(around.free), len(around.place)
    scorer = around.scorer
    table = around.at(np.zeros((1, axes)), around.repeats)[1]
    best = scorer.losses(table)[0]
    freedom = max(recorded - axes, 1)
    scatter = max(best, 0) / freedom if recorded else 0.0
    noise = float(np.std(_resampled(scorer, table, around.repeats)[:, 0]))
    is_noisy = bool(noise > 1e-9 * abs(best))
    if not scatter and not is_noisy:
        return nothing(size, "neither the runs nor the loss say how large errors are")
    around = around if is_noisy else replace(around, repeats=1)  # all runs are the same
    # spikes move in whole steps: small rises of the loss are rough
    wanted = scatter * max(4, freedom / 4) + 2 * noise
    ways = _along_the_valley(around, _to_a_rise(around, wanted), wanted)
    parabola = Parabola.around(around, ways, MOST_PAIRS if recorded else 0)
    if parabola is None:
        return nothing(size, "too few runs around the best place have a loss")
    spread = parabola.spread(around) + 2 * scatter * np.linalg.inv(parabola.bend)
    degrees = [freedom] * (recorded > 0) + [around.repeats - 1] * is_noisy
    how = "minima of a parabola on resampled runs"
    how += " and the scatter of what was recorded around the best fit" if recorded else ""
    centre = np.clip(parabola.minimum(), -1, 1)
    return around.intervals(ways @ centre, ways @ spread @ ways.T, min(degrees), how)


def _to_a_rise(around: _Around, wanted: float) -> np.ndarray:
    """Return how far to go along each axis until the loss has risen so much."""
    axes = len(around.free)

    def rises(found: Table) -> tuple[np.ndarray, float]:
        losses = around.scorer.losses(found)
        return (losses[1 : axes + 1] + losses[axes + 1 :]) / 2 - losses[0], wanted

    return around.sizes(rises)


def _along_the_valley(around: _Around, sizes: np.ndarray, wanted: float) -> np.ndarray:
    """Return ways, as columns, along each of which the loss rises so much.

    Parameters often make up for each other. Then the loss is a valley that lies across the axes,
    and a box along the axes says little of its length.
    """
    ways = np.diag(sizes)
    for _ in range(ROUNDS):
        parabola = Parabola.around(around, ways, PAIRS)
        if parabola is None:
            break
        rises, directions = np.linalg.eigh(parabola.bend)
        factors = np.clip(np.sqrt(2 * wanted / rises), 1 / STRETCH, STRETCH)
        ways = ways @ directions * factors
        ways = ways * np.minimum(1, FARTHEST / np.abs(ways).max(axis=0))
    return ways


@dataclass(frozen=True)
class Parabola:
    """A parabola through losses in a box around the best place; one is half a side of the box.

    Parameters
    ----------
    matrix
        Of the terms at each run that has a loss, (runs, terms).
    losses
        Of these runs, (runs,).
    resampled
        The same with repeats drawn again, (resamples, runs).
    """

    matrix: np.ndarray
    losses: np.ndarray
    resampled: np.ndarray
    axes: int

    @classmethod
    def around(cls, around: _Around, ways: np.ndarray, pairs: int) -> Parabola | None:
        """Run in a box with these sides; return None where too few runs have a loss."""
        axes = len(ways)
        count = (axes + 1) * (axes + 2) // 2
        shifts, table = around.design(ways, max(pairs, 2 * count, 20), around.repeats)
        losses = around.scorer.losses(table)
        is_there = np.isfinite(losses)
        if is_there.sum() < count + 2:
            return None
        matrix = _terms(np.linalg.solve(ways, shifts.T).T)
        drawn = _resampled(around.scorer, table, around.repeats)
        return cls(matrix[is_there], losses[is_there], drawn[:, is_there], axes)

    @cached_property
    def terms(self) -> np.ndarray:
        """What each term weighs."""
        return self._solve @ self.losses

    @cached_property
    def bend(self) -> np.ndarray:
        """Its second derivatives."""
        return _bend(self.terms, self.axes)

    def minimum(self) -> np.ndarray:
        """Return where it is lowest."""
        return _minimum(self.terms, self.axes, self.bend)

    def spread(self, around: _Around) -> np.ndarray:
        """Return the covariance of its minimum: by the noise of the runs, and by rough losses."""
        minima = [_minimum(self._solve @ each, self.axes, self.bend) for each in self.resampled]
        noise = np.atleast_2d(np.cov(np.array(minima), rowvar=False))
        # the variance of so few runs is too small by one of them
        noise = noise * around.repeats / (around.repeats - 1) if around.repeats > 1 else 0 * noise
        return noise + self._roughness()

    def _roughness(self) -> np.ndarray:
        """Return what the distances of the losses from the parabola do to its minimum."""
        runs, count = self.matrix.shape
        left = self.losses - self.matrix @ self.terms
        variance = float(left @ left) / (runs - count)
        slopes = (self._solve @ self._solve.T)[1 : self.axes + 1, 1 : self.axes + 1] * variance
        inverse = np.linalg.inv(self.bend)
        return inverse @ slopes @ inverse

    @cached_property
    def _solve(self) -> np.ndarray:
        return np.linalg.pinv(self.matrix)


def _resampled(scorer: Scorer, table: Table, repeats: int) -> np.ndarray:
    """Return losses with repeats drawn again, the same ones at all places, (resamples, places)."""
    rng = generator(scorer.seed, "bootstrap of uncertainty")
    rows = rng.integers(repeats, size=(RESAMPLES, repeats))
    drawn = [scorer.losses({n: v[:, row] for n, v in table.items()}) for row in rows]
    return np.array(drawn)


def _terms(shifts: np.ndarray) -> np.ndarray:
    """Return the terms of a parabola: one, each axis, and half of each product of two."""
    first, second = np.triu_indices(shifts.shape[1])
    products = shifts[:, first] * shifts[:, second]
    return np.concatenate([np.ones((len(shifts), 1)), shifts, products], axis=1)


def _bend(terms: np.ndarray, axes: int) -> np.ndarray:
    """Return the second derivatives of a parabola, made so that it has a minimum."""
    bend = np.zeros((axes, axes))
    bend[np.triu_indices(axes)] = terms[axes + 1 :]
    values, vectors = np.linalg.eigh(bend + bend.T)
    least = max(values.max(), 1e-300) * FLAT
    return (vectors * np.maximum(values, least)) @ vectors.T


def _minimum(terms: np.ndarray, axes: int, bend: np.ndarray) -> np.ndarray:
    """Return where a parabola of a given bend is lowest."""
    return -np.linalg.solve(bend, terms[1 : axes + 1])
