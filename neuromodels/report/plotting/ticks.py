"""Ticks that do not run into each other, on scales of few or of many decades."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullFormatter, NullLocator

#: Steps within a decade, from coarse to fine.
STEPS: Sequence[Sequence[float]] = ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7))


def log_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return round numbers between two bounds, `most` at most and two at least, on a log scale."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in reversed(STEPS):
        ticks = _between(low, high, [s * 10.0**k for k in range(first, last + 1) for s in steps])
        if 2 <= len(ticks) <= most:
            return ticks
    decades = _between(low, high, [10.0**k for k in range(first, last + 1)])
    if len(decades) > most:
        return decades[:: -(-len(decades) // most)]
    return _between(low, high, list(round_ticks(most).tick_values(low, high)))[:most]


def _between(low: float, high: float, values: Sequence[float]) -> list[float]:
    slack = 1e-9
    return [v for v in values if low * (1 - slack) <= v <= high * (1 + slack)]


def written(value: float) -> str:
    """Return a number as short as it can be told."""
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.3e}".split("e")
        head = f"{float(mantissa):g}"
        power = f"10^{{{int(exponent)}}}"
        return f"${power}$" if head == "1" else f"${head}\\times{power}$"
    return f"{value:.4g}"


def mark_log(axis: Axis, low: float, high: float, most: int = 4) -> None:
    """Give a log axis few ticks that are written as plain numbers."""
    mark(axis, log_ticks(low, high, most))


def mark_linear(axis: Axis, low: float, high: float, most: int = 4) -> None:
    """Give a linear axis few ticks."""
    mark(axis, _between(low, high, list(round_ticks(most).tick_values(low, high))))


def round_ticks(most: int = 4) -> MaxNLocator:
    """Return what finds round numbers for the ticks of a linear axis, about `most` of them."""
    return MaxNLocator(most, steps=[1, 2, 5, 10], min_n_ticks=2)


def mark(axis: Axis, ticks: Sequence[float]) -> None:
    """Give an axis these ticks alone, written as plain numbers."""
    axis.set_major_locator(FixedLocator(list(map(float, ticks))))
    axis.set_major_formatter(FixedFormatter([written(tick) for tick in ticks]))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def tuck_in(axes: Axes) -> None:
    """Turn the outermost numbers of both axes inwards: in a tight grid, neighbours have some too.

    Limits and ticks must be there before.
    """
    for axis, names in ((axes.xaxis, ("left", "right")), (axes.yaxis, ("bottom", "top"))):
        places = axes.transLimits.transform(axes.transScale.transform(_points(axis)))
        for place, label in zip(places, axis.get_ticklabels(), strict=False):
            along = place[0 if axis is axes.xaxis else 1]
            if along < NEAR or along > 1 - NEAR:
                kind = "ha" if axis is axes.xaxis else "va"
                label.set(**{kind: names[int(along > 0.5)]})


#: Of an axis, from its end: where a number would stand out.
NEAR = 0.08


def _points(axis: Axis) -> np.ndarray:
    """Return the ticks of an axis as points of the plane, (ticks, 2)."""
    ticks = np.asarray(axis.get_ticklocs(), dtype=float)
    middle = np.full_like(ticks, 1.0)
    is_x = axis is axis.axes.xaxis
    return np.column_stack([ticks, middle] if is_x else [middle, ticks])


#: From the first to the last value of a log axis.
LEAST_FACTOR = 8


def is_geometric(values: np.ndarray) -> bool:
    """Whether values grow by factors rather than by steps, over most of a decade at least."""
    values = np.asarray(values, dtype=float)
    if len(values) < 3 or values.min() <= 0 or not (np.diff(values) > 0).all():
        return False
    if values[-1] < LEAST_FACTOR * values[0]:
        return False
    steps, factors = np.diff(values), np.diff(np.log(values))
    return bool(np.ptp(factors) / factors.mean() < np.ptp(steps) / steps.mean() - 1e-9)
