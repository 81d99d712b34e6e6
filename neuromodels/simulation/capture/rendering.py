"""Expressions of equations as C++, in the precision of the run."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from neuromodels.simulation.capture.arithmetic import ArithmeticRenderer, real_literal
from neuromodels.simulation.capture.exact_rendering import (
    constant_value,
    render_exactly,
    side_value,
)
from neuromodels.simulation.capture.identifiers import local_name
from neuromodels.simulation.capture.magnitudes import Magnitudes
from neuromodels.simulation.capture.number_kinds import NumberKinds
from neuromodels.simulation.capture.time_flow import TimeFlow

#: Numbers without digits, as Python and as C++ write them.
SPECIAL = {"inf": "INFINITY", "-inf": "-INFINITY", "nan": "NAN"}


def _cheap_power(node: ast.BinOp) -> str | None:
    """Return a cheaper function for a power with a small whole exponent or 1/2, 1/4 or 1/8."""
    if not isinstance(node.op, ast.Pow) or not isinstance(node.right, ast.Constant):
        return None
    value = node.right.value
    if not isinstance(value, (int, float)) or not 0 < value <= 64:
        return None
    if float(value).is_integer():
        return f"_power<{int(value)}>"
    halvings = {0.5: 1, 0.25: 2, 0.125: 3}.get(value)
    return f"_root<{halvings}>" if halvings else None


def _is_power_of_exp(node: ast.BinOp) -> bool:
    """Whether a node is ``exp(x)**c``, which is ``exp(c*x)``: sympy likes to write it so."""
    return (
        isinstance(node.op, ast.Pow)
        and isinstance(node.right, ast.Constant)
        and isinstance(node.left, ast.Call)
        and getattr(node.left.func, "id", "") == "exp"
    )


class RealRenderer(ArithmeticRenderer):
    """Renders expressions in the precision of the run.

    Parameters
    ----------
    calls
        How each function is called, by its name in equations.
    auto_vectorise
        Functions that take the index of the loop, such as ``rand``.
    known
        Names that stand for something, whatever they mean elsewhere.
    times
        Names that are doubles whatever the precision.
    constants
        Values of named floating-point constants.
    flow
        Where times lead to jumps.
    kinds, magnitudes
        What is known of the names in the expression.
    """

    def __init__(
        self,
        calls: dict[str, str],
        auto_vectorise: set[str],
        known: set[str],
        times: set[str],
        constants: dict[str, float],
        flow: TimeFlow,
        kinds: NumberKinds,
        magnitudes: Magnitudes,
    ):
        super().__init__(auto_vectorise, kinds, magnitudes)
        self.calls = calls
        self.known = known
        self.times = times
        self.constants = constants
        self.flow = flow
        self.strict = False  # each operation as numpy rounds it

    def render_node(self, node: ast.AST) -> str:
        if self.strict:
            value = constant_value(node, self.constants)
            return super().render_node(node) if value is None else f"({value!r})"
        if self.flow.is_timestep(node) or not self.flow.is_jump(node):
            return super().render_node(node)
        return self.render_strictly(node)

    def render_strictly(self, node: ast.AST) -> str:
        """Render a node whose value must not differ from numpy's in any digit."""
        self.strict = True
        code = self._exactly(self.render_node, node)
        self.strict = False
        return code

    def render_Constant(self, node: ast.Constant) -> str:
        value = node.value
        if not isinstance(value, (float, np.floating)):
            return super().render_Constant(node)
        if repr(float(value)) in SPECIAL:
            number = SPECIAL[repr(float(value))]
            return number if self.exact else f"nm_real({number})"
        return repr(float(value)) if self.exact else real_literal(float(value))

    def render_Name(self, node: ast.Name) -> str:
        if node.id == "dt" and "dt" in self.times and not self.exact:
            return f"nm_real({local_name('dt')})"
        if node.id in SPECIAL and node.id not in self.known:  # of sqrt(-1) or 1e300*1e300
            return SPECIAL[node.id] if self.exact else f"nm_real({SPECIAL[node.id]})"
        if self.exact and node.id in self.constants:
            return repr(self.constants[node.id])
        if node.id in self.flow.exact and not self.exact:
            return f"nm_real({local_name(node.id)})"
        return self.widened(node, local_name(node.id))

    def render_func(self, node: ast.Name) -> str:
        return self.calls.get(node.id, node.id)

    def render_Call(self, node: ast.Call) -> str:
        if not self.flow.is_timestep(node):
            return super().render_Call(node)
        return self._exactly(self.render_plain_call, node)

    def render_plain_call(self, node: ast.Call) -> str:
        if node.keywords:
            return super().render_plain_call(node)  # which Brian2 refuses
        arguments = [self.render_node(argument) for argument in node.args]
        if node.func.id in self.auto_vectorise:  # type: ignore[attr-defined]
            arguments.append("_vectorisation_idx")
        return f"{self._function_of(node)}({', '.join(arguments)})"

    def _function_of(self, node: ast.Call) -> str:
        """Return what is called: a clip has a faster form between numbers."""
        bounds = node.args[1:]
        known = all(side_value(bound, self.constants) is not None for bound in bounds)
        if self.kinds.name_of(node) == "clip" and known:
            return "_clip_between"
        return self.render_func(node.func)  # type: ignore[arg-type]

    def _exactly(self, render: Callable[[Any], str], node: ast.AST) -> str:
        outer, self.exact = self.exact, True
        code = render(node)
        self.exact = outer
        return code

    def render_BinOp(self, node: ast.BinOp) -> str:
        if self.strict and not self.kinds.is_whole(node):
            return render_exactly(node, self.render_node)
        if _is_power_of_exp(node):  # pow() is slow and does not vectorise
            product = ast.BinOp(node.right, ast.Mult(), node.left.args[0])  # type: ignore[attr-defined]
            return self.render_node(ast.Call(node.left.func, [product], []))  # type: ignore[attr-defined]
        power = _cheap_power(node)
        if power is not None:
            return f"{power}({self.render_node(node.left)})"
        if isinstance(node.op, ast.Div):
            return f"_divide({self.render_node(node.left)}, {self.render_node(node.right)})"
        if isinstance(node.op, ast.Sub) and self._both_times(node) and not self.exact:
            return f"nm_real({super().render_BinOp(node)})"
        return super().render_BinOp(node)

    def _both_times(self, node: ast.BinOp) -> bool:
        sides = (node.left, node.right)
        return all(isinstance(side, ast.Name) and side.id in self.times for side in sides)
