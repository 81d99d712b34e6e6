"""What pairs of spikes do to a weight by the rules that were found, one curve a search."""

from collections.abc import Mapping, Sequence

import numpy as np

from figures.shared.degeneracy import CONDITION, curves_of, labels_in, name_of
from figures.shared.measures import measures_of
from figures.shared.tables import rows_of
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.style import GREY, NEGATIVE, PAGE, POSITIVE, styled
from neuromodels.store.store import StoredRun

NEEDS = ("degeneracy_bandit",)
MEASURE = "window"
TABLES = ("rule_windows.csv",)
TASK = "cue_bandit"
CURVES = {"beyond": "delay, post - pre (ms)", "pre first": "pairs per second"}
"""What is drawn in each row, and its axis."""

Curves = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""Kind of curve -> places (n,), and the change at each in every search, (seeds, n)."""


def collect(runs: Sequence[StoredRun]) -> dict[str, Curves]:
    """Return the curves of each rule on the bandit, of the third factor 1.

    Raises
    ------
    RunNotFound
        For a run that was not measured.
    """
    found = {}
    for run in runs:
        if run.study.task.name == TASK:
            seeds = measures_of(run, MEASURE, [CONDITION])[CONDITION].values()
            each = [{c: (x, y) for c, x, y in curves_of(a, labels_in(a)[-1])} for a in seeds]
            found[name_of(run)] = {
                curve: (each[0][curve][0], np.array([one[curve][1] for one in each]))
                for curve in CURVES
            }
    return found


def collect_committed() -> dict[str, Curves]:
    """Return the curves that the table holds."""
    rows = [row for row in rows_of(*TABLES) if row["of"].endswith("M = 1")]
    found = {}
    for name in dict.fromkeys(row["set"] for row in rows):
        ours = [row for row in rows if row["set"] == name]
        found[name] = {curve: _curve([r for r in ours if r["curve"] == curve]) for curve in CURVES}
    return found


def _curve(rows) -> tuple[np.ndarray, np.ndarray]:
    changes = [[float(text) for text in row["changes"].split()] for row in rows]
    return np.array([float(text) for text in rows[0]["places"].split()]), np.array(changes)


def draw(data: dict[str, Curves]):
    """Return the figure, a page wide: a column for each rule."""
    with styled():
        figure = new_figure(PAGE, 90)
        panels = figure.subplots(len(CURVES), len(data), squeeze=False)
        for column, (name, curves) in enumerate(data.items()):
            for row, (curve, label) in enumerate(CURVES.items()):
                _draw_curves(panels[row][column], *curves[curve])
                panels[row][column].set_xlabel(label)
            panels[0][column].set_title(name)
        panels[0][0].set_ylabel("change of weight by pairs,\nbeyond both sides alone")
        panels[1][0].set_ylabel("change of weight by pairs,\npre first")
        count = max(len(changes) for curves in data.values() for _, changes in curves.values())
        write_note(
            figure,
            f"A curve for each of {count} searches, third factor 1, 60 pairs. Orange: pairs"
            " strengthen; blue: they weaken.",
        )
        return figure


def _draw_curves(axes, places: np.ndarray, changes: np.ndarray) -> None:
    axes.axhline(0, color=GREY, alpha=0.5, linewidth=0.5, zorder=0)
    for each in changes:
        middle = each[np.argmax(np.abs(np.nan_to_num(each)))]
        axes.plot(places, each, color=POSITIVE if middle > 0 else NEGATIVE, linewidth=0.7)
    axes.margins(0.05)
