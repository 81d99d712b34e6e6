"""How a fit went: its loss and each of its numbers over generations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuromodels.report.plotting.draw import columns_for, new_figure, width_for
from neuromodels.report.plotting.style import (
    COLUMN,
    DARK,
    GREY,
    NEGATIVE,
    PAGE,
    PALE,
    POSITIVE,
    styled,
)
from neuromodels.report.plotting.ticks import mark_log, round_ticks, written

#: Height of a row of panels, mm.
HEIGHT = 45
#: Numbers that get a panel, at most.
MOST = 23


@dataclass(frozen=True)
class Course:
    """One number on its way.

    Parameters
    ----------
    name
        With its unit.
    centre
        Where the search stood after each generation.
    interval
        Of the result; NaN where there is none.
    limits
        The bounds.
    is_log
        Whether the axis is logarithmic.
    """

    name: str
    centre: np.ndarray
    interval: tuple[float, float]
    limits: tuple[float, float]
    is_log: bool = False

    def place_of(self, values: np.ndarray) -> np.ndarray:
        """Return where values lie between the bounds, from 0 to 1 along the scale."""
        along = np.log if self.is_log else np.asarray
        low, high = along(np.asarray(self.limits, dtype=float))
        return (along(np.asarray(values, dtype=float)) - low) / ((high - low) or 1.0)


def draw_fit(best: np.ndarray, mean: np.ndarray, courses: Sequence[Course]) -> Figure:
    """Return a panel of losses and one for each number, the first `MOST` of them.

    Parameters
    ----------
    best, mean
        Losses of each generation; NaN where no candidate had one.
    courses
        Of the numbers.
    """
    drawn = courses[:MOST]
    columns = columns_for(1 + len(drawn))
    rows = math.ceil((1 + len(drawn)) / columns)
    with styled():
        figure = new_figure(width_for(1 + len(drawn)), HEIGHT * rows)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        _draw_losses(grid[0], best, mean)
        for axes, course in zip(grid[1:], drawn, strict=False):
            _draw_course(axes, course)
        for axes in grid[1 + len(drawn) :]:
            axes.remove()
    return figure


def draw_parallel(courses: Sequence[Course], losses: np.ndarray, best: np.ndarray) -> Figure:
    """Return parallel coordinates: a line for where the search stood after each generation.

    Parameters
    ----------
    courses
        One axis each, from bound to bound along its scale; the first `MOST` of them.
    losses
        The smallest one of each generation, which colours its line.
    best
        Values of the result, one for each course.
    """
    drawn = courses[:MOST]
    lines = np.array([course.place_of(course.centre) for course in drawn]).T
    norm = _norm_of(losses)
    with styled():
        figure = new_figure(min(PAGE, max(COLUMN, 22.0 * len(drawn))), 70)
        axes = figure.subplots()
        shown = LineCollection(
            [np.column_stack([np.arange(len(drawn)), line]) for line in lines],
            cmap="viridis_r",
            norm=norm,
            linewidths=0.8,
            alpha=0.8,
        )
        shown.set_array(np.asarray(losses, dtype=float))
        axes.add_collection(shown)
        places = [course.place_of(np.array([v]))[0] for course, v in zip(drawn, best, strict=False)]
        axes.plot(places, "o-", color=POSITIVE, markersize=3, linewidth=1.6, label="best")
        _draw_bounds(axes, drawn)
        bar = figure.colorbar(shown, ax=axes, label="best loss of the generation", pad=0.02)
        _mark_bar(bar, norm)
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1.08), borderpad=0)
    return figure


def _norm_of(losses: np.ndarray) -> Normalize:
    """Return the scale of the colours: a log one where losses fall by decades."""
    finite = losses[np.isfinite(losses)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    return LogNorm(low, high) if _falls_by_decades(finite) else Normalize(low, high)


def _falls_by_decades(losses: np.ndarray) -> bool:
    return bool(losses.size and losses.min() > 0 and losses.max() > 30 * losses.min())


def _mark_bar(bar: Colorbar, norm: Normalize) -> None:
    if isinstance(norm, LogNorm):
        mark_log(bar.ax.yaxis, float(norm.vmin or 1), float(norm.vmax or 1))
    else:
        bar.locator = round_ticks()
        bar.update_ticks()
    bar.outline.set_visible(False)


def _draw_bounds(axes: Axes, courses: Sequence[Course]) -> None:
    """Draw an upright line for each number, with its bounds at both ends."""
    for place, course in enumerate(courses):
        axes.axvline(place, color=GREY, linewidth=0.6, zorder=0)
        for end, value, side in ((0, course.limits[0], "top"), (1, course.limits[1], "bottom")):
            shift = -0.02 if end == 0 else 0.02
            axes.text(place, end + shift, written(value), ha="center", va=side, color=GREY)
    axes.set_xticks(range(len(courses)), [course.name.replace(" [", "\n[") for course in courses])
    axes.tick_params(axis="x", length=0, pad=10)
    axes.set_yticks([])
    axes.set(xlim=(-0.3, len(courses) - 0.7), ylim=(-0.02, 1.02))
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_losses(axes: Axes, best: np.ndarray, mean: np.ndarray) -> None:
    axes.plot(mean, color=GREY, label="mean")
    (points,) = axes.plot(best, "o", color=NEGATIVE, alpha=0.4, label="best of each")
    points.set(markersize=2, markeredgewidth=0)
    # a generation without a loss leaves the best as it was
    axes.plot(np.fmin.accumulate(best), color=NEGATIVE, label="best so far")
    losses = np.concatenate([best, mean])
    losses = losses[np.isfinite(losses)]
    if _falls_by_decades(losses):
        axes.set_yscale("log")
        mark_log(axes.yaxis, float(losses.min()), float(losses.max()))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set(xlabel="generation", ylabel="loss", title="loss")
    axes.legend(frameon=False)


def _draw_course(axes: Axes, course: Course) -> None:
    if np.isfinite(course.interval).all():
        axes.axhspan(*course.interval, color=PALE, linewidth=0)
    axes.plot(course.centre, color=DARK)
    axes.set_yscale("log" if course.is_log else "linear")
    axes.set(xlabel="generation", title=course.name, ylim=course.limits)
    if course.is_log:
        mark_log(axes.yaxis, *course.limits)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
