"""Constants of a user's neurons that a search changes together with the rule.

A constant is a parameter of the group's equations, ``tau : second (constant)``, or a number that
they find around the group. The second kind becomes a variable of the group.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from brian2.equations.equations import PARAMETER
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses
from brian2.units.fundamentalunits import Quantity, get_dimensions
from brian2.utils.stringtools import get_identifiers

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.models.names import nearest
from neuromodels.models.parameters import is_number, unit_name
from neuromodels.models.quantities import Unreadable, quantity_of
from neuromodels.simulation.network.text import OwnConstant

ASSIGNED = re.compile(r"\b([A-Za-z_]\w*)\s*(?:\*\*|//|[-+*/%])?=(?!=)")
"""A name to which a statement assigns."""


def own_constants(
    declared: Mapping[str, Coefficient],
    groups: Mapping[str, NeuronGroup],
    taken: Collection[tuple[str, str]],
) -> dict[str, OwnConstant]:
    """Return what a study searches in the user's neurons, by address ``group.name``.

    Parameters
    ----------
    declared
        By address.
    taken
        Groups and variables that synapses or channels write.

    Raises
    ------
    DeclarationError
        Where an address is unknown, with the nearest; or a unit or a granularity does not fit.
    """
    known = {
        f"{group.name}.{name}": (group, name)
        for group in groups.values()
        for name in _constants(group)
        if (group.name, name) not in taken
    }
    for address in declared:
        if address not in known:
            must = "must be a constant of a group's equations, as group.name"
            raise DeclarationError(_where(address), must, address, nearest(address, known))
    return {a: _found(_where(a), c, *known[a]) for a, c in declared.items()}


def assigned_by(synapses: Iterable[Synapses]) -> set[tuple[str, str]]:
    """Return the groups and variables of neurons to which statements of synapses assign."""
    found = set()
    for each in synapses:
        ends = [getattr(end, "source", end).name for end in (each.source, each.target)]
        names = {name for path in each._pathways for name in ASSIGNED.findall(path.code)}
        bare = {name.removesuffix("_post").removesuffix("_pre") for name in names}
        found |= set(product(ends, bare))
    return found


def set_constants(group: NeuronGroup, constants: Collection[OwnConstant]) -> None:
    """Give a group's constants their values; those around the group become its variables."""
    for constant in constants:
        name, number = constant.name, float(np.asarray(constant.value))
        if not constant.is_new:
            group.variables[name].set_value(number)
            continue
        group.namespace = {k: v for k, v in (group.namespace or {}).items() if k != name}
        group.variables.add_array(
            name,
            size=1 if constant.is_shared else len(group),
            values=number,
            dimensions=get_dimensions(constant.value),
            scalar=constant.is_shared,
            constant=True,
        )


def _where(address: str) -> str:
    return f"circuit.coefficients.{address!r}"


def _constants(group: NeuronGroup) -> Iterator[str]:
    """Yield the real parameters of a group that nothing assigns, and the numbers around it."""
    texts = list(_texts(group))
    used = {name for text in texts for name in get_identifiers(text)}
    assigned = {name for text in texts for name in ASSIGNED.findall(text)}
    for name, equation in group.user_equations.items():
        is_real = np.dtype(group.variables[name].dtype).kind == "f"
        is_linked = "linked" in equation.flags
        if equation.type == PARAMETER and is_real and name not in assigned and not is_linked:
            yield name
    around = group.namespace or {}
    yield from sorted(n for n in used - set(group.variables) if is_number(around.get(n)))


def _texts(group: NeuronGroup) -> Iterator[str]:
    """Yield all that a group computes: equations, conditions of events, and statements."""
    yield from (e.expr.code for e in group.user_equations.values() if e.expr is not None)
    yield from (str(text) for text in group.events.values())
    yield from (str(text) for text in group.event_codes.values())
    for each in group.contained_objects:
        if each not in (group.state_updater, group.subexpression_updater):
            yield getattr(each, "abstract_code", None) or ""


def _found(where: str, coefficient: Coefficient, group: NeuronGroup, name: str) -> OwnConstant:
    variable = group.variables.get(name)
    unit = _unit(where, coefficient.unit)
    dim = get_dimensions(group.namespace[name]) if variable is None else variable.dim
    if get_dimensions(unit) != dim:
        must = f"must be a unit of {name!r}, such as {unit_name(dim)!r}"
        raise DeclarationError(f"{where}.unit", must, coefficient.unit or "none")
    is_shared = coefficient.per != "neuron" if variable is None else variable.scalar
    if is_shared and coefficient.per == "neuron":
        raise DeclarationError(
            f"{where}.per", f"must be 'population': {name!r} is shared by the group", "neuron"
        )
    value = coefficient.default * Quantity(unit)
    own = replace(coefficient, name=name)
    return OwnConstant(name, own, value, Quantity(unit), variable is None, is_shared)


def _unit(where: str, text: str) -> Any:
    try:
        return quantity_of(text) if text else 1.0
    except Unreadable as error:
        raise DeclarationError(f"{where}.unit", str(error).rstrip(".")) from None
