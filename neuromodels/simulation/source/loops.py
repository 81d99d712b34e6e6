"""How a program goes through neurons, synapses and events: what every kind of loops can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from neuromodels.simulation.arrays.index_tables import Sums
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import Block
from neuromodels.simulation.source.lines import Lines

#: From lines that open a loop over events, each a ``_source``, to what is done with them.
Visit = Callable[[Lines], Lines]


@dataclass(frozen=True)
class Scope:
    """The text of one code object, with names of its own."""

    head: str
    body: Lines

    @property
    def lines(self) -> Lines:
        return [self.head, self.body, "}"]


class SynapseLoops(Protocol):
    """Loops over the synapses of one wiring."""

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        ...

    def sum_up(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        ...

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        ...


class Loops(Protocol):
    """Loops of one core, or of a block of threads."""

    @property
    def sums(self) -> Sums:
        """How synapses are summed, which decides what tables a layout needs."""
        ...

    @property
    def barrier(self) -> Lines:
        """What all threads wait at until the last one is there."""
        ...

    def neurons(self, block: Block, count: int | str, tail: Lines) -> Lines:
        """Visit all neurons of a group."""
        ...

    def visits(
        self, block: Block, index: str, count: int | str, body: Lines, vector: bool = False
    ) -> Lines:
        """Visit neurons, of which `body` changes what `block` does."""
        ...

    def synapses(self, wiring: Wiring) -> SynapseLoops:
        """Return the loops over the synapses of a wiring."""
        ...

    def list_events(self, space: str, count: int) -> Lines:
        """Collect the neurons above threshold."""
        ...

    def scalars(self, code: Captured) -> Lines:
        """Compute what a code object needs once, before its loop."""
        ...

    def alone(self, lines: Lines) -> Lines:
        """Have it done once."""
        ...

    def arrivals(self, name: str, now: str, pushed: Lines, visit: Visit) -> Lines:
        """Queue spikes, and visit the synapses of those whose common delay is over."""
        ...

    def in_turn(self, scopes: Iterable[Scope], states: Iterable[str]) -> Lines:
        """Run code objects one after the other; `states` are the arrays that they may change."""
        ...

    def leave(self, counts: str) -> Lines:
        """End an instance that asks for it, after `counts`."""
        ...


def scalar_lines(code: Captured) -> Lines:
    """Return the statements that stand before the loop of a code object."""
    lines = code.scalar.lines
    if any("_vectorisation_idx" in line for line in lines):
        return ["const int32_t _vectorisation_idx = -1;", *lines]
    return lines
