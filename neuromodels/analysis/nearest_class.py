"""Few-shot classification by the nearest class, without a network: what features alone give."""

from __future__ import annotations

import numpy as np


def nearest_class(support: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the class whose mean example has the smallest angle to each query.

    Parameters
    ----------
    support
        Examples, shape (episodes, classes, shots, features).
    queries
        Shape (episodes, features).

    Returns
    -------
    ndarray
        Class of each query, shape (episodes,).
    """
    means = support.mean(axis=2)
    sizes = np.linalg.norm(means, axis=2)
    return np.argmax(np.einsum("ecf,ef->ec", means, queries) / np.maximum(sizes, 1e-12), axis=1)


def episodes_of(
    bank: np.ndarray, way: int, shots: int, count: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw episodes from a bank (characters, drawers, features).

    Returns
    -------
    support, queries, labels
        Shapes (count, way, shots, features), (count, features), (count,).
    """
    characters, drawers, _ = bank.shape
    chosen = np.array([generator.permutation(characters)[:way] for _ in range(count)])
    drawn = generator.permuted(np.tile(np.arange(drawers), (count, way, 1)), axis=2)
    labels = generator.integers(way, size=count)
    support = bank[chosen[..., None], drawn[..., :shots]]
    rows = np.arange(count)
    return support, bank[chosen[rows, labels], drawn[rows, labels, shots]], labels
