"""What the trials of rewarded episodes brought, with rewards of their own or with given ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import Quantity, Solution, mean_of, number
from neuromodels.tasks.base import OUTCOMES, Task


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes of all trials of some episodes.

    Parameters
    ----------
    right
        Whether the action was right, 1 or 0, (episodes, trials).
    earned
        The reward that it earned, (episodes, trials).
    turn
        First trial after the reversal, (episodes,); the number of trials where there is none.
    """

    right: np.ndarray
    earned: np.ndarray
    turn: np.ndarray


def check_rewarded(task: Task) -> None:
    """Refuse a task whose trials earn no reward.

    Raises
    ------
    DeclarationError
        With the field that such a task declares.
    """
    if not task.rewarded:
        raise DeclarationError(
            f"Task.{task.name}.rewarded",
            f"must reward trials, with their {', '.join(OUTCOMES)}",
            "none",
            "cue_bandit does.",
        )


def outcomes_of(solution: Solution, given: np.ndarray | None = None) -> Outcomes:
    """Run the episodes of a solution and return what its trials brought.

    Parameters
    ----------
    given
        Rewards that modulatory neurons hear in place of the earned ones, (episodes, trials).

    Raises
    ------
    DeclarationError
        When the task has no rewards.
    """
    check_rewarded(solution.task)
    episodes = solution.episodes()
    episodes.run()  # from here on what was drawn may be replaced; nothing is earned yet
    if given is not None:
        episodes.batch["items.given"] = given
    episodes.run(episodes.steps - 1)
    right, earned, turn = (
        np.asarray(episodes.batch[f"items.{name}"], dtype=float)
        for name in ("right", "earned", "turn")
    )
    return Outcomes(right, earned, turn.reshape(len(right), -1)[:, 0].astype(int))


def counted(trials: np.ndarray, what: str) -> dict[str, Quantity]:
    """Return in how many episodes something happened, and the mean number of trials until then.

    Parameters
    ----------
    trials
        Of each episode until it happened, (episodes,); not-a-number where it never did.
    what
        Whatever happened, in words of a table.
    """
    happened = np.isfinite(trials)
    until = mean_of(trials[happened]) if happened.any() else number(np.nan)
    return {
        f"share of episodes that {what}": mean_of(happened.astype(float)),
        "trials until then, of these": until,
    }
