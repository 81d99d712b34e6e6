"""Whether a solution needs its own rewards: another episode's, or none, in their place.

In the yoked control of learning theory an animal gets the rewards that another one earns. These
come as often and at the same times, but tell nothing of its own answers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuromodels.measures.outcomes import Outcomes, outcomes_of
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of

OWN = "score"
YOKED_TO = "score, rewards of another episode"
HELD = {"M1": "score, third factor held at 1", "M0": "score, third factor held at 0"}
"""Condition -> what its score is called."""


def examine(solution: Solution) -> Examined:
    """Return scores with the own rewards, with another episode's, and with a constant M."""
    found = outcomes_by_reward(solution)
    quantities = {name: mean_of(each.right.mean(axis=1)) for name, each in found.items()}
    names = dict(zip(found, ("own", "yoked", *HELD), strict=True))
    arrays = {names[label]: each.right.astype(bool) for label, each in found.items()}
    return {**arrays, "turn": found[OWN].turn}, quantities


def outcomes_by_reward(solution: Solution) -> dict[str, Outcomes]:
    """Return what trials brought, by what stands for the rewards.

    Noise, cues and right answers are the same in all four.

    Raises
    ------
    DeclarationError
        When the task has no rewards, or the rule no third factor.
    """
    own = outcomes_of(solution)
    yoked = outcomes_of(solution, given=np.roll(own.earned, 1, axis=0))
    held = {
        label: outcomes_of(replace(solution, condition=condition))
        for condition, label in HELD.items()
    }
    return {OWN: own, YOKED_TO: yoked, **held}


YOKED = Measure(
    name="yoked",
    about="Does a solution need its own rewards, or would those of another do?",
    note="The same episodes with their own rewards, with those that the episode before earned, and"
    " with a third factor that is constant.",
    examine=examine,
    conditions=("plastic",),
)
