"""What a network is, as a digest: its equations, its wiring, its values and its constants.

A function that builds a network may read arrays from a file or from around it. Its text alone does
not tell whether it builds the same network once more.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from brian2.core.functions import Function
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable
from brian2.groups.group import Group
from brian2.input.poissoninput import PoissonInput
from brian2.input.timedarray import TimedArray
from brian2.units.fundamentalunits import get_dimensions

from neuromodels.study.definitions import made_of

#: Attribute of a function from a study file: a digest of all that it is made of.
DEFINITION = "neuromodels_definition"
#: Attributes of objects that say what they do.
TEXTS = ("equations", "code", "abstract_code", "events", "event_codes")
#: Those of a Poisson input, whose code has a name in it that Brian2 gave.
OF_POISSON_INPUT = ("rate", "weight", "N", "_target_var")


def fingerprint_of(network: Network, names: Mapping[str, Any]) -> str:
    """Return the digest of a network and of the names that its code uses.

    Names that Brian2 gives to objects do not count: they differ when a network is built again.
    """
    parts = sorted(_digest(_texts_of(obj)) for obj in network.sorted_objects)
    return _digest([*parts, *(f"{name} {_text_of(names[name])}" for name in sorted(names))])


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _texts_of(obj: Any) -> list[str]:
    """Return what an object of the network is."""
    texts = [type(obj).__name__, f"{obj.when} {obj.order} {getattr(obj.clock, 'dt_', '')}"]
    asked = OF_POISSON_INPUT if isinstance(obj, PoissonInput) else TEXTS
    texts += [f"{name}: {getattr(obj, name, '')}" for name in asked]
    if isinstance(obj, Group):
        texts += [
            f"{name} {_bytes_of(variable.get_value())}"
            for name, variable in sorted(obj.variables.items())
            if isinstance(variable, ArrayVariable) and variable.owner.name == obj.name
        ]
    return texts


def _text_of(value: Any) -> str:
    """Return what a constant, a course or a function is."""
    if isinstance(value, TimedArray):
        return f"{_bytes_of(value.values)} {value.dt}"
    if isinstance(value, Function):
        return source_of(value.pyfunc)
    try:
        return f"{_bytes_of(np.asarray(value, dtype=float))} {get_dimensions(value)}"
    except (TypeError, ValueError):
        return type(value).__name__


def _bytes_of(values: Any) -> str:
    array = np.ascontiguousarray(values)
    return f"{array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"


def identity_of(function: Any) -> str:
    """Return what tells a function from others: what it is made of, or its text."""
    return getattr(function, DEFINITION, None) or source_of(function)


def definition_of(function: Any) -> str:
    """Return the digest of a function and of all that it reads: of its file, and from around it.

    Where nobody can tell what it reads, the whole file counts.
    """
    inner = getattr(function, "__func__", function)
    texts = [getattr(inner, "__qualname__", type(function).__name__), source_of(inner)]
    texts += [_text_of(value) for value in getattr(inner, "__defaults__", None) or ()]
    for cell in getattr(inner, "__closure__", None) or ():
        value = cell.cell_contents
        texts.append(source_of(value) if inspect.isfunction(value) else _text_of(value))
    return _digest([*texts, _behind(inner)])[:16]


def _behind(function: Any) -> str:
    """Return the digest of what a function's file says about it; none where there is no file."""
    try:
        content = Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):
        return ""
    top = function.__qualname__.partition(".")[0]
    return made_of(content, top) or hashlib.sha256(content).hexdigest()


def source_of(function: Any) -> str:
    """Return the text of a function, or its name where there is no text."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return getattr(function, "__qualname__", repr(type(function)))
