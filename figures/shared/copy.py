"""Runs of the sequence copy task: what several figures ask of them."""

from pathlib import Path

from neuromodels.errors import NeuromodelsError
from neuromodels.report.figures import studies_of_task
from neuromodels.store.store import StoredRun

TASK = "sequence_copy"
STUDIES = studies_of_task(TASK, Path(__file__).parents[2])
CHANCE = 0.5


def cell_of(figure: str, run: StoredRun) -> tuple[int, int]:
    """Return length and latency of a run.

    Raises
    ------
    NeuromodelsError
        For a run of another task; `figure` is who says so.
    """
    task = run.study.task
    if task.name != TASK:
        raise NeuromodelsError(figure, f"draws runs of {TASK}", task.name)
    return task.parameters["length"], task.parameters["latency"]
