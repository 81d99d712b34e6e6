"""How many trials a solution needs until it answers by what it was rewarded for."""

from __future__ import annotations

from neuromodels.analysis.learning import AMONG, ENOUGH, trials_to_criterion
from neuromodels.measures.outcomes import counted, outcomes_of
from neuromodels.measures.quantities import Examined, Measure, Solution


def examine(solution: Solution) -> Examined:
    """Return in how many episodes the criterion holds before the reversal, and after how long."""
    found = outcomes_of(solution)
    trials = trials_to_criterion(found.right, end=found.turn)
    arrays = {"right": found.right.astype(bool), "turn": found.turn, "trials": trials}
    return arrays, counted(trials, "reach the criterion")


CRITERION = Measure(
    name="criterion",
    about="How many trials does a solution need to learn what is rewarded?",
    note=f"Criterion: {ENOUGH} right answers in {AMONG} trials in a row, all before a reversal;"
    " trials before the first of these.",
    examine=examine,
)
