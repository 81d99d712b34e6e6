"""What a fit has found: parameters with intervals, how good they are, and how it came about."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity

from neuromodels.errors import DeclarationError
from neuromodels.exploration.axes import Axis
from neuromodels.exploration.box import Box
from neuromodels.exploration.fitting.finals import Final
from neuromodels.exploration.fitting.searching import History
from neuromodels.exploration.fitting.uncertainty import Uncertainty

if TYPE_CHECKING:
    from pandas import DataFrame

    from neuromodels.report.plotting.fits import Course

#: Of pictures.
KINDS = ("course", "parallel")


@dataclass(frozen=True)
class Row:
    """One number of a parameter as tables show it.

    Parameters
    ----------
    name
        Of the parameter, with the index of the number where there are several.
    value, low, high
        The best value and its interval, in `unit`.
    unit
        Its name.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True, repr=False)
class Fit:
    """The result of `fit`.

    Parameters
    ----------
    best
        The best parameters by name, with their units.
    interval
        By name, low and high end of 95 % intervals; NaN where nothing says how sure the fit is.
    loss, loss_interval
        Of the best, on fresh noise that chose nobody, with a 95 % bootstrap interval over repeats.
    measured
        The means of all measures at the best, on the same noise, in SI units.
    history
        Losses and places of each generation.
    candidates
        How many candidates were scored.
    failed
        How many of them had no loss.
    how
        What the intervals rest on.
    provenance
        What was run.
    """

    best: Mapping[str, Any]
    interval: Mapping[str, tuple[Any, Any]]
    loss: float
    loss_interval: tuple[float, float]
    measured: Mapping[str, Any]
    history: History
    candidates: int
    failed: int
    how: str
    provenance: Mapping[str, Any]
    _rows: tuple[Row, ...] = field(default=())
    _centres: Mapping[str, np.ndarray] = field(default_factory=dict)
    _limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    _is_log: Mapping[str, bool] = field(default_factory=dict)

    def to_dataframe(self) -> DataFrame:
        """Return a row for each generation: losses, failures, and where the search stood."""
        import pandas

        units = {row.name: row.unit for row in self._rows}
        columns = {
            "generation": np.arange(len(self.history)),
            "best": self.history.best,
            "mean": self.history.mean,
            "failed": self.history.failed,
            **{f"{n} [{units[n]}]" if units[n] else n: v for n, v in self._centres.items()},
        }
        return pandas.DataFrame(columns)

    def plot(self, kind: Literal["course", "parallel"] = "course") -> Any:
        """Return a figure.

        Parameters
        ----------
        kind
            ``"course"``: the loss over generations, and each number on its way. ``"parallel"``: an
            upright axis for each number, and a line for each generation, coloured by its loss.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        DeclarationError
            Where the kind is another word.
        """
        from neuromodels.report.plotting.fits import draw_fit, draw_parallel

        if kind not in KINDS:
            raise DeclarationError("Fit.plot.kind", f"must be one of {KINDS}", kind)
        if kind == "parallel":
            best = np.array([row.value for row in self._rows])
            return draw_parallel(self._courses(), self.history.best, best)
        return draw_fit(self.history.best, self.history.mean, self._courses())

    def _courses(self) -> list[Course]:
        from neuromodels.report.plotting.fits import Course

        return [
            Course(
                f"{row.name} [{row.unit}]" if row.unit else row.name,
                self._centres[row.name],
                (row.low, row.high),
                self._limits[row.name],
                self._is_log[row.name],
            )
            for row in self._rows
        ]

    def __repr__(self) -> str:
        lines = [self._headline()]
        width = max(len(row.name) for row in self._rows)
        for row in self._rows:
            ends = f"({row.low:.4g} to {row.high:.4g})" if np.isfinite(row.low) else ""
            lines.append(f"  {row.name:{width}}  {row.value:.4g} {row.unit}  {ends}".rstrip())
        return "\n".join([*lines, f"  95 % intervals: {self.how}"])

    def _headline(self) -> str:
        low, high = self.loss_interval
        about = f"loss {self.loss:.4g} ({low:.4g} to {high:.4g})"
        count = f"{len(self.history)} generations, {self.candidates:,} candidates"
        return f"Fit: {about}; {count}, {self.failed:,} of them failed"

    def _repr_html_(self) -> str:
        from neuromodels.report.plotting.draw import svg_of

        cells = [
            f"<tr><td>{html.escape(row.name)}</td><td>{row.value:.4g}</td>"
            f"<td>{row.low:.4g}</td><td>{row.high:.4g}</td><td>{html.escape(row.unit)}</td></tr>"
            for row in self._rows
        ]
        head = "<tr><th>parameter</th><th>best</th><th>low</th><th>high</th><th>unit</th></tr>"
        told = html.escape(f"95 % intervals: {self.how}")
        table = f"<p>{self._headline()}</p><table>{head}{''.join(cells)}</table><p>{told}</p>"
        return table + svg_of(self.plot())


def fitted(
    box: Box,
    final: Final,
    uncertainty: Uncertainty,
    history: History,
    candidates: int,
    provenance: Mapping[str, Any],
) -> Fit:
    """Return a result with units, from places between 0 and 1."""
    places = np.vstack([final.place, uncertainty.low, uncertainty.high])
    best = _with_units(box, final.place)
    low, high = (_with_units(box, ends) for ends in (uncertainty.low, uncertainty.high))
    rows = map(_row, box.axes, _columns(box, places))
    return Fit(
        best,
        {name: (low[name], high[name]) for name in best},
        final.loss,
        final.interval,
        {name: values[0].mean(axis=0) for name, values in final.table.items()},
        history,
        candidates * len(history),
        int(history.failed.sum()),
        uncertainty.how,
        provenance,
        tuple(rows),
        box.columns(history.centre),
        {axis.label: (axis.low / axis.unit, axis.high / axis.unit) for axis in box.axes},
        {axis.label: axis.is_log for axis in box.axes},
    )


def _row(axis: Axis, column: np.ndarray) -> Row:
    unit = "" if axis.unit_name == "1" else axis.unit_name
    value, low, high = map(float, column)
    return Row(axis.label, value, low, high, unit)


def _columns(box: Box, places: np.ndarray) -> list[np.ndarray]:
    """Return the values of each axis in the units of tables, NaN where a place is NaN."""
    is_known = np.isfinite(places)
    columns = box.columns(np.where(is_known, places, 0.5)).values()
    both = zip(is_known.T, columns, strict=True)
    return [np.where(known, column, np.nan) for known, column in both]


def _with_units(box: Box, place: np.ndarray) -> dict[str, Any]:
    """Return the values at a place by parameter: a quantity, or several."""
    is_known = np.isfinite(place)
    points = box.points(np.where(is_known, place, 0.5)[np.newaxis])
    values = {}
    for name, rows in points.items():
        numbers = np.where(is_known[box.parts[name]], rows[0], np.nan)
        dim: Dimension = box.compiled.places[name].dim
        single = numbers if len(numbers) > 1 else numbers[0]
        values[name] = single if dim is DIMENSIONLESS else Quantity(single, dim=dim)
    return values
