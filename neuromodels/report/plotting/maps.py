"""What a sweep has measured: lines over one parameter, maps over two, small multiples over more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from neuromodels.report.plotting.draw import columns_for, new_figure, width_for, write_note
from neuromodels.report.plotting.style import NEGATIVE, PAGE, styled
from neuromodels.report.plotting.ticks import is_geometric, mark, mark_log, round_ticks

#: Height of a row of panels, mm.
HEIGHT = 45.0
MAP = "viridis"
#: Ticks along an axis that get a number, at most.
FEW = 7


@dataclass(frozen=True)
class Scale:
    """A parameter along an axis.

    Parameters
    ----------
    title
        Its name, with its unit.
    values
        In that unit, (n,).
    """

    title: str
    values: np.ndarray

    @property
    def is_log(self) -> bool:
        """Whether its values grow by factors."""
        return is_geometric(self.values)

    @property
    def edges(self) -> np.ndarray:
        """Where a cell for each value begins and ends, (n + 1,): halfway, along the scale."""
        if len(self.values) == 1:
            return self.values[0] + np.array([-0.5, 0.5])
        along = np.log(self.values) if self.is_log else np.asarray(self.values, dtype=float)
        middle = (along[1:] + along[:-1]) / 2
        edges = np.concatenate([[2 * along[0] - middle[0]], middle, [2 * along[-1] - middle[-1]]])
        return np.exp(edges) if self.is_log else edges

    def put_on(self, axes: Axes, letter: Literal["x", "y"]) -> None:
        """Let an axis run along it, with ticks at values where these are few."""
        ends = float(self.edges[0]), float(self.edges[-1])
        scale = "log" if self.is_log else "linear"
        axes.set(**{f"{letter}label": self.title, f"{letter}scale": scale, f"{letter}lim": ends})
        axis = axes.xaxis if letter == "x" else axes.yaxis
        if self.is_log:
            mark_log(axis, float(self.values[0]), float(self.values[-1]))
        elif len(self.values) <= FEW:
            mark(axis, self.values.tolist())
        else:
            axis.set_major_locator(round_ticks())


@dataclass(frozen=True)
class Measured:
    """A measure over the points of a sweep.

    Parameters
    ----------
    title
        Its name, with its unit.
    mean
        Over repeats, one for each point.
    low, high
        Ends of its interval; the mean itself where there is none.
    intervals
        What these are, such as ``95 % t interval, n = 5 repeats``; empty where there are none.
    """

    title: str
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    intervals: str = ""


def draw_lines(scale: Scale, measures: Sequence[Measured]) -> Figure:
    """Return a panel for each measure: its mean over a parameter, (n,), within its interval."""
    order = np.argsort(scale.values, kind="stable")
    sorted_scale = Scale(scale.title, scale.values[order])

    def draw(axes: Axes, measured: Measured) -> None:
        x = sorted_scale.values
        axes.fill_between(
            x, measured.low[order], measured.high[order], color=NEGATIVE, alpha=0.25, linewidth=0
        )
        axes.plot(x, measured.mean[order], "o-", color=NEGATIVE, markersize=2.5)
        sorted_scale.put_on(axes, "x")
        axes.set_ylabel(measured.title)

    columns = columns_for(len(measures))
    rows = ceil(len(measures) / columns)
    with styled():
        figure = new_figure(width_for(len(measures)), HEIGHT * rows)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, measured in zip(grid, measures, strict=False):
            draw(axes, measured)
        for axes in grid[len(measures) :]:
            axes.remove()
    if bands := dict.fromkeys(each.intervals for each in measures if each.intervals):
        write_note(figure, f"Bands: {'; '.join(bands)}")
    return figure


def draw_maps(
    x: Scale, y: Scale, measures: Sequence[Measured], panels: Sequence[str] = ("",)
) -> Figure:
    """Return maps of means over two parameters: a row for each measure, a column for each panel.

    Parameters
    ----------
    measures
        With means (x, y, panels). The colours of a row are one scale.
    panels
        What stands above each column.
    """
    ordered = [_ascending(scale) for scale in (x, y)]
    count = len(panels)
    width = min(PAGE, 62.0 * count) if count > 1 else 75.0
    with styled():
        figure = new_figure(width, (HEIGHT + 5) * len(measures))
        grid = figure.subplots(len(measures), count, squeeze=False, sharex=True, sharey=True)
        titles = [list(panels), *([[""] * count] * (len(measures) - 1))]
        for row, measured, above in zip(grid, measures, titles, strict=True):
            _draw_row(row, ordered, measured, above)
        for axes in grid[:, 1:].ravel():
            axes.set_ylabel("")
        for axes in grid[:-1].ravel():
            axes.set_xlabel("")
    return figure


def _ascending(scale: Scale) -> tuple[Scale, np.ndarray]:
    order = np.argsort(scale.values, kind="stable")
    return Scale(scale.title, scale.values[order]), order


def _draw_row(
    row: np.ndarray,
    scales: Sequence[tuple[Scale, np.ndarray]],
    measured: Measured,
    titles: Sequence[str],
) -> None:
    """Draw the maps of one measure, with one bar of colours."""
    (x, across), (y, up) = scales
    finite = measured.mean[np.isfinite(measured.mean)]
    norm = Normalize(*((finite.min(), finite.max()) if finite.size else (0.0, 1.0)))
    for number, (axes, title) in enumerate(zip(row, titles, strict=True)):
        values = np.ma.masked_invalid(measured.mean[:, :, number][np.ix_(across, up)].T)
        axes.set_facecolor("#e6e6e6")  # where nothing was measured
        image = axes.pcolormesh(x.edges, y.edges, values, cmap=MAP, norm=norm, rasterized=True)
        x.put_on(axes, "x")
        y.put_on(axes, "y")
        axes.set_title(title)
    bar = row[0].figure.colorbar(image, ax=list(row), label=measured.title, pad=0.01)
    bar.locator = round_ticks()
    bar.outline.set_visible(False)
    bar.update_ticks()


def draw_points(scales: Sequence[Scale], measures: Sequence[Measured]) -> Figure:
    """Return a row for each measure and a column for each parameter: a dot for each point."""
    with styled():
        figure = new_figure(
            min(PAGE, max(50.0 * len(scales), 70.0)), min(HEIGHT, 38) * len(measures)
        )
        grid = figure.subplots(len(measures), len(scales), squeeze=False, sharey="row")
        for number, (row, measured) in enumerate(zip(grid, measures, strict=True)):
            for axes, scale in zip(row, scales, strict=True):
                axes.vlines(scale.values, measured.low, measured.high, color=NEGATIVE, lw=0.5)
                axes.plot(scale.values, measured.mean, "o", color=NEGATIVE, markersize=2.5)
                _put_points(axes, scale, number == len(measures) - 1)
            row[0].set_ylabel(measured.title)
    return figure


def _put_points(axes: Axes, scale: Scale, is_last: bool) -> None:
    ordered = np.unique(scale.values)
    if ordered.min() > 0 and ordered.max() > 30 * ordered.min():
        axes.set_xscale("log")
        mark_log(axes.xaxis, float(ordered[0]), float(ordered[-1]))
    else:
        axes.xaxis.set_major_locator(round_ticks())
    axes.tick_params(labelbottom=is_last)
    axes.set_xlabel(scale.title if is_last else "")
