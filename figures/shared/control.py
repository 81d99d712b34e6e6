"""Control tasks for figures: their studies, how their scores are called, and what goals mean."""

import re
from pathlib import Path
from textwrap import fill

import numpy as np

from figures.shared.measures import Arrays
from neuromodels import tasks
from neuromodels.errors import NeuromodelsError
from neuromodels.report.figures import studies_of_task
from neuromodels.report.plotting.style import MARKS
from neuromodels.store.store import StoredRun
from neuromodels.tasks import Task
from neuromodels.tasks.goals import GOALS, TRAINED

FINALS = {
    **{name: MARKS[name] for name in ("plastic", "unseen", "fixed", "unseen_fixed")},
    **MARKS,
}
"""Every condition; goals that were never trained beside the solution that is tested on them."""
UNITS = {"meter/second": "m/s", "meter": "m"}
TOLD = {"m/s": "told speed (m/s)", "m": "told place (m)"}
NOTHING = "doing nothing"
"""What the chance level of a task with goals is."""
LETTERS = 0.74
"""Letters per mm of a heading."""


def draws_goals(task: Task) -> bool:
    """Whether a task tells its agent a goal, some of which are trained."""
    return "share" in task.item_start


def control_studies() -> tuple[str, ...]:
    """Return the studies of every task that draws goals."""
    checkout = Path(__file__).parents[2]
    names = [task.name for task in tasks.CATALOG.values() if draws_goals(task)]
    return tuple(study for name in names for study in studies_of_task(name, checkout))


def task_of(figure: str, run: StoredRun) -> Task:
    """Return the task of a run.

    Raises
    ------
    NeuromodelsError
        When it is no control task.
    """
    name = run.study.task.name
    try:
        task = tasks.CATALOG[name]
    except KeyError:
        raise NeuromodelsError(figure, "draws runs of tasks that exist", name) from None
    if not draws_goals(task):
        raise NeuromodelsError(figure, "draws runs of tasks with goals", name)
    return task


def called(run: StoredRun) -> str:
    """Return how a run's task is called in a heading."""
    return title_of(run.study.task.name)


def title_of(task: str) -> str:
    """Return how a task is called in a heading."""
    return task.rpartition(":")[2].lower().replace("_", " ")


def explained(score_name: str, wide: float) -> str:
    """Return what a score is, in lines that fit above a panel so wide, in mm."""
    return fill(f"score: {score_name[:1].lower()}{score_name[1:]}", int(LETTERS * wide))


def scores_by_goal(arrays: Arrays) -> np.ndarray:
    """Return the mean score for each goal, (80,), NaN for one that no trial drew."""
    found = np.full(GOALS, np.nan)
    for name in ("trained", "unseen"):
        numbers = np.rint(GOALS * arrays[f"{name}_shares"]).astype(int)
        for number in np.unique(numbers):
            found[number] = arrays[f"{name}_scores"][numbers == number].mean()
    return found


def goal_axis(task: Task, parameters: dict) -> tuple[np.ndarray, str]:
    """Return where the 80 goals lie on their axis, and its label.

    Directions are angles in radians, and their label is empty: they want a polar axis.
    """
    shares = np.arange(GOALS) / GOALS
    if "goal_x" in task.item_start or _moves_in_a_direction(task):
        return 2 * np.pi * (shares - 0.5 / TRAINED) - np.pi, ""
    declared = re.search(r"^\s*goal\s*:\s*(\S+)", task.item_model, re.MULTILINE)
    if declared is None:
        return shares, "place in the range of goals"
    unit = UNITS.get(declared[1], "m/s" if getattr(task, "moves", "") else declared[1])
    chosen = {**task.with_defaults(parameters), "share": shares, "meter": 1.0, "second": 1.0}
    places = eval(task.item_start["goal"], {"__builtins__": {}}, chosen)
    return places, TOLD.get(unit, f"goal ({unit})")


def _moves_in_a_direction(task: Task) -> bool:
    body = getattr(task, "simulated_body", None)
    return body is not None and body.goals.kind == "direction"
