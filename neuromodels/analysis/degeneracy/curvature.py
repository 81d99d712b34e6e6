"""How a loss bends around a point: stiff directions, where it rises, and sloppy ones, where not.

The Hessian is taken by differences of losses on the same trials.  Its noisy eigenvalues spread too
far: the largest comes out too large, the smallest too small.  And a loss that is no parabola over a
step, as of a network that spikes, bends otherwise along a direction than its Hessian says.  So the
Hessian only proposes directions.  How the loss bends along them is taken anew, on other trials.

Sloppy models: Gutenkunst et al. 2007, PLoS Comput Biol 3:e189.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from neuromodels.analysis.intervals import PERCENTILES

SLOPPY = 0.05
"""Part of the largest curvature below which a direction is sloppy."""
STIFF = 0.2
"""Part above which it is stiff."""
RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions of d coordinates, the stiffest first.

    Parameters
    ----------
    vectors
        Of length 1, one a row, (d, d).
    eigenvalues, low, high
        Of the mean Hessian, with 95 % percentile intervals over trials, (d,).
    """

    vectors: np.ndarray
    eigenvalues: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def participation(self) -> np.ndarray:
        """Part of each coordinate in each direction, (d, d): rows sum to 1."""
        return self.vectors**2


def difference_points(dimension: int) -> np.ndarray:
    """Return where losses are needed, in steps from the point, (1 + d + d**2, d).

    The point itself, and one step to both sides: along each coordinate, and half-way between each
    pair of them. So all points are equally far away, and a loss that is no parabola does little
    harm.
    """
    ones = np.eye(dimension)
    pairs = [(ones[i] + ones[j]) / np.sqrt(2) for i, j in combinations(range(dimension), 2)]
    sides = np.array([*ones, *pairs]).reshape(-1, dimension)
    return np.concatenate([np.zeros((1, dimension)), sides, -sides])


def hessians(losses: np.ndarray, dimension: int) -> np.ndarray:
    """Return the Hessian of each trial, (trials, d, d), in units of one step.

    Parameters
    ----------
    losses
        At the points of `difference_points`, (points, trials).
    """
    middle, up, down = losses[0], *np.split(losses[1:], 2)
    bent = up + down - 2 * middle
    found = np.zeros((losses.shape[1], dimension, dimension))
    for k in range(dimension):
        found[:, k, k] = bent[k]
    for row, (i, j) in zip(bent[dimension:], combinations(range(dimension), 2), strict=True):
        found[:, i, j] = found[:, j, i] = row - (bent[i] + bent[j]) / 2
    return found


def directions_of(of_trials: np.ndarray, rng: np.random.Generator) -> Directions:
    """Return stiff and sloppy directions of Hessians, one of each trial, (trials, d, d).

    Parameters
    ----------
    rng
        Draws the resamples of trials.

    Raises
    ------
    ValueError
        Fewer than four trials, or numbers that are not finite.
    """
    trials = len(of_trials)
    if trials < 4 or not np.isfinite(of_trials).all():
        raise ValueError(f"needs four finite Hessians or more; got {of_trials.shape}")
    values, vectors = _spectrum(of_trials.mean(axis=0))
    drawn = rng.integers(trials, size=(RESAMPLES, trials))
    counts = np.stack([np.bincount(each, minlength=trials) for each in drawn]) / trials
    means = np.einsum("rt,tij->rij", counts, of_trials)
    spread = np.sort(np.linalg.eigvalsh(means), axis=1)[:, ::-1]
    low, high = np.percentile(spread, PERCENTILES, axis=0)
    return Directions(vectors, values, low, high)


def line_points(vectors: np.ndarray) -> np.ndarray:
    """Return where losses are needed to see how they bend along directions, (1 + 2*n, d).

    Parameters
    ----------
    vectors
        Of length 1, (n, d): the point itself, and one step to both sides along each.
    """
    return np.concatenate([np.zeros((1, vectors.shape[1])), vectors, -vectors])


def bends(losses: np.ndarray) -> np.ndarray:
    """Return how losses bend along directions in each trial, (n, trials), per step squared.

    Parameters
    ----------
    losses
        At the points of `line_points`, (1 + 2*n, trials).
    """
    up, down = np.split(losses[1:], 2)
    return np.asarray(up + down - 2 * losses[0])


def curvature_along(of_trials: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the curvature along a direction, of any length, in each trial, (trials,)."""
    unit = direction / np.linalg.norm(direction)
    return np.einsum("tij,i,j->t", of_trials, unit, unit)


def verdict_of(low: float, high: float, largest: float) -> str:
    """Return whether a direction is ``"stiff"``, ``"sloppy"``, ``"falling"`` or ``"undecided"``.

    Along a falling one the loss bends down: the point is no minimum of the loss.

    Parameters
    ----------
    low, high
        Ends of the interval of its curvature.
    largest
        The largest curvature of any direction.
    """
    if not largest > 0 or not np.isfinite(low + high):
        return "undecided"
    if high < SLOPPY * largest:
        is_flat = low > -SLOPPY * largest
        return "sloppy" if is_flat else "falling" if high < -SLOPPY * largest else "undecided"
    return "stiff" if low > STIFF * largest else "undecided"


def _spectrum(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues, the largest first, and eigenvectors, one a row."""
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1], vectors.T[::-1]
