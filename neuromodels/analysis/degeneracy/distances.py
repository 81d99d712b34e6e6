"""Distances between solutions, whether two kinds of them agree, and a map of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.permutations import share_as_large

PERMUTATIONS = 9_999


@dataclass(frozen=True)
class Agreement:
    """Whether two tables of distances between the same n solutions agree.

    Parameters
    ----------
    r
        Rank correlation of the distances.
    p
        Share of exchanges of solutions in one table that agree as well; one-sided.
    n
        Solutions.
    """

    r: float
    p: float
    n: int


def root_mean_square(points: np.ndarray) -> np.ndarray:
    """Return root-mean-square distances of points (n, d), (n, n)."""
    points = np.asarray(points, dtype=float)
    apart = points[:, None] - points[None]
    return np.sqrt((apart**2).mean(axis=-1))


def unlike(points: np.ndarray, *, centred: bool = True) -> np.ndarray:
    """Return 1 minus the correlation of every two points (n, d), from 0 to 2, (n, n).

    Parameters
    ----------
    centred
        Whether the mean of each point is taken away first; without it is 1 minus the cosine.
        Nothing is like a point that does not vary: its distance to all others is 1.
    """
    points = np.asarray(points, dtype=float)
    if centred:
        points = points - points.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    unit = np.divide(points, norms, out=np.zeros_like(points), where=norms > 1e-12)
    found = 1 - np.clip(unit @ unit.T, -1, 1)
    np.fill_diagonal(found, 0.0)
    return found


def mantel(
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    permutations: int = PERMUTATIONS,
) -> Agreement:
    """Test whether solutions that are near in one table of distances are near in another.

    The pairs of a table are not independent, so whole solutions are exchanged. Source: Mantel 1967,
    Cancer Research 27:209; ranks in place of distances, so that one far solution does not decide.

    Parameters
    ----------
    first, second
        (n, n), of the same solutions in the same order.

    Raises
    ------
    ValueError
        Fewer than four solutions, or distances that are not finite.
    """
    n = len(first)
    if n < 4 or not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(f"needs finite distances of four solutions or more; got {n}")
    rows, columns = np.triu_indices(n, 1)
    ours, theirs = np.zeros((n, n)), _ranks(second[rows, columns])
    ours[rows, columns] = _ranks(first[rows, columns])
    ours += ours.T
    orders = np.stack([np.arange(n), *(rng.permutation(n) for _ in range(permutations))])
    moved = ours[orders[:, rows], orders[:, columns]]
    found = moved @ theirs / max(np.sqrt((moved[0] @ moved[0]) * (theirs @ theirs)), 1e-300)
    return Agreement(float(found[0]), float(share_as_large(found + 1.0)), n)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks around 0; equal values share one."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    return np.asarray(ranks - ranks.mean())


def classical_map(distances: np.ndarray, axes: int = 2) -> tuple[np.ndarray, float]:
    """Return places of solutions on a map, (n, axes), and the share of the spread that it shows.

    Classical multidimensional scaling: Torgerson 1952, Psychometrika 17:401.

    Parameters
    ----------
    distances
        (n, n).
    """
    values, vectors = _centred_spectrum(distances)
    shown = np.maximum(values[:axes], 0)
    total = values[values > 0].sum()
    places = vectors[:, :axes] * np.sqrt(shown)
    padded = np.zeros((len(distances), axes))
    padded[:, : places.shape[1]] = places
    return padded, float(shown.sum() / total) if total > 0 else 1.0


def coordinates_of(distances: np.ndarray) -> np.ndarray:
    """Return places whose distances are the given ones as far as a space can have them, (n, k)."""
    values, vectors = _centred_spectrum(distances)
    kept = values > 1e-10 * max(values[0], 1e-300)
    return vectors[:, kept] * np.sqrt(values[kept])


def _centred_spectrum(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(distances)
    centring = np.eye(n) - 1 / n
    products = -0.5 * centring @ (np.asarray(distances, dtype=float) ** 2) @ centring
    values, vectors = np.linalg.eigh((products + products.T) / 2)
    return values[::-1], vectors[:, ::-1]


def apart_by_group(
    distances: np.ndarray,
    groups: Sequence[object],
    rng: np.random.Generator,
    permutations: int = PERMUTATIONS,
) -> tuple[float, float, float]:
    """Return mean distances within and between groups, and the p value of their difference.

    Names of groups are exchanged among solutions; one-sided: groups lie apart.

    Parameters
    ----------
    groups
        The group of each solution, such as the form of its rule, (n,).

    Raises
    ------
    ValueError
        One group alone, or no group with two solutions.
    """
    labels = np.unique(np.array([str(each) for each in groups]), return_inverse=True)[1]
    rows, columns = np.triu_indices(len(labels), 1)
    between = labels[rows] != labels[columns]
    if not between.any() or between.all():
        raise ValueError("needs two groups or more, and one with two solutions")
    values = np.asarray(distances)[rows, columns]
    orders = [labels, *(rng.permutation(labels) for _ in range(permutations))]
    sizes = np.array([_gap(values, each[rows] != each[columns]) for each in orders])
    p = float(share_as_large(sizes - sizes.min()))
    return float(values[~between].mean()), float(values[between].mean()), p


def _gap(values: np.ndarray, between: np.ndarray) -> float:
    return float(values[between].mean() - values[~between].mean())
