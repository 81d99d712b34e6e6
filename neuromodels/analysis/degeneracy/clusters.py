"""Whether solutions fall into kinds: clusters of distances, against one cloud without any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.degeneracy.distances import coordinates_of
from neuromodels.analysis.permutations import share_as_large

MOST = 6
"""Clusters at most."""
DRAWN = 199
"""Clouds without clusters that are drawn."""
LEVEL = 0.05
SMALLEST = 6
"""Solutions below which nothing is said."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The best division of n solutions.

    Parameters
    ----------
    labels
        The cluster of each solution, from 0 on, (n,); all 0 where no clusters are shown.
    silhouette
        Of the best division into two to `MOST` clusters: 1 is clear, 0 is none.
    p
        Share of clouds without clusters with as large a silhouette.
    """

    labels: np.ndarray
    silhouette: float
    p: float

    @property
    def count(self) -> int:
        """How many are shown; 1: no clusters shown."""
        return int(self.labels.max()) + 1


def clusters_of(distances: np.ndarray, rng: np.random.Generator, drawn: int = DRAWN) -> Clusters:
    """Return the clusters of solutions, if there are more than one cloud would seem to have.

    Average linkage; as many clusters as give the largest mean silhouette (Rousseeuw 1987, J Comput
    Appl Math 20:53). Any cloud has some best division, so its silhouette is compared with that of
    Gaussian clouds with the same spread in every direction.

    Parameters
    ----------
    distances
        (n, n).

    Raises
    ------
    ValueError
        Fewer than `SMALLEST` solutions, or distances that are not finite.
    """
    n = len(distances)
    if n < SMALLEST or not np.isfinite(distances).all():
        raise ValueError(f"needs finite distances of {SMALLEST} solutions or more; got {n}")
    labels, silhouette = _best_division(distances)
    places = coordinates_of(distances)
    sizes = [silhouette, *_of_clouds(places, rng, drawn)]
    p = float(share_as_large(np.array(sizes) + 1.0))
    return Clusters(labels if p < LEVEL else np.zeros(n, dtype=int), silhouette, p)


def _of_clouds(places: np.ndarray, rng: np.random.Generator, drawn: int) -> Iterator[float]:
    """Yield silhouettes of Gaussian clouds with the spread of some places."""
    spread = places.std(axis=0, ddof=1)
    for _ in range(drawn):
        cloud = rng.standard_normal(places.shape) * spread
        squares = ((cloud[:, None] - cloud[None]) ** 2).sum(axis=-1)
        yield _best_division(np.sqrt(squares))[1]


def _best_division(distances: np.ndarray) -> tuple[np.ndarray, float]:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    n = len(distances)
    tree = linkage(squareform(distances, checks=False), method="average")
    best: tuple[np.ndarray, float] = np.zeros(n, dtype=int), -1.0
    for count in range(2, min(MOST, n - 1) + 1):
        labels = fcluster(tree, count, criterion="maxclust") - 1
        found = silhouette_of(distances, labels)
        if found > best[1]:
            best = labels, found
    return best


def silhouette_of(distances: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean silhouette of a division, -1 to 1; 0 of one cluster alone.

    A solution that is alone in its cluster has 0.
    """
    member = labels[:, None] == np.unique(labels)[None]
    if member.shape[1] < 2:
        return 0.0
    sizes = member.sum(axis=0)
    sums = distances @ member
    own = member.argmax(axis=1)
    rows = np.arange(len(labels))
    within = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    others = np.where(member, np.inf, sums / sizes)
    nearest = others.min(axis=1)
    larger = np.maximum(np.maximum(within, nearest), 1e-300)
    return float(np.where(sizes[own] > 1, (nearest - within) / larger, 0.0).mean())
