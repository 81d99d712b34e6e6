"""Figures as a whole: made in millimetres, laid out in columns, saved."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from neuromodels.plotting.style import COLUMN, PAGE, styled

_INCH = 25.4


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, mm, whose panels make room for their labels."""
    figure = Figure(figsize=(width / _INCH, height / _INCH), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    return figure


def columns_for(panels: int) -> int:
    """Return how many columns to lay panels out in: at most four, and near a square."""
    return min(4, math.ceil(math.sqrt(panels)))


def width_for(panels: int) -> float:
    """Return the width of a figure with some panels, mm."""
    return COLUMN if panels == 1 else PAGE


def drawn(draw: Callable[[], Figure]) -> Figure:
    """Return what `draw` returns, drawn with this package's look."""
    with styled():
        return draw()


def save(figure: Figure, path: Path) -> None:
    """Save a figure; the same figure gives the same file.

    Ticks are made when a figure is saved, so the look has to hold then, too.
    """
    dated = {".pdf": "CreationDate", ".svg": "Date"}.get(path.suffix)
    with styled():
        figure.savefig(path, metadata={dated: None} if dated else None)
