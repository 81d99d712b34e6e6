"""A parabola through losses around the best place of a fit, and the valley that it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neuromodels.exploration.fitting.around import FARTHEST, ROUNDS, Around, resampled
from neuromodels.exploration.fitting.losses import Table

#: Pairs of runs for a parabola, at least.
PAIRS = 40
#: A way to a rise of the loss gets longer or shorter by this factor, at most, in each round.
STRETCH = 3.0
#: An eigenvalue this small, of one that the bounds' width would have, says nothing.
FLAT = 1e-6


def to_a_rise(around: Around, wanted: float) -> np.ndarray:
    """Return how far to go along each axis until the loss has risen so much."""
    axes = len(around.free)

    def rises(found: Table) -> tuple[np.ndarray, float]:
        losses = around.scorer.losses(found)
        return (losses[1 : axes + 1] + losses[axes + 1 :]) / 2 - losses[0], wanted

    return around.sizes(rises)


def along_the_valley(around: Around, sizes: np.ndarray, wanted: float) -> np.ndarray:
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
    def around(cls, around: Around, ways: np.ndarray, pairs: int) -> Parabola | None:
        """Run in a box with these sides; return None where too few runs have a loss."""
        axes = len(ways)
        count = (axes + 1) * (axes + 2) // 2
        shifts, table = around.design(ways, max(pairs, 2 * count, 20), around.repeats)
        losses = around.scorer.losses(table)
        is_there = np.isfinite(losses)
        if is_there.sum() < count + 2:
            return None
        matrix = _terms(np.linalg.solve(ways, shifts.T).T)
        drawn = resampled(around.scorer, table, around.repeats)
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

    def spread(self, around: Around) -> np.ndarray:
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
