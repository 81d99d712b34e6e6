"""Goals that a search drew and goals that it never did (PDLF, arXiv:2308.12063, Fig. 5a)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import Examined, Measure, Quantity, Solution, mean_of, number

UNSEEN = {"plastic": "unseen", "fixed": "unseen_fixed"}
"""Condition of a search -> the one that gives its solution goals that the search never drew."""


def examine(solution: Solution) -> Examined:
    """Return mean and worst score over goals, of those of the search and of others."""
    unseen = replace(solution, condition=UNSEEN[solution.condition])
    arrays: dict[str, np.ndarray] = {}
    quantities: dict[str, Quantity] = {}
    for name, network in (("trained", solution), ("unseen", unseen)):
        shares, scores = scores_by_goal(network)
        by_goal = [scores[shares == share].mean() for share in np.unique(shares)]
        arrays |= {f"{name}_shares": shares, f"{name}_scores": scores}
        quantities[f"score, {name} goals"] = mean_of(scores)
        quantities[f"worst of {len(by_goal)} {name} goals"] = number(float(min(by_goal)))
    return arrays, quantities


def scores_by_goal(solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Return the goal of each trial, its place in the full range, and the trial's score.

    The condition decides which goals are drawn: ``"plastic"`` and ``"fixed"`` those of the
    search, ``"unseen"`` and ``"unseen_fixed"`` others.

    Returns
    -------
    shares, scores
        (trials,) each; a share lies in [0, 1).

    Raises
    ------
    DeclarationError
        When the task draws no goals.
    """
    task = solution.task
    if "share" not in task.item_start:
        raise DeclarationError(f"Task.{task.name}", "must draw goals, with their `share`")
    trials = solution.episodes()
    trials.run(trials.steps)
    return np.asarray(trials.batch["items.share"])[:, 0], trials.score()


GOALS = Measure(
    name="goals",
    about="Does a solution reach goals that no search has seen?",
    note="Goals that the search drew, and others that it never did.",
    examine=examine,
    conditions=tuple(UNSEEN),
)
