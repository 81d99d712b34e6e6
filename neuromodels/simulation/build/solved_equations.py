"""Cache of solved equations: solving is the slowest part of a start that compiles nothing.

Brian2 turns differential equations into update statements with sympy, and forgets them when the
process ends.  While a network is captured, solutions are looked up first: they depend on the
equations, the method, and on what kind of thing each name is, not on any number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import brian2
import sympy
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.equations import Equations
from brian2.stateupdaters.base import StateUpdateMethod

from neuromodels.simulation.build.folder import (
    folder,
    is_trusted,
    make_folder,
    put_sealed,
    sealed_content,
)

SUFFIX = ".solution"


@contextmanager
def remembered_solutions() -> Iterator[None]:
    """Let Brian2 look up solutions of equations while a network is prepared."""
    solve = StateUpdateMethod.__dict__["apply_stateupdater"]
    look_up = partial(_solution, solve.__func__)
    StateUpdateMethod.apply_stateupdater = staticmethod(look_up)
    try:
        yield
    finally:
        StateUpdateMethod.apply_stateupdater = solve


def _solution(
    solve: Callable,
    equations: Equations,
    variables: Mapping[str, Any],
    method: object,
    method_options: object = None,
    group_name: str | None = None,
) -> Any:
    key = _key(equations, variables, method, method_options)
    if key is None:
        return solve(equations, variables, method, method_options, group_name)
    path = folder() / f"{key}{SUFFIX}"
    kept = sealed_content(path) if is_trusted() else None
    if kept is not None:
        return kept.decode("utf-8")
    code = solve(equations, variables, method, method_options, group_name)
    if isinstance(code, str):
        _keep(path, code)
    return code


def _key(
    equations: Equations, variables: Mapping[str, Any], method: object, options: object
) -> str | None:
    """Return the digest of everything that a solution depends on; None where that is unknown."""
    names = [method] if isinstance(method, str) else method
    if options or not isinstance(names, list | tuple):
        return None
    if not all(isinstance(name, str) for name in names):
        return None
    kinds = [_kind(name, variable) for name, variable in sorted(variables.items())]
    if None in kinds:
        return None
    parts = (brian2.__version__, sympy.__version__, tuple(names), _text(equations), kinds)
    return sha256(repr(parts).encode()).hexdigest()[:32]


def _text(equations: Equations) -> list[tuple]:
    return [
        (eq.type, eq.varname, eq.expr and eq.expr.code, str(eq.dim), sorted(eq.flags))
        for eq in sorted(equations.values(), key=lambda eq: eq.varname)
    ]


def _kind(name: str, variable: Any) -> tuple | None:
    """Return what a solver may ask about a name; None for functions that may depend on dt."""
    if isinstance(variable, Function):
        return (name, "function") if variable is DEFAULT_FUNCTIONS.get(name) else None
    expression = getattr(variable, "expr", None)
    flags = (variable.constant, variable.scalar, variable.read_only, variable.is_boolean)
    what = (type(variable).__name__, str(variable.dim), str(variable.dtype))
    return (name, *what, flags, expression)


def _keep(path: Path, code: str) -> None:
    """Write a solution in one step; a cache that cannot be written is only slower."""
    with suppress(OSError):
        if is_trusted():
            make_folder()
            put_sealed(code.encode("utf-8"), path)
