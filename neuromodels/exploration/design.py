"""Which values of the parameters are tried: grids, tables, Latin hypercubes, Sobol points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Quantity, get_dimensions
from scipy.stats import qmc

from neuromodels.errors import DeclarationError
from neuromodels.models.model import Model
from neuromodels.models.parameters import in_si
from neuromodels.seeding import generator

MOST_POINTS = 100_000_000


@dataclass(frozen=True)
class Design:
    """Points in the space of a model's parameters.

    Parameters
    ----------
    values
        By parameter, with their units: of a grid, the values along each axis; of a table, one value
        for each point. The value of a parameter that is several numbers is a row of them.
    is_grid
        Whether each value meets each value of the others.
    is_si
        Whether values are plain numbers of SI units.
    """

    values: Mapping[str, Any]
    is_grid: bool
    is_si: bool = False

    def __post_init__(self) -> None:
        lengths = self.lengths
        if not lengths or min(lengths.values()) == 0:
            raise DeclarationError("Design.values", "needs a value for some parameter", lengths)
        if not self.is_grid and len(set(lengths.values())) > 1:
            told = "each parameter must have as many values"
            raise DeclarationError("Design.values", told, lengths)
        if len(self) > MOST_POINTS:
            told = f"must have at most {MOST_POINTS:,} points"
            raise DeclarationError("Design.values", told, f"{len(self):,}")

    def __len__(self) -> int:
        lengths = self.lengths.values()
        return math.prod(lengths) if self.is_grid else next(iter(lengths))

    @property
    def lengths(self) -> dict[str, int]:
        """How many values there are of each parameter."""
        return {name: _length(values) for name, values in self.values.items()}

    def points(self, dims: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return the values of all points in SI units, (points, numbers) each.

        Parameters
        ----------
        dims
            The unit of each parameter.

        Raises
        ------
        DeclarationError
            Where a value has another unit, or is not finite.
        """
        rows = {name: self._rows(name, values, dims[name]) for name, values in self.values.items()}
        if not self.is_grid:
            return rows
        meshed = np.meshgrid(*(np.arange(len(each)) for each in rows.values()), indexing="ij")
        return {n: rows[n][chosen.ravel()] for n, chosen in zip(rows, meshed, strict=True)}

    def _rows(self, name: str, values: Any, dim: Any) -> np.ndarray:
        where = f"Design[{name!r}]"
        if self.is_si:
            values = Quantity(np.asarray(values, dtype=float), dim=dim)
        elif not isinstance(values, Quantity) and isinstance(values, Sequence | np.ndarray):
            values = _joined(where, values)
        numbers = np.atleast_1d(in_si(where, values, dim))
        if not np.isfinite(numbers).all():
            raise DeclarationError(where, "values must be finite", float(numbers.min()))
        return numbers.reshape(len(numbers), -1)


def _length(values: Any) -> int:
    try:
        return len(values)
    except TypeError:  # a single number
        return 1


def _joined(where: str, values: Sequence | np.ndarray) -> Any:
    """Return a list of quantities as one, as ``[1*ms, 2*ms]`` is meant."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values
    if isinstance(values, str) or not len(values):
        raise DeclarationError(where, "values must be a list of numbers", values)
    try:
        dims = {get_dimensions(value) for value in values}
        numbers = np.array([np.asarray(value, dtype=float) for value in values])
    except (TypeError, ValueError):
        told = "values must be numbers, and rows of them of one length"
        raise DeclarationError(where, told, type(values).__name__) from None
    if len(dims) > 1:
        raise DeclarationError(where, "all values must have one unit", list(map(str, dims)))
    dim = dims.pop()
    return numbers if dim is DIMENSIONLESS else Quantity(numbers, dim=dim)


def grid(**values: Any) -> Design:
    """Return a grid: each value of a parameter with each value of all others."""
    return Design(values, is_grid=True)


def table(values: Mapping[str, Any] | Any) -> Design:
    """Return a list of points.

    Parameters
    ----------
    values
        By parameter, one value for each point; or a pandas `DataFrame`, in SI units.
    """
    if _is_frame(values):
        columns = {str(name): np.asarray(values[name]) for name in values}
        return Design(columns, is_grid=False, is_si=True)
    return Design(dict(values), is_grid=False)


def _is_frame(values: Any) -> bool:
    return hasattr(values, "columns") and hasattr(values, "iloc")


def latin_hypercube(model: Model, points: int, seed: int = 0) -> Design:
    """Return points of a Latin hypercube between the bounds of a model's parameters."""
    draw = qmc.LatinHypercube(len(model.parameters), rng=generator(seed, "latin hypercube"))
    return placed(model, draw.random(_count(points)))


def sobol(model: Model, points: int, seed: int = 0) -> Design:
    """Return scrambled Sobol points between the bounds of a model's parameters.

    A power of two keeps their balance.
    """
    draw = qmc.Sobol(len(model.parameters), rng=generator(seed, "sobol"))
    count = _count(points)
    return placed(model, draw.random_base2(math.ceil(math.log2(count)))[:count])


def placed(model: Model, places: np.ndarray) -> Design:
    """Return the points at places (points, parameters) between 0 and 1, along each scale."""
    columns = {}
    for (name, parameter), column in zip(model.parameters.items(), places.T, strict=True):
        values = parameter.values_at(column)
        columns[name] = Quantity(values, dim=get_dimensions(parameter.low))
    return Design(columns, is_grid=False)


def _count(points: Any) -> int:
    if not isinstance(points, int) or not 1 <= points <= MOST_POINTS:
        told = f"must be a whole number from 1 to {MOST_POINTS:,}"
        raise DeclarationError("Design.points", told, points)
    return points


def design_of(points: Any, model: Model) -> Design:
    """Return what a user gave as a design: a dictionary is a grid, a data frame a table.

    Raises
    ------
    DeclarationError
        Where it is neither, or names a parameter that the model does not have.
    """
    if _is_frame(points):
        points = table(points)
    if isinstance(points, Mapping):
        points = Design(points, is_grid=True)
    if not isinstance(points, Design):
        cure = "Write {'name': values} for a grid, or table(...) for a list of points."
        raise DeclarationError("sweep.points", "must be a design", type(points).__name__, cure)
    for name in points.values:
        if name not in model.parameters:
            from neuromodels.models.names import nearest

            told = "the model must have a parameter of that name"
            raise DeclarationError("sweep.points", told, name, nearest(name, model.parameters))
    return points
