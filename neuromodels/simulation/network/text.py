"""A network as text: groups, connections, statements and their order, before any Brian2 object.

One frozen value stands between a study and its network.  It can be printed, compared between
conditions, and tested without a simulation; `assembly` makes Brian2 objects of it, part by part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from brian2.units.fundamentalunits import Quantity

from neuromodels.coefficients import Coefficient
from neuromodels.simulation.network.own_source import OwnSource

EACH_STEP, LAST = "groups", "end"
"""Slots of a time step: in the first all happens, ordered by number; the second sees its end."""


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers that equations read as ``name(row*second, column)``."""

    values: np.ndarray

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and np.array_equal(self.values, other.values)

    def __repr__(self) -> str:
        return f"Table{self.values.shape}"


@dataclass(frozen=True)
class Group:
    """Neurons of one kind, or the items, the score and other single units of a task.

    Parameters
    ----------
    order
        When its state is updated within a step.
    constants
        Names in its equations, beside those of the whole network.
    threshold
        Condition of a spike; None: it has none. `Spikes` says what a spike does.
    flag
        Variable that is 1 in each neuron from its first spike on; empty: none. Nothing reads it in
        the network, and it is no part of a model: it tells after a trial who never fired.
    """

    name: str
    size: int
    equations: str
    order: int
    method: str = "exact"
    constants: Mapping[str, object] = field(default_factory=dict)
    threshold: str | None = None
    flag: str = ""


@dataclass(frozen=True)
class Connection:
    """Synapses between all pairs of two groups.

    Parameters
    ----------
    sources
        First source neuron, and the one behind the last; empty: all.
    """

    name: str
    source: str
    target: str
    equations: str = ""
    on_pre: str = ""
    on_post: str = ""
    constants: Mapping[str, object] = field(default_factory=dict)
    sources: tuple[int, ...] = ()


@dataclass(frozen=True)
class Statements:
    """Statements of a group or connection that run in every step."""

    owner: str
    name: str
    code: str
    order: int = 0
    slot: str = EACH_STEP


@dataclass(frozen=True)
class Spikes:
    """When a group's threshold is tested, and what its spikes do to it."""

    owner: str
    reset: str
    threshold_order: int
    reset_order: int


@dataclass(frozen=True)
class Link:
    """A variable of a group that is another group's, neuron by neuron."""

    owner: str
    variable: str
    source: str
    source_variable: str


@dataclass(frozen=True)
class Value:
    """The value of a variable before a search or a user sets it."""

    owner: str
    variable: str
    value: float


@dataclass(frozen=True)
class Recording:
    """Variables of a group or connection that are recorded at the end of each step."""

    owner: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class OwnObjects:
    """All objects of a user's network, which `source` builds anew; its monitors are left out.

    Parameters
    ----------
    first, last
        They take their turns one after the other, with the numbers between these.
    """

    source: OwnSource
    first: int
    last: int


@dataclass(frozen=True)
class OwnConstant:
    """A number of a user's neurons that a study searches.

    Parameters
    ----------
    name
        In the equations.
    coefficient
        How it is searched.
    value
        Where the search starts, with its unit.
    unit
        Of the searched numbers.
    is_new
        Whether it stands around the group so far and has to become its variable.
    is_shared
        Whether all neurons of the group have one number.
    """

    name: str
    coefficient: Coefficient
    value: Quantity
    unit: Quantity
    is_new: bool
    is_shared: bool


@dataclass(frozen=True)
class Additions:
    """What a group of the user's gets: zeros, start values to go back to, and searched constants.

    Parameters
    ----------
    zeros
        Names of new variables without a unit.
    starts
        Variables of the group; ``start_v`` holds what the user has set `v` to.
    """

    owner: str
    zeros: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    constants: tuple[OwnConstant, ...] = ()


@dataclass(frozen=True)
class PlasticSynapses:
    """Synapses of the user's whose ``w`` a rule takes over; wiring and all other text stay.

    Parameters
    ----------
    equations, on_pre, on_post, constants
        Of the rule.
    weight
        What stands for ``w`` in the user's text.
    """

    name: str
    equations: str
    weight: str
    on_pre: str = ""
    on_post: str = ""
    constants: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class SpikeFlag:
    """A variable of a group of the user's that is 1 in each neuron from its first spike on."""

    owner: str
    variable: str
    order: int


Part = (
    Group
    | Connection
    | Statements
    | Spikes
    | Link
    | Value
    | Recording
    | OwnObjects
    | Additions
    | PlasticSynapses
    | SpikeFlag
)


@dataclass(frozen=True)
class NetworkText:
    """All that a network is made of, in the order in which it is made.

    Parameters
    ----------
    parts
        What is made, one after the other.
    constants
        Names that all equations may use: the task's parameters, constants and tables.
    step
        Length of a step, with its unit.
    steps
        Number of steps in a trial.
    addresses
        Where the numbers of each coefficient lie: label -> ``"group.variable"``.
    initial
        Expressions that draw a trial, by address.
    loss, accuracy
        Addresses of the score.
    over
        Address of the variable that ends a trial without hope.
    spikes
        Address of the spikes of a trial per spiking neuron; None where nobody asks.
    shown
        Address of the number of the input that a trial shows; None where nobody can choose it.
    units
        By address, what the numbers of a coefficient are multiplied by: those of a user's own
        neurons may have units.
    """

    parts: tuple[Part, ...]
    constants: Mapping[str, object]
    step: Quantity
    steps: int
    addresses: Mapping[str, str]
    initial: Mapping[str, str]
    loss: str
    accuracy: str
    over: str
    spikes: str | None
    shown: str | None = None
    units: Mapping[str, Quantity] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[Group, ...]:
        """All groups, those of the task and of the norms among them."""
        return tuple(part for part in self.parts if isinstance(part, Group))

    @property
    def flags(self) -> dict[str, str]:
        """Addresses of the flags of those that fired, by population."""
        own = {p.owner: f"{p.owner}.{p.variable}" for p in self.parts if isinstance(p, SpikeFlag)}
        flagged = (group for group in self.groups if group.flag)
        return {group.name: f"{group.name}.{group.flag}" for group in flagged} | own

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All connections, plastic or not."""
        return tuple(part for part in self.parts if isinstance(part, Connection))

    def statements_of(self, owner: str) -> tuple[Statements, ...]:
        """Return the statements of a group or connection in the order in which they run."""
        own = [p for p in self.parts if isinstance(p, Statements) and p.owner == owner]
        return tuple(sorted(own, key=lambda part: (part.slot != EACH_STEP, part.order)))


def with_tables(constants: Mapping[str, object]) -> dict[str, object]:
    """Return a task's constants, arrays as tables."""
    return {
        name: Table(value) if isinstance(value, np.ndarray) else value
        for name, value in constants.items()
    }
