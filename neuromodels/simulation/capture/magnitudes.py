"""How large the parts of an expression are, so that single precision can hold them.

A power of a current in pA leaves the range of single precision, however moderate the result of the
whole expression is.  Units tell: a quantity of a cell has a usual size, and a named constant has a
value.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2.core.variables import Constant
from brian2.units.fundamentalunits import Dimension

#: Powers of ten of what is usual in a cell: um, 1e-12 kg, ms, pA, K, zmol and cd, from which
#: follow mV, nS, pF, um^3 and mmol/l.
USUAL = {"m": -6, "kg": -12, "s": -3, "A": -12, "K": 2, "mol": -21, "cd": 0}

#: Beyond 10 to this power, or below its inverse, single precision is not safe.
SAFE = 28

#: Numbers that single precision has with all of their digits.
SMALLEST, LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


def fits_single(value: float) -> bool:
    """Whether single precision has a number with all of its digits."""
    return value == 0 or not math.isfinite(value) or SMALLEST <= abs(value) <= LARGEST


class Magnitudes:
    """Powers of ten of the parts of expressions; None where nothing tells.

    Parameters
    ----------
    variables
        By the name that expressions use.
    """

    def __init__(self, variables: Mapping[str, Any]):
        self.variables = variables
        self.locals: dict[str, float | None] = {}

    def is_extreme(self, node: ast.AST) -> bool:
        """Whether single precision may not hold a part of an expression."""
        size = self.of(node)
        return size is not None and abs(size) > SAFE

    def of(self, node: ast.AST) -> float | None:
        """Return the power of ten of a part of an expression."""
        known = vars(node)
        if "magnitude" not in known:
            find = getattr(self, f"_of_{type(node).__name__}", None)
            known["magnitude"] = None if find is None else find(node)
        return known["magnitude"]

    def _of_Constant(self, node: ast.Constant) -> float | None:
        return _size(node.value)

    def _of_Name(self, node: ast.Name) -> float | None:
        if node.id in self.locals:
            return self.locals[node.id]
        variable = self.variables.get(node.id)
        if isinstance(variable, Constant):
            return _size(np.asarray(variable.get_value()).item())
        dim = getattr(variable, "dim", None)
        return _usual(dim) if isinstance(dim, Dimension) else None

    def _of_UnaryOp(self, node: ast.UnaryOp) -> float | None:
        return None if isinstance(node.op, ast.Not) else self.of(node.operand)

    def _of_BinOp(self, node: ast.BinOp) -> float | None:
        left, right = self.of(node.left), self.of(node.right)
        if isinstance(node.op, ast.Pow):
            power = _number(node.right)
            return None if left is None or power is None else left * power
        if isinstance(node.op, ast.Mult):
            return _added(left, right)
        if isinstance(node.op, ast.Div | ast.FloorDiv):
            return _added(left, None if right is None else -right)
        if isinstance(node.op, ast.Mod):
            return right
        return _of_sum(left, right)

    def _of_Call(self, node: ast.Call) -> float | None:
        name = getattr(node.func, "id", "")
        if name in ("abs", "clip") and node.args:
            return self.of(node.args[0])
        if name == "sqrt" and node.args:
            inner = self.of(node.args[0])
            return None if inner is None else inner / 2
        return None


def _of_sum(left: float | None, right: float | None) -> float | None:
    """Return the larger size; of one that nothing tells, that it is not extreme alone."""
    if left is not None and right is not None:
        return max(left, right)
    known = right if left is None else left
    return known if known is not None and abs(known) > SAFE else None


def _added(left: float | None, right: float | None) -> float | None:
    if left is None and right is None:
        return None
    return (left or 0.0) + (right or 0.0)


def _size(value: object) -> float | None:
    """Return the power of ten of a number; None for 0 and what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = abs(float(value))
    return float(math.log10(number)) if 0 < number < math.inf else None


def _usual(dim: Dimension) -> float | None:
    """Return the usual size of a quantity; None where it has no unit."""
    if dim.is_dimensionless:
        return None
    sizes = (dim.get_dimension(unit) * power for unit, power in USUAL.items())
    return float(sum(sizes))


def _number(node: ast.AST) -> float | None:
    """Return the value of an exponent that is written as a number."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    return None
