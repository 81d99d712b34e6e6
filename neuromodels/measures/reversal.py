"""What a reversal of all rewards costs a solution, and how long it takes to recover."""

from __future__ import annotations

from neuromodels.analysis.cognition.learning import switch_cost
from neuromodels.analysis.learning import AMONG, ENOUGH, means_around, trials_to_criterion
from neuromodels.errors import DeclarationError
from neuromodels.measures.outcomes import counted, outcomes_of
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of

WINDOW = 5
"""Trials before and after the reversal that are compared."""


def examine(solution: Solution) -> Examined:
    """Return shares of right answers around the reversal, and the trials until it is made good.

    Raises
    ------
    DeclarationError
        When the task has no rewards, or no reversal.
    """
    found = outcomes_of(solution)
    if (found.turn >= found.right.shape[1]).any():
        task = solution.study.task
        raise DeclarationError("task.reversal", f"{task.name!r} must have a reversal", 0)
    before, after = means_around(found.right, found.turn, WINDOW)
    cost = switch_cost(before, after)
    trials = trials_to_criterion(found.right, first=found.turn)
    quantities = {
        f"right in {WINDOW} trials before": mean_of(before),
        f"right in {WINDOW} trials after": mean_of(after),
        "cost: before less after": mean_of(cost),
        **counted(trials, "recover"),
    }
    arrays = {"right": found.right.astype(bool), "turn": found.turn, "trials": trials}
    return {**arrays, "cost": cost}, quantities


REVERSAL = Measure(
    name="reversal",
    about="What does a reversal of the rewards cost, and when is it made good?",
    note=f"A solution has recovered when {ENOUGH} answers in {AMONG} trials in a row are right;"
    " trials from the reversal to the first of these.",
    examine=examine,
)
