"""Few-shot classification without a network: what the features alone give."""

from __future__ import annotations

import numpy as np


def nearest_class(support: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the class whose mean example has the smallest angle to each query.

    With ``m`` the mean over the shots of a class, that is the class with the largest
    ``q.m / |m|``; of equals it is the first.

    Parameters
    ----------
    support
        Labelled examples, shape (episodes, classes, shots, features).
    queries
        What is to be classified, shape (episodes, features).

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
    """Draw few-shot episodes: examples of some characters, and one more drawing of one of them.

    Parameters
    ----------
    bank
        Features of every character as drawn by every person, (characters, drawers, features).
    way
        Characters in an episode, which are its classes.
    shots
        Examples of each; the query is by yet another drawer.
    count
        Number of episodes.
    generator
        Draws characters, drawers and labels.

    Returns
    -------
    support
        Examples, (count, way, shots, features).
    queries
        One drawing per episode, (count, features).
    labels
        The class that it belongs to, (count,), from 0 to ``way - 1``.
    """
    characters, drawers, _ = bank.shape
    classes = np.array([generator.permutation(characters)[:way] for _ in range(count)])
    order = generator.permuted(np.tile(np.arange(drawers), (count, way, 1)), axis=2)
    labels = generator.integers(way, size=count)
    support = bank[classes[..., None], order[..., :shots]]
    rows = np.arange(count)
    return support, bank[classes[rows, labels], order[rows, labels, shots]], labels
