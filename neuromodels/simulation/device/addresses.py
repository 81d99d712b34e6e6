"""From what a user writes, ``batch["hidden.v"] = -60*mV``, to an array and checked numbers."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np
from brian2.core.clocks import BaseClock
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable
from brian2.groups.group import Group
from brian2.monitors import EventMonitor, StateMonitor
from brian2.monitors.ratemonitor import RateMonitor
from brian2.synapses.synapses import Synapses, SynapticPathway
from brian2.units.fundamentalunits import (
    Dimension,
    Quantity,
    get_dimensions,
    have_same_dimensions,
)

from neuromodels.errors import DeclarationError

#: By name, and in C++: the precisions of a run.
REALS = {"float32": "float", "float64": "double"}

MONITORS = (EventMonitor, StateMonitor, RateMonitor)


def groups_of(network: Network) -> dict[str, Group]:
    """Return the groups of a network by name; what monitors saw is asked for elsewhere."""
    groups = (obj for obj in network.sorted_objects if isinstance(obj, Group))
    return {group.name: group for group in groups if not isinstance(group, MONITORS)}


def split_address(
    address: str, groups: Mapping[str, Group], where: str = "Batch"
) -> tuple[Group, str]:
    """Return group and variable of ``"group.variable"``; `where` begins a message.

    Raises
    ------
    DeclarationError
        Where either does not exist, with the nearest name.
    """
    if not isinstance(address, str):
        raise DeclarationError(where, "an address must be text: 'group.variable'", address)
    owner, _, name = address.partition(".")
    if owner not in groups or not name:
        raise DeclarationError(
            f"{where}[{address!r}]",
            "the address must be 'group.variable'",
            address,
            _nearest(owner, groups),
        )
    group = holder_of(groups[owner], name)
    public = [key for key in group.variables if not key.startswith("_")]
    if name not in public:
        offered = [*public, "delay"] if holder_of(group, "delay") is not group else public
        told = f"{owner} must have the variable"
        raise DeclarationError(f"{where}[{address!r}]", told, name, _nearest(name, offered))
    return group, name


def holder_of(group: Group, name: str) -> Group:
    """Return the group that has a variable: ``delay`` of synapses is that of their pathway ``pre``.

    So it is in Brian2: as an attribute in all releases, as a variable since 2.11.
    """
    if isinstance(group, Synapses) and name == "delay":
        return next((path for path in group._pathways if path.objname == "pre"), group)
    return group


def array_variable(
    address: str, groups: Mapping[str, Group], where: str = "Batch"
) -> ArrayVariable:
    """Return the array behind an address; `where` begins a message.

    Raises
    ------
    DeclarationError
        Where it is an expression or a constant of the equations.
    """
    group, name = split_address(address, groups, where)
    variable = group.variables[name]
    if not isinstance(variable, ArrayVariable) or isinstance(variable.owner, BaseClock):
        raise DeclarationError(
            f"{where}[{address!r}]",
            "only stored variables can be read or set",
            type(variable).__name__,
            "Record an expression with a StateMonitor.",
        )
    return variable


def writable_variable(address: str, groups: Mapping[str, Group]) -> ArrayVariable:
    """Return the array behind an address, which values may be put into.

    Raises
    ------
    DeclarationError
        Where it is no array, or read-only.
    """
    variable = array_variable(address, groups)
    if variable.read_only:
        raise DeclarationError(f"Batch[{address!r}]", "the variable must not be read-only", address)
    return variable


def pathway_of(variable: ArrayVariable, groups: Mapping[str, Group]) -> SynapticPathway | None:
    """Return the pathway whose delays a variable holds; None for any other variable."""
    pathways = (group for group in groups.values() if isinstance(group, SynapticPathway))
    return next((p for p in pathways if p.variables["delay"] is variable), None)


def check_unit(where: str, values: Any, dim: Dimension) -> None:
    """Refuse values of another unit.

    Raises
    ------
    DeclarationError
        With both units.
    """
    if not have_same_dimensions(values, Quantity(1, dim=dim)):
        raise DeclarationError(
            where,
            f"values must have the unit of {dim}",
            str(get_dimensions(values)),
            "Multiply them by a Brian2 unit.",
        )


def checked_values(
    address: str, variable: ArrayVariable, values: Any, rows: int, size: int, where: str = "Batch"
) -> np.ndarray:
    """Return values as an array (1, size) for all or (rows, size), in SI units.

    `where` begins a message.

    Raises
    ------
    DeclarationError
        Where unit or shape do not fit, or the variable must not be changed.
    """
    where = f"{where}[{address!r}]"
    if variable.read_only:
        raise DeclarationError(where, "the variable must not be read-only", address)
    numbers = real_numbers(where, values)
    check_unit(where, values, variable.dim)
    if size == 1 and numbers.shape == (rows,):
        numbers = numbers[:, np.newaxis]
    shapes = ((), (1,), (size,), (1, 1), (1, size), (rows, 1), (rows, size))
    if numbers.shape not in shapes:
        allowed = [(rows, size), (rows, 1), *([] if size == 1 else [(size,)])]
        told = " or ".join(str(shape) for shape in dict.fromkeys(allowed))
        raise DeclarationError(where, f"the shape must be {told}", numbers.shape)
    _check_range(where, variable, numbers)
    count = rows if numbers.ndim == 2 and len(numbers) == rows else 1
    return np.broadcast_to(numbers, (count, size))


def real_numbers(where: str, values: Any) -> np.ndarray:
    """Return numbers as an array, without their unit.

    Raises
    ------
    DeclarationError
        Where they are text, complex, or lists of several lengths.
    """
    if isinstance(values, str):
        cure = "Call initialise for an expression."
        raise DeclarationError(where, "values must be numbers", values, cure)
    try:
        numbers = np.asarray(values)
    except ValueError:  # lists of several lengths
        numbers = np.empty(0, dtype=object)
    if numbers.dtype.kind not in "biuf":
        raise DeclarationError(
            where, "values must be real numbers in an array", type(values).__name__
        )
    return numbers


def _check_range(where: str, variable: ArrayVariable, numbers: np.ndarray) -> None:
    """Refuse values that a variable would hold as other values."""
    kind = np.dtype(variable.dtype)
    if kind.kind == "f":
        return
    low, high = (0, 1) if kind.kind == "b" else (np.iinfo(kind).min, np.iinfo(kind).max)
    with np.errstate(invalid="ignore"):
        fits = (numbers >= low) & (numbers <= high) & (numbers == np.floor(numbers))
    if not fits.all():
        name = "a truth value" if kind.kind == "b" else "an integer"
        raise DeclarationError(
            where,
            f"{variable.name} is {name}: values must be whole and in [{low}, {high}]",
            numbers[~fits].flat[0].item(),
            "Round them yourself, or declare the variable as a real number.",
        )


def checked_whole(where: str, values: Any) -> np.ndarray:
    """Return integers as an array that has their shape.

    Raises
    ------
    DeclarationError
        Where one of them is no whole number.
    """
    numbers = real_numbers(where, values)
    if numbers.size == 0:
        return np.zeros(numbers.shape, dtype=np.int64)
    if numbers.dtype.kind not in "iu":
        raise DeclarationError(where, "must be integers", numbers.flat[0].item())
    return numbers


def checked_ids(where: str, streams: Any) -> np.ndarray:
    """Return ids of noise streams, shape (n,), uint64.

    Raises
    ------
    DeclarationError
        Where one of them is no whole number of 64 bits, or there is no list of them.
    """
    ids = checked_whole(where, streams)
    if ids.ndim != 1:
        raise DeclarationError(where, "must be a list of ids, shape (n,)", ids.shape)
    if ids.min(initial=0) < 0:
        raise DeclarationError(where, "ids must not be negative", ids.min().item())
    return np.ascontiguousarray(ids, dtype=np.uint64)


def _nearest(name: str, known) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(sorted(known))}."


def check_choices(instances: int, dtype: str, threads: int | None, seed: int) -> None:
    """Refuse numbers that no batch can have.

    Raises
    ------
    DeclarationError
        With what is possible.
    """
    least: dict[str, tuple[Any, int | None]] = {
        "instances": (instances, 1),
        "threads": (1 if threads is None else threads, 1),
        "seed": (seed, None),
    }
    for name, (number, low) in least.items():
        if not isinstance(number, Integral):
            raise DeclarationError(f"Batch.{name}", "must be an integer", number)
        if low is not None and number < low:
            raise DeclarationError(f"Batch.{name}", f"must be at least {low}", number)
    if dtype not in REALS:
        raise DeclarationError("Batch.dtype", f"must be one of {', '.join(REALS)}", dtype)


def checked_streams(streams: Any, instances: int) -> np.ndarray:
    """Return one stream id per instance, uint64.

    Raises
    ------
    DeclarationError
        Where these are no ids, or not as many.
    """
    ids = checked_ids("Batch.streams", streams)
    if ids.shape != (instances,):
        told = f"there must be one id per instance, shape ({instances},)"
        raise DeclarationError("Batch.streams", told, ids.shape)
    return ids
