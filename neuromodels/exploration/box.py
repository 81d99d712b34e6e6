"""The space between the bounds of all parameters, as a cube with edges from 0 to 1."""

from __future__ import annotations

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS

from neuromodels.errors import DeclarationError
from neuromodels.exploration.axes import Axis, labels_of
from neuromodels.models.compiled import Compiled
from neuromodels.models.parameters import Parameter

#: Numbers of all parameters together; a question about more is one that nobody can answer.
MOST_NUMBERS = 1000


class Box:
    """The parameters of a model, each number an axis.

    Parameters
    ----------
    compiled
        The model.
    where
        Who asks; begins each message.

    Attributes
    ----------
    axes
        One for each number.
    parts
        By parameter: which of the axes are its numbers.

    Raises
    ------
    DeclarationError
        Where there are no parameters, one has no bounds, or they are too many numbers.
    """

    def __init__(self, compiled: Compiled, where: str):
        self.compiled = compiled
        self.parameters: dict[str, Parameter] = dict(compiled.model.parameters)
        if not self.parameters:
            raise DeclarationError(where, "the model must have parameters")
        sizes = {name: compiled.places[name].size for name in self.parameters}
        if sum(sizes.values()) > MOST_NUMBERS:
            told = f"the parameters must be at most {MOST_NUMBERS:,} numbers together"
            raise DeclarationError(where, told, sizes)
        self.axes: list[Axis] = []
        self.parts: dict[str, slice] = {}
        for name, size in sizes.items():
            self.parts[name] = slice(len(self.axes), len(self.axes) + size)
            self.axes += self._axes_of(name, size)

    @property
    def labels(self) -> list[str]:
        """Names of the axes."""
        return [axis.label for axis in self.axes]

    def points(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Return the values at places (points, axes), in SI units by parameter."""
        return {
            name: self.parameters[name].values_at(places[:, part])
            for name, part in self.parts.items()
        }

    def columns(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Return the values at places by label, in the units that tables show."""
        values = np.concatenate(list(self.points(places).values()), axis=1)
        return {axis.label: values[:, n] / axis.unit for n, axis in enumerate(self.axes)}

    def refuse_choices(self, where: str, cure: str) -> None:
        """Refuse parameters that have a few values only.

        Raises
        ------
        DeclarationError
            With the parameter.
        """
        for name, parameter in self.parameters.items():
            if parameter.choices is not None:
                told = "parameters must have bounds here, not choices"
                raise DeclarationError(where, told, name, cure)

    def _axes_of(self, name: str, size: int) -> list[Axis]:
        parameter, dim = self.parameters[name], self.compiled.places[name].dim
        low, high = parameter.bounds  # refuses a parameter that has none
        unit = parameter.shown_unit
        shown = (1.0, "1") if dim is DIMENSIONLESS else (float(np.asarray(unit)), str(unit))
        return [
            Axis(label, low, high, parameter.scale == "log", dim, *shown)
            for label in labels_of(name, size)
        ]
