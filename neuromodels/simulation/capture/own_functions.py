"""The C++ of functions that are not built in, each in a namespace of its own.

What a user's function brings beside itself (helpers, types, data) meets neither what other
functions bring nor what the program defines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
from brian2.input.timedarray import TimedArray
from brian2.utils.stringtools import word_substitute

#: Begins the namespace of each function that draws random numbers, once per call or more often.
DRAWS = "nm_draws_"

#: Begins that of each other function.
PLAIN = "nm_plain_"

#: What a function that draws is called in its namespace, whatever number Brian2 gave it.
DRAWN = "nm_drawn"

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b.*$", re.MULTILINE)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class OwnFunction:
    """A function that is not built in.

    Parameters
    ----------
    space
        The C++ namespace that it lies in.
    call
        What a caller writes before the bracket.
    source
        Its C++, with what it brings along.
    data
        Values that it reads, by the names of its pointers.
    """

    space: str
    call: str
    source: str
    data: Mapping[str, np.ndarray]

    @property
    def draws(self) -> bool:
        return self.space.startswith(DRAWS)

    def pointers(self) -> dict[str, np.ndarray]:
        """Return its data by the full names of its pointers."""
        return {f"{self.space}::_namespace{key}": values for key, values in self.data.items()}

    def lines(self, earlier: Iterable[OwnFunction]) -> list[str]:
        """Return its namespace; it may call what `earlier` ones bring, as in one text."""
        return [
            *(match[0].strip() for match in INCLUDE.finditer(self.source)),
            f"namespace {self.space} {{",
            *(f"using namespace {other.space};" for other in earlier),
            *(f"static thread_local const double* _namespace{key};" for key in self.data),
            *INCLUDE.sub("", self.source).splitlines(),
            "}",
        ]


def held_name(pointer: str) -> str:
    """Return the name of values by the full name of their pointer, without the function's."""
    return pointer.rpartition("::_namespace")[2]


@dataclass
class Support:
    """Functions that are not built in, by namespace, each after those that it calls."""

    functions: dict[str, OwnFunction] = field(default_factory=dict)

    @property
    def source(self) -> list[str]:
        """All lines; what the functions define for the preprocessor ends with them."""
        listed = list(self.functions.values())
        lines = [line for k, own in enumerate(listed) for line in own.lines(listed[:k])]
        macros = {name for own in listed for name in DEFINE.findall(own.source)}
        calls = {own.call for own in listed}
        return [*lines, *(f"#undef {name}" for name in sorted(macros - calls))]

    @property
    def data(self) -> dict[str, np.ndarray]:
        """The values that all functions read, by the full names of their pointers."""
        return {key: v for own in self.functions.values() for key, v in own.pointers().items()}

    def add(self, function: OwnFunction) -> None:
        """Add a function unless it is there: it may also be called by another one."""
        self.functions.setdefault(function.space, function)


def own_function(
    function: object,
    written: str,
    code: str | Mapping | None,
    data: Mapping[str, np.ndarray],
    called: Mapping[str, OwnFunction],
    draws: bool,
) -> OwnFunction:
    """Return a function with its namespace, which is named after what it does.

    Parameters
    ----------
    function
        Brian2's object: the values of a `TimedArray` may change without a build.
    written
        What its C++ calls it.
    code
        Its C++ as text or in parts.
    data
        Values that it reads.
    called
        Functions that it calls, by the names that its C++ has for them.
    draws
        Whether it draws random numbers.
    """
    source = word_substitute(source_of(code), {k: own.call for k, own in called.items()})
    if draws:  # Brian2 numbers them: the same one must be the same text in every process
        source, written = word_substitute(source, {written: DRAWN}), DRAWN
    held = [] if isinstance(function, TimedArray) else [v.tobytes() for v in data.values()]
    about = (written, source, list(data), held)
    digest = sha256(repr(about).encode()).hexdigest()[:8]
    space = f"{DRAWS if draws else PLAIN}{digest}"
    if written in DEFINE.findall(source):  # no namespace holds a macro
        own = f"{space}_{written}"
        return OwnFunction(space, own, word_substitute(source, {written: own}), data)
    return OwnFunction(space, f"{space}::{written}", source, data)


def source_of(code: str | Mapping | None) -> str:
    """Return the C++ of a function that a user gave as text or in parts."""
    parts = {"support_code": code} if isinstance(code, str) else (code or {})
    return "\n".join(parts[k] for k in ("hashdefine_code", "support_code") if parts.get(k))
