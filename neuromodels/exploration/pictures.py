"""Pictures of what was found: of sweeps here, of anything else by what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels.analysis.intervals import interval_label, row_intervals
from neuromodels.errors import DeclarationError
from neuromodels.exploration.dataset import POINT, REPEAT
from neuromodels.exploration.morris_and_sobol import MEASURE, plot_sensitivity
from neuromodels.models.names import nearest
from neuromodels.simulation import FAILED

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

    from neuromodels.report.plotting.maps import Measured, Scale

WHERE = "plot_sweep"
#: Columns of small multiples, at most.
MOST_PANELS = 8
#: Prefixes of units, by powers of a thousand.
PREFIXES = {-4: "p", -3: "n", -2: "u", -1: "m", 0: "", 1: "k", 2: "M", 3: "G"}


def plot(result: Any, **options: Any) -> Any:
    """Return a figure of what `sweep`, `sensitivity`, `fit` or `infer` has returned.

    Parameters
    ----------
    result
        What it returned.
    options
        As for `plot_sweep`, `plot_sensitivity`, `Fit.plot` or `Posterior.plot`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DeclarationError
        Where nothing is known about such a result.
    """
    if hasattr(result, "data_vars"):
        draw = plot_sensitivity if MEASURE in result.dims else plot_sweep
        return draw(result, **options)
    if not callable(getattr(result, "plot", None)):
        told = "must be what sweep, sensitivity, fit or infer has returned"
        raise DeclarationError("plot.result", told, type(result).__name__)
    return result.plot(**options)


def plot_sweep(found: Dataset, measures: Sequence[str] | None = None) -> Any:
    """Return a figure of what `sweep` has found.

    One parameter gives lines with the intervals of the tables: 95 % t intervals of the mean over
    repeats, or the range of fewer than five. Two give maps of the mean, and more give a map for
    each value of the others. A table of points gives a dot for each point over each parameter.

    Parameters
    ----------
    found
        What it returned, or a part of it: ``found.sel(g=4)``.
    measures
        Which of them; by default those that are one number.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DeclarationError
        Where there is no measure of a name, one is several numbers, or there are too many panels.
    """
    from neuromodels.report.plotting.maps import draw_lines, draw_maps, draw_points

    names = _checked_measures(found, measures)
    axes = [str(name) for name in found[names[0]].dims if name != REPEAT]
    drawn = [_measured(found[name], name, axes) for name in names]
    if axes == [POINT]:
        scales = [_scale(found, str(n)) for n, c in found.coords.items() if c.dims == (POINT,)]
        return draw_points(scales, drawn)
    if not axes:
        told = "needs a parameter with several values"
        raise DeclarationError(f"{WHERE}.found", told, cure="print(found) shows the numbers.")
    if len(axes) == 1:
        return draw_lines(_scale(found, axes[0]), drawn)
    titles = _panel_titles(found, axes[2:])
    shape = (*(found.sizes[name] for name in axes[:2]), len(titles))
    x, y = (_scale(found, name) for name in axes[:2])
    return draw_maps(x, y, [_reshaped(each, shape) for each in drawn], titles)


def _checked_measures(found: Dataset, measures: Sequence[str] | None) -> list[str]:
    """Return the measures to draw."""
    known = [str(n) for n in found.data_vars if n != FAILED and not _is_count(found, str(n))]
    asked = [measures] if isinstance(measures, str) else measures
    grid = {*found.dims} - {d for n in known for d in found[n].dims if _is_further(found, n, d)}
    single = [n for n in known if set(found[n].dims) <= grid]
    for name in asked or ():
        if name not in found.data_vars:
            told = "the sweep must have a measure of that name"
            raise DeclarationError(f"{WHERE}.measures", told, name, nearest(str(name), known))
        if not set(found[name].dims) <= grid:
            told, cure = "a measure must be one number", f"Choose one: found[{name!r}].isel(...)."
            raise DeclarationError(f"{WHERE}.measures", told, name, cure)
    chosen = list(asked) if asked else single
    if not chosen:
        told = "needs a measure that is one number"
        raise DeclarationError(f"{WHERE}.measures", told, ", ".join(known) or "none")
    return chosen


def _is_count(found: Dataset, name: str) -> bool:
    return name.endswith("_count") and name.removesuffix("_count") in found.data_vars


def _is_further(found: Dataset, name: str, dim: Any) -> bool:
    """Whether an axis belongs to a measure itself: no parameter runs along it."""
    return dim not in (REPEAT, POINT) and "address" not in found[dim].attrs


def _measured(array: DataArray, name: str, axes: Sequence[str]) -> Measured:
    """Return a measure's means over repeats and their intervals, (points...)."""
    from neuromodels.report.plotting.maps import Measured

    ordered = array.transpose(*axes, ...)
    values = np.asarray(ordered, dtype=float).reshape(*ordered.shape[: len(axes)], -1)
    factor, unit = shown_unit(values, str(array.attrs.get("units", "1")))
    found = row_intervals(values.reshape(-1, values.shape[-1]) / factor)
    ends = [np.where(np.isnan(end), found.means, end) for end in (found.low, found.high)]
    title = name if unit == "1" else f"{name} ({unit})"
    means, low, high = (each.reshape(values.shape[:-1]) for each in (found.means, *ends))
    return Measured(title, means, low, high, _bands(found.kinds, values.shape[-1]))


def _bands(kinds: np.ndarray, repeats: int) -> str:
    """Return what the intervals of a measure are, most of them first; empty without any."""
    names, counts = np.unique(kinds[kinds != "none"], return_counts=True)
    most_first = names[np.argsort(-counts)]
    return " or ".join(interval_label(name, repeats, "repeats") for name in most_first)


def shown_unit(values: np.ndarray, unit: str) -> tuple[float, str]:
    """Return by which number values are divided to be shown, and in which unit they are then."""
    sizes = np.abs(values[np.isfinite(values)])
    largest = sizes.max(initial=0.0)
    if not unit.isalpha() or unit == "kg" or not largest or 0.1 <= largest < 1e4:
        return 1.0, unit
    power = int(np.clip(np.floor(np.log10(largest) / 3), min(PREFIXES), max(PREFIXES)))
    return 1000.0**power, f"{PREFIXES[power]}{unit}"


def _scale(found: Dataset, name: str) -> Scale:
    from neuromodels.report.plotting.maps import Scale

    coordinate = found[name]
    unit = str(coordinate.attrs.get("units", "1"))
    title = name if unit == "1" else f"{name} ({unit})"
    return Scale(title, np.asarray(coordinate, dtype=float))


def _panel_titles(found: Dataset, axes: Sequence[str]) -> list[str]:
    """Return what stands above the map of each combination of further parameters."""
    shape = [found.sizes[name] for name in axes]
    if np.prod(shape, dtype=int) > MOST_PANELS:
        told = f"there must be at most {MOST_PANELS} values of all parameters but the first two"
        cure = f"Choose some: found.sel({axes[0]}=...)."
        raise DeclarationError(f"{WHERE}.found", told, int(np.prod(shape)), cure)
    titles = []
    for place in np.ndindex(*shape):
        parts = [_told(found, name, number) for name, number in zip(axes, place, strict=True)]
        titles.append(", ".join(parts))
    return titles


def _told(found: Dataset, name: str, number: int) -> str:
    unit = str(found[name].attrs.get("units", "1"))
    value = f"{name} = {float(found[name][number]):.4g}"
    return value if unit == "1" else f"{value} {unit}"


def _reshaped(measured: Measured, shape: tuple[int, ...]) -> Measured:
    from neuromodels.report.plotting.maps import Measured

    each = (measured.mean, measured.low, measured.high)
    mean, low, high = (array.reshape(shape) for array in each)
    return Measured(measured.title, mean, low, high, measured.intervals)
