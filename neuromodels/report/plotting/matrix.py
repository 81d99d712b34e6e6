"""A matrix of numbers: a row for each form, a column for each value, coloured by an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from neuromodels.report.plotting.style import DARK, DIVERGING, GREY

DEEP = 0.32
"""Distance from the middle of the colours beyond which letters are white."""
NOTHING = "#f2f2f2"
FOOT = 0.3
"""Room for lines below the last row, in rows."""


@dataclass(frozen=True)
class Matrix:
    """What a matrix shows.

    Parameters
    ----------
    rows, columns
        Their names.
    effects
        From 0 to 1, 0.5 for none, (rows, columns); not-a-number where nothing is compared.
    texts
        What stands in each cell, (rows, columns).
    marks
        Whether a cell differs from the reference by a corrected test, (rows, columns).
    groups
        What the columns are about: names, and how many columns each has.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    effects: np.ndarray
    texts: Sequence[Sequence[str]]
    marks: np.ndarray
    groups: Sequence[tuple[str, int]] = ()


def draw_matrix(axes: Axes, matrix: Matrix) -> None:
    """Draw a matrix: cells of an effect are blue or red, those that differ have a frame."""
    shape = matrix.effects.shape
    shown = np.ma.masked_invalid(matrix.effects)
    edges = [np.arange(n + 1) - 0.5 for n in (shape[1], shape[0])]
    colours = colormaps[DIVERGING].with_extremes(bad=NOTHING)
    axes.pcolormesh(*edges, shown, cmap=colours, norm=Normalize(0, 1), edgecolor="white", lw=0.6)
    for row, column in np.ndindex(shape):
        _write(axes, matrix, row, column)
    axes.set(xlim=(-0.5, shape[1] - 0.5), ylim=(shape[0] - 0.5 + FOOT, -0.5))
    axes.set_yticks(range(shape[0]), matrix.rows)
    axes.set_xticks(range(shape[1]), matrix.columns, rotation=90)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _name_groups(axes, matrix)


def _write(axes: Axes, matrix: Matrix, row: int, column: int) -> None:
    effect, text = matrix.effects[row, column], matrix.texts[row][column]
    is_deep = np.isfinite(effect) and abs(effect - 0.5) > DEEP
    colour = "white" if is_deep else (DARK if np.isfinite(effect) else GREY)
    weight = "bold" if matrix.marks[row, column] else "normal"
    axes.text(
        column, row, text, color=colour, weight=weight, ha="center", va="center", linespacing=0.95
    )
    if matrix.marks[row, column]:
        x, y = column - 0.46, row - 0.44
        axes.add_patch(_frame(x, y))


def _frame(x: float, y: float) -> Rectangle:
    return Rectangle((x, y), 0.92, 0.88, fill=False, edgecolor=DARK, linewidth=0.9)


def _name_groups(axes: Axes, matrix: Matrix) -> None:
    """Write below the columns what they are about."""
    first, below, is_low = 0, len(matrix.rows) - 0.5 + FOOT / 2, False
    for name, count in matrix.groups:
        ends = first - 0.4, first + count - 0.6
        is_low = count == 1 and not is_low  # names wider than a column take turns
        axes.plot(ends, (below, below), color=GREY, linewidth=0.8)
        axes.text(sum(ends) / 2, below + (0.6 if is_low else 0.1), name, ha="center", va="top")
        first += count
