"""T-maze with permuted sensors: training trials and numbers of cues unlike those of the search.

The T-maze of Meta-SpikePropamine (10.3389/fnins.2023.1183321) as we infer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.measures import measures_of
from figures.shared.scores import (
    Final,
    Spread,
    counts_in,
    final_of,
    note_of,
    over_seeds,
    scores_of,
)
from figures.shared.tables import Row, rows_of, seeds_in, sweep_in
from neuromodels import tasks
from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_band, draw_level, draw_point, show_all
from neuromodels.report.plotting.style import COLUMN, GREY, MARKS, styled
from neuromodels.store.store import StoredRun

TASK = "t_maze"
CONDITION = "plastic"
NEEDS = (TASK, "t_maze_additive", "t_maze_fixed")
SCORES, SWEEPS = "maze.csv", "maze_transfer.csv"
TABLES = (SCORES, SWEEPS)
CHANCE = 0.5
LIMITS = (0.38, 1.02)
AXES = {"training": "training trials", "cues": "cues in a trial"}
"""Parameter that is varied -> its axis."""
LABELS = {
    "plastic": "three\nfactors",
    "additive": "no\ncontrast",
    **{name: MARKS[name].label for name in ("M1", "M0", "fixed")},
}
OTHERS = (("t_maze_additive", CONDITION, "additive"), ("t_maze_fixed", "fixed", "fixed"))
"""Other studies, which of their conditions is drawn, and its name here."""
COLOURS = {"additive": MARKS["random"]}


@dataclass(frozen=True)
class Maze:
    """Scores against each of `AXES`, (values, scores over seeds, value of the search); finals."""

    sweeps: dict[str, tuple[np.ndarray, Spread, float]]
    finals: dict[str, Final]


def collect(runs: Sequence[StoredRun]) -> Maze:
    """Return what was measured, and the final scores of the controls.

    Raises
    ------
    NeuromodelsError
        For a run of another task, or without a run of the study itself.
    """
    if strange := [run.name for run in runs if run.study.task.name != TASK]:
        raise NeuromodelsError("maze_sweeps", f"draws runs of {TASK}", strange[0])
    found = {run.study.name: run for run in runs}
    if TASK not in found:
        raise NeuromodelsError("maze_sweeps", f"needs a run of {TASK}", list(found))
    finals = dict(scores_of(found[TASK])[1])
    for study, condition, name in OTHERS:
        if study in found:
            finals[name] = scores_of(found[study])[1][condition]
    return Maze({name: _sweep(found[TASK], name) for name in AXES}, finals)


def _sweep(run: StoredRun, parameter: str) -> tuple[np.ndarray, Spread, float]:
    try:
        seeds = measures_of(run, f"transfer-{parameter}", (CONDITION,))[CONDITION]
    except RunNotFound:
        raise RunNotFound(
            "maze_sweeps",
            f"needs the measure transfer of {parameter}",
            run.name,
            f"Make it: neuromodels measure {run.folder} transfer --vary task.{parameter}=1,3,7",
        ) from None
    values = next(iter(seeds.values()))[parameter]
    means = np.array([each["scores"].mean(axis=1) for each in seeds.values()])
    known = {**tasks.CATALOG[TASK].parameters, **run.study.task.parameters}
    return values, over_seeds(means), float(known[parameter])


def collect_committed() -> Maze:
    """Return the sweeps and the final scores that the tables hold."""
    scores = {(r["study"], r["condition"]): final_of(seeds_in(r)) for r in rows_of(SCORES)}
    finals = {condition: final for (study, condition), final in scores.items() if study == TASK}
    finals |= {name: scores[study, condition] for study, condition, name in OTHERS}
    return Maze({name: _sweep_in(rows_of(SWEEPS, parameter=name)) for name in AXES}, finals)


def _sweep_in(rows: Sequence[Row]) -> tuple[np.ndarray, Spread, float]:
    values, spread = sweep_in(rows)
    return values, spread, float(rows[0]["searched_low"])


def draw(data: Maze):
    """Return the figure, a column wide."""
    with styled():
        figure = new_figure(COLUMN, 112)
        rows = figure.subplots(3, 1)
        for axes, (name, sweep) in zip(rows, data.sweeps.items(), strict=False):
            _draw_sweep(axes, name, *sweep)
        _draw_finals(rows[2], data.finals)
        counts = counts_in(spread for _, spread, _ in data.sweeps.values())
        note = note_of(data.finals.values(), counts)
        write_note(figure, f"{note}. Thin: single seeds.\nGrey: what the searches saw")
        return figure


def _draw_sweep(axes, name: str, values: np.ndarray, spread: Spread, searched: float) -> None:
    axes.axvline(searched, color=GREY, alpha=0.4, linewidth=2, zorder=0)
    axes.plot(values, spread.each.T, color=MARKS[CONDITION].colour, linewidth=0.4)
    draw_band(axes, values, spread.median, spread.low, spread.high, MARKS[CONDITION])
    draw_level(axes, CHANCE, "chance")
    show_all(axes, *LIMITS)
    axes.set(xlabel=AXES[name], ylabel="tests right")
    axes.set_xticks(values, [f"{value:g}" for value in values])


def _draw_finals(axes, finals: dict[str, Final]) -> None:
    used = {name: label for name, label in LABELS.items() if name in finals}
    for place, name in enumerate(used):
        final, mark = finals[name], COLOURS.get(name) or MARKS[name]
        each = final.seeds if len(final.seeds) > 1 else ()
        draw_point(axes, place, final.median, final.low, final.high, mark, each)
    draw_level(axes, CHANCE)
    show_all(axes, *LIMITS)
    axes.set(xlim=(-0.6, len(used) - 0.3), ylabel="tests right")
    axes.set_xticks(range(len(used)), list(used.values()))
