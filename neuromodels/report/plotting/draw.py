"""Figures as a whole: made in millimetres, laid out in columns, saved."""

from __future__ import annotations

import math
from io import StringIO
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from neuromodels.report.plotting.style import COLUMN, GREY, PAGE, styled

_INCH = 25.4
LETTERS = 19
"""Of a note in an inch."""


def new_figure(width: float, height: float, *, exact: bool = False) -> Figure:
    """Return an empty figure.

    Parameters
    ----------
    width, height
        In mm.
    exact
        Every panel is put in its place with `place`; else panels make room for their labels.
    """
    layout = None if exact else ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02)
    return Figure(figsize=(width / _INCH, height / _INCH), layout=layout)


def place(
    figure: Figure, left: float, bottom: float, width: float, height: float, **options: Any
) -> Axes:
    """Add a panel at an exact place, mm from the lower left corner; options as for `add_axes`."""
    wide, high = figure.get_size_inches() * _INCH
    return figure.add_axes((left / wide, bottom / high, width / wide, height / high), **options)


def write_note(figure: Figure, text: str) -> None:
    """Write lines below everything, and below what was written before; they break at the edge."""
    letters = int(LETTERS * figure.get_figwidth())
    above = [figure.get_supxlabel()] if figure.get_supxlabel() else []
    lines = [*above, *(fill(line, letters) for line in text.split("\n"))]
    with styled():
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7, color=GREY)


def columns_for(panels: int) -> int:
    """Return how many columns to lay panels out in: one row up to three, then near a square."""
    return panels if panels <= 3 else min(4, math.ceil(math.sqrt(panels)))


def width_for(panels: int) -> float:
    """Return the width of a figure with some panels, mm."""
    return COLUMN if panels == 1 else PAGE


def svg_of(figure: Figure) -> str:
    """Return a figure as an SVG element, to be put into a page."""
    text = StringIO()
    with styled():
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]


def save(figure: Figure, path: Path) -> None:
    """Save a figure; the same figure gives the same file.

    Ticks are made when a figure is saved, so the look has to hold then, too.
    """
    dated = {".pdf": "CreationDate", ".svg": "Date"}.get(path.suffix)
    with styled():
        figure.savefig(path, metadata={dated: None} if dated else None)
