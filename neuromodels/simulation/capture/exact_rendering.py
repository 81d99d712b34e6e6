"""Operations on times as C++ calls that round as numpy rounds, and constants worked out before."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

import numpy as np
from brian2.input.timedarray import TimedArray, _find_K

#: Of times.hpp, by the kind of operation.
CALLS: dict[type[ast.operator], str] = {
    ast.Add: "_exactly_add",
    ast.Sub: "_exactly_subtract",
    ast.Mult: "_exactly_multiply",
    ast.Div: "_exactly_divide",
    ast.Mod: "_exactly_mod",
    ast.FloorDiv: "_exactly_floordiv",
}
FOLDS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def render_exactly(node: ast.BinOp, render: Callable[[ast.AST], str]) -> str:
    """Return an operation that rounds as numpy's."""
    left, right = render(node.left), render(node.right)
    if not isinstance(node.op, ast.Pow):
        return f"{CALLS[type(node.op)]}({left}, {right})"
    exponent = getattr(node.right, "value", None)
    if exponent == 2:
        return f"_exactly_square({left})"
    return f"sqrt((double)({left}))" if exponent == 0.5 else f"pow((double)({left}), {right})"


def constant_value(node: ast.AST, constants: Mapping[str, float]) -> float | None:
    """Return the value of an expression of constants that is not whole, as numpy gets it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = constant_value(node.operand, constants)
        return None if value is None else -value
    if isinstance(node, ast.BinOp) and type(node.op) in FOLDS:
        return _operation_value(node, constants)
    return None


def _operation_value(node: ast.BinOp, constants: Mapping[str, float]) -> float | None:
    sides = [side_value(side, constants) for side in (node.left, node.right)]
    left, right = sides
    if left is None or right is None or (isinstance(left, int) and isinstance(right, int)):
        return None
    if isinstance(node.op, ast.Div) and right == 0:
        return None
    value = FOLDS[type(node.op)](left, right)
    return value if np.isfinite(value) else None


def side_value(node: ast.AST, constants: Mapping[str, float]) -> float | None:
    """Return the value of one side, which may be whole."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return constant_value(node, constants)


def timed_array_source(array: TimedArray, name: str, step: float) -> str:
    """Return the C++ of a table in time: Brian2's own rounds its `dt`, and halves another way.

    Parameters
    ----------
    array
        The table.
    name
        What the function is called.
    step
        dt of the clock of the code that calls it, in seconds.
    """
    grains = _find_K(step, array.dt)
    rows = array.values.shape[0]
    row = f"_row_at(t, {float(array.dt / grains)!r}, {float(grains)!r}, {rows})"
    if array.values.ndim == 1:
        return f"""\
static inline double {name}(const double t) {{
    return _namespace{name}_values[{row}];
}}"""
    columns = array.values.shape[1]
    return f"""\
static inline double {name}(const double t, const int i) {{
    if (i < 0 || i >= {columns}) return NAN;
    return _namespace{name}_values[{row} * {columns} + i];
}}"""
