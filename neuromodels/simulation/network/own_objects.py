"""A user's Brian2 objects take part in a trial: their turns, new variables, and plastic synapses.

Within a step the whole network of the user's comes between the channels and the read-out. What
Brian2 would do in the slots ``start`` to ``end`` happens in the same order, one after the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    Expression,
    SingleEquation,
)
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses
from brian2.units import second

from neuromodels.errors import DeclarationError
from neuromodels.simulation.capture.messages import reading
from neuromodels.simulation.network.own_source import MONITORS, WHERE
from neuromodels.simulation.network.text import PlasticSynapses

WEIGHT = r"\bw\b"


# -- turns ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TurnsTaken:
    """When the objects of a network take their turns.

    Parameters
    ----------
    first
        Order of the groups themselves; nothing of theirs runs earlier.
    by_name
        Order of each object that runs.
    """

    first: int
    by_name: Mapping[str, int]

    def give(self, objects: Iterable[Any], slot: str) -> None:
        """Set slot and order of objects and all that they contain; what is not known stays."""
        for each in _with_contained(objects):
            if isinstance(each, CodeRunner) and each.name in self.by_name:
                each.when, each.order = slot, self.by_name[each.name]
            elif not isinstance(each, CodeRunner):
                each.order = self.first


def turns_of(network: Network, first: int, last: int) -> TurnsTaken:
    """Return the order in which Brian2 runs the objects of a network, as numbers of one slot.

    Raises
    ------
    DeclarationError
        Where there are more objects than numbers.
    """
    runners = [
        each
        for each in network.sorted_objects
        if isinstance(each, CodeRunner) and not isinstance(each, MONITORS)
    ]
    if len(runners) > last - first:
        must = f"must have at most {last - first} objects that run"
        raise DeclarationError(WHERE, must, len(runners))
    orders = {each.name: number for number, each in enumerate(runners, start=first + 1)}
    return TurnsTaken(first, orders)


def _with_contained(objects: Iterable[Any]) -> Iterator[Any]:
    for each in objects:
        yield each
        yield from _with_contained(each.contained_objects)


def check_names(objects: Iterable[Any]) -> None:
    """Refuse objects of the user's with names that a study gives to its own.

    Raises
    ------
    DeclarationError
        With the first of them.
    """
    # Brian2 lets a group contain synapses that run statements, beside the network itself
    different = {id(each): each.name for each in _with_contained(objects)}
    counts = Counter(different.values())
    if twice := sorted(name for name, count in counts.items() if count > 1):
        must = "must not have an object with a name of the study's own"
        raise DeclarationError(WHERE, must, twice[0], "Give it another name.")


# -- variables ------------------------------------------------------------------------------------


def add_zeros(group: NeuronGroup, names: Iterable[str]) -> None:
    """Give a group new variables, which synapses may sum into."""
    for name in names:
        _check_new(group, name)
        group.variables.add_array(name, size=len(group), dtype=float)
        group.equations = group.equations + Equations(f"{name} : 1")


def add_starts(group: NeuronGroup, names: Iterable[str]) -> None:
    """Keep what variables of a group were set to, each as ``start_v``."""
    for name in names:
        variable = group.variables[name]
        _check_new(group, f"start_{name}")
        group.variables.add_array(
            f"start_{name}",
            size=len(group),
            dimensions=variable.dim,
            values=np.array(variable.get_value()),
            constant=True,
        )


def note_spikes(group: NeuronGroup, flag: str, slot: str, order: int) -> None:
    """Set a flag where a neuron spikes: with its reset, or at its own time where it has none."""
    code = f"{flag} = 1"
    if "spike" in group.event_codes:
        group.event_codes["spike"] += f"\n{code}"
    else:
        group.run_on_event("spike", code, when=slot, order=order)


def _check_new(group: NeuronGroup, name: str) -> None:
    if name in group.variables or name in group.namespace:
        must = "must not have a name that a study needs"
        raise DeclarationError(f"{WHERE}.{group.name}", must, name, "Take another name.")


# -- plastic synapses -----------------------------------------------------------------------------


def with_rule(synapses: Synapses, part: PlasticSynapses) -> Synapses:
    """Return synapses with the same pairs, delays and text, whose ``w`` follows a rule.

    Raises
    ------
    DeclarationError
        Where Brian2 cannot read the rule between these neurons.
    """
    updater = synapses.state_updater
    with reading(part.name, part.equations):
        new = Synapses(
            synapses.source,
            synapses.target,
            Equations(list(_kept_equations(synapses, part.weight))) + Equations(part.equations),
            on_pre=_statements(synapses, "pre", part.weight, part.on_pre),
            on_post=_statements(synapses, "post", part.weight, part.on_post),
            on_event={path.objname: path.event for path in synapses._pathways},
            namespace={**synapses.namespace, **part.constants},
            clock=synapses.clock,
            order=synapses.order,
            method=updater.method_choice if updater else "exact",
            name=synapses.name,
        )
    new.connect(i=np.array(synapses.i[:]), j=np.array(synapses.j[:]))
    _copy_values(synapses, new)
    return new


def _kept_equations(synapses: Synapses, weight: str) -> Iterator[SingleEquation]:
    """Yield the user's equations without that of ``w``; Brian2 keeps them in three places."""
    for equation in synapses.equations.values():
        if equation.varname != "w":
            yield _with_weight(equation, weight)
    for equation in (synapses.event_driven or {}).values():
        if equation.type == DIFFERENTIAL_EQUATION:
            yield _with_weight(equation, weight)
    for name, updater in synapses.summed_updaters.items():
        code = Expression(re.sub(WEIGHT, f"({weight})", updater.expression.code))
        dim = synapses.variables[name].dim
        yield SingleEquation(SUBEXPRESSION, name, dim, expr=code, flags=["summed"])


def _with_weight(equation: SingleEquation, weight: str) -> SingleEquation:
    if equation.expr is None:
        return equation
    code = Expression(re.sub(WEIGHT, f"({weight})", equation.expr.code))
    return SingleEquation(
        equation.type, equation.varname, equation.dim, equation.var_type, code, equation.flags
    )


def _statements(synapses: Synapses, end: str, weight: str, more: str) -> dict[str, str] | None:
    """Return the statements at spikes of one end: the user's by name, and the rule's."""
    own = {
        path.objname: re.sub(WEIGHT, f"({weight})", path.code)
        for path in synapses._pathways
        if path.prepost == end
    }
    return own | ({f"rule_{end}": more} if more.strip() else {}) or None


def _copy_values(old: Synapses, new: Synapses) -> None:
    """Give new synapses the delays and values of old ones, which have the same pairs in order."""
    for path in old._pathways:
        delays = np.asarray(path.delay[:])
        if delays.size:
            getattr(new, path.objname).delay = delays * second
    kinds = (PARAMETER, DIFFERENTIAL_EQUATION)
    event_driven = (old.event_driven or {}).values()
    for equation in [*old.equations.values(), *event_driven]:
        name = equation.varname
        variable = new.variables.get(name)
        if (
            equation.type in kinds
            and isinstance(variable, ArrayVariable)
            and not _linked(new, name)
        ):
            variable.set_value(np.array(old.variables[name].get_value()))


def _linked(synapses: Synapses, name: str) -> bool:
    return name in synapses._linked_variables
