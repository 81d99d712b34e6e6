"""How sure a fit is of its parameters, from runs around the best place.

With targets, measures are a plane around the best place. The tolerances are the standard errors of
the targets. So least squares give the covariance of the parameters: what the errors of the targets
and the noise of the runs do to them.

With another loss, the loss is a parabola around the best place. The runs are drawn again, and each
time the parabola has another minimum: this is what the noise of the runs does to the parameters.

Where the loss compares with recorded data, `compatible` says which parameters these allow.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuromodels.exploration.fitting.around import Around, Uncertainty, nothing, resampled
from neuromodels.exploration.fitting.compatible import from_record
from neuromodels.exploration.fitting.losses import Table, Targets
from neuromodels.exploration.fitting.parabola import FLAT, Parabola, along_the_valley, to_a_rise
from neuromodels.exploration.fitting.scoring import Scorer

#: Numbers of which a parabola is fitted, at most: it has half the square of them.
MOST_OF_PARABOLA = 12
#: Instances of each place, at least.
REPEATS = 16


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
    around = Around(scorer, place, free, max(repeats, REPEATS))
    if isinstance(scorer.loss, Targets):
        return _from_targets(around, scorer.loss)
    if len(free) > MOST_OF_PARABOLA:
        return nothing(size, f"more than {MOST_OF_PARABOLA} numbers for a parabola")
    return _from_parabola(around, recorded)


# ---------------------------------------------------------------------------------------- targets


def _from_targets(around: Around, loss: Targets) -> Uncertainty:
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


def _from_parabola(around: Around, recorded: int) -> Uncertainty:
    """Return intervals from losses around the best place."""
    axes, size = len(around.free), len(around.place)
    scorer = around.scorer
    table = around.at(np.zeros((1, axes)), around.repeats)[1]
    best = scorer.losses(table)[0]
    freedom = max(recorded - axes, 1)
    scatter = max(best, 0) / freedom if recorded else 0.0
    noise = float(np.std(resampled(scorer, table, around.repeats)[:, 0]))
    is_noisy = bool(noise > 1e-9 * abs(best))
    if not scatter and not is_noisy:
        return nothing(size, "neither the runs nor the loss say how large errors are")
    around = around if is_noisy else replace(around, repeats=1)  # all runs are the same
    # spikes move in whole steps: small rises of the loss are rough
    wanted = scatter * max(4, freedom / 4) + 2 * noise
    ways = along_the_valley(around, to_a_rise(around, wanted), wanted)
    return from_record(around, ways, freedom) if recorded else _from_noise(around, ways)


def _from_noise(around: Around, ways: np.ndarray) -> Uncertainty:
    """Return intervals from the minima of a parabola on runs that are drawn again."""
    parabola = Parabola.around(around, ways, 0)
    if parabola is None:
        return nothing(len(around.place), "too few runs around the best place have a loss")
    centre, spread = np.clip(parabola.minimum(), -1, 1), parabola.spread(around)
    how = "minima of a parabola on resampled runs"
    return around.intervals(ways @ centre, ways @ spread @ ways.T, around.repeats - 1, how)
