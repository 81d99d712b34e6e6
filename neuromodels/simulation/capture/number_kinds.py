"""What kind of number each part of an expression is, by numpy's rules of promotion."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2.core.functions import Function
from brian2.core.variables import Constant

REAL = np.dtype(np.float64)
BOOL = np.dtype(bool)
WIDEST = np.dtype(np.int64)

#: Of the kinds that C++ would convert to an unsigned one when it meets a signed one.
UNSIGNED = (np.dtype(np.uint32), np.dtype(np.uint64))


class Literal(int):
    """A whole number that takes the type of what it meets, as numpy 2 has it."""


Kind = np.dtype | Literal


class NumberKinds:
    """Kinds of the parts of expressions.

    Parameters
    ----------
    variables
        By the name that expressions use.
    functions
        Brian2's names of its functions, by those in expressions.
    """

    def __init__(self, variables: Mapping[str, Any], functions: Mapping[str, str]):
        self.variables = variables
        self.functions = functions
        self.locals: dict[str, Kind] = {}

    def of(self, node: ast.AST) -> Kind:
        """Return the kind of a part of an expression."""
        known = vars(node)
        if "kind_of_number" not in known:
            find = getattr(self, f"_of_{type(node).__name__}", None)
            known["kind_of_number"] = REAL if find is None else find(node)
        return known["kind_of_number"]

    def is_whole(self, node: ast.AST) -> bool:
        """Whether a part is an integer or a truth value."""
        return self.of(node) != REAL

    def is_held_as_real(self, node: ast.AST) -> bool:
        """Whether C++ computes a part with real numbers, whatever its kind is."""
        if isinstance(node, ast.Call) and self.name_of(node) in ("abs", "sign", "clip"):
            return any(self.is_held_as_real(argument) for argument in node.args)
        if isinstance(node, ast.Call):
            return not self.is_whole(node)
        if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            return self.is_held_as_real(node.operand)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            return True
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            return self.is_held_as_real(node.left) or self.is_held_as_real(node.right)
        return not self.is_whole(node)

    def common(self, *nodes: ast.AST) -> np.dtype:
        """Return the type in which numpy would compute with several parts."""
        kinds = [self.of(node) for node in nodes]
        typed = [kind for kind in kinds if isinstance(kind, np.dtype)]
        if REAL in typed:
            return REAL
        literals = [kind for kind in kinds if isinstance(kind, Literal)]
        found = np.result_type(*typed) if typed else WIDEST
        found = WIDEST if found == BOOL and literals else found
        return found if all(_fits(value, found) for value in literals) else WIDEST

    # --------------------------------------------------------------------------- kinds of nodes

    def _of_Constant(self, node: ast.Constant) -> Kind:
        return _kind_of_value(node.value)

    def _of_Name(self, node: ast.Name) -> Kind:
        if node.id in ("True", "False"):
            return BOOL
        if node.id in self.locals:
            return self.locals[node.id]
        variable = self.variables.get(node.id)
        if isinstance(variable, Constant):
            return _kind_of_value(np.asarray(variable.get_value()).item())
        kind = np.dtype(getattr(variable, "dtype", None) or REAL)
        return REAL if kind.kind == "f" else kind

    def _of_UnaryOp(self, node: ast.UnaryOp) -> Kind:
        inner = self.of(node.operand)
        if isinstance(node.op, ast.Not):
            return BOOL
        if isinstance(inner, Literal) and isinstance(node.op, ast.USub):
            return Literal(-inner)
        return inner

    def _of_Compare(self, node: ast.Compare) -> Kind:
        return BOOL

    def _of_BoolOp(self, node: ast.BoolOp) -> Kind:
        return BOOL

    def _of_BinOp(self, node: ast.BinOp) -> Kind:
        if isinstance(node.op, ast.Div):
            return REAL
        found = self.common(node.left, node.right)
        if found == BOOL and isinstance(node.op, ast.FloorDiv | ast.Mod | ast.Pow):
            return np.dtype(np.int8)
        return found

    def _of_Call(self, node: ast.Call) -> Kind:
        name = self.name_of(node)
        function = self.variables.get(getattr(node.func, "id", ""))
        returned = getattr(function, "_return_type", "float")
        if not isinstance(function, Function) or returned == "float":
            return REAL
        if returned == "highest":
            return self.common(*node.args)
        if returned == "boolean":
            return BOOL
        return np.dtype(np.int64 if name == "timestep" else np.int32)

    def name_of(self, node: ast.Call) -> str:
        """Return Brian2's name of the function that is called."""
        written = getattr(node.func, "id", "")
        return self.functions.get(written, written)


def _kind_of_value(value: object) -> Kind:
    if isinstance(value, bool | np.bool_):
        return BOOL
    if isinstance(value, int | np.integer) and -(2**63) <= value < 2**63:
        return Literal(value)
    return REAL


def _fits(value: int, kind: np.dtype) -> bool:
    if kind == BOOL:
        return True
    bounds = np.iinfo(kind)
    return bool(bounds.min <= value <= bounds.max)
