"""Generalisation and interference: new inputs, other tasks, and an old task after a new one."""

from __future__ import annotations

import numpy as np

from neuromodels.analysis.cognition.declared import above_chance


def generalisation(held_out: float, searched: float, chance: float) -> float:
    """Return which part of the score on searched inputs is kept on held-out ones.

    It is ``(held_out - chance)/(searched - chance)``.
    """
    return float(above_chance(held_out, searched, chance))


def transfer_matrix(scores: np.ndarray, chance: np.ndarray | float) -> np.ndarray:
    """Return which part of a task's own score a rule has that was searched on another task.

    Parameters
    ----------
    scores
        Of the rule searched on task i in task j, (tasks, tasks).
    chance
        Of each task, (tasks,), or of all.

    Returns
    -------
    ndarray
        ``(S_ij - chance_j)/(S_jj - chance_j)``, (tasks, tasks): 1 on the diagonal, not-a-number in
        the columns of tasks whose own rule does not leave chance.
    """
    scores = np.asarray(scores, dtype=float)
    chance = np.broadcast_to(np.asarray(chance, dtype=float), scores.shape[1])
    columns = [above_chance(scores[:, j], scores[j, j], chance[j]) for j in range(len(chance))]
    return np.array(columns).T


def negative_transfer(scores: np.ndarray, naive: np.ndarray | float) -> float:
    """Return how far rules of other tasks fall below a naive network, as a mean over all pairs.

    It is the mean over ``i != j`` of ``max(0, naive_j - S_ij)``: 0 where no rule harms a task.

    Parameters
    ----------
    scores
        As of `transfer_matrix`.
    naive
        Score of a network without that rule, in each task, (tasks,), or in all.
    """
    scores = np.asarray(scores, dtype=float)
    if len(scores) < 2:
        return float("nan")
    harm = np.maximum(np.asarray(naive) - scores, 0)
    return float(harm[~np.eye(len(scores), dtype=bool)].mean())


def kept_after_another(before: float, after: float, chance: float) -> float:
    """Return which part of an old task's score is left after a new task was learned.

    It is ``(after - chance)/(before - chance)``: 1 without interference, 0 where all is lost.
    """
    return float(above_chance(after, before, chance))
