"""Samples of a posterior: each parameter alone, and each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuromodels.report.plotting.draw import new_figure
from neuromodels.report.plotting.style import DARK, NEGATIVE, PAGE, POSITIVE, styled
from neuromodels.report.plotting.ticks import mark_linear, mark_log, tuck_in

BINS = 30
MOST = 40.0
"""Widest panel, mm."""
TICKS = 3
"""Along an axis, at most."""


@dataclass(frozen=True)
class Edge:
    """A parameter's axis: its name, its unit (``"1"``: none), and the bounds of the prior."""

    label: str
    unit: str
    low: float
    high: float
    is_log: bool

    @property
    def bins(self) -> np.ndarray:
        """Edges of bins that are of one width along the scale."""
        make = np.geomspace if self.is_log else np.linspace
        return make(self.low, self.high, BINS + 1)

    @property
    def title(self) -> str:
        """What stands at the axis."""
        return f"{self.label} ({self.unit})" if self.unit != "1" else self.label


def draw_pairs(
    edges: Sequence[Edge], samples: np.ndarray, truth: Sequence[float] | None = None
) -> Figure:
    """Draw histograms on the diagonal and densities of pairs below it.

    Parameters
    ----------
    samples
        (samples, parameters).
    truth
        Marked, if given.
    """
    count = len(edges)
    side = min(PAGE / count, MOST) * count
    with styled():
        figure = new_figure(max(side, MOST), max(side, MOST))
        grid = figure.subplots(count, count, squeeze=False)
        for row in range(count):
            for column in range(count):
                axes = grid[row, column]
                if column > row:
                    axes.remove()
                    continue
                _draw(axes, edges, samples, truth, row, column)
    return figure


def _draw(
    axes: Axes,
    edges: Sequence[Edge],
    samples: np.ndarray,
    truth: Sequence[float] | None,
    row: int,
    column: int,
) -> None:
    along, up = edges[column], edges[row]
    if row == column:
        _alone(axes, along, samples[:, row], None if truth is None else truth[row])
    else:
        _pair(axes, along, up, samples[:, column], samples[:, row])
        if truth is not None:
            axes.plot(truth[column], truth[row], "+", color=POSITIVE, markersize=5)
    _scale(axes, "x", along)
    tuck_in(axes)
    is_last = row == len(edges) - 1
    axes.tick_params(labelbottom=is_last, labelleft=column == 0 and row > 0)
    axes.set_xlabel(along.title if is_last else "")
    axes.set_ylabel(up.title if column == 0 and row > 0 else "")


def _scale(axes: Axes, letter: Literal["x", "y"], edge: Edge) -> None:
    """Let an axis run over the prior, with ticks that have room."""
    scale = "log" if edge.is_log else "linear"
    axes.set(**{f"{letter}scale": scale, f"{letter}lim": (edge.low, edge.high)})
    mark = mark_log if edge.is_log else mark_linear
    mark(axes.xaxis if letter == "x" else axes.yaxis, edge.low, edge.high, TICKS)


def _alone(axes: Axes, edge: Edge, values: np.ndarray, truth: float | None) -> None:
    """Draw a histogram beside the level of the prior, which is uniform along the scale."""
    counts, _ = np.histogram(values, edge.bins)
    axes.stairs(counts, edge.bins, fill=True, color=NEGATIVE, alpha=0.5)
    axes.axhline(len(values) / BINS, color=DARK, linewidth=0.6, linestyle=(0, (4, 2)))
    axes.set_yticks([])
    if truth is not None:
        axes.axvline(truth, color=POSITIVE, linewidth=1)


def _pair(axes: Axes, along: Edge, up: Edge, x: np.ndarray, y: np.ndarray) -> None:
    counts, _, _ = np.histogram2d(x, y, [along.bins, up.bins])
    axes.pcolormesh(along.bins, up.bins, counts.T, cmap="Blues", rasterized=True)
    _scale(axes, "y", up)
