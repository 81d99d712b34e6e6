"""The look of every figure: colours, line widths, and sizes in millimetres."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex

COLUMN, PAGE = 85.0, 170.0
"""Widths of a figure in one column and across the page, mm."""
DARK, GREY, PALE = "#222222", "#767676", "#d9d9d9"
POSITIVE, NEGATIVE = "#D55E00", "#0072B2"
DIVERGING = "RdBu_r"

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "axes.edgecolor": DARK,
    "axes.labelcolor": DARK,
    "text.color": DARK,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "figure.dpi": 300,
    "pdf.fonttype": 42,  # text stays text
    "svg.fonttype": "none",
    "svg.hashsalt": "neuromodels",  # the same figure gives the same file
}


@dataclass(frozen=True)
class Mark:
    """How one condition is drawn, and what it is called on an axis."""

    label: str
    colour: str
    marker: str
    line: Literal["-", "--"] = "-"


# colours of Okabe & Ito, told apart by every common kind of colour vision; goals that were never
# trained have the colour of the solution that is tested on them
MARKS: Mapping[str, Mark] = {
    "plastic": Mark("plastic", "#0072B2", "o"),
    "halted": Mark("halted", "#E69F00", "<"),
    "reset": Mark("reset", "#56B4E9", "D"),
    "fixed": Mark("fixed", "#D55E00", "s", "--"),
    "frozen": Mark("frozen", "#009E73", "^"),
    "M0": Mark("M = 0", "#999999", "P"),
    "M1": Mark("M = 1", "#000000", "X"),
    "unmodulated": Mark("searched with M = 1", "#F0E442", "h", "--"),
    "random": Mark("random", "#CC79A7", "v"),
    "unseen": Mark("unseen", "#0072B2", "P"),
    "unseen_fixed": Mark("unseen", "#D55E00", "X"),
}
"""How each condition of `neuromodels.study.conditions.CONDITIONS` is drawn."""


def shades(labels: Iterable[str]) -> list[Mark]:
    """Return marks for the steps of an ordered quantity, from dark to light."""
    names = list(labels)
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.85, max(len(names), 1)))
    return [
        Mark(name, to_hex(colour), marker)
        for name, colour, marker in zip(names, colours, cycle("osD^v<>"), strict=False)
    ]


@contextmanager
def styled() -> Iterator[None]:
    """Apply the look while something is drawn or saved; nothing stays changed."""
    with mpl.rc_context({**mpl.rcParamsDefault, **_SETTINGS}):  # whatever the user's matplotlibrc
        yield
