"""What does not change along a row of synapses: computed once per row, not once per synapse.

A rule such as ``w + a*(tr_pre*tr_post) + c*tr_post`` has two terms that grow with ``tr_post``.
Along the row of one presynaptic neuron they are one: ``(a*tr_pre + c)*tr_post``.  The compiler
may reorder sums too, but it does not see that this saves work.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

import numpy as np
from brian2.codegen.statements import Statement
from brian2.core.variables import ArrayVariable, Constant, Variable

from neuromodels.simulation.capture.syntax import has_call, names_in, syntax_tree

#: Begins the names of what is computed once per row.
ROW = "_row"


@dataclass(frozen=True)
class Names:
    """What the names of a block stand for.

    Parameters
    ----------
    still
        Those that do not change along the row.
    real
        Those of floating-point numbers.
    """

    still: frozenset[str]
    real: frozenset[str]


@dataclass(frozen=True)
class Row:
    """A block of statements along a row: what to compute before it, and what in it."""

    constants: tuple[Statement, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Term:
    """One term of a sum: what is the same along the row, times what is not."""

    still: ast.expr | None
    moving: ast.expr | None


@dataclass
class Factoring:
    """Sums of one block, collected by what changes along the row.

    Parameters
    ----------
    names
        A sum of anything but floating-point numbers is left as it is.
    constants
        What has to be computed before the row: name -> expression.
    """

    names: Names
    constants: dict[str, str] = field(default_factory=dict)

    def collect(self, expression: str) -> str:
        """Return the expression with fewer operations along the row, or as it was."""
        before = len(self.constants)
        collected = _Collector(self).visit(syntax_tree(expression))
        return ast.unparse(collected) if len(self.constants) > before else expression

    def is_still(self, node: ast.expr) -> bool:
        """Whether a node is the same along the row; a call may draw a random number."""
        return names_in(node) <= self.names.still and not has_call(node)

    def is_real(self, node: ast.expr) -> bool:
        """Whether a node adds and multiplies floating-point numbers only."""
        return names_in(node) <= self.names.real and not has_call(node)

    def name(self, node: ast.expr) -> ast.expr:
        """Return a name for what is computed once per row."""
        if isinstance(node, (ast.Name, ast.Constant)):
            return node
        name = f"{ROW}{len(self.constants)}"
        self.constants[name] = ast.unparse(node)
        return ast.Name(name)


def names_of(
    variables: Mapping[str, Variable],
    indices: Mapping[str, str],
    before: Sequence[Statement],
    inside: Sequence[Statement],
    row: str,
) -> Names:
    """Sort the names of a block by what they stand for along one row.

    Parameters
    ----------
    variables, indices
        By name, as Brian2 resolved them.
    before, inside
        Statements that run once before the loop, and those of the loop.
    row
        The index that does not change along the row.
    """
    local = {statement.var: statement for statement in (*before, *inside) if statement.op == ":="}
    inner = {statement.var for statement in inside}
    written = {id(variables[name]) for name in inner if name in variables}

    def stays(name: str, variable: Variable) -> bool:
        if isinstance(variable, Constant):
            return True
        if not isinstance(variable, ArrayVariable) or id(variable) in written:
            return False
        return variable.scalar or indices[name] in (row, "0")

    still = {name for name, variable in variables.items() if stays(name, variable)}
    real = {name for name, variable in variables.items() if _is_real(variable)}
    return Names(
        frozenset(still | {name for name in local if name not in inner}),
        frozenset(real | {name for name, made in local.items() if _is_real(made)}),
    )


def _is_real(value: Variable | Statement) -> bool:
    """Whether a value has the precision of the run; times have their own."""
    kind = getattr(value, "dtype", None)
    return kind is not None and np.issubdtype(kind, np.floating)


def row_of(statements: Sequence[Statement], names: Names) -> Row | None:
    """Return the block for a row along which some names stay; None: nothing is saved."""
    factoring = Factoring(names)
    rewritten = tuple(_rewritten(statement, factoring) for statement in statements)
    if not factoring.constants:
        return None
    constants = tuple(
        Statement(name, ":=", expression, "", np.float64, constant=True)
        for name, expression in factoring.constants.items()
    )
    return Row(constants, rewritten)


def _rewritten(statement: Statement, factoring: Factoring) -> Statement:
    if statement.used_boolean_variables:  # written as a chain of conditions
        return statement
    new = copy(statement)
    new.expr = factoring.collect(statement.expr)
    return new


class _Collector(ast.NodeTransformer):
    """Collects the sums of an expression, the outermost first."""

    def __init__(self, factoring: Factoring):
        self.factoring = factoring

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if not is_sum(node) or not self.factoring.is_real(node):
            return self.generic_visit(node)  # type: ignore[return-value]
        groups = self._groups(node)
        after = sum(map(_cost_of_group, groups.values())) + len(groups) - 1
        if after >= self._cost(node):
            return self.generic_visit(node)  # type: ignore[return-value]
        return self._sum(list(groups.values()))

    def _groups(self, node: ast.expr) -> dict[str, list[Term]]:
        """Sort the terms of a sum by what changes along the row."""
        groups: dict[str, list[Term]] = {}
        for sign, product in terms_of(node):
            term = self._term(sign, product)
            key = "" if term.moving is None else ast.unparse(term.moving)
            groups.setdefault(key, []).append(term)
        return groups

    def _term(self, sign: int, node: ast.expr) -> Term:
        factors = factors_of(node)
        still = [factor for factor in factors if self.factoring.is_still(factor)]
        moving = [factor for factor in factors if not self.factoring.is_still(factor)]
        moving.sort(key=ast.unparse)
        product = _joined(still, ast.Mult()) if still else None
        if sign < 0:
            product = ast.UnaryOp(ast.USub(), product or ast.Constant(1.0))
        return Term(product, _joined(moving, ast.Mult()) if moving else None)

    def _cost(self, node: ast.expr) -> int:
        """Count the operations along the row."""
        if self.factoring.is_still(node):
            return 0
        here = int(isinstance(node, ast.BinOp))
        return here + sum(self._cost(inner) for inner in _operands(node))

    def _sum(self, groups: list[list[Term]]) -> ast.expr:
        """Add the groups up: those that no number multiplies come first."""
        bare = [terms[0].moving for terms in groups if _is_bare(terms)]
        rest = [self._product(terms) for terms in groups if not _is_bare(terms)]
        whole = [part for part in bare if part is not None]
        if rest:
            whole.append(_joined(rest, ast.Add()))
        return _joined(whole, ast.Add())

    def _product(self, terms: list[Term]) -> ast.expr:
        parts = [term.still or ast.Constant(1.0) for term in terms]
        still = self.factoring.name(_joined(parts, ast.Add()))
        moving = terms[0].moving
        return still if moving is None else ast.BinOp(still, ast.Mult(), moving)


def is_sum(node: ast.expr) -> bool:
    """Whether a node adds or subtracts."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))


def terms_of(node: ast.expr, sign: int = 1) -> list[tuple[int, ast.expr]]:
    """Return the terms of nested sums with their signs."""
    if isinstance(node, ast.BinOp) and is_sum(node):
        right = -sign if isinstance(node.op, ast.Sub) else sign
        return [*terms_of(node.left, sign), *terms_of(node.right, right)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return terms_of(node.operand, -sign)
    return [(sign, node)]


def factors_of(node: ast.expr) -> list[ast.expr]:
    """Return the factors of nested products."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors_of(node.left), *factors_of(node.right)]
    return [node]


def _is_bare(terms: list[Term]) -> bool:
    return len(terms) == 1 and terms[0].still is None


def _cost_of_group(terms: list[Term]) -> int:
    """Count the operations that a group takes along the row."""
    moving = terms[0].moving
    if moving is None:
        return 0
    inner = sum(isinstance(part, ast.BinOp) for part in ast.walk(moving))
    return inner + (0 if _is_bare(terms) else 1)


def _operands(node: ast.expr) -> list[ast.expr]:
    return [inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.expr)]


def _joined(nodes: list[ast.expr], operator: ast.operator) -> ast.expr:
    whole = nodes[0]
    for node in nodes[1:]:
        whole = ast.BinOp(whole, operator, node)
    return whole
