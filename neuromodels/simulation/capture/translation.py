"""Brian2's abstract code to C++ statements, kept in pieces so that any loop can hold them.

Brian2's own generator resolves names, orders statements and hoists loop invariants.  Only the last
step differs: reads, statements and writes stay apart (a renderer decides which loop each belongs
to), floating-point literals take the precision of the run, and times stay double.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator
from brian2.codegen.statements import Statement
from brian2.core.clocks import BaseClock
from brian2.core.functions import DEFAULT_FUNCTIONS, Function, FunctionImplementation
from brian2.core.variables import ArrayVariable, Constant
from brian2.input.timedarray import TimedArray

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation.capture.assignments import Assignments
from neuromodels.simulation.capture.exact_rendering import (
    constant_value,
    timed_array_source,
)
from neuromodels.simulation.capture.identifiers import global_name, local_name
from neuromodels.simulation.capture.magnitudes import Magnitudes
from neuromodels.simulation.capture.number_kinds import NumberKinds
from neuromodels.simulation.capture.own_functions import (
    OwnFunction,
    Support,
    own_function,
    source_of,
)
from neuromodels.simulation.capture.poisson import within_range
from neuromodels.simulation.capture.rendering import RealRenderer
from neuromodels.simulation.capture.rows import names_of, row_of
from neuromodels.simulation.capture.syntax import syntax_tree
from neuromodels.simulation.capture.time_flow import TimeFlow, holds_time

#: Times of past events: single precision would lose whole steps of a long run.
EVENT_TIMES = ("lastspike", "lastupdate")

#: Brian2's names for the ends of a synapse, as indices.
ENDS = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx"}

#: Functions that the preamble of the source defines.
BUILT_IN = [function for name, function in DEFAULT_FUNCTIONS.items() if name != "poisson"]

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


def double_type(dtype: object) -> str:
    """Return the C++ type of a local variable that leads from a time to a jump."""
    return "double"


def is_time(variable: object) -> bool:
    """Whether a variable holds a time that must stay in double precision."""
    owner = getattr(variable, "owner", None)
    if isinstance(owner, BaseClock):
        return getattr(variable, "name", "") in ("t", "dt", "times")
    return getattr(variable, "name", "") in EVENT_TIMES


def storage_type(variable: ArrayVariable) -> str:
    """Return the C++ type in which an array is stored."""
    return "double" if is_time(variable) else c_type(variable.dtype)


DELAY = "delay"
"""What users call the delays of a pathway."""


def array_name(variable: ArrayVariable) -> str:
    """Return the name of an array in the generated source."""
    if isinstance(variable.owner, BaseClock):
        return f"{clock_name(variable.owner)}_{variable.name}"
    owner, name = getattr(variable.owner, "name", "temporary"), variable.name
    if name.endswith(DELAY):
        # Brian2 says that all pathways' delays belong to the synapses; 2.11 also names them anew.
        for pathway in getattr(variable.owner, "_pathways", ()):
            if pathway.variables[DELAY] is variable:
                owner, name = pathway.name, DELAY
    return global_name("array", owner, name)


def clock_name(clock: BaseClock) -> str:
    """Return what the names of a clock's variables begin with in the source."""
    return global_name("clock", clock.name)


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
        return f"{const}{storage_type(self.array)} {local_name(self.name)} = {self.element};"

    @property
    def write(self) -> str:
        return f"{self.element} = {local_name(self.name)};"

    @property
    def element(self) -> str:
        of_loop = self.index == "_idx" or self.index.isdigit()
        return f"{array_name(self.array)}[{self.index if of_loop else local_name(self.index)}]"


@dataclass(frozen=True)
class RowCode:
    """Statements along a row of synapses, after what is computed once before it."""

    constants: tuple[str, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Statements, and the array elements that they read and write.

    `rows` holds other statements that do the same with less work, by the index that does not
    change along the loop.
    """

    reads: tuple[Access, ...] = ()
    declarations: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    writes: tuple[Access, ...] = ()
    rows: dict[str, RowCode] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """The whole block in the order read, declare, compute, write."""
        return [
            *(access.read for access in self.reads),
            *self.declarations,
            *self.statements,
            *(access.write for access in self.writes),
        ]


def _default_names(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return Brian2's own names of its functions, by those that a code object has for them."""
    names = {id(function): name for name, function in DEFAULT_FUNCTIONS.items()}
    return {name: names[id(v)] for name, v in variables.items() if id(v) in names}


def _with_own_names(statement: Statement) -> Statement:
    """Return a statement that sets a variable by its name in the source.

    Comments are dropped: one that ends with a backslash would take the next line with it.
    """
    named = copy(statement)
    named.var, named.comment = local_name(statement.var), ""
    if statement.used_boolean_variables:
        named.boolean_simplified_expressions = {
            tuple((local_name(name), value) for name, value in assigned): expression
            for assigned, expression in statement.boolean_simplified_expressions.items()
        }
    return named


def _is_built_in(function: Function) -> bool:
    return any(function is built_in for built_in in BUILT_IN)


class BatchCodeGenerator(CPPCodeGenerator):
    """Brian2's C++ generator with its output kept in pieces."""

    class_name = "neuromodels_batch"

    def __init__(self, *args, **kwds):
        super().__init__(*args, **kwds)
        self.c_data_type = local_type
        self.own_functions: dict[str, OwnFunction] = {}
        self.locals: set[str] = set()
        self.flow = TimeFlow()
        self._local: dict[str, bool] = {}
        self.strict = False  # whether the statement that is being translated leads to a jump
        self.kinds = NumberKinds(self.variables, _default_names(self.variables))
        self.magnitudes = Magnitudes(self.variables)
        self.assignments = Assignments(self.kinds, self.magnitudes)
        self.conversion: str | None = None
        self._local_constants: dict[str, float] = {}

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
        finite = {k: v for k, v in values.items() if isinstance(v, float) and np.isfinite(v)}
        return finite | self._local_constants

    @property
    def calls(self) -> dict[str, str]:
        """How each function is called, by its name in equations."""
        functions = [k for k, variable in self.variables.items() if isinstance(variable, Function)]
        built_in = {name: self.func_name_replacements.get(name, name) for name in functions}
        return built_in | {name: own.call for name, own in self.own_functions.items()}

    def translate_expression(self, expr: str) -> str:
        drawing = {
            name
            for name, variable in self.variables.items()
            if isinstance(variable, Function) and variable.auto_vectorise
        }
        known = {*self.variables, *self.locals}
        names = (self.calls, drawing, known, self.times, self.constants)
        renderer = RealRenderer(*names, self.flow, self.kinds, self.magnitudes)
        render = renderer.render_strictly if self.strict else renderer.render_node
        code = render(syntax_tree(expr)).strip()
        return code if self.conversion is None else f"_to<{self.conversion}>({code})"

    def translate_statement(self, statement: Statement) -> str:
        """Translate a statement, with names that nothing else in the source has.

        A whole number or truth value takes what numpy would give it.
        """
        spelled = self.assignments.spelled_out(statement)
        is_exact = statement.var in self.flow.exact
        stores = self.flow.stores(statement, syntax_tree(statement.expr), self._local)
        self.strict = is_exact or stores
        self.conversion = self.assignments.conversion(spelled)
        is_double = is_exact or self.assignments.is_double(spelled)
        self.c_data_type = double_type if is_double else local_type
        code = super().translate_statement(_with_own_names(spelled))
        self.strict, self.conversion, self.c_data_type = False, None, local_type
        self.assignments.learn(spelled)
        self._learn_constant(statement)
        return code

    def _learn_constant(self, statement: Statement) -> None:
        """Note the value of a local variable that comes from constants alone."""
        value = constant_value(syntax_tree(statement.expr), self.constants)
        if statement.op == ":=" and statement.constant and value is not None:
            self._local_constants[statement.var] = value

    def translate_to_statements(self, statements, conditional_write_vars):
        conditions = {key: local_name(name) for key, name in conditional_write_vars.items()}
        return super().translate_to_statements(statements, conditions)

    def translate_statement_sequence(self, sc_statements, ve_statements):
        support = self._support()
        blocks = [*sc_statements.values(), *ve_statements.values()]
        self.locals = {statement.var for block in blocks for statement in block}
        scalar, vector = {}, {}
        for name in sc_statements:
            self._follow_times([*sc_statements[name], *ve_statements[name]])
            shared = self._shared_reads(ve_statements[name])
            scalar[name] = self._block(sc_statements[name], add=shared)
            block = self._block(ve_statements[name], drop=shared)
            vector[name] = replace(block, rows=self._rows(sc_statements[name], ve_statements[name]))
        return scalar, vector, {"support": support}

    def _follow_times(self, statements: Sequence) -> None:
        """Note which local variables lead from a time to a jump."""
        calls = self.calls
        tables = {calls[name] for name, v in self.variables.items() if isinstance(v, TimedArray)}
        sources = {name for name, variable in self.variables.items() if holds_time(variable)}
        self._local = {s.var: c_type(s.dtype) == "nm_real" for s in statements if s.op == ":="}
        self.flow = TimeFlow(sources, tables, calls)
        self.flow.follow(statements, self._local, syntax_tree)

    def _shared_reads(self, statements) -> set[str]:
        """Names of scalars that the vector code reads: they are read once, before the loop."""
        read, write, _, _ = self.arrays_helper(statements)
        return {name for name in read - write if self.variables[name].scalar}

    def _block(self, statements, add=frozenset(), drop=frozenset()) -> Block:
        read, write, indices, conditional = self.arrays_helper(statements)
        read = (read | set(add)) - set(drop)
        names = itertools.chain(sorted(indices), sorted(read))
        only_written = sorted(write - read - indices)
        return Block(
            reads=tuple(self._access(name, name in write) for name in names),
            declarations=tuple(
                f"{storage_type(self.variables[name])} {local_name(name)};" for name in only_written
            ),
            statements=tuple(self.translate_to_statements(statements, conditional)),
            writes=tuple(self._access(name, True) for name in sorted(write)),
        )

    def _rows(self, before, statements) -> dict[str, RowCode]:
        """Return the statements for the loops along which one end of the synapses stays."""
        rows = {}
        *_, conditional = self.arrays_helper(statements)
        timely = self.times | self.flow.timely | self.flow.exact
        for index in sorted(set(self.variable_indices.values()) & set(ENDS.values())):
            names = names_of(self.variables, self.variable_indices, before, statements, index)
            row = row_of(statements, replace(names, real=names.real - timely))
            if row is not None:
                rows[index] = RowCode(
                    tuple(self.translate_to_statements(row.constants, {})),
                    tuple(self.translate_to_statements(row.statements, conditional)),
                )
        return rows

    def _access(self, name: str, written: bool) -> Access:
        return Access(name, self.variables[name], self.variable_indices[name], written)

    def _support(self) -> Support:
        """Return the functions that are not in the preamble, those that they call included."""
        support = Support()
        for name, variable in list(self.variables.items()):
            if isinstance(variable, Function) and not _is_built_in(variable):
                self.own_functions[name] = self._add_function(name, variable, support)
        return support

    def _add_function(self, name: str, function: Function, support: Support) -> OwnFunction:
        """Add one function after those that it calls."""
        implementation = self._implementation(name, function)
        needed = (implementation.dependencies or {}).items()
        called = {
            inner: self._add_function(inner, other, support)
            for inner, other in needed
            if not _is_built_in(other)
        }
        drawing = any(other.auto_vectorise for _, other in needed if _is_built_in(other))
        values = (implementation.get_namespace(self.owner) or {}).items()
        own = own_function(
            function,
            implementation.name or name,
            self._code_of(name, function, implementation),
            {key: np.ascontiguousarray(value, dtype=float) for key, value in values},
            called,
            draws=function.auto_vectorise or drawing or any(c.draws for c in called.values()),
        )
        support.add(own)
        return own

    def _code_of(self, name: str, function: Function, given: FunctionImplementation) -> str:
        if isinstance(function, TimedArray):
            return timed_array_source(function, given.name or name, self.owner.clock.dt_)
        code = source_of(given.get_code(self.owner))
        return within_range(code) if function is DEFAULT_FUNCTIONS["poisson"] else code

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
