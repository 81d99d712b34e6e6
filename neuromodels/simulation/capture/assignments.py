"""Assignments between kinds of numbers: what a target takes of an expression."""

from __future__ import annotations

import ast
from copy import copy
from typing import Any

import numpy as np

from neuromodels.simulation.capture.arithmetic import type_of
from neuromodels.simulation.capture.magnitudes import Magnitudes
from neuromodels.simulation.capture.number_kinds import BOOL, REAL, WIDEST, Literal, NumberKinds
from neuromodels.simulation.capture.syntax import syntax_tree


class Assignments:
    """The targets of a code object's statements, one after the other.

    Parameters
    ----------
    kinds, magnitudes
        What is known of names; local ones are added.
    """

    def __init__(self, kinds: NumberKinds, magnitudes: Magnitudes):
        self.kinds = kinds
        self.magnitudes = magnitudes
        self.declared: dict[str, np.dtype] = {}

    def dtype_of(self, statement: Any) -> np.dtype:
        """Return the type of what a statement sets."""
        if statement.op == ":=":
            self.declared[statement.var] = np.dtype(statement.dtype)
        if statement.var in self.declared:
            return self.declared[statement.var]
        return np.dtype(getattr(self.kinds.variables[statement.var], "dtype", REAL))

    def spelled_out(self, statement: Any) -> Any:
        """Return a statement whose operator C++ has for its target: `n *= x` becomes `n = n*x`."""
        in_place = statement.op not in ("=", ":=")
        if not in_place or (statement.op != "%=" and self.dtype_of(statement).kind == "f"):
            return statement

        def whole(expression: str) -> str:
            return f"{statement.var} {statement.op[:-1]} ({expression})"

        spelled = copy(statement)
        spelled.op, spelled.expr = "=", whole(statement.expr)
        simpler = statement.boolean_simplified_expressions or {}
        spelled.boolean_simplified_expressions = {k: whole(e) for k, e in simpler.items()}
        return spelled

    def conversion(self, statement: Any) -> str | None:
        """Return the C++ type to which a value must be converted, where C++ would do otherwise."""
        target, node = self.dtype_of(statement), syntax_tree(statement.expr)
        if target.kind == "f" or (target == BOOL and self.kinds.of(node) == BOOL):
            return None
        if target != BOOL and not self.kinds.is_held_as_real(node):
            return None
        return type_of(target)

    def learn(self, statement: Any) -> None:
        """Note kind and magnitude of a local variable."""
        if statement.op != ":=":
            return
        target, node = self.dtype_of(statement), syntax_tree(statement.expr)
        kind = self.kinds.of(node)
        if target.kind == "f" or target == BOOL:
            kind = REAL if target.kind == "f" else BOOL
        elif kind == REAL or (isinstance(kind, Literal) and not isinstance(node, ast.Constant)):
            kind = WIDEST
        self.kinds.locals[statement.var] = kind
        self.magnitudes.locals[statement.var] = self.magnitudes.of(node)

    def is_double(self, statement: Any) -> bool:
        """Whether single precision cannot hold the local variable that a statement makes."""
        is_real = statement.op == ":=" and self.dtype_of(statement).kind == "f"
        return is_real and self.magnitudes.is_extreme(syntax_tree(statement.expr))
