"""What a runner keeps of its return under conditions no search has seen (arXiv:2106.02681, A3).

One row per condition: return over the return of the same solution in the usual world, by rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.cheetah import CONDITION, FIVE, STUDY, by_rule
from figures.shared.measures import Arrays, measures_of
from figures.shared.scores import counted, note_on, over_seeds
from figures.shared.tables import Row, rows_of, seeds_in
from neuromodels.errors import RunNotFound
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import keys_of
from neuromodels.report.plotting.style import COLUMN, GREY, PALE, styled
from neuromodels.store.store import StoredRun

NEEDS = (STUDY,)
MEASURE = "novel"
TABLES = ("cheetah_novel.csv",)
USUAL = "nominal"
"""How the table begins the names of worlds that a search has seen."""
ALL = "mean of all"
APART = 0.16
"""Between the points of two rules in a row, rows."""
BEYOND = "Empty marks, and lines to an end: beyond it"
ENDS = (-1.0, 2.5)
"""Retention that is drawn; what lies beyond is an empty mark at the end."""


@dataclass(frozen=True)
class Kept:
    """What the solutions of one rule keep.

    Parameters
    ----------
    conditions
        Names, the mean of all first.
    retention
        Return over the nominal return, (seeds, conditions); a seed without a nominal return is
        left out.
    """

    conditions: tuple[str, ...]
    retention: np.ndarray


def collect(runs: Sequence[StoredRun]) -> dict[str, Kept]:
    """Return what the solutions of each rule keep.

    Raises
    ------
    NeuromodelsError
        When a run is of another rule.
    RunNotFound
        When a run was not measured, or no solution runs at all.
    """
    found = {rule: _kept(run) for rule, run in by_rule("cheetah_novel", runs).items()}
    running = {rule: kept for rule, kept in found.items() if len(kept.retention)}
    if not running:
        raise RunNotFound("cheetah_novel", "needs a solution that runs", [run.name for run in runs])
    return running


def _kept(run: StoredRun) -> Kept:
    several = list(measures_of(run, MEASURE, [CONDITION])[CONDITION].values())
    names = tuple(str(name) for name in several[0]["conditions"][1:])
    rows = [_retention(arrays) for arrays in several if arrays["scores"][0].mean() > 0]
    return Kept((ALL, *names), np.array(rows))


def _retention(arrays: Arrays) -> np.ndarray:
    nominal, *novel = arrays["scores"].mean(axis=1)
    kept = np.array(novel) / nominal
    return np.append(kept.mean(), kept)


def collect_committed() -> dict[str, Kept]:
    """Return what the table says that the solutions keep."""
    return {rule: _kept_in(rows_of(*TABLES, rule=rule)) for rule in FIVE}


def _kept_in(rows: Sequence[Row]) -> Kept:
    by_name = {row["condition"]: seeds_in(row) for row in rows}
    names = [name for name in by_name if not name.startswith(USUAL) and name != ALL]
    retention = np.array([by_name[name] for name in (ALL, *names)]).T
    return Kept((ALL, *names), retention[by_name[USUAL] > 0])


def draw(data: dict[str, Kept]):
    """Return the figure, a column wide."""
    with styled():
        names = next(iter(data.values())).conditions
        figure = new_figure(COLUMN, 6.8 * len(names) + 32)
        axes = figure.subplots()
        for place, (rule, kept) in enumerate(data.items()):
            _draw_rule(axes, rule, kept, APART * (place - (len(data) - 1) / 2))
        for level, colour in ((0, PALE), (1, GREY)):
            axes.axvline(level, color=colour, linewidth=0.7, linestyle=(0, (4, 2)), zorder=0)
        for row in range(1, len(names), 2):
            axes.axhspan(row - 0.5, row + 0.5, color=PALE, alpha=0.35, linewidth=0, zorder=-1)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel("return over nominal return")
        figure.legend(
            handles=keys_of(FIVE[rule] for rule in data),
            loc="outside upper left",
            ncols=1,
            frameon=False,
        )
        counts = {len(each.retention) for each in data.values()}
        axes.set_title(f"half-cheetah, {counted(counts)}")
        write_note(figure, f"{note_on(counts, 'one seed')}. {BEYOND}")
        return figure


def _draw_rule(axes, rule: str, kept: Kept, offset: float) -> None:
    spread, mark = over_seeds(kept.retention), FIVE[rule]
    rows = np.arange(len(kept.conditions)) + offset
    low, middle, high = (np.clip(e, *ENDS) for e in (spread.low, spread.median, spread.high))
    axes.hlines(rows, low, high, color=mark.colour, linewidth=0.8)
    for is_beyond, face in ((middle != spread.median, "white"), (middle == spread.median, None)):
        axes.plot(
            middle[is_beyond],
            rows[is_beyond],
            mark.marker,
            color=mark.colour,
            markerfacecolor=face or mark.colour,
            markersize=2.8,
            linestyle="",
        )
