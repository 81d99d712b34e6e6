"""Where in a network the numbers of a parameter go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import ArrayVariable, Subexpression
from brian2.groups.group import Group
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.synapses.synapses import Synapses
from brian2.units import hertz
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_dimensions
from brian2.utils.stringtools import get_identifiers

from neuromodels.errors import DeclarationError
from neuromodels.models.building import Built
from neuromodels.models.constants import declare, users_of_constants, users_of_courses
from neuromodels.models.names import Groups, address_of, nearest, part_of
from neuromodels.models.parameters import EACH, SHARED, Parameter, is_number, unit_name
from neuromodels.models.poisson_rates import free_rate, inputs_of, target_of
from neuromodels.models.spike_lists import SpikeList
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.device.addresses import holder_of, pathway_of
from neuromodels.simulation.device.inputs import checked_list

#: The variable that holds the probability of a wiring that is a parameter.
PROBABILITY = "connection_probability"


@dataclass(frozen=True)
class Place:
    """Where a parameter's numbers go.

    Parameters
    ----------
    addresses
        Variables that take them, as `Batch` calls them.
    dim
        Their unit.
    size
        How many numbers the parameter is.
    spread
        For each value of the variable, the number that it takes; None: one for all.
    part
        Which values of the variable are meant; None: all.
    is_wiring
        Whether instances differ in wiring or delays, so that each needs tables of its own.
    shape
        Of the values of a `TimedArray`.
    lists
        Of a generator: the spikes that it may fire, by number; None for anything else.
    largest
        The largest value that it may have, in SI units; the smallest is then 0. None: any.
    """

    addresses: tuple[str, ...]
    dim: Dimension
    size: int = 1
    spread: np.ndarray | None = None
    part: slice | None = None
    is_wiring: bool = False
    shape: tuple[int, ...] = ()
    lists: tuple[SpikeList, ...] | None = None
    largest: float | None = None


class Places:
    """Finds the places of parameters in a network that was just built.

    Parameters
    ----------
    built
        The network; constants that are parameters become variables of its groups.
    groups
        By name.
    captured
        Its code.
    """

    def __init__(self, built: Built, groups: Groups, captured: Sequence[Captured]):
        self.built, self.groups = built, groups
        self.constants = users_of_constants(captured)
        self.wired: set[str] = set()  # constants that decide about wirings
        self._add_users_at_the_start()
        self._add_users_in_equations()
        self.courses = users_of_courses(captured)

    @property
    def declared(self) -> set[str]:
        """Constants that are variables now, in every group that uses them."""
        users = self.constants.items()
        return {n for n, found in users if all(n in group.variables for group in found.values())}

    def _add_users_at_the_start(self) -> None:
        """Add the constants of initial expressions and of wirings."""
        for address, text in self.built.expressions.items():
            self._add_users(self.groups[address.partition(".")[0]], text)
        for name, call in self.built.connections.items():
            for part in (call.condition, call.p):
                self.wired |= self._add_users(self.groups[name], str(part or ""))

    def _add_users_in_equations(self) -> None:
        """Add the constants of subexpressions: perhaps nothing but a measure reads them."""
        groups = {whole.name: whole for whole, _ in map(part_of, self.groups.values())}
        for group in groups.values():
            for variable in list(group.variables.values()):
                if isinstance(variable, Subexpression):
                    self._add_users(group, variable.expr)

    def _add_users(self, group: Group, text: str) -> set[str]:
        known = {**self.built.names, **(getattr(group, "namespace", None) or {})}
        names = {n for n in get_identifiers(text) if n not in group.variables and n in known}
        constants = {n for n in names if n not in DEFAULT_UNITS and is_number(known[n])}
        for name in constants:
            self.constants.setdefault(name, {})[group.name] = group
        return constants

    def of(self, name: str, parameter: Parameter) -> Place:
        """Return the place of a parameter.

        Raises
        ------
        DeclarationError
            Where its address is unknown, with the nearest; or cannot be changed, with a cure.
        """
        where, address = f"Model.parameters[{name!r}]", parameter.address
        owner, dot, rest = address.partition(".")
        place = (
            self._input(address)
            or self._generator(where, owner, dot, parameter)
            or self._poisson_rate(where, owner, rest)
            or (
                self._variable(where, owner, rest, parameter)
                if dot
                else self._constant(where, address)
            )
        )
        self._check(where, parameter, place)
        return place

    def _check(self, where: str, parameter: Parameter, place: Place) -> None:
        if place.size == 1 and parameter.per != SHARED and place.spread is None:
            told = "is one number"
            raise DeclarationError(where, f"{parameter.address} {told}", f"per={parameter.per!r}")
        if place.lists is None and parameter.spike_lists:
            told = f"{parameter.address} is no SpikeGeneratorGroup of the network"
            raise DeclarationError(f"{where}.choices", "spikes need a generator", told)
        if parameter.low is not None and get_dimensions(parameter.low) != place.dim:
            told = unit_name(get_dimensions(parameter.low))
            must = f"bounds must have the unit {unit_name(place.dim)}"
            raise DeclarationError(where, must, told)

    # ----------------------------------------------------------------------------------- inputs

    def _input(self, address: str) -> Place | None:
        """Return the place of a timed array; None where it is none."""
        owner, _, name = address.rpartition(".")
        users = self.courses.get(name, {})
        asked = part_of(self.groups[owner])[0].name if owner in self.groups else owner
        if not users or (asked and asked not in users):
            return None
        user = users[asked] if asked else next(iter(users.values()))
        timed = self.built.names.get(name) or user.namespace[name]
        shape = timed.values.shape
        return Place((f"{user.name}.{name}",), timed.dim, int(np.prod(shape)), shape=shape)

    def _generator(self, where: str, owner: str, dot: str, parameter: Parameter) -> Place | None:
        """Return the place of a generator's spikes; None where it is none."""
        if not isinstance(self.groups.get(owner), Group):
            return None
        group, part = part_of(self.groups[owner])
        if not isinstance(group, SpikeGeneratorGroup):
            return None
        if dot or part != slice(None):
            told, cure = "spikes of a generator change all at once", f"Write {group.name!r}."
            raise DeclarationError(where, told, parameter.address, cure)
        if parameter.low is not None and not parameter.spike_lists:
            cure = "Write choices=[([0, 1], [5, 10]*ms), ...]."
            raise DeclarationError(where, "a generator needs lists of spikes", "bounds", cure)
        start = float(self.built.network.t)
        for number, spikes in enumerate(parameter.spike_lists):
            at = f"{where}.choices[{number}]"
            checked_list(at, group, spikes.indices, spikes.times, start)
        return Place((group.name,), DIMENSIONLESS, lists=parameter.spike_lists)

    def _poisson_rate(self, where: str, owner: str, name: str) -> Place | None:
        """Return the place of the rate of a Poisson input; None where it is none."""
        inputs = inputs_of(self.built.network)
        held = self.built.names.get(owner)
        found = [k for k, each in enumerate(inputs) if each is held or each.name == owner]
        if not found:
            return None
        given = inputs[found[0]]
        if name != "rate":
            told, cure = "only the rate of a PoissonInput can change", f"Write '{owner}.rate'."
            raise DeclarationError(where, told, f"{owner}.{name}" if name else owner, cure)
        variable = free_rate(given, found[0])
        address = f"{target_of(given).name}.{variable}"
        return Place((address,), hertz.dim, largest=1 / float(given.clock.dt_))

    # -------------------------------------------------------------------------------- constants

    def _constant(self, where: str, name: str) -> Place:
        if name not in self.constants:
            self._refuse(where, name)
        return self._declared(name, list(self.constants[name].values()))

    def _declared(self, name: str, groups: list[Group]) -> Place:
        value = None
        for group in groups:
            if name not in group.variables:
                value = (getattr(group, "namespace", None) or {}).get(name)
                value = self.built.names[name] if value is None else value
                declare(group, name, value)
        dim = groups[0].variables[name].dim
        addresses = tuple(f"{group.name}.{name}" for group in groups)
        return Place(addresses, dim, is_wiring=name in self.wired)

    def _refuse(self, where: str, name: str) -> None:
        known = [*self.constants, *(f"{g}.…" for g in self.groups)]
        if name in self.built.names:
            told = "no equation uses the constant when the network runs"
            cure = f"Equations use: {', '.join(sorted(self.constants)) or 'none'}."
            raise DeclarationError(where, told, name, cure)
        told = "must be 'group.variable' or a constant of the equations"
        raise DeclarationError(where, told, name, nearest(name, known))

    # -------------------------------------------------------------------------------- variables

    def _variable(self, where: str, owner: str, name: str, parameter: Parameter) -> Place:
        group, part = part_of(self.groups.find(owner, where))
        if name == "p" and isinstance(group, Synapses) and "p" not in group.variables:
            return self._probability(where, group)
        if name == "N":
            told = "must not change the network's shape"
            cure = "Sweep over a list of models instead, one for each size."
            raise DeclarationError(where, told, parameter.address, cure)
        if name in self.constants and group.name in self.constants[name]:
            return self._declared(name, [group])
        variable = self._array(where, holder_of(group, name), name)
        is_delay = pathway_of(variable, self.groups) is not None
        address = address_of(variable, self.groups)
        is_all = part == slice(None)
        count = variable.size if is_all else part.stop - part.start
        size, spread = _numbers(where, parameter.per, count)
        kept = None if is_all else part
        return Place((address,), variable.dim, size, spread, kept, is_delay)

    def _array(self, where: str, group: Group, name: str) -> ArrayVariable:
        known = [n for n in group.variables if not n.startswith("_")]
        variable = group.variables.get(name)
        if variable is None:
            told = f"{group.name} must have the variable"
            raise DeclarationError(where, told, name, nearest(name, known))
        if not isinstance(variable, ArrayVariable) or variable.read_only:
            told = "only stored variables that may be set can be parameters"
            raise DeclarationError(where, told, f"{group.name}.{name}")
        return variable

    def _probability(self, where: str, synapses: Synapses) -> Place:
        if synapses.name not in self.built.connections:
            told = "must be connected once, by a condition and a probability"
            raise DeclarationError(where, told, synapses.name, "Call connect(condition, p=...).")
        if PROBABILITY not in synapses.variables:
            p = self.built.connections[synapses.name].p
            declare(synapses, PROBABILITY, p if isinstance(p, int | float) else 1.0)
        address = f"{synapses.name}.{PROBABILITY}"
        return Place((address,), DIMENSIONLESS, is_wiring=True)


def _numbers(where: str, per: Any, count: int) -> tuple[int, np.ndarray | None]:
    """Return how many numbers there are, and which of them each value takes."""
    if isinstance(per, str):
        return (1, None) if per == SHARED else (count, np.arange(count))
    labels = np.asarray(per)
    if labels.shape != (count,) or labels.dtype.kind not in "iu" or labels.min() < 0:
        told = f"per must be {SHARED!r}, {EACH!r} or {count} whole numbers from 0"
        raise DeclarationError(where, told, f"shape {labels.shape}")
    return int(labels.max()) + 1, labels
