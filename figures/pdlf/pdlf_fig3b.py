"""Score against generation on control tasks, plastic beside fixed (arXiv:2308.12063, Fig. 3b)."""

from collections.abc import Sequence
from dataclasses import dataclass

from figures.shared.control import FINALS, NOTHING, control_studies, explained, task_of, title_of
from figures.shared.scores import (
    Learning,
    Scores,
    counted,
    draw_learning,
    final_of,
    highest,
    lowest,
    note_of,
    scores_of,
    used_of,
)
from figures.shared.tables import in_order, rows_of, seeds_in
from neuromodels import tasks
from neuromodels.report.plotting.draw import write_note
from neuromodels.report.plotting.style import styled
from neuromodels.store.store import StoredRun
from neuromodels.tasks import Task

NEEDS = control_studies()
TABLES = ("control.csv",)
LACKS = "learning curves"
MARGIN = 0.06
WIDE = 54.0
"""Of the narrowest panel with what is beside it, mm."""


@dataclass(frozen=True, kw_only=True)
class Panel(Learning):
    """One run of a control task.

    Parameters
    ----------
    task, hidden
        How the task is called, and how many hidden neurons there are.
    score_name, nothing
        What the score is, and that of an agent that has found nothing.
    """

    task: str
    hidden: int
    score_name: str
    nothing: float | None

    @property
    def heading(self) -> str:
        what = f"{self.task}, {self.hidden} hidden, {counted(self.counts)}"
        return f"{what}\n{explained(self.score_name, WIDE)}"

    @property
    def chance(self) -> float | None:
        return self.nothing

    @property
    def chance_is(self) -> str:
        return NOTHING


def collect(runs: Sequence[StoredRun]) -> list[Panel]:
    """Return one panel per run, in the order given.

    Raises
    ------
    NeuromodelsError
        For a run of a task without goals.
    """
    return [_panel(run) for run in runs]


def _panel(run: StoredRun) -> Panel:
    task = task_of("pdlf_fig3b", run)
    return _panel_of(run.name, task, run.study.circuit.hidden, scores_of(run))


def _panel_of(study: str, task: Task, hidden: int, scores: Scores) -> Panel:
    return Panel(
        study=study,
        task=title_of(task.name),
        hidden=hidden,
        score_name=task.score_name,
        nothing=task.chance,
        curves=scores[0],
        finals=scores[1],
    )


def collect_committed() -> list[Panel]:
    """Return the final scores that the table holds, in the order of the studies."""
    known = in_order([row["study"] for row in rows_of(*TABLES)], NEEDS)
    return [_panel_in(study) for study in known]


def _panel_in(study: str) -> Panel:
    rows = rows_of(*TABLES, study=study)
    finals = {row["condition"]: final_of(seeds_in(row)) for row in rows}
    task = tasks.CATALOG[study.removeprefix("control_")]
    return _panel_of(study, task, int(rows[0]["hidden"]), ({}, finals))


def draw(data: list[Panel]):
    """Return the figure: a column wide for one panel, a page wide for several."""
    with styled():
        figure = draw_learning(data, used_of(FINALS, data), [_limits(panel) for panel in data])
        write_note(figure, note_of(each for panel in data for each in panel.drawn))
        return figure


def _limits(panel: Panel) -> tuple[float, float]:
    """Return limits that hold every score, with a margin; tasks are not on one scale."""
    levels = [lowest(panel), highest(panel), *([] if panel.chance is None else [panel.chance])]
    margin = MARGIN * max(max(levels) - min(levels), 0.1)
    return min(levels) - 2 * margin, max(levels) + margin
