"""Task family: the score in each task, by the tasks that the rule was searched on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.measures import measures_of
from figures.shared.tables import rows_of, seeds_in
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.style import DARK, DIVERGING, PAGE, styled
from neuromodels.store.store import StoredRun
from neuromodels.tasks.family.family import NAMES

NEEDS = ("family", "family_all", "family_matrix")
MEASURE = "members"
TABLES = ("family.csv",)
ONLY, WITHOUT, ALL = "only_", "without_", "all"
OTHERS = "all other tasks"
UNMODULATED = "all tasks, M = 1"
ALL_TASKS = "all tasks"
CHANCE = 0.5
Searched = Mapping[str, np.ndarray]
"""Task that is tested -> scores, one for each search, (seeds,)."""


@dataclass(frozen=True)
class Matrix:
    """Scores by what a rule was searched on.

    Parameters
    ----------
    rows
        What the rules were searched on, as a label of a row.
    scores
        Medians over searches, (rows, tasks); not-a-number where there is none.
    seeds
        The fewest and the most searches behind a number.
    """

    rows: tuple[str, ...]
    scores: np.ndarray
    seeds: tuple[int, int]


def collect(runs: Sequence[StoredRun]) -> Matrix:
    """Return the matrix of measured runs.

    Raises
    ------
    NeuromodelsError
        For a run of another task, or one that was not measured.
    """
    found: dict[str, Searched] = {}
    for run in runs:
        if run.study.task.name != "family":
            raise NeuromodelsError("family_transfer", "draws runs of family", run.study.task.name)
        for condition, seeds in measures_of(run, MEASURE).items():
            scores = np.array([each["scores"].mean(axis=1) for each in seeds.values()])
            label = label_of(run.study.task.options, condition)
            found[label] = dict(zip(NAMES, scores.T, strict=True))
    return matrix_of(found)


def label_of(options: Mapping[str, str], condition: str) -> str:
    """Return what a rule was searched on, as in the column ``searched_on`` of the table."""
    if condition == "unmodulated":
        return UNMODULATED
    searched, withheld = options.get("tasks", "").split(), options.get("withheld", "").split()
    if len(searched) == 1:
        return f"{ONLY}{searched[0]}"
    if len(withheld) == 1:
        return f"{WITHOUT}{withheld[0]}"
    return f"half with {searched[0]}" if searched else ALL


def collect_committed() -> Matrix:
    """Return the matrix that the table holds."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for row in rows_of(*TABLES):
        found.setdefault(row["searched_on"], {})[row["task"]] = seeds_in(row)
    return matrix_of(found)


def matrix_of(found: Mapping[str, Searched]) -> Matrix:
    """Return the matrix: a row for each task that was searched alone, and for all others."""
    rows = {name: found.get(f"{ONLY}{name}", {}) for name in NAMES}
    rows = {name: of_tasks for name, of_tasks in rows.items() if of_tasks}
    withheld = {name: found.get(f"{WITHOUT}{name}", {}) for name in NAMES}
    rows[OTHERS] = {name: each[name] for name, each in withheld.items() if each}
    rows[ALL_TASKS], rows[UNMODULATED] = found.get(ALL, {}), found.get(UNMODULATED, {})
    rows = {label: of_tasks for label, of_tasks in rows.items() if of_tasks}
    each = [[row.get(name, np.array([])) for name in NAMES] for row in rows.values()]
    counts = [len(scores) for row in each for scores in row if len(scores)]
    medians = [[np.median(s) if len(s) else np.nan for s in row] for row in each]
    return Matrix(tuple(rows), np.array(medians), (min(counts), max(counts)))


def draw(data: Matrix):
    """Return the figure, a page wide."""
    with styled():
        figure = new_figure(PAGE, 50 + 5 * len(data.rows))
        axes = figure.subplots()
        image = axes.imshow(data.scores, cmap=DIVERGING, vmin=0, vmax=1, aspect="auto")
        for (row, column), score in np.ndenumerate(data.scores):
            _write_score(axes, column, row, score)
        axes.set_xticks(range(len(NAMES)), NAMES, rotation=40, ha="right")
        axes.set_yticks(range(len(data.rows)), data.rows)
        axes.set(xlabel="tested on", ylabel="searched on")
        axes.tick_params(length=0)
        figure.colorbar(image, ax=axes, label="share of right actions")
        low, high = data.seeds
        several = f"{low}" if low == high else f"{low} to {high}"
        write_note(figure, f"Medians over {several} searches; chance {CHANCE}.")
        return figure


def _write_score(axes, column: int, row: int, score: float) -> None:
    if np.isfinite(score):
        is_dark = abs(score - CHANCE) > 0.35
        text = f"{score:.2f}".removeprefix("0")
        colour = "white" if is_dark else DARK
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
