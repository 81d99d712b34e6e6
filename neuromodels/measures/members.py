"""How well a solution does each task of the family, those that its search never saw included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import score_vectors, scores_per_trial
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of
from neuromodels.study.study import Study
from neuromodels.tasks.family.family import NAMES, FamilyTask

MEAN_SEARCHED, MEAN_WITHHELD = "mean of searched tasks", "mean of withheld tasks"


def examine(solution: Solution) -> Examined:
    """Return the score of a solution in each task; all trials are shared out evenly among them.

    Raises
    ------
    DeclarationError
        When the study's task is not the family.
    """
    task = family_of(solution)
    scores = scores_by_task(solution)
    quantities = {
        f"{name}{mark_of(name, task)}": mean_of(of_episodes)
        for name, of_episodes in zip(NAMES, scores, strict=True)
    }
    for label, names in ((MEAN_SEARCHED, task.searched), (MEAN_WITHHELD, task.withheld)):
        if names:
            # episodes of different tasks at the same place are averaged
            quantities[label] = mean_of(scores[[NAMES.index(name) for name in names]].mean(axis=0))
    return {"tasks": np.array(NAMES), "scores": scores}, quantities


def family_of(solution: Solution) -> FamilyTask:
    """Return the task of a solution's study.

    Raises
    ------
    DeclarationError
        When it is not the family.
    """
    task = solution.task
    if not isinstance(task, FamilyTask):
        raise DeclarationError("task.name", "must be 'family', which has several tasks", task.name)
    return task


def mark_of(name: str, task: FamilyTask) -> str:
    """Return what a table says of a task beside its name."""
    return " (searched)" if name in task.searched else " (withheld)" * (name in task.withheld)


def scores_by_task(solution: Solution) -> np.ndarray:
    """Return scores, (tasks, episodes): as many episodes of each task, at least one."""
    from neuromodels.experiment.compiled import Experiment  # imports Brian2

    each = max(1, len(solution.streams) // len(NAMES))
    streams = np.resize(solution.streams, each * len(NAMES))
    places = np.repeat(np.arange(len(NAMES)), each)
    experiment = Experiment(with_all_tasks(solution.study), solution.condition)
    outcome = score_vectors(experiment, solution.vector[None], streams, inputs=places)
    return scores_per_trial(outcome).reshape(len(NAMES), each)


def with_all_tasks(study: Study, **parameters: float) -> Study:
    """Return the study with all tasks of the family, in their order, and other parameters."""
    options = dict.fromkeys(study.task.options, "")
    changed = {**study.task.parameters, **parameters}
    return replace(study, task=replace(study.task, options=options, parameters=changed))


MEMBERS = Measure(
    name="members",
    about="How well does a solution do each task of the family?",
    note="Share of right actions in the second half of episodes of one task, by task; the trials"
    " asked for are shared out evenly among all tasks.",
    examine=examine,
    over_seeds=True,
    shows_seeds=False,
)
