"""The text of a network becomes Brian2 objects, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    linked_var,
)
from brian2.units import second
from brian2.units.fundamentalunits import Quantity
from brian2.utils.logger import catch_logs

from neuromodels.simulation.capture.messages import discarding, reading
from neuromodels.simulation.device.connecting_code import quick_setup
from neuromodels.simulation.network.circuit import Circuit
from neuromodels.simulation.network.hidden_names import check_constants
from neuromodels.simulation.network.own_constants import set_constants
from neuromodels.simulation.network.own_objects import (
    TurnsTaken,
    add_starts,
    add_zeros,
    check_names,
    note_spikes,
    turns_of,
    with_rule,
)
from neuromodels.simulation.network.own_source import discard, parts_of
from neuromodels.simulation.network.text import (
    EACH_STEP,
    LAST,
    Additions,
    Connection,
    Group,
    Link,
    NetworkText,
    OwnObjects,
    PlasticSynapses,
    Recording,
    SpikeFlag,
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
    def items(self) -> list[str]:
        """Addresses of what a trial draws, the number of its input last."""
        others = [address for address in self.initial if address != self.shown]
        return others if self.shown is None else [*others, self.shown]

    @property
    def shown(self) -> str | None:
        """Address of the number of the input that a trial shows; None where none is chosen."""
        return self.text.shown

    @property
    def flags(self) -> Mapping[str, str]:
        """Addresses of what is 1 in each neuron that has fired, by hidden population."""
        return self.text.flags

    @property
    def synapses(self) -> int:
        """How many there are in all, those of the task's own groups included."""
        return sum(len(each) for each in self.network.objects if isinstance(each, Synapses))

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
    DeclarationError
        Where a constant has a name that means something else already.
    """
    assembler = _Assembler(text)
    with quick_setup(), discarding(assembler.objects):
        for part in text.parts:
            assembler.make(part)
        check_names(assembler.objects)
        return Network(*assembler.objects, name="trial")


def connect_all(synapses: Synapses, sources: tuple[int, ...] = ()) -> None:
    """Connect every neuron of the source with every one of the target, as ``connect()`` does.

    Lists of pairs need no code of their own, which takes Brian2 more than half of the time.

    Parameters
    ----------
    sources
        First source neuron to connect, and the one behind the last; empty: all.
    """
    size = len(synapses.target)
    first, end = sources or (0, len(synapses.source))
    i, j = np.divmod(np.arange(first * size, end * size), size)
    synapses.connect(i=i, j=j)


def tabled(constants: Mapping[str, object]) -> dict[str, object]:
    """Return constants, tables as Brian2's `TimedArray`: read as ``name(row*second, column)``."""
    return {
        name: TimedArray(value.values, dt=1 * second, name=name)
        if isinstance(value, Table)
        else value
        for name, value in constants.items()
    }


class _Assembler:
    """Makes the objects of one network, all on one clock."""

    def __init__(self, text: NetworkText):
        self.clock = Clock(text.step, name="trial_clock")
        check_constants("task", text.constants)
        self.namespace = tabled(text.constants)
        self.objects: list = []
        self.named: dict[str, NeuronGroup | Synapses] = {}
        self.flags: dict[str, str] = {}
        self.turns = TurnsTaken(0, {})

    def make(self, part: object) -> None:
        """Make one part of the text."""
        MAKERS[type(part)](self, part)

    def _group(self, part: Group) -> None:
        with reading(part.name, part.equations, part.threshold):
            group = NeuronGroup(
                part.size,
                f"{part.equations}\n{part.flag} : 1" if part.flag else part.equations,
                events={} if part.threshold is None else {"spike": part.threshold},
                method=part.method,
                order=part.order,
                name=part.name,
                clock=self.clock,
                namespace={**self.namespace, **part.constants},
            )
        self._keep(group)
        self.flags[part.name] = part.flag
        check_constants(part.name, part.constants, group.variables)

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
        self._keep(synapses)
        check_constants(part.name, part.constants, synapses.variables)
        connect_all(synapses, part.sources)

    def _statements(self, part: Statements) -> None:
        self.named[part.owner].run_regularly(
            part.code, when=part.slot, order=part.order, clock=self.clock, name=part.name
        )

    def _spikes(self, part: Spikes) -> None:
        group = self.named[part.owner]
        group.set_event_schedule("spike", when=EACH_STEP, order=part.threshold_order)
        flag = self.flags[part.owner]
        reset = f"{part.reset}\n{flag} = 1" if flag else part.reset
        group.run_on_event("spike", reset, when=EACH_STEP, order=part.reset_order)

    def _link(self, part: Link) -> None:
        source = self.named[part.source]
        setattr(self.named[part.owner], part.variable, linked_var(source, part.source_variable))

    def _value(self, part: Value) -> None:
        setattr(self.named[part.owner], part.variable, part.value)

    def _own_objects(self, part: OwnObjects) -> None:
        built = part.source.take(self.clock)
        self.turns = turns_of(built.network, part.first, part.last)
        own = parts_of(built.network)
        discard(each for each in built.network.objects if each not in own)
        self.turns.give(own, EACH_STEP)
        for each in own:
            self._keep(each)

    def _additions(self, part: Additions) -> None:
        add_zeros(self.named[part.owner], part.zeros)
        add_starts(self.named[part.owner], part.starts)
        set_constants(self.named[part.owner], part.constants)

    def _plastic_synapses(self, part: PlasticSynapses) -> None:
        old = self.named[part.name]
        self.objects[:] = [each for each in self.objects if each is not old]
        new = with_rule(old, part)
        discard([old])
        self.turns.give([new], EACH_STEP)
        self._keep(new)
        check_constants(part.name, part.constants, new.variables)

    def _spike_flag(self, part: SpikeFlag) -> None:
        note_spikes(self.named[part.owner], part.variable, EACH_STEP, part.order)

    def _recording(self, part: Recording) -> None:
        with catch_logs():  # it warns of each shared variable, which nobody here asked for
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


# `functools.singledispatchmethod` would do this, and from Python 3.13 on keep each assembler, with
# the whole network that it has made, for as long as the process lives.
MAKERS: Mapping[type, Callable[[_Assembler, Any], None]] = MappingProxyType(
    {
        Group: _Assembler._group,
        Connection: _Assembler._connection,
        Statements: _Assembler._statements,
        Spikes: _Assembler._spikes,
        Link: _Assembler._link,
        Value: _Assembler._value,
        OwnObjects: _Assembler._own_objects,
        Additions: _Assembler._additions,
        PlasticSynapses: _Assembler._plastic_synapses,
        SpikeFlag: _Assembler._spike_flag,
        Recording: _Assembler._recording,
    }
)
"""What makes each kind of part of a text."""
