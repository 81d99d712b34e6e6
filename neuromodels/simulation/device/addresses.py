"""From what a user writes, ``batch["hidden.v"] = -60*mV``, to an array and checked numbers."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from brian2.core.clocks import BaseClock
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable
from brian2.groups.group import Group
from brian2.monitors import EventMonitor, StateMonitor
from brian2.monitors.ratemonitor import RateMonitor
from brian2.synapses.synapses import SynapticPathway
from brian2.units.fundamentalunits import Quantity, get_dimensions, have_same_dimensions

from neuromodels.errors import DeclarationError

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
    owner, _, name = address.partition(".")
    if owner not in groups or not name:
        raise DeclarationError(
            f"{where}[{address!r}]",
            "the address must be 'group.variable'",
            address,
            _nearest(owner, groups),
        )
    public = [key for key in groups[owner].variables if not key.startswith("_")]
    if name not in public:
        raise DeclarationError(
            f"{where}[{address!r}]", f"{owner} must have the variable", name, _nearest(name, public)
        )
    return groups[owner], name


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


def pathway_of(variable: ArrayVariable, groups: Mapping[str, Group]) -> SynapticPathway | None:
    """Return the pathway whose delays a variable holds; None for any other variable."""
    pathways = (group for group in groups.values() if isinstance(group, SynapticPathway))
    return next((p for p in pathways if p.variables["delay"] is variable), None)


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
    if not have_same_dimensions(values, Quantity(1, dim=variable.dim)):
        raise DeclarationError(
            where,
            f"values must have the unit of {variable.dim}",
            str(get_dimensions(values)),
            "Multiply them by a Brian2 unit.",
        )
    numbers = np.asarray(values)
    shapes = {(): (1, 1), (rows, size): (rows, size), (size,): (1, size)}
    if size == 1:
        shapes[(rows,)] = (rows, 1)
    if numbers.shape not in shapes:
        allowed = " or ".join(str(shape) for shape in shapes if shape)
        raise DeclarationError(where, f"the shape must be {allowed}", numbers.shape)
    count, width = shapes[numbers.shape]
    return np.broadcast_to(numbers.reshape(count, width), (count, size))


def _nearest(name: str, known) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(sorted(known))}."
