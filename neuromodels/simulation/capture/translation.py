"""Brian2's abstract code to C++ statements, kept in pieces so that any loop can hold them.

Brian2's own generator resolves names, orders statements and hoists loop invariants.  Only the last
step differs: reads, statements and writes stay apart (a renderer decides which loop each belongs
to), floating-point literals take the precision of the run, and times stay double.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator
from brian2.core.clocks import BaseClock
from brian2.core.functions import DEFAULT_FUNCTIONS, Function, FunctionImplementation
from brian2.core.variables import ArrayVariable, Constant
from brian2.parsing.rendering import CPPNodeRenderer
from brian2.utils.stringtools import get_identifiers, word_substitute

from neuromodels.errors import DeclarationError, UnsupportedFeature

#: Times of past events: single precision would lose whole steps of a long run.
EVENT_TIMES = ("lastspike", "lastupdate")

#: Words that C++ does not allow as names, but equations do.
CPP_WORDS = {
    "alignas",
    "alignof",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "constexpr",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "enum",
    "explicit",
    "export",
    "extern",
    "float",
    "for",
    "friend",
    "goto",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "nullptr",
    "operator",
    "private",
    "protected",
    "public",
    "register",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
}

#: Numbers without digits, as Python and as C++ write them.
SPECIAL = {"inf": "INFINITY", "-inf": "-INFINITY", "nan": "NAN"}

#: Functions that the preamble of the source defines.
BUILT_IN = [function for name, function in DEFAULT_FUNCTIONS.items() if name != "poisson"]

#: Begins the name of each function that draws random numbers, once per call or more often.
DRAWS = "_draws_"

INTEGER_TYPES = {
    np.dtype(np.int8): "int8_t",
    np.dtype(np.int16): "int16_t",
    np.dtype(np.int32): "int32_t",
    np.dtype(np.int64): "int64_t",
    np.dtype(np.uint8): "uint8_t",
    np.dtype(np.uint16): "uint16_t",
    np.dtype(np.uint32): "uint32_t",
    np.dtype(np.uint64): "uint64_t",
}


def c_type(dtype: object) -> str:
    """Return the C++ type of values of `dtype`; every float is ``nm_real``."""
    kind = np.dtype(dtype)  # type: ignore[call-overload]
    if kind.kind == "b":
        return "char"
    return INTEGER_TYPES.get(kind, "nm_real")


def local_type(dtype: object) -> str:
    """Return the C++ type of a local variable: a ``bool`` vectorises better than a ``char``."""
    return "bool" if c_type(dtype) == "char" else c_type(dtype)


def is_time(variable: object) -> bool:
    """Whether a variable holds a time that must stay in double precision."""
    owner = getattr(variable, "owner", None)
    if isinstance(owner, BaseClock):
        return getattr(variable, "name", "") in ("t", "dt", "times")
    return getattr(variable, "name", "") in EVENT_TIMES


def storage_type(variable: ArrayVariable) -> str:
    """Return the C++ type in which an array is stored."""
    return "double" if is_time(variable) else c_type(variable.dtype)


def array_name(variable: ArrayVariable) -> str:
    """Return the name of an array in the generated source."""
    owner = getattr(variable.owner, "name", "temporary")
    if variable.name == "delay":
        # Brian2 says that all pathways' delays belong to the synapses.
        for pathway in getattr(variable.owner, "_pathways", ()):
            if pathway.variables["delay"] is variable:
                owner = pathway.name
    return f"_array_{owner}_{variable.name}"


@dataclass(frozen=True)
class Access:
    """One variable of a statement block and the array element behind it."""

    name: str
    array: ArrayVariable
    index: str
    written: bool = False

    @property
    def read(self) -> str:
        const = "" if self.written else "const "
        return f"{const}{storage_type(self.array)} {self.name} = {self.element};"

    @property
    def write(self) -> str:
        return f"{self.element} = {self.name};"

    @property
    def element(self) -> str:
        return f"{array_name(self.array)}[{self.index}]"


@dataclass(frozen=True)
class Block:
    """Statements, and the array elements that they read and write."""

    reads: tuple[Access, ...] = ()
    declarations: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    writes: tuple[Access, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The whole block in the order read, declare, compute, write."""
        return [
            *(access.read for access in self.reads),
            *self.declarations,
            *self.statements,
            *(access.write for access in self.writes),
        ]


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


class RealRenderer(CPPNodeRenderer):
    """Renders expressions in the precision of the run.

    Parameters
    ----------
    auto_vectorise
        Functions that take the index of the loop, such as ``_rand``.
    times
        Names that are doubles whatever the precision.
    constants
        Values of named floating-point constants.
    """

    def __init__(self, auto_vectorise: set[str], times: set[str], constants: dict[str, float]):
        super().__init__(auto_vectorise=auto_vectorise)
        self.times = times
        self.constants = constants
        self.exact = False

    def render_Constant(self, node: ast.Constant) -> str:
        value = node.value
        if not isinstance(value, (float, np.floating)):
            return super().render_Constant(node)
        number = SPECIAL.get(repr(float(value)), repr(float(value)))
        return number if self.exact else f"nm_real({number})"

    def render_Name(self, node: ast.Name) -> str:
        if node.id == "dt" and "dt" in self.times and not self.exact:
            return "nm_real(dt)"
        if node.id in SPECIAL:  # what Brian2 makes of sqrt(-1) or 1e300*1e300
            return SPECIAL[node.id] if self.exact else f"nm_real({SPECIAL[node.id]})"
        if self.exact and node.id in self.constants:
            return repr(self.constants[node.id])
        return super().render_Name(node)

    def render_Call(self, node: ast.Call) -> str:
        if node.func.id != "_timestep":  # type: ignore[attr-defined]
            return super().render_Call(node)
        return self._exactly(super().render_Call, node)

    def render_Compare(self, node: ast.Compare) -> str:
        """Compare a time in double: ``t >= 4*ms`` must begin with the same step in float."""
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        if "t" not in names & self.times:
            return super().render_Compare(node)
        return self._exactly(super().render_Compare, node)

    def _exactly(self, render: Callable[[Any], str], node: ast.AST) -> str:
        outer, self.exact = self.exact, True
        code = render(node)
        self.exact = outer
        return code

    def render_BinOp(self, node: ast.BinOp) -> str:
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


@dataclass
class Support:
    """C++ source and data of functions that are not built in."""

    source: list[str] = field(default_factory=list)
    data: dict[str, np.ndarray] = field(default_factory=dict)


def _source_of(code: str | dict | None) -> str:
    """Return the C++ of a function that a user gave as text or in parts."""
    parts = {"support_code": code} if isinstance(code, str) else (code or {})
    return "\n".join(parts[k] for k in ("hashdefine_code", "support_code") if parts.get(k))


class BatchCodeGenerator(CPPCodeGenerator):
    """Brian2's C++ generator with its output kept in pieces."""

    class_name = "neuromodels_batch"

    def __init__(self, *args, **kwds):
        super().__init__(*args, **kwds)
        self.c_data_type = local_type
        self.own_names: dict[str, str] = {}

    @property
    def times(self) -> set[str]:
        """Names of the variables that stay double."""
        return {name for name, variable in self.variables.items() if is_time(variable)}

    @property
    def constants(self) -> dict[str, float]:
        """Values of the named floating-point constants, such as ``ms``."""
        values = {
            name: np.asarray(variable.get_value()).item()
            for name, variable in self.variables.items()
            if isinstance(variable, Constant)
        }
        return {k: v for k, v in values.items() if isinstance(v, float) and np.isfinite(v)}

    def translate_expression(self, expr: str) -> str:
        expr = word_substitute(expr, self.func_name_replacements)
        expr = word_substitute(expr, self.own_names)
        renderer = RealRenderer(self.auto_vectorise, self.times, self.constants)
        return renderer.render_expr(expr).strip()

    def translate_statement_sequence(self, sc_statements, ve_statements):
        support = self._support()
        scalar, vector = {}, {}
        for name in sc_statements:
            shared = self._shared_reads(ve_statements[name])
            scalar[name] = self._block(sc_statements[name], add=shared)
            vector[name] = self._block(ve_statements[name], drop=shared)
        return scalar, vector, {"support": support}

    def _shared_reads(self, statements) -> set[str]:
        """Names of scalars that the vector code reads: they are read once, before the loop."""
        read, write, _, _ = self.arrays_helper(statements)
        return {name for name in read - write if self.variables[name].scalar}

    def _block(self, statements, add=frozenset(), drop=frozenset()) -> Block:
        self._check_names(statements)
        read, write, indices, conditional = self.arrays_helper(statements)
        read = (read | set(add)) - set(drop)
        names = itertools.chain(sorted(indices), sorted(read))
        only_written = sorted(write - read - indices)
        return Block(
            reads=tuple(self._access(name, name in write) for name in names),
            declarations=tuple(
                f"{storage_type(self.variables[name])} {name};" for name in only_written
            ),
            statements=tuple(self.translate_to_statements(statements, conditional)),
            writes=tuple(self._access(name, True) for name in sorted(write)),
        )

    def _check_names(self, statements) -> None:
        """Refuse names that are words of C++, quoting the user's statement."""
        functions = {k for k, v in self.variables.items() if isinstance(v, Function)}
        for statement in statements:
            names = {statement.var, *get_identifiers(statement.expr)}
            used = (names & CPP_WORDS) - functions
            if used:
                raise DeclarationError(
                    f"{self.owner.name}: {statement.var} {statement.op} {statement.expr}",
                    "a name must not be a word of C++",
                    min(used),
                    "Give it another name.",
                )

    def _access(self, name: str, written: bool) -> Access:
        return Access(name, self.variables[name], self.variable_indices[name], written)

    def _support(self) -> Support:
        """Source and data of the user's own functions; the built-in ones are in the preamble."""
        support = Support()
        for name, variable in list(self.variables.items()):
            if isinstance(variable, Function):
                self._add_function(name, variable, support)
        return support

    def _add_function(self, name: str, function: Function, support: Support) -> bool:
        """Add one function after those that it calls; return whether it draws random numbers."""
        if any(function is built_in for built_in in BUILT_IN):
            return function.auto_vectorise
        implementation = self._implementation(name, function)
        needed = (implementation.dependencies or {}).items()
        drawing = [self._add_function(inner, other, support) for inner, other in needed]
        draws = function.auto_vectorise or any(drawing)
        code = implementation.get_code(self.owner)
        source = _source_of(code)
        for key, values in (implementation.get_namespace(self.owner) or {}).items():
            support.data[key] = np.ascontiguousarray(values, dtype=float)
            support.source.append(f"static thread_local const double* _namespace{key};")
        self._rename(implementation.name or name, source, draws)
        text = word_substitute(source, self.own_names)
        if text not in support.source:  # it may also be called by another one
            support.source.append(text)
        return draws

    def _rename(self, written: str, source: str, draws: bool) -> None:
        """Name a function by its body: one TimedArray has another one on every clock."""
        digest = sha256(source.replace(written, "").encode()).hexdigest()[:8]
        own = f"{DRAWS}{digest}" if draws else f"{written}_{digest}"
        self.own_names[written] = own
        if written in self.auto_vectorise:
            self.auto_vectorise.add(own)

    def _implementation(self, name: str, function: Function) -> FunctionImplementation:
        try:
            return function.implementations[self.codeobj_class]
        except KeyError:
            raise UnsupportedFeature(
                f"{self.owner.name}: {name}()",
                "a function must be written in C++",
                "Python",
                "Give it with @implementation('cpp', ...).",
            ) from None
