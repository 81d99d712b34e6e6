"""A network as a declaration: plain values and strings, printed as text, built as often as wanted.

Times are in ms.  A part of a group is written as in Python: ``"cells[1:4]"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from brian2 import (
    BrianObject,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    Quantity,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    second,
)
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER

from simulation.networks.cases import Case

SPACE = {"tau": 6 * ms, "ms": ms, "second": second}

#: Variables that Brian2 adds to refractory neurons and to event-driven synapses.
ADDED = ("lastspike", "not_refractory", "lastupdate")

#: The objects of a network by their declared names.
Objects = dict[str, Any]


@dataclass(frozen=True)
class Slot:
    """When in a step something happens; None leaves Brian2's own choice."""

    when: str | None = None
    order: int | None = None

    @property
    def options(self) -> dict:
        chosen = {"when": self.when, "order": self.order}
        return {name: value for name, value in chosen.items() if value is not None}


@dataclass(frozen=True)
class Regular:
    """Code that a group runs regularly."""

    code: str
    slot: Slot = Slot()
    dt: float | None = None

    def add_to(self, group: Any, number: int) -> None:
        name = f"{group.name}_regular_{number}"
        group.run_regularly(self.code, dt=milliseconds(self.dt), name=name, **self.slot.options)


@dataclass(frozen=True)
class Event:
    """A condition of neurons, when it is checked, and what happens where it holds."""

    name: str
    condition: str
    code: str
    checked: Slot = Slot()
    acted: Slot = Slot()

    def add_to(self, group: NeuronGroup) -> None:
        group.set_event_schedule(self.name, **self.checked.options)
        group.run_on_event(self.name, self.code, **self.acted.options)


@dataclass(frozen=True)
class Source:
    """Given spikes, as (neuron, step)."""

    name: str
    size: int
    spikes: tuple[tuple[int, int], ...]
    period: int = 0
    dt: float = 0.1

    def build(self, made: Objects, name: str) -> BrianObject:
        neurons, steps = np.array(self.spikes, dtype=int).reshape(-1, 2).T
        return SpikeGeneratorGroup(
            self.size,
            neurons,
            (steps + 0.37) * self.dt * ms,
            dt=milliseconds(self.dt),
            name=name,
            period=self.period * self.dt * ms,
            sorted=False,
        )


@dataclass(frozen=True)
class Cells:
    """Neurons."""

    name: str
    size: int
    model: str
    method: str = "euler"
    threshold: str | None = None
    reset: str | None = None
    refractory: str | float | None = None
    order: int = 0
    dt: float | None = None
    spike: Slot = Slot()
    events: tuple[Event, ...] = ()
    regular: tuple[Regular, ...] = ()
    initial: tuple[tuple[str, str | float], ...] = ()

    def build(self, made: Objects, name: str) -> BrianObject:
        events = {event.name: event.condition for event in self.events}
        group = NeuronGroup(
            self.size,
            self.model,
            method=self.method,
            threshold=self.threshold,
            reset=self.reset,
            refractory=self._rest(),
            events=events,
            order=self.order,
            dt=milliseconds(self.dt),
            name=name,
            namespace=SPACE,
        )
        if self.spike.options:
            group.set_event_schedule("spike", **self.spike.options)
        for event in self.events:
            event.add_to(group)
        return _begun(group, self)

    def _rest(self) -> Any:
        if isinstance(self.refractory, float):
            return milliseconds(self.refractory)
        return self.refractory or False


@dataclass(frozen=True)
class Pathway:
    """What synapses do at an event of one of their ends.

    Parameters
    ----------
    delay
        The same for all synapses, an expression for each, or None.
    """

    code: str
    event: str = "spike"
    slot: Slot = Slot()
    delay: float | str | None = None


@dataclass(frozen=True)
class Wires:
    """Synapses.

    Parameters
    ----------
    connect
        Arguments of `Synapses.connect`, as pairs.
    """

    name: str
    source: str
    target: str
    model: str
    connect: tuple[tuple[str, Any], ...] = ()
    pre: Pathway | None = None
    post: Pathway | None = None
    method: str = "euler"
    order: int = 0
    dt: float | None = None
    regular: tuple[Regular, ...] = ()
    initial: tuple[tuple[str, str | float], ...] = ()

    @property
    def pathways(self) -> dict[str, Pathway]:
        ends = {"pre": self.pre, "post": self.post}
        return {end: pathway for end, pathway in ends.items() if pathway is not None}

    def build(self, made: Objects, name: str) -> BrianObject:
        ways = self.pathways
        synapses = Synapses(
            part(made, self.source),
            part(made, self.target),
            self.model,
            method=self.method,
            **{f"on_{end}": way.code for end, way in ways.items()},
            on_event={end: way.event for end, way in ways.items()},
            order=self.order,
            delay={e: milliseconds(w.delay) for e, w in ways.items() if isinstance(w.delay, float)},
            dt=milliseconds(self.dt),
            name=name,
            namespace=SPACE,
        )
        synapses.connect(**dict(self.connect))
        for end, way in ways.items():
            _place(getattr(synapses, end), way)
        return _begun(synapses, self)


@dataclass(frozen=True)
class Spikes:
    """A record of spikes."""

    name: str
    of: str
    variables: tuple[str, ...] = ()
    slot: Slot = Slot()

    def build(self, made: Objects, name: str) -> BrianObject:
        extra = list(self.variables) or None
        return SpikeMonitor(part(made, self.of), extra, name=name, **self.slot.options)


@dataclass(frozen=True)
class Rate:
    """A record of the rate of a population."""

    name: str
    of: str

    def build(self, made: Objects, name: str) -> BrianObject:
        return PopulationRateMonitor(part(made, self.of), name=name)


@dataclass(frozen=True)
class States:
    """A record of variables; no indices stand for all."""

    name: str
    of: str
    variables: tuple[str, ...]
    indices: tuple[int, ...] = ()
    slot: Slot = Slot()
    dt: float | None = None

    def build(self, made: Objects, name: str) -> BrianObject:
        return StateMonitor(
            part(made, self.of),
            list(self.variables),
            record=list(self.indices) or True,
            dt=milliseconds(self.dt),
            name=name,
            **self.slot.options,
        )


Declaration = Source | Cells | Wires | Spikes | Rate | States


@dataclass(frozen=True)
class Declared:
    """A network.

    Parameters
    ----------
    objects
        In an order in which they can be built.
    duration
        Of one run.
    changes
        Values to set between two runs, by address.
    """

    objects: tuple[Declaration, ...]
    duration: float
    changes: tuple[tuple[str, float], ...] = ()

    def build(self, prefix: str = "") -> Case:
        """Return a fresh network; a prefix tells the names of several in one project apart."""
        made: Objects = {}
        for declaration in self.objects:
            name = declaration.name
            made[name] = declaration.build(made, f"{prefix}{name}")
        changes = {f"{prefix}{address}": value for address, value in self.changes}
        compared = [address for group in made.values() for address in _addresses(group)]
        return Case(Network(*made.values()), self.duration * ms, tuple(compared), changes)

    def __str__(self) -> str:
        """The network in words, without what was left at its default."""
        heading = f"{self.duration} ms; {dict(self.changes)}; {self.duration} ms"
        return "\n".join([heading, *(line for made in self.objects for line in _described(made))])


def milliseconds(number: float | None) -> Quantity | None:
    """Return a time given in ms."""
    return None if number is None else number * ms


def part(made: Objects, text: str) -> Any:
    """Return a group or a part of one."""
    name, _, span = text.partition("[")
    if not span:
        return made[name]
    first, last = span.rstrip("]").split(":")
    return made[name][int(first) : int(last)]


def _begun(group: Any, declaration: Cells | Wires) -> Any:
    """Set initial values and add regular code."""
    for variable, expression in declaration.initial:
        setattr(group, variable, expression)
    for number, regular in enumerate(declaration.regular):
        regular.add_to(group, number)
    return group


def _place(pathway: Any, declaration: Pathway) -> None:
    for name, value in declaration.slot.options.items():
        setattr(pathway, name, value)
    if isinstance(declaration.delay, str):
        pathway.delay = declaration.delay


def _addresses(group: Any) -> Iterator[str]:
    """Yield the addresses of all variables that a run can change or read."""
    kinds = (DIFFERENTIAL_EQUATION, PARAMETER)
    equations = getattr(group, "equations", None) or {}
    own = [name for name, equation in equations.items() if equation.type in kinds]
    for name in (*own, *(name for name in ADDED if name in getattr(group, "variables", ()))):
        yield f"{group.name}.{name}"


def _described(declaration: Any, depth: int = 0) -> Iterator[str]:
    """Yield one line per field, and the lines of equations one under the other."""
    kind, margin = type(declaration).__name__, "    " * depth
    yield f"{margin}{kind} {getattr(declaration, 'name', '')}".rstrip()
    for each in fields(declaration):
        value, default = getattr(declaration, each.name), each.default
        if each.name == "name" or (default is not MISSING and value == default):
            continue
        parts = value if isinstance(value, tuple) else (value,)
        if all(is_dataclass(inner) for inner in parts):
            yield from (line for inner in parts for line in _described(inner, depth + 1))
        else:
            head, text = f"{margin}    {each.name}: ", f"{value}"
            yield head + f"\n{' ' * len(head)}".join(text.splitlines())
