"""Arithmetic with units, written as text: read once, computed often."""

from __future__ import annotations

import ast
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from neuromodels.errors import DeclarationError

#: Arrays by name, in SI units.
Values = Mapping[str, np.ndarray]
#: How to compute a part, and its unit.
Part = tuple[Callable[[Values], Any], Dimension]
JOINS: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
SIGNS: dict[type, Callable] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


def tree_of(where: str, text: str) -> ast.expr:
    """Return the syntax tree of an expression; `where` begins a message.

    Raises
    ------
    DeclarationError
        Where it is none.
    """
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        told = f"must be an expression ({getattr(error, 'msg', 'too deep')})"
        raise DeclarationError(where, told, text) from None


class Arithmetic(ABC):
    """Reads numbers, signs and ``+ - * / **``; what names and functions mean is said elsewhere.

    Parameters
    ----------
    where
        Begins each message.
    """

    def __init__(self, where: str):
        self.where = where

    @abstractmethod
    def name(self, node: ast.Name) -> Part:
        """Return how to compute a name."""

    @abstractmethod
    def call(self, node: ast.Call, name: str) -> Part:
        """Return how to compute a function of that name."""

    def other(self, node: ast.expr) -> DeclarationError:
        """Return the error of a node that is no arithmetic."""
        return self.wrong("must be arithmetic", node)

    def wrong(self, must: str, node: ast.AST | str, cure: str = "") -> DeclarationError:
        """Return an error that shows the text of a node."""
        got = node if isinstance(node, str) else ast.unparse(node)
        return DeclarationError(self.where, must, got, cure)

    def part(self, node: ast.expr) -> Part:
        """Return how to compute what a node says, and its unit.

        Raises
        ------
        DeclarationError
            Where it is no arithmetic, or units do not agree.
        """
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            number = np.float64(node.value)  # type: ignore[arg-type]
            return (lambda values: number), DIMENSIONLESS
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.UnaryOp) and type(node.op) in SIGNS:
            inner, dim = self.part(node.operand)
            sign = SIGNS[type(node.op)]
            return (lambda values: sign(inner(values))), dim
        if isinstance(node, ast.BinOp) and type(node.op) in JOINS:
            return self._joined(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            return self.power(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.call(node, node.func.id)
        raise self.other(node)

    def _joined(self, node: ast.BinOp) -> Part:
        (left, one), (right, other) = self.part(node.left), self.part(node.right)
        join = JOINS[type(node.op)]
        if isinstance(node.op, ast.Add | ast.Sub) and one != other:
            cure = "Divide each part by its unit, or by a tolerance."
            raise self.wrong(f"both sides must have one unit, not {one} and {other}", node, cure)
        dim = {ast.Mult: one * other, ast.Div: one / other}.get(type(node.op), one)
        return (lambda values: join(left(values), right(values))), dim

    def power(self, node: ast.BinOp) -> Part:
        """Return how to compute a power."""
        base, dim = self.part(node.left)
        exponent, plain = self.part(node.right)
        if plain != DIMENSIONLESS:
            raise self.wrong("an exponent must be a plain number", node.right)
        if dim == DIMENSIONLESS:
            return (lambda values: np.power(base(values), exponent(values))), dim
        try:
            number = float(ast.literal_eval(node.right))
        except (ValueError, TypeError):
            told = "the exponent of a quantity must be written as a number"
            raise self.wrong(told, node.right) from None
        return (lambda values: np.power(base(values), number)), dim**number
