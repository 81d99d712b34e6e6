"""What was observed: values of a model's measures, in the order of the columns that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.exploration.axes import labels_of
from neuromodels.models.compiled import Compiled
from neuromodels.models.names import nearest
from neuromodels.models.parameters import in_si, unit_name

WHERE = "infer.observed"


@dataclass(frozen=True)
class Observed:
    """Observed values, one for each column.

    Parameters
    ----------
    labels
        Names of the columns.
    values
        In SI units, (columns,).
    units
        Names of these units.
    """

    labels: tuple[str, ...]
    values: np.ndarray
    units: tuple[str, ...]

    def columns_of(self, measured: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the observed columns of all that was measured, (instances, columns)."""
        return np.stack([measured[label] for label in self.labels], axis=1)


def observed_of(compiled: Compiled, given: Any) -> Observed:
    """Check what a user observed.

    Raises
    ------
    DeclarationError
        Where a name is no measure, a unit is another, or a value is not finite.
    """
    if not isinstance(given, Mapping) or not given:
        told = "must be a dictionary with the value of one measure or more"
        raise DeclarationError(WHERE, told, given)
    labels: list[str] = []
    numbers: list[float] = []
    units: list[str] = []
    for name, value in given.items():
        if name not in compiled.readings:
            told = "the model must have a measure of that name"
            raise DeclarationError(WHERE, told, name, nearest(str(name), compiled.readings))
        found = _numbers(compiled, name, value)
        labels += labels_of(name, len(found))
        numbers += found.tolist()
        units += [unit_name(compiled.readings[name].dim)] * len(found)
    return Observed(tuple(labels), np.array(numbers), tuple(units))


def _numbers(compiled: Compiled, name: str, value: Any) -> np.ndarray:
    where, reading = f"{WHERE}[{name!r}]", compiled.readings[name]
    numbers = np.ravel(in_si(where, value, reading.dim))
    size = _size(reading.axes or {})
    if len(numbers) != size:
        told = "must be one number" if size == 1 else f"must be {size} numbers"
        raise DeclarationError(where, told, np.shape(value))
    if not np.isfinite(numbers).all():
        cure = "Leave it out where it could not be measured."
        raise DeclarationError(where, "must be finite", value, cure)
    return numbers


def _size(axes: Mapping[str, Sequence[Any] | np.ndarray]) -> int:
    size = 1
    for coordinates in axes.values():
        size *= len(coordinates)
    return size
