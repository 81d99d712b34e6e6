"""What is left of one task of the family after another was learned, within an episode."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuromodels.analysis.cognition.generalisation import kept_after_another
from neuromodels.measures.members import family_of, with_all_tasks
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of, number

BLOCK, WINDOW = 20, 5
"""Trials of each block, the old task, another, and the old one again; and those compared."""


def examine(solution: Solution) -> Examined:
    """Return shares of right answers before and after another task, and which part is kept.

    Raises
    ------
    DeclarationError
        When the study's task is not the family.
    """
    task = family_of(solution)
    right, pairs = right_answers(solution)
    before = right[:, BLOCK - WINDOW : BLOCK].mean(axis=1)
    after = right[:, 2 * BLOCK : 2 * BLOCK + WINDOW].mean(axis=1)
    naive = right[:, :WINDOW].mean(axis=1)
    assert task.chance is not None
    kept = kept_after_another(before.mean(), after.mean(), task.chance)
    quantities = {
        f"right in the first {WINDOW} trials": mean_of(naive),
        f"right in {WINDOW} trials before the other task": mean_of(before),
        f"right in {WINDOW} trials after it": mean_of(after),
        "kept after another task": number(kept),
    }
    return {"right": right.astype(bool), "pairs": pairs}, quantities


def right_answers(solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Return right answers, (episodes, trials), and the numbers of both tasks, (episodes, 2)."""
    study = with_all_tasks(solution.study, trials=3 * BLOCK, switch=BLOCK, back=2 * BLOCK)
    episodes = replace(solution, study=study).episodes()
    episodes.run(episodes.steps)
    items = [
        np.asarray(episodes.batch[f"items.{n}"]) for n in ("right", "first_task", "other_task")
    ]
    right, *numbers = (each.reshape(len(solution.streams), -1) for each in items)
    return right, np.concatenate([each[:, :1] for each in numbers], axis=1).astype(int)


INTERFERENCE = Measure(
    name="interference",
    about="What is left of a task after another was learned in the same episode?",
    note=f"An episode: {BLOCK} trials of a task, {BLOCK} of another one, and {BLOCK} of the first"
    " again, both drawn from all tasks. Kept: what is above chance after the other task, over what"
    " was above chance before it.",
    examine=examine,
    over_seeds=True,
    shows_seeds=False,
)
