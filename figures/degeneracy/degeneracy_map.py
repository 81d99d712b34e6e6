"""Solutions of several searches on two maps: by what they do, and by their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.degeneracy import name_of, solution_rows
from figures.shared.tables import rows_of
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.style import DARK, GREY, PAGE, shades, styled
from neuromodels.store.store import StoredRun

NEEDS = ("degeneracy_bandit", "degeneracy_copy")
TABLES = ("degeneracy.csv",)
ROWS = {"outputs": "by outputs", "numbers": "by numbers"}
BASINS = "osD^v<>Ph*"
"""Marker of each basin, the first one again where there are more."""


@dataclass(frozen=True)
class Set:
    """Solutions of one run.

    Parameters
    ----------
    places
        On each map, (n, 2).
    shown
        Share of the spread that each map shows.
    scores, basins
        Of each solution, (n,).
    """

    places: Mapping[str, np.ndarray]
    shown: Mapping[str, float]
    scores: np.ndarray
    basins: np.ndarray


def collect(runs: Sequence[StoredRun]) -> dict[str, Set]:
    """Return the solutions by rule and task.

    Raises
    ------
    RunNotFound
        For a run whose solutions were not compared.
    """
    return {name_of(run): _set([*solution_rows(run)]) for run in runs}


def collect_committed() -> dict[str, Set]:
    """Return the solutions that the table holds."""
    rows = rows_of(*TABLES)
    names = dict.fromkeys(row["set"] for row in rows)
    return {name: _set([row for row in rows if row["set"] == name]) for name in names}


def _set(rows) -> Set:
    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in rows])

    return Set(
        {kind: np.column_stack([column(f"x_{kind}"), column(f"y_{kind}")]) for kind in ROWS},
        {kind: float(rows[0][f"shown_{kind}"]) for kind in ROWS},
        column("score"),
        column("basin").astype(int),
    )


def draw(data: dict[str, Set]):
    """Return the figure, a page wide: a column for each set, a row for each map."""
    with styled():
        figure = new_figure(PAGE, 78)
        panels = figure.subplots(len(ROWS), len(data), squeeze=False)
        for column, (name, each) in enumerate(data.items()):
            for row, kind in enumerate(ROWS):
                axes = panels[row][column]
                _draw_map(axes, each, kind)
                axes.set_title(f"{name}\n" * (row == 0) + f"{100 * each.shown[kind]:.0f} % shown")
        for row, kind in enumerate(ROWS):
            panels[row][0].set_ylabel(ROWS[kind])
        write_note(
            figure,
            "Each point is a solution; near ones are alike. Shapes: basins that open paths join."
            " Light: better scores within a panel.",
        )
        return figure


def _draw_map(axes, each: Set, kind: str) -> None:
    order = np.argsort(np.argsort(each.scores))
    colours = [mark.colour for mark in shades(map(str, range(len(order))))]
    for place, basin, rank in zip(each.places[kind], each.basins, order, strict=True):
        marker = BASINS[basin % len(BASINS)]
        look = {"markersize": 4.5, "markeredgecolor": DARK, "markeredgewidth": 0.3, "alpha": 0.85}
        axes.plot(*place, marker, color=colours[rank], **look)
    axes.axhline(0, color=GREY, alpha=0.3, linewidth=0.5, zorder=0)
    axes.axvline(0, color=GREY, alpha=0.3, linewidth=0.5, zorder=0)
    axes.margins(0.12)
    axes.set_xticks([])
    axes.set_yticks([])
