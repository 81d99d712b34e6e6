"""Operators of expressions as C++: whole numbers as in numpy, extreme ones in double precision."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np
from brian2.parsing.rendering import CPPNodeRenderer

from neuromodels.simulation.capture.magnitudes import Magnitudes, fits_single
from neuromodels.simulation.capture.number_kinds import (
    BOOL,
    REAL,
    UNSIGNED,
    Kind,
    Literal,
    NumberKinds,
)

#: Operators that wrap around, and those that round towards minus infinity.
WRAPPING = {ast.Add: "_plus", ast.Sub: "_minus", ast.Mult: "_times"}
FLOORING = {ast.Mod: "_whole_mod", ast.FloorDiv: "_whole_floordiv"}

#: C++ has no literal for the smallest integer.
SMALLEST = -(2**63)


def type_of(kind: Kind) -> str:
    """Return the C++ type of integers of a kind."""
    if isinstance(kind, Literal):
        return "int64_t"
    return "bool" if kind == BOOL else f"{kind.name}_t"


def whole_literal(value: int) -> str:
    """Return a whole number as C++ can read it."""
    if value == SMALLEST:
        return f"({value + 1} - 1)"
    return str(value) if SMALLEST < value < -SMALLEST else f"nm_real({float(value)!r})"


class ArithmeticRenderer(CPPNodeRenderer):
    """Renders operators.

    Parameters
    ----------
    auto_vectorise
        Functions that take the index of the loop, such as ``_rand``.
    kinds, magnitudes
        What is known of the names in the expression.
    """

    def __init__(self, auto_vectorise: set[str], kinds: NumberKinds, magnitudes: Magnitudes):
        super().__init__(auto_vectorise=auto_vectorise)
        self.kinds = kinds
        self.magnitudes = magnitudes
        self.exact = False  # literals and constants are doubles
        self.wide = False  # variables too

    # ------------------------------------------------------------------------- extreme numbers

    def render_node(self, node: ast.AST) -> str:
        """Compute in double what single precision cannot hold, and go back as soon as it can."""
        if not isinstance(node, ast.BinOp | ast.UnaryOp) or self.wide or self.exact:
            return super().render_node(node)
        if self.magnitudes.is_extreme(node):
            return self._in_double(super().render_node, node)
        code = super().render_node(node)
        returns = not self.kinds.is_whole(node) and any(map(self._is_double, _operands(node)))
        return f"nm_real({code})" if returns else code

    def widened(self, node: ast.Name, code: str) -> str:
        """Widen real numbers where an extreme result is computed."""
        return f"double({code})" if self.wide and not self.kinds.is_whole(node) else code

    def _in_double(self, render: Callable[[Any], str], node: ast.AST) -> str:
        before = self.exact, self.wide
        self.exact = self.wide = True
        code = render(node)
        self.exact, self.wide = before
        return code

    def _narrowly(self, render: Callable[[Any], str], node: ast.AST) -> str:
        """Render what begins anew within an extreme expression: arguments and comparisons."""
        if not self.wide:
            return render(node)
        before = self.exact, self.wide
        self.exact = self.wide = False
        code = render(node)
        self.exact, self.wide = before
        return code

    def _is_double(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return any(map(self._is_double, node.args))
        return self.magnitudes.is_extreme(node)

    # --------------------------------------------------------------------------- whole numbers

    def render_Constant(self, node: ast.Constant) -> str:
        value = node.value
        if isinstance(value, int | np.integer) and not isinstance(value, bool):
            return whole_literal(int(value))
        return super().render_Constant(node)

    def render_UnaryOp(self, node: ast.UnaryOp) -> str:
        """Negate; the smallest integer stays what it is."""
        kind = self.kinds.of(node)
        if not isinstance(node.op, ast.USub) or self._is_real(node) or isinstance(kind, Literal):
            return super().render_UnaryOp(node)
        return f"_negative<{type_of(kind)}>({self.render_node(node.operand)})"

    def render_BinOp(self, node: ast.BinOp) -> str:
        """Compute with integers in the type that numpy takes, without overflow."""
        operator = type(node.op)
        if operator in FLOORING and self.kinds.is_whole(node):
            return self._typed(FLOORING[operator], node, node.left, node.right)
        if operator in WRAPPING and not self._is_real(node):
            if self.kinds.of(node) == BOOL:
                return self._of_truth_values(node)
            return self._typed(WRAPPING[operator], node, node.left, node.right)
        return super().render_BinOp(node)

    def render_Compare(self, node: ast.Compare) -> str:
        """Compare integers of either sign by their values."""
        left, right = node.left, node.comparators[0]
        meets = any(self.kinds.of(side) in UNSIGNED for side in (left, right))
        if not meets or not (self.kinds.is_whole(left) and self.kinds.is_whole(right)):
            return self._narrowly(super().render_Compare, node)
        found = self.kinds.common(left, right)
        type_ = "double" if found == REAL else type_of(found)
        sides = [f"{type_}({self.render_node(side)})" for side in (left, right)]
        return f"{sides[0]} {self.expression_ops[type(node.ops[0]).__name__]} {sides[1]}"

    def render_Call(self, node: ast.Call) -> str:
        """Give clip the type of all that it compares."""
        if self.kinds.name_of(node) == "clip" and len(node.args) == 3:
            found = self.kinds.common(*node.args)
            if found != REAL and not any(map(self.kinds.is_held_as_real, node.args)):
                return self._typed("_whole_clip", node, *node.args)
        return self._narrowly(self.render_plain_call, node)

    def render_plain_call(self, node: ast.Call) -> str:
        """Render a call as Brian2 does."""
        return super().render_Call(node)

    def _is_real(self, node: ast.AST) -> bool:
        return self.kinds.of(node) == REAL or self.kinds.is_held_as_real(node)

    def _typed(self, function: str, node: ast.AST, *arguments: ast.AST) -> str:
        given = ", ".join(self.render_node(argument) for argument in arguments)
        return f"{function}<{type_of(self.kinds.common(*arguments))}>({given})"

    def _of_truth_values(self, node: ast.BinOp) -> str:
        """Render a sum or product of truth values, which numpy takes as `or` and `and`."""
        sides = [self.render_element_parentheses(side) for side in (node.left, node.right)]
        signs = {ast.Add: "||", ast.Mult: "&&", ast.Sub: "!="}
        return f"({sides[0]} {signs[type(node.op)]} {sides[1]})"


def real_literal(value: float) -> str:
    """Return a real number in the precision of the run, or in double if that cannot hold it."""
    return f"nm_real({value!r})" if fits_single(value) else repr(value)


def _operands(node: ast.AST) -> list[ast.AST]:
    return [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]  # type: ignore[attr-defined]
