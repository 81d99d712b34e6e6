"""The text of a network becomes Brian2 objects, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import singledispatchmethod

from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    linked_var,
    prefs,
)
from brian2.units import second
from brian2.units.fundamentalunits import Quantity

from neuromodels.simulation.capture.messages import discarding, reading
from neuromodels.simulation.network.circuit import Circuit
from neuromodels.simulation.network.text import (
    EACH_STEP,
    LAST,
    Connection,
    Group,
    Link,
    NetworkText,
    Recording,
    Spikes,
    Statements,
    Table,
    Value,
)
from neuromodels.simulation.network.writing import write_network
from neuromodels.study.conditions import Controls
from neuromodels.tasks import Task


@dataclass
class Assembly:
    """A network and the addresses of what a search reads and writes.

    Parameters
    ----------
    network
        Brian2's.
    text
        What it was made of, see `NetworkText`.
    """

    network: Network
    text: NetworkText

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where the numbers of each coefficient lie: label -> ``"group.variable"``."""
        return self.text.addresses

    @property
    def initial(self) -> Mapping[str, str]:
        """Expressions that draw the trial, by address."""
        return self.text.initial

    @property
    def loss(self) -> str:
        """Address of the loss."""
        return self.text.loss

    @property
    def accuracy(self) -> str:
        """Address of the score."""
        return self.text.accuracy

    @property
    def over(self) -> str:
        """Address of what ends a trial without hope."""
        return self.text.over

    @property
    def spikes(self) -> str | None:
        """Address of the spikes of a trial per spiking neuron; None where nobody asks."""
        return self.text.spikes

    @property
    def duration(self) -> Quantity:
        """Of one trial."""
        return self.text.steps * self.text.step

    @property
    def seconds(self) -> float:
        """The duration as a plain number."""
        return float(self.duration / second)


def assemble(
    circuit: Circuit,
    task: Task,
    parameters: Mapping[str, float],
    dt: Quantity | None = None,
    controls: Controls | None = None,
) -> Assembly:
    """Return the network of a circuit that does a task; for the arguments see `write_network`."""
    text = write_network(circuit, task, parameters, dt, controls)
    return Assembly(network_from(text), text)


def network_from(text: NetworkText) -> Network:
    """Return the Brian2 network of a text.

    Raises
    ------
    EquationError
        Where Brian2 cannot read an equation; the message has its line and token.
    """
    assembler = _Assembler(text)
    with quick_setup(), discarding(assembler.objects):
        for part in text.parts:
            assembler.make(part)
        return Network(*assembler.objects, name="trial")


def tabled(constants: Mapping[str, object]) -> dict[str, object]:
    """Return constants, tables as Brian2's `TimedArray`: read as ``name(row*second, column)``."""
    return {
        name: TimedArray(value.values, dt=1 * second, name=name)
        if isinstance(value, Table)
        else value
        for name, value in constants.items()
    }


@contextmanager
def quick_setup() -> Iterator[None]:
    """Let Brian2 connect synapses with numpy: compiling that for one network takes longer."""
    target = prefs.codegen.target
    prefs.codegen.target = "numpy"
    try:
        yield
    finally:
        prefs.codegen.target = target


class _Assembler:
    """Makes the objects of one network, all on one clock."""

    def __init__(self, text: NetworkText):
        self.clock = Clock(text.step, name="trial_clock")
        self.namespace = tabled(text.constants)
        self.objects: list = []
        self.named: dict[str, NeuronGroup | Synapses] = {}

    @singledispatchmethod
    def make(self, part: object) -> None:
        """Make one part of the text."""
        raise TypeError(f"no part of a network: {part!r}")

    @make.register
    def _group(self, part: Group) -> None:
        with reading(part.name, part.equations, part.threshold):
            group = NeuronGroup(
                part.size,
                part.equations,
                events={} if part.threshold is None else {"spike": part.threshold},
                method=part.method,
                order=part.order,
                name=part.name,
                clock=self.clock,
                namespace={**self.namespace, **part.constants},
            )
        self._keep(group)

    @make.register
    def _connection(self, part: Connection) -> None:
        with reading(part.name, part.equations):
            synapses = Synapses(
                self.named[part.source],
                self.named[part.target],
                part.equations or None,
                on_pre=part.on_pre or None,
                on_post=part.on_post or None,
                namespace={**self.namespace, **part.constants},
                name=part.name,
                clock=self.clock,
                method="exact",
            )
        synapses.connect()
        self._keep(synapses)

    @make.register
    def _statements(self, part: Statements) -> None:
        self.named[part.owner].run_regularly(
            part.code, when=part.slot, order=part.order, clock=self.clock, name=part.name
        )

    @make.register
    def _spikes(self, part: Spikes) -> None:
        group = self.named[part.owner]
        group.set_event_schedule("spike", when=EACH_STEP, order=part.threshold_order)
        group.run_on_event("spike", part.reset, when=EACH_STEP, order=part.reset_order)

    @make.register
    def _link(self, part: Link) -> None:
        source = self.named[part.source]
        setattr(self.named[part.owner], part.variable, linked_var(source, part.source_variable))

    @make.register
    def _value(self, part: Value) -> None:
        setattr(self.named[part.owner], part.variable, part.value)

    @make.register
    def _recording(self, part: Recording) -> None:
        monitor = StateMonitor(
            self.named[part.owner],
            list(part.variables),
            record=True,
            name=f"watch_{part.owner}",
            when=LAST,
            clock=self.clock,
        )
        self.objects.append(monitor)

    def _keep(self, part: NeuronGroup | Synapses) -> None:
        self.named[part.name] = part
        self.objects.append(part)
