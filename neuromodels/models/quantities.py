"""Numbers with units as a file writes them: ``"5 ms"``, ``"2 nS/cm**2"``, ``12``."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import DIMENSIONLESS, Quantity, get_dimensions

from neuromodels.errors import shown
from neuromodels.study.kinds import is_number, nearest

MUST = "must be a number with its unit, such as '10 ms'"
LONGEST = 200
"""Letters of a quantity."""
UNITS = {
    **{str(unit): unit for unit in DEFAULT_UNITS.values() if float(unit) == 1},
    **DEFAULT_UNITS,
}
"""Brian2's names of units, and how it writes those without a prefix: ``s``, ``V``, ``A``."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class Unreadable(ValueError):
    """A value that is not what its key wants; says what it must be and what it is."""


def unreadable(must: str, value: object, cure: str = "") -> Unreadable:
    """Return the error of a value."""
    return Unreadable(f"{must}; got {shown(value)}.{cure}")


def quantity_of(value: Any) -> Any:
    """Return a number or a text as a number, a quantity, or a unit where it has no number.

    Raises
    ------
    Unreadable
        Where it is neither, or not finite.
    """
    if is_number(value):
        return value
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST:
        raise unreadable(MUST, value)
    text = value.strip()
    number = _NUMBER.match(text)
    rest = (text[number.end() :] if number else text).strip()
    if number and not math.isfinite(float(number[0])):
        raise unreadable("must be finite", value)
    if not rest:
        return float(number[0])  # type: ignore[index]
    if not number:
        return _unit_of(rest, value)
    unit = _unit_of(f"1{rest}" if rest.startswith("/") else rest.removeprefix("*"), value)
    return float(number[0]) * unit


def _unit_of(text: str, value: str) -> Any:
    try:
        return _unit_at(ast.parse(text.strip(), mode="eval").body, value)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, Unreadable):
            raise
        raise unreadable(MUST, value) from None


def _unit_at(node: ast.expr, value: str) -> Any:
    """Return what a part of a unit is: names, products, quotients and whole powers."""
    if isinstance(node, ast.Constant) and node.value == 1:
        return 1
    if isinstance(node, ast.Name):
        if node.id not in UNITS:
            raise unreadable(f"{node.id!r} is no unit of Brian2", value, nearest(node.id, UNITS))
        return UNITS[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _unit_at(node.left, value) * _unit_at(node.right, value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _unit_at(node.left, value) / _unit_at(node.right, value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        exponent = ast.literal_eval(node.right)
        if isinstance(exponent, int | float) and abs(exponent) <= 10:
            return _unit_at(node.left, value) ** exponent
    raise unreadable(MUST, value)


def values_of(value: Any) -> Any:
    """Return a number, a quantity, or a list of either as one array; rows of them stay a list.

    Raises
    ------
    Unreadable
        Where a part is no number, or units differ.
    """
    if not isinstance(value, list):
        return quantity_of(value)
    if not value:
        raise Unreadable("must be a list of numbers; got an empty one.")
    if any(isinstance(each, list) for each in value):
        return [values_of(each) for each in value]
    parts = [quantity_of(each) for each in value]
    dims = {get_dimensions(part) for part in parts}
    if len(dims) > 1:
        raise unreadable("all values must have one unit", value)
    numbers = np.array([float(np.asarray(part)) for part in parts])
    dim = dims.pop()
    return numbers if dim is DIMENSIONLESS else Quantity(numbers, dim=dim)


def stepped(low: Any, high: Any, count: int, is_log: bool) -> Any:
    """Return `count` values from one end to the other, in equal steps or in equal ratios.

    Raises
    ------
    Unreadable
        Where the ends have two units, are reversed, or do not suit.
    """
    dim = get_dimensions(low)
    if dim != get_dimensions(high):
        raise Unreadable(f"both ends must have one unit; got {low} and {high}.")
    first, last = float(np.asarray(low)), float(np.asarray(high))
    if not first < last:
        raise Unreadable(f"low < high must hold; got {low} and {high}. Swap them.")
    if is_log and first <= 0:
        raise Unreadable(f"a log scale needs 0 < low; got {low}.")
    numbers = (np.geomspace if is_log else np.linspace)(first, last, count)
    return numbers if dim is DIMENSIONLESS else Quantity(numbers, dim=dim)
