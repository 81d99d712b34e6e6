"""Statement blocks into the loops of one core: neurons, rectangles, lists and events."""

from __future__ import annotations

import re
from collections.abc import Iterable

from neuromodels.simulation.arrays.index_tables import Sums, count_name, ends_name, sorted_name
from neuromodels.simulation.arrays.layout import Layout
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import fired_name
from neuromodels.simulation.capture.sums import SUMMAND, sum_type
from neuromodels.simulation.capture.translation import Block
from neuromodels.simulation.source.blocks import (
    END_NAMES,
    ENDS,
    addition,
    opposite,
    split_reads,
    vectorises,
    without_ends,
)
from neuromodels.simulation.source.lines import VECTOR_PRAGMA, Lines, count_loop
from neuromodels.simulation.source.loops import Scope, SynapseLoops, Visit, scalar_lines
from neuromodels.simulation.source.spike_queues import take_arrivals

#: A draw per neuron, and up to how many neurons it is not worth drawing many at a time.
RANDOM, FEW = re.compile(r"\b_(rand|randn)\(_vectorisation_idx\)"), 8

#: A side of at most this many neurons is unrolled where that keeps sums in registers.
UNROLLED = 8


def neuron_loop(block: Block, count: int | str, tail: Lines) -> Lines:
    """Loop over all neurons of a group."""
    safe = vectorises(block, ["_idx"])
    draws = [line for line in block.statements if RANDOM.search(line)]
    if safe and draws and (isinstance(count, str) or count >= FEW):
        return _chunked_loop(block, count, tail)
    body = ["const int32_t _vectorisation_idx = _idx;", *block.lines, *tail]
    return count_loop("_idx", count, body, vector=safe)


def _chunked_loop(block: Block, count: int | str, tail: Lines) -> Lines:
    """Loop over neurons whose random numbers are drawn many at a time."""
    draws: Lines = []

    def draw_name(match: re.Match) -> str:
        name = f"nm_drawn_{len(draws) // 2}"
        draws.append(f"alignas(64) nm_real {name}[CHUNK];")
        draws.append(f"_{match[1]}s(nm_first, nm_end - nm_first, {name});")
        return f"{name}[_idx - nm_first]"

    lines = [RANDOM.sub(draw_name, line) for line in block.lines]
    body = ["const int32_t _vectorisation_idx = _idx;", *lines, *tail]
    return [
        f"for (int32_t nm_first = 0; nm_first < {count}; nm_first += CHUNK) {{",
        [
            f"const int32_t nm_end = nm_first + CHUNK < {count} ? nm_first + CHUNK : {count};",
            *draws,
            VECTOR_PRAGMA,
            "for (int32_t _idx = nm_first; _idx < nm_end; _idx++) {",
            body,
            "}",
        ],
        "}",
    ]


class DenseLoops:
    """Loops over all pairs of two ranges, without index arrays."""

    def __init__(self, wiring: Wiring):
        self.wiring = wiring
        self.inner: Side = wiring.inner
        self.outer: Side = opposite(wiring.inner)

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        return self._nested(block, tail, [], [])

    def sum_up(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        if side == self.inner and self.count(self.outer) <= UNROLLED:
            return self._summed_in_registers(block, target, side)
        if side == self.inner:
            zeros = [f"{target}[_k + {start}] = 0;"]
            zero = count_loop("_k", self.count(side), zeros, vector=True)
            return [*zero, *self._nested(block, [addition(block, f"{target}[{END_NAMES[side]}]")])]
        before = [f"{sum_type(block)} _sum = 0;"]
        after = [f"{target}[{END_NAMES[side]}] = _sum;"]
        return self._nested(block, [f"_sum += {SUMMAND};"], before, after, reduction=True)

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        moving = opposite(source)
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[source])
        body = [self.end(moving, "_k"), self.index(source), *rest.lines]
        safe = vectorises(block, ["_idx", ENDS[moving]])
        inner = count_loop("_k", self.count(moving), body, vector=safe)
        return [*events, [self.end(source, "_source"), *fixed, *inner], "}"]

    def _summed_in_registers(self, block: Block, target: str, side: Side) -> Lines:
        """Visit the short side innermost, unrolled, so that sums never leave a register."""
        body = [self.end(self.outer, "_source"), self.end(side, "_k"), self.index(self.outer)]
        rest = without_ends(block, self.wiring)
        count = self.count(self.outer)
        short = count_loop("_source", count, [*body, *rest.lines, f"_sum += {SUMMAND};"])
        inner = [f"{sum_type(block)} _sum = 0;", f"#pragma GCC unroll {count}", *short]
        store = f"{target}[{self._start(side)}_k] = _sum;"
        return count_loop("_k", self.count(side), [*inner, store], vector=True)

    def _start(self, side: Side) -> str:
        start = self.wiring.pre_start if side == "pre" else self.wiring.post_start
        return f"{start} + " if start else ""

    def _nested(self, block, tail, before=(), after=(), reduction=False) -> Lines:
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[self.outer])
        body = [self.end(self.inner, "_k"), self.index(self.outer), *rest.lines, *tail]
        pragma = "#pragma omp simd reduction(+ : _sum)" if reduction else VECTOR_PRAGMA
        safe = vectorises(block, ["_idx", ENDS[self.inner]])
        inner = count_loop("_k", self.count(self.inner), body)
        if safe:
            inner = [pragma, *inner]
        outer = [self.end(self.outer, "_source"), *before, *fixed, *inner, *after]
        return count_loop("_source", self.count(self.outer), outer)

    def count(self, side: Side) -> int:
        """Return the number of neurons of one side."""
        return self.wiring.size(side)

    def end(self, side: Side, counter: str) -> str:
        """Name the neuron of one side that a loop has come to."""
        return f"const int32_t {END_NAMES[side]} = {self._start(side)}{counter};"

    def index(self, source: Side) -> str:
        """Name the synapse of the pair (_source, _k) by where it is stored."""
        row, column = ("_source", "_k") if source == self.outer else ("_k", "_source")
        index = f"{row} * {self.count(self.inner)} + {column}"
        return f"const int32_t _idx = {index}, _vectorisation_idx = _idx;"


class SparseLoops:
    """Loops over listed synapses, by the tables that a layout has for them."""

    def __init__(self, wiring: Wiring, layout: Layout):
        self.wiring = wiring
        self.layout = layout

    @property
    def count(self) -> int | str:
        """The number of synapses: a number, or where it is found if instances differ."""
        if self.wiring.counts is None:
            return self.wiring.n_synapses
        return f"{count_name(self.wiring)}[0]"

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        return neuron_loop(block, self.count, tail)

    def sum_up(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        size, zeros = self.wiring.size(side), [f"{target}[_k + {start}] = 0;"]
        zero = count_loop("_k", size, zeros, vector=True)
        body = ["const int32_t _vectorisation_idx = _idx;", *block.lines]
        tail = [addition(block, f"{target}[{ends_name(self.wiring, side)}[_idx]]")]
        return [*zero, *count_loop("_idx", self.count, [*body, *tail])]

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        prefix = sorted_name(self.wiring, source)
        fixed, rest = split_reads(without_ends(block, self.wiring, [source]), ENDS[source])
        # Synapses that change nothing but themselves are computed side by side.
        pragma = [VECTOR_PRAGMA] if vectorises(block, ["_idx"]) else []
        return [
            *events,
            [
                self.end(source),
                *fixed,
                f"const int32_t nm_end = {prefix}_start[_source + 1];",
                *pragma,
                f"for (int32_t _k = {prefix}_start[_source]; _k < nm_end; _k++) {{",
                [self.synapse(source), *rest.lines],
                "}",
            ],
            "}",
        ]

    def end(self, source: Side) -> str:
        """Name the neuron of one side that has an event."""
        start = self.wiring.pre_start if source == "pre" else self.wiring.post_start
        return f"const int32_t {END_NAMES[source]} = {start} + _source;"

    def synapse(self, side: Side) -> str:
        """Name the synapse at ``_k`` of a list sorted by the neuron of one side."""
        order = f"{sorted_name(self.wiring, side)}_order"
        place = f"{order}[_k]" if order in self.layout.arrays else "_k"
        return f"const int32_t _idx = {place}, _vectorisation_idx = _idx;"


class CoreLoops:
    """How one core goes through neurons, synapses and events.

    Parameters
    ----------
    layout
        With its index tables.
    """

    sums: Sums = "scattered"

    def __init__(self, layout: Layout):
        self.layout = layout
        self.barrier: Lines = []

    def neurons(self, block: Block, count: int | str, tail: Lines) -> Lines:
        """Visit all neurons of a group."""
        return neuron_loop(block, count, tail)

    def visits(
        self, block: Block, index: str, count: int | str, body: Lines, vector: bool = False
    ) -> Lines:
        """Visit neurons, of which `body` changes what `block` does."""
        return count_loop(index, count, body, vector)

    def synapses(self, wiring: Wiring) -> SynapseLoops:
        """Return the loops over the synapses of a wiring."""
        return DenseLoops(wiring) if wiring.dense else SparseLoops(wiring, self.layout)

    def list_events(self, space: str, count: int) -> Lines:
        """Collect the neurons above threshold."""
        return [f"{space}[{count}] = list_of({fired_name(space)}, {count}, {space});"]

    def scalars(self, code: Captured) -> Lines:
        """Compute what a code object needs once, before its loop."""
        return scalar_lines(code)

    def alone(self, lines: Lines) -> Lines:
        """Have it done once: a core is alone anyway."""
        return lines

    def arrivals(self, name: str, now: str, pushed: Lines, visit: Visit) -> Lines:
        """Queue spikes, and visit the synapses of those whose common delay is over."""
        return [*pushed, *visit(take_arrivals(name, f"{name}_delay", now))]

    def in_turn(self, scopes: Iterable[Scope], states: Iterable[str]) -> Lines:
        """Run code objects one after the other."""
        return [line for scope in scopes for line in scope.lines]

    def leave(self, counts: str) -> Lines:
        """End an instance that asks for it, after `counts`, and all that the user stops."""
        ended = "run.until >= 0 && *(const nm_real*)(block + run.until) != 0"
        stopped = "__atomic_load_n(run.stop, __ATOMIC_RELAXED)"
        return [f"if (({ended}) || {stopped}) {{ {counts}break; }}"]
