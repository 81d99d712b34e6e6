"""Arithmetic with names and units, written as text: read once, computed often."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from neuromodels.errors import DeclarationError
from neuromodels.models.measures.arithmetic import Arithmetic, Part, Values, tree_of
from neuromodels.models.names import nearest

#: Functions of plain numbers.
OF_NUMBERS: dict[str, Callable] = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt}


@dataclass(frozen=True)
class Written:
    """An expression that was read.

    Parameters
    ----------
    compute
        Takes the values of its names.
    names
        That it uses.
    dim
        Its unit.
    """

    compute: Callable[[Values], Any]
    names: list[str]
    dim: Dimension

    def values(self, values: Values) -> np.ndarray:
        """Return its value for each of some values of the names, in SI units."""
        with np.errstate(all="ignore"):
            return np.asarray(self.compute(values), dtype=float)


def read(where: str, text: str, dims: Mapping[str, Dimension]) -> Written:
    """Read an expression.

    Parameters
    ----------
    where
        Begins each message.
    text
        Numbers, units, names, ``+ - * / **``, ``abs``, ``exp``, ``log`` and ``sqrt``.
    dims
        The units of the names.

    Raises
    ------
    DeclarationError
        Where it is no such expression, a name is unknown, or units do not agree.
    """
    reader = _Reader(where, dims)
    compute, dim = reader.part(tree_of(where, text))
    if not reader.used:
        told, cure = "must use a measure", f"There are: {', '.join(dims) or 'none'}."
        raise DeclarationError(where, told, text, cure)
    return Written(compute, list(reader.used), dim)


class _Reader(Arithmetic):
    """Reads names of measures and units, and functions of plain numbers."""

    def __init__(self, where: str, dims: Mapping[str, Dimension]):
        super().__init__(where)
        self.dims = dims
        self.used: dict[str, None] = {}

    def name(self, node: ast.Name) -> Part:
        """Return how to compute a measure or a unit."""
        name = node.id
        if name in self.dims:
            self.used[name] = None
            return (lambda values: values[name]), self.dims[name]
        if name not in DEFAULT_UNITS:
            told = "must use measures that are one number, or units"
            raise self.wrong(told, name, nearest(name, self.dims))
        unit = DEFAULT_UNITS[name]
        size = float(np.asarray(unit))
        return (lambda values: size), unit.dim

    def call(self, node: ast.Call, name: str) -> Part:
        """Return how to compute a function."""
        if name not in ("abs", *OF_NUMBERS) or len(node.args) != 1 or node.keywords:
            cure = f"There are: abs, {', '.join(OF_NUMBERS)}."
            raise self.wrong("must be a function of one argument", node, cure)
        inner, dim = self.part(node.args[0])
        if name == "abs":
            return (lambda values: np.abs(inner(values))), dim
        if dim != DIMENSIONLESS:
            raise self.wrong(f"{name} takes a plain number, not {dim}", node)
        compute = OF_NUMBERS[name]
        return (lambda values: compute(inner(values))), dim

    def other(self, node: ast.expr) -> DeclarationError:
        """Return the error of a node that is no arithmetic."""
        return self.wrong("must be arithmetic with measures and units", node)
