"""How fast right answers come, and what a reversal costs, from outcomes of trials."""

from __future__ import annotations

import numpy as np

ENOUGH, AMONG = 8, 10
"""The criterion: so many right answers among so many trials in a row."""


def trials_to_criterion(
    right: np.ndarray,
    first: np.ndarray | int = 0,
    end: np.ndarray | int | None = None,
    enough: int = ENOUGH,
    among: int = AMONG,
) -> np.ndarray:
    """Return how many trials pass before the first `among` in a row with `enough` right ones.

    Parameters
    ----------
    right
        Whether each answer was right, (episodes, trials).
    first, end
        Trials between which all of the row must lie, `end` exclusive, for each episode or for
        all; None: the last trial.
    enough, among
        The criterion.

    Returns
    -------
    ndarray
        (episodes,), counted from `first`; not-a-number where no such row begins.
    """
    episodes, trials = right.shape
    begins = np.broadcast_to(first, episodes)[:, None]
    ends = np.broadcast_to(trials if end is None else end, episodes)[:, None]
    places = np.arange(trials - among + 1)
    if not places.size:
        return np.full(episodes, np.nan)
    counts = np.lib.stride_tricks.sliding_window_view(right, among, axis=1).sum(axis=-1)
    holds = (counts >= enough) & (places >= begins) & (places + among <= ends)
    return np.where(holds.any(axis=1), holds.argmax(axis=1) - begins[:, 0], np.nan)


def means_around(right: np.ndarray, turn: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of right answers in the trials before a reversal, and in those after it.

    Parameters
    ----------
    right
        Whether each answer was right, (episodes, trials).
    turn
        First trial after the reversal of each episode, (episodes,).
    window
        How many trials on each side; fewer where the episode has no more.

    Returns
    -------
    before, after
        (episodes,) each; not-a-number where there is no trial on one of the sides.
    """
    numbers, turns = np.arange(right.shape[1]), turn[:, None]
    before = (numbers >= turns - window) & (numbers < turns)
    after = (numbers >= turns) & (numbers < turns + window)
    is_between = before.any(axis=1) & after.any(axis=1)
    counts = (np.where(is_between, side.sum(axis=1), 1) for side in (before, after))
    sums = ((right * side).sum(axis=1) for side in (before, after))
    shares = [
        np.where(is_between, total / count, np.nan)
        for total, count in zip(sums, counts, strict=True)
    ]
    return shares[0], shares[1]


def shares_around(right: np.ndarray, turn: np.ndarray, reach: int) -> np.ndarray:
    """Return the share of right answers in each trial around a reversal.

    Parameters
    ----------
    right
        Whether each answer was right, (episodes, trials).
    turn
        First trial after the reversal of each episode, (episodes,).
    reach
        How many trials before the reversal, and how many from it on.

    Returns
    -------
    ndarray
        (2*reach,): means over the episodes that have the trial; not-a-number where none has it.
    """
    places = turn[:, None] + np.arange(-reach, reach)
    is_there = (places >= 0) & (places < right.shape[1])
    found = np.take_along_axis(right, np.clip(places, 0, right.shape[1] - 1), axis=1)
    counts = is_there.sum(axis=0)
    sums = (found * is_there).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
