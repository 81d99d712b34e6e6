"""Which parts of a code object turn a time into a decision: those are computed as numpy does.

``t >= 4*ms``, ``int(t/(5*ms)) % 2`` and the row of a `TimedArray` jump from one step to the next.
A last digit moves the jump by a step, so all that leads to it is double precision, operation by
operation.  Values that only vary smoothly with time need no such care.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from brian2.core.clocks import BaseClock
from brian2.core.variables import ArrayVariable
from brian2.units import second

from neuromodels.simulation.capture.syntax import names_in

#: Functions with jumps, and those whose value depends on no digit of their argument, in C++.
JUMPS = {"int_", "floor", "ceil", "_sign", "_timestep"}
WHOLE = {"int_", "_timestep"}


def holds_time(variable: object) -> bool:
    """Whether a variable is a time that a run changes: of a clock, an event, or code."""
    if isinstance(getattr(variable, "owner", None), BaseClock):
        return getattr(variable, "name", "") in ("t", "timestep")
    if not isinstance(variable, ArrayVariable):
        return False
    return variable.dim is second.dim and not variable.constant


class TimeFlow:
    """How times flow through the statements of a code object.

    Parameters
    ----------
    sources
        Names that hold a time.
    tables
        What calls of functions that look a time up in a table begin with.
    calls
        How each function is called in C++, by its name in equations.
    """

    def __init__(
        self,
        sources: Iterable[str] = (),
        tables: Iterable[str] = (),
        calls: Mapping[str, str] | None = None,
    ):
        self.calls = calls or {}
        self.timely = set(sources)
        self.jumps = JUMPS | set(tables)
        self.whole = WHOLE | set(tables)
        #: Local variables that lead to a jump: double, computed as numpy does.
        self.exact: set[str] = set()

    def follow(self, statements: Sequence[Any], local: Mapping[str, bool], tree: Callable) -> None:
        """Find the local variables that carry a time, and those that lead to a jump.

        Parameters
        ----------
        statements
            In order, with ``var``, ``op`` and ``expr``.
        local
            Whether each local variable is a floating-point number.
        tree
            From an expression to its syntax tree.
        """
        trees = [(statement, tree(statement.expr)) for statement in statements]
        reals = {name for name, is_real in local.items() if is_real}
        _grow(self.timely, lambda: {s.var for s, x in trees if s.var in reals and self.carries(x)})
        leading = [x for s, x in trees if self.stores(s, x, local)]
        leading += [node for _, x in trees for node in ast.walk(x) if self.is_jump(node)]
        self.exact |= {name for node in leading for name in names_in(node)} & reals
        within = lambda: {n for s, x in trees if s.var in self.exact for n in names_in(x)} & reals  # noqa: E731
        _grow(self.exact, within)

    def stores(self, statement: Any, tree: ast.AST, local: Mapping[str, bool]) -> bool:
        """Whether a statement notes a time for later: ``onset = t + 2*ms``, but no equation."""
        is_step = isinstance(tree, ast.Name) and tree.id == f"_{statement.var}"
        noted = statement.op == "=" and statement.var not in local and not is_step
        return noted and self.carries(tree)

    def carries(self, node: ast.AST) -> bool:
        """Whether the digits of an expression depend on those of a time."""
        if isinstance(node, ast.Name):
            return node.id in self.timely
        if isinstance(node, ast.Compare | ast.BoolOp):
            return False
        if isinstance(node, ast.UnaryOp):
            return not isinstance(node.op, ast.Not) and self.carries(node.operand)
        if isinstance(node, ast.Call):
            return self._called(node) not in self.whole and any(self.carries(a) for a in node.args)
        return any(self.carries(inner) for inner in ast.iter_child_nodes(node))

    def is_timestep(self, node: ast.AST) -> bool:
        """Whether a node asks for the step of a time, which forgives the last digits."""
        return isinstance(node, ast.Call) and self._called(node) == "_timestep"

    def _called(self, node: ast.Call) -> str:
        name = getattr(node.func, "id", "")
        return self.calls.get(name, name)

    def is_jump(self, node: ast.AST) -> bool:
        """Whether a node makes a step of a time."""
        if isinstance(node, ast.Compare):
            return any(self.carries(side) for side in (node.left, *node.comparators))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.FloorDiv):
            return self.carries(node.left) or self.carries(node.right)
        if isinstance(node, ast.Call) and self._called(node) in self.jumps:
            return any(self.carries(argument) for argument in node.args)
        return False


def _grow(names: set[str], found: Callable[[], set[str]]) -> None:
    """Add what is found until nothing new is."""
    while not found() <= names:
        names |= found()
