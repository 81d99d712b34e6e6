"""What goes into one panel: curves with bands, points with intervals, rasters, weight maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from neuromodels.report.plotting.style import (
    DARK,
    DIVERGING,
    GREY,
    MARKS,
    NEGATIVE,
    PALE,
    POSITIVE,
    Mark,
)

ROOM = 0.14
"""Part of a panel below a level that its name takes."""
EDGE = 0.03
"""Part of a panel beyond the outermost point, so that its marker is whole."""


def draw_band(
    axes: Axes, x: np.ndarray, median: np.ndarray, low: np.ndarray, high: np.ndarray, mark: Mark
) -> None:
    """Draw a curve with its band, (n,) each."""
    axes.fill_between(x, low, high, color=mark.colour, alpha=0.22, linewidth=0)
    axes.plot(
        x,
        median,
        mark.line,
        color=mark.colour,
        label=mark.label,
        marker=mark.marker,
        markersize=2.5,
        markevery=max(1, len(x) // 10),
    )


def draw_point(
    axes: Axes,
    x: float,
    middle: float,
    low: float,
    high: float,
    mark: Mark,
    each: Sequence[float] = (),
    hollow: bool = False,
) -> None:
    """Draw a point with its interval, and the single values behind it as small dots.

    Parameters
    ----------
    hollow
        For numbers that are not ours.
    """
    axes.plot([x, x], [low, high], color=mark.colour, linewidth=1, solid_capstyle="butt")
    axes.plot(np.full(len(each), x + 0.36), each, ".", color=mark.colour, markersize=2)
    face = "white" if hollow else mark.colour
    axes.plot(x, middle, mark.marker, color=mark.colour, markerfacecolor=face, markersize=3.5)


def draw_rows(
    axes: Axes,
    names: Sequence[str],
    middles: Sequence[float],
    ranges: Sequence[tuple[float, float]],
    each: Sequence[np.ndarray] = (),
) -> None:
    """Draw one row per name from the top: a point, its interval, and the values behind it.

    Parameters
    ----------
    middles, ranges
        NaN leaves a row empty.
    each
        Single values of each row.
    """
    for row, (middle, (low, high)) in enumerate(zip(middles, ranges, strict=True)):
        axes.plot([low, high], [row, row], color=DARK, linewidth=1, solid_capstyle="butt")
        axes.plot(middle, row, "o", color=DARK, markersize=3.5)
    for row, values in enumerate(each):
        axes.plot(values, np.full(len(values), row + 0.3), ".", color=NEGATIVE, markersize=2.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)


def draw_level(
    axes: Axes, level: float, label: str = "", at: Literal["left", "right"] = "right"
) -> None:
    """Draw a dashed level, such as chance, and its name at one of its ends below it."""
    axes.axhline(level, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)), zorder=0)
    axes.annotate(
        label,
        (int(at == "right"), level),
        xycoords=("axes fraction", "data"),
        xytext=(-2 if at == "right" else 2, -2),
        textcoords="offset points",
        ha=at,
        va="top",
        color=GREY,
    )


def show_all(axes: Axes, low: float, high: float, along: Literal["x", "y"] = "y") -> None:
    """Let an axis go from low to high, and further where something drawn lies beyond.

    Call it when all is drawn, also in panels that share the axis: limits do not grow later.
    """
    siblings = getattr(axes, f"get_shared_{along}_axes")().get_siblings(axes)
    ends = np.ravel([getattr(each.dataLim, f"interval{along}") for each in siblings])
    ends = ends[np.isfinite(ends)]
    first, last = min([low, *ends]), max([high, *ends])
    margin = EDGE * (last - first)
    bounds = (first - margin * (first < low), last + margin * (last > high))
    getattr(axes, f"set_{along}lim")(bounds)


def make_room(axes: Axes, level: float) -> None:
    """Lower the end of the vertical axis so that the name of a level fits below it.

    Call it when all is drawn, also in panels that share the axis.
    """
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, level - ROOM * (high - level)), high)


def draw_signs(axes: Axes, spikes: np.ndarray) -> None:
    """Draw signals in {-1, 0, +1}, (neurons, steps), as ticks in two colours."""
    for sign, colour in ((1, POSITIVE), (-1, NEGATIVE)):
        neurons, steps = np.nonzero(np.sign(spikes) == sign)
        axes.vlines(steps, neurons - 0.4, neurons + 0.4, color=colour, linewidth=1.6)
    axes.set_ylim(len(spikes) - 0.5, -0.5)
    axes.set_xlim(-0.5, spikes.shape[1] - 0.5)


def draw_channels(axes: Axes, rows: np.ndarray, names: Sequence[str]) -> None:
    """Draw what is on and off, (channels, steps), as filled cells; NaN stays empty."""
    count, steps = rows.shape
    for channel, step in np.argwhere(np.isfinite(rows)):
        face = DARK if rows[channel, step] > 0 else "white"
        left, top = step - 0.5, channel - 0.38
        axes.add_patch(Rectangle((left, top), 1, 0.76, fc=face, ec=GREY, linewidth=0.4))
    axes.set(xlim=(-0.5, steps - 0.5), ylim=(count - 0.5, -0.5))
    axes.set_yticks(range(count), list(names))
    axes.tick_params(axis="y", length=0)


def draw_answers(axes: Axes, steps: np.ndarray, output: np.ndarray, bits: np.ndarray) -> None:
    """Draw a read-out (steps,) and, where it is asked, whether its sign is the bit.

    Parameters
    ----------
    steps
        Steps in which it is asked, (k,).
    bits
        What it should answer, (k,); a right answer is bold, a wrong one pale.
    """
    colours = np.full(len(output), PALE, dtype=object)
    colours[steps] = np.where(output[steps] > 0, POSITIVE, NEGATIVE)
    axes.bar(range(len(output)), output, color=list(colours), width=0.8)
    axes.axhline(0, color=DARK, linewidth=0.6)
    for step, bit in zip(steps, bits, strict=True):
        said = int(output[step] > 0)
        right = said == int(bit)
        axes.annotate(
            f"{said}",
            (step, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 1),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontweight="bold" if right else "normal",
            color=DARK if right else GREY,
        )
    axes.set_xlim(-0.5, len(output) - 0.5)


def draw_borders(axes: Axes, steps: Sequence[int]) -> None:
    """Draw a line before each of some steps."""
    for step in steps:
        axes.axvline(step - 0.5, color=GREY, linewidth=0.6, linestyle=":", zorder=0)


def draw_weights(axes: Axes, weights: np.ndarray, limit: float) -> AxesImage:
    """Draw a weight matrix, (neurons, columns), in diverging colours; NaN stays empty."""
    axes.spines[:].set_visible(False)
    return axes.imshow(
        weights, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
    )


def answer_keys() -> list[Patch]:
    """Return what `draw_signs` and `draw_answers` mean by their colours, for a legend."""
    keys = {POSITIVE: "spike +1, answer 1", NEGATIVE: "spike −1, answer 0"}
    keys[PALE] = "read-out, not asked"
    return [Patch(color=colour, label=label) for colour, label in keys.items()]


def condition_keys(used: Iterable[str]) -> list[Line2D]:
    """Return the curves of some conditions, for a legend."""
    return keys_of(mark for name, mark in MARKS.items() if name in set(used))


def keys_of(marks: Iterable[Mark]) -> list[Line2D]:
    """Return curves, for a legend."""
    return [
        Line2D(
            [],
            [],
            linestyle=mark.line,
            color=mark.colour,
            marker=mark.marker,
            markersize=2.5,
            label=mark.label,
        )
        for mark in marks
    ]
