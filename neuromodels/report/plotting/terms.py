"""Effects of terms on values: a map for each task, terms down, values across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from neuromodels.report.plotting.draw import new_figure, place, write_note
from neuromodels.report.plotting.style import DARK, DIVERGING, PAGE, styled

LEFT, RIGHT, BELOW, ABOVE, GAP = 13.0, 20.0, 34.0, 7.0, 4.0
"""Room around the maps, and between two, mm."""
ROW = 4.2
"""Height of a row, mm."""
MOST = 2.0
"""Effect at which colours end, in standard deviations."""


@dataclass(frozen=True, eq=False)
class Panel:
    """The map of one task.

    Parameters
    ----------
    title
        Its name.
    values
        What stands across.
    sizes
        Effects, (terms, values); not-a-number: not known.
    marks
        A letter on each cell, or none, (terms, values).
    """

    title: str
    values: Sequence[str]
    sizes: np.ndarray
    marks: np.ndarray


def draw_terms(terms: Sequence[str], panels: Sequence[Panel], note: str) -> Figure:
    """Return the maps side by side, a page wide, with one bar of colours."""
    with styled():
        high = ROW * len(terms)
        figure = new_figure(PAGE, high + BELOW + ABOVE, exact=True)
        columns = sum(len(panel.values) for panel in panels)
        room = PAGE - LEFT - RIGHT - GAP * (len(panels) - 1)
        left, image = LEFT, None
        for number, panel in enumerate(panels):
            width = room * len(panel.values) / columns
            axes = place(figure, left, BELOW, width, high)
            image = _draw(axes, terms if number == 0 else [""] * len(terms), panel)
            left += width + GAP
        if image is not None:
            bar = place(figure, PAGE - RIGHT + 5, BELOW, 2.5, high)
            figure.colorbar(image, cax=bar, label="effect, standard deviations")
        write_note(figure, note)
        return figure


def _draw(axes: Axes, terms: Sequence[str], panel: Panel):
    axes.set_facecolor("#d0d0d0")  # where nothing is known
    image = axes.imshow(
        np.ma.masked_invalid(panel.sizes),
        cmap=DIVERGING,
        norm=TwoSlopeNorm(0, -MOST, MOST),
        aspect="auto",
    )
    for row, column in zip(*np.nonzero(panel.marks != ""), strict=True):
        is_dark = abs(panel.sizes[row, column]) > 0.6 * MOST
        colour = "white" if is_dark else DARK
        mark = str(panel.marks[row, column])
        axes.text(column, row, mark, ha="center", va="center_baseline", color=colour)
    words = [value.replace("_", " ") for value in panel.values]
    axes.set_xticks(range(len(words)), words, rotation=90)
    axes.set_yticks(range(len(terms)), terms)
    axes.tick_params(length=0)
    axes.set_title(panel.title.replace("_", " "))
    return image
