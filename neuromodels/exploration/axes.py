"""One number of a model's parameters as an axis: its bounds, its scale and its unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Dimension, Quantity

from neuromodels.errors import DeclarationError
from neuromodels.models.names import nearest
from neuromodels.models.parameters import in_si


@dataclass(frozen=True)
class Axis:
    """A number between two bounds.

    Its place is 0 at the lower bound, 1 at the upper one, and goes along the scale between them.

    Parameters
    ----------
    label
        The parameter's name; ``"name[0]"`` and so on where that is several numbers.
    low, high
        In SI units.
    is_log
        Whether it goes along its logarithm.
    dim
        Its unit, as Brian2 knows it.
    unit, unit_name
        What tables show, as a number of SI units and by name; ``"1"`` for a plain number.
    """

    label: str
    low: float
    high: float
    is_log: bool
    dim: Dimension
    unit: float
    unit_name: str

    @property
    def title(self) -> str:
        """Its label, with its unit where it has one."""
        return self.label if self.unit_name == "1" else f"{self.label} [{self.unit_name}]"

    def values_at(self, places: np.ndarray) -> np.ndarray:
        """Return values at places, in SI units."""
        if self.is_log:
            low, high = math.log(self.low), math.log(self.high)
            return np.exp(low + places * (high - low))
        return self.low + places * (self.high - self.low)

    def shown_at(self, places: np.ndarray) -> np.ndarray:
        """Return values at places, in the unit that tables show."""
        return self.values_at(places) / self.unit

    def places_of(self, where: str, values: Any) -> np.ndarray:
        """Return the places of values with their unit.

        Raises
        ------
        DeclarationError
            Where they have another unit, or lie outside the bounds.
        """
        numbers = np.atleast_1d(in_si(where, values, self.dim))
        slack = 1e-9 * (self.high - self.low)
        if not ((numbers >= self.low - slack) & (numbers <= self.high + slack)).all():
            unit = "" if self.unit_name == "1" else f" {self.unit_name}"
            ends = f"{self.low / self.unit:g} to {self.high / self.unit:g}{unit}"
            raise DeclarationError(where, f"values must lie from {ends}", values)
        along = np.log if self.is_log else np.asarray
        low, high = along([self.low, self.high])
        return np.clip((along(numbers) - low) / (high - low), 0, 1)


def columns_at(axes: Sequence[Axis], places: np.ndarray) -> dict[str, np.ndarray]:
    """Return the values at places (points, axes) by label, in the units that tables show."""
    return {axis.label: axis.shown_at(places[:, n]) for n, axis in enumerate(axes)}


def places_of(axes: Sequence[Axis], where: str, values: Any) -> np.ndarray:
    """Return the places of values, (points, axes).

    Parameters
    ----------
    values
        By label, with units; or a data frame in the units that tables show.

    Raises
    ------
    DeclarationError
        Where an axis is missing or unknown, or values are wrong.
    """
    labels = [axis.label for axis in axes]
    if hasattr(values, "columns"):
        values = {
            axis.label: _with_unit(axis, values[axis.label])
            for axis in axes
            if axis.label in values.columns
        }
    _check_names(where, values, labels)
    columns = [axis.places_of(f"{where}[{axis.label!r}]", values[axis.label]) for axis in axes]
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise DeclarationError(where, "each parameter must have as many values", lengths)
    return np.stack(columns, axis=1)


def _with_unit(axis: Axis, column: Any) -> Any:
    return Quantity(np.asarray(column, dtype=float) * axis.unit, dim=axis.dim)


def _check_names(where: str, values: Any, labels: Sequence[str]) -> None:
    if not isinstance(values, Mapping):
        told = "must be a dictionary of values with units, or a data frame"
        raise DeclarationError(where, told, type(values).__name__)
    for name in values:
        if name not in labels:
            told = "the model must have a parameter of that name"
            raise DeclarationError(where, told, name, nearest(str(name), labels))
    missing = [label for label in labels if label not in values]
    if missing:
        raise DeclarationError(where, "needs a value of each parameter", f"none of {missing}")


def labels_of(name: str, size: int) -> list[str]:
    """Return the labels of one number, or of several under one name."""
    return [name] if size == 1 else [f"{name}[{n}]" for n in range(size)]
