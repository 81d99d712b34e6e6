"""The same statement blocks spread over the threads of a block, without races.

Iterations that are independent of each other are dealt out to threads; sums are gathered by the
thread of their target, in one order whatever the number of threads; everything else is done by
one thread alone.  The macros are those of ``kernel.hpp``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from neuromodels.simulation.arrays.index_tables import Sums, sorted_name
from neuromodels.simulation.arrays.layout import Layout
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import fired_name
from neuromodels.simulation.capture.sums import SUMMAND, sum_type
from neuromodels.simulation.capture.translation import Block, array_name
from neuromodels.simulation.source.blocks import (
    END_NAMES,
    ENDS,
    independent,
    opposite,
    split_reads,
    without_ends,
)
from neuromodels.simulation.source.core_loops import DenseLoops, SparseLoops
from neuromodels.simulation.source.hazards import Touches, touches_of
from neuromodels.simulation.source.lines import Lines, count_loop, indented
from neuromodels.simulation.source.loops import Scope, SynapseLoops, Visit, scalar_lines
from neuromodels.simulation.source.spike_queues import peek_arrivals

BARRIER = "NM_BARRIER();"


def alone(lines: Lines) -> Lines:
    """Have one thread do something; the others go on to the next barrier."""
    return ["NM_ALONE {", lines, "}"]


def deal(index: str, count: int | str, body: Lines) -> Lines:
    """Deal a loop of `index` from 0 to `count` out to the threads."""
    return [f"NM_EACH({index}, {count}) {{", body, "}"]


def neurons(block: Block, count: int | str, tail: Lines) -> Lines:
    """Visit all neurons of a group, or all synapses of a list."""
    body = ["const int32_t _vectorisation_idx = _idx;", *block.lines, *tail]
    return visits(block, "_idx", count, body)


def visits(block: Block, index: str, count: int | str, body: Lines) -> Lines:
    """Visit neurons, of which `body` changes what `block` does."""
    if independent(block, ["_idx"]):
        return deal(index, count, body)
    return alone(count_loop(index, count, body))


class BlockDense(DenseLoops):
    """Loops over all pairs of two ranges."""

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        if independent(block, ["_idx"]):
            return self._flat(block, tail)
        for side in (self.inner, self.outer):
            if independent(block, ["_idx", ENDS[side]]):
                return self._per_neuron(block, side, [], tail, [], "_source")
        return alone(super().all_synapses(block, tail))

    def sum_up(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        other = "_source"
        if side == self.outer and self.count(self.inner) % 2 == 0:
            # Threads that began rows of such a length together would all ask one bank of memory.
            other = f"(_source + _k) % {self.count(self.inner)}"
        store = f"{target}[{END_NAMES[side]}] = _sum;"
        add = [f"_sum += {SUMMAND};"]
        return self._per_neuron(block, side, [f"{sum_type(block)} _sum = 0;"], add, [store], other)

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        moving = opposite(source)
        if not independent(block, ["_idx", ENDS[moving]]):
            return alone(super().of_events(block, source, events))
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[moving])
        synapse = [self.end(source, "_source"), self.index(source), *rest.lines]
        body = [self.end(moving, "_k"), *fixed, *events, synapse, "}"]
        return deal("_k", self.count(moving), body)

    def _flat(self, block: Block, tail: Lines) -> Lines:
        """Deal out synapses in stored order, neighbours to neighbouring threads."""
        size = self.count(self.inner)
        rest = without_ends(block, self.wiring)
        ends = [self.end(self.outer, f"_idx / {size}"), self.end(self.inner, f"_idx % {size}")]
        body = [*ends, "const int32_t _vectorisation_idx = _idx;", *rest.lines, *tail]
        return deal("_idx", self.count(self.outer) * size, body)

    def _per_neuron(
        self, block: Block, side: Side, before: Lines, tail: Lines, after: Lines, other: str
    ) -> Lines:
        """Deal out the neurons of `side`; a thread visits all synapses of its neurons."""
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[side])
        far = opposite(side)
        row, column = ("_k", "_other") if side == self.outer else ("_other", "_k")
        index = f"{row} * {self.count(self.inner)} + {column}"
        synapse = [
            f"const int32_t _other = {other};",
            self.end(far, "_other"),
            f"const int32_t _idx = {index}, _vectorisation_idx = _idx;",
            *rest.lines,
            *tail,
        ]
        loop = count_loop("_source", self.count(far), synapse)
        body = [self.end(side, "_k"), *before, *fixed, *loop, *after]
        return deal("_k", self.count(side), body)


class BlockSparse(SparseLoops):
    """Loops over listed synapses."""

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        return neurons(block, self.count, tail)

    def sum_up(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        prefix = sorted_name(self.wiring, side)
        synapse = [self.synapse(side), *block.lines, f"_sum += {SUMMAND};"]
        body = [
            f"{sum_type(block)} _sum = 0;",
            f"const int32_t _end = {prefix}_start[_target + 1];",
            f"for (int32_t _k = {prefix}_start[_target]; _k < _end; _k++) {{",
            synapse,
            "}",
            f"{target}[_target + {start}] = _sum;",
        ]
        return deal("_target", self.wiring.size(side), body)

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        own = independent(block, ["_idx"])
        ends = independent(block, ["_idx", ENDS[opposite(source)]])
        if not own and not (ends and self._has_single_contacts()):
            return alone(super().of_events(block, source, events))
        prefix = sorted_name(self.wiring, source)
        fixed, rest = split_reads(without_ends(block, self.wiring, [source]), ENDS[source])
        visit = [
            self.end(source),
            *fixed,
            f"NM_SPAN(_k, {prefix}_start[_source], {prefix}_start[_source + 1]) {{",
            [self.synapse(source), *rest.lines],
            "}",
        ]
        # The next neuron with an event may reach the same targets.
        return [*events, [*visit, *([] if own else [BARRIER])], "}"]

    def _has_single_contacts(self) -> bool:
        """Whether no two synapses of an instance join the same pair of neurons."""
        wiring = self.wiring
        pairs = np.atleast_2d(wiring.ends("pre") * wiring.n_post + wiring.ends("post"))
        rows = [row[kept] for row, kept in zip(pairs, wiring.is_real, strict=True)]
        return all(len(np.unique(row)) == len(row) for row in rows)


class BlockLoops:
    """How a block of threads goes through neurons, synapses and events together.

    Parameters
    ----------
    layout
        With its index tables.
    """

    sums: Sums = "gathered"

    def __init__(self, layout: Layout):
        self.layout = layout
        self.barrier: Lines = [BARRIER]

    def neurons(self, block: Block, count: int | str, tail: Lines) -> Lines:
        """Visit all neurons of a group."""
        return neurons(block, count, tail)

    def visits(
        self, block: Block, index: str, count: int | str, body: Lines, vector: bool = False
    ) -> Lines:
        """Visit neurons, of which `body` changes what `block` does."""
        return visits(block, index, count, body)

    def synapses(self, wiring: Wiring) -> SynapseLoops:
        """Return the loops over the synapses of a wiring."""
        return BlockDense(wiring) if wiring.dense else BlockSparse(wiring, self.layout)

    def list_events(self, space: str, count: int) -> Lines:
        """Collect the neurons above threshold, each at its rank."""
        rank = f"const int32_t _rank = nm_rank({fired_name(space)}, _idx);"
        entry = f"if ({fired_name(space)}[_idx]) {space}[_rank] = _idx;"
        total = f"if (_idx == {count - 1}) {space}[{count}] = _rank + {fired_name(space)}[_idx];"
        needed = f"if ({fired_name(space)}[_idx] || _idx == {count - 1}) {{"
        return [BARRIER, *deal("_idx", count, [needed, [rank, entry, total], "}"])]

    def scalars(self, code: Captured) -> Lines:
        """Compute scalars in every thread; one thread stores those that are written."""
        block, lines = code.scalar, scalar_lines(code)
        if block.writes:
            stores = [access.write for access in block.writes]
            return [*lines[: -len(stores)], BARRIER, *alone(stores), BARRIER]
        written = {array_name(access.array) for access in code.vector.writes}
        read = {array_name(access.array) for access in block.reads}
        return [*lines, BARRIER] if written & read else lines

    def alone(self, lines: Lines) -> Lines:
        """Have one thread do something; the others go on to the next barrier."""
        return alone(lines)

    def arrivals(self, name: str, now: str, pushed: Lines, visit: Visit) -> Lines:
        """Queue spikes, and visit the synapses of those whose common delay is over."""
        arrived, taken = peek_arrivals(name, f"{name}_delay", now)
        return [*alone(pushed), BARRIER, *visit(arrived), BARRIER, *alone(taken)]

    def in_turn(self, scopes: Iterable[Scope], states: Iterable[str]) -> Lines:
        """Put a barrier before what meets an array that was touched since the last one."""
        lines: Lines = []
        known = set(states)
        pending = Touches(known, set(known))  # anything, by the step before
        for scope in scopes:
            body = scope.body
            own = touches_of("\n".join(indented(body)), known)
            if own.meets(pending) and scope.head.startswith("if"):
                body = [BARRIER, *body]
            elif own.meets(pending):
                lines.append(BARRIER)
                pending = Touches()
            pending.add(own)
            lines += [scope.head, body, "}"]
        return lines

    def leave(self, counts: str) -> Lines:
        """End an instance that asks for it, after `counts`."""
        # All have read the number before any of them computes it anew.
        ended = f"if (_over) {{ {counts}break; }}"
        return ["if (_until) {", [BARRIER, "const bool _over = *_until != 0;", BARRIER, ended], "}"]
