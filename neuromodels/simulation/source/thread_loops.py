"""The same statement blocks spread over the threads of a block, without races.

Iterations that are independent of each other are dealt out to threads; sums are gathered by the
thread of their target, in one order whatever the number of threads; everything else is done by
one thread alone.  The macros are those of ``kernel.hpp``.
"""

from __future__ import annotations

import numpy as np

from neuromodels.simulation.arrays.wiring import Side
from neuromodels.simulation.capture.translation import Block
from neuromodels.simulation.source.loops import (
    ENDS,
    DenseLoops,
    Lines,
    SparseLoops,
    count_loop,
    independent,
    opposite,
    split_reads,
    without_ends,
)

BARRIER = "NM_BARRIER();"


def alone(lines: Lines) -> Lines:
    """Have one thread do something; the others go on to the next barrier."""
    return ["NM_ALONE {", lines, "}"]


def each(index: str, count: int | str, body: Lines) -> Lines:
    """Deal a loop of `index` from 0 to `count` out to the threads."""
    return [f"NM_EACH({index}, {count}) {{", body, "}"]


def neurons(block: Block, count: int | str, tail: Lines) -> Lines:
    """Visit all neurons of a group, or all synapses of a list."""
    body = ["const int32_t _vectorisation_idx = _idx;", *block.lines, *tail]
    return visits(block, "_idx", count, body)


def visits(block: Block, index: str, count: int | str, body: Lines) -> Lines:
    """Visit neurons, of which `body` changes what `block` does."""
    if independent(block, ["_idx"]):
        return each(index, count, body)
    return alone(count_loop(index, count, body))


class ThreadedDense(DenseLoops):
    """Loops over all pairs of two ranges."""

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        if independent(block, ["_idx"]):
            return self._flat(block, tail)
        for side in (self.inner, self.outer):
            if independent(block, ["_idx", ENDS[side]]):
                return self._per_neuron(block, side, [], tail, [], "_source")
        return alone(super().all_synapses(block, tail))

    def summed(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        other = "_source"
        if side == self.outer and self._count(self.inner) % 2 == 0:
            # Threads that began rows of such a length together would all ask one bank of memory.
            other = f"(_source + _k) % {self._count(self.inner)}"
        store = f"{target}[{ENDS[side]}] = _sum;"
        add = ["_sum += _synaptic_var;"]
        return self._per_neuron(block, side, ["nm_real _sum = 0;"], add, [store], other)

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        moving = opposite(source)
        if not independent(block, ["_idx", ENDS[moving]]):
            return alone(super().of_events(block, source, events))
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[moving])
        synapse = [self._end(source, "_source"), self._index(source), *rest.lines]
        body = [self._end(moving, "_k"), *fixed, *events, synapse, "}"]
        return each("_k", self._count(moving), body)

    def _flat(self, block: Block, tail: Lines) -> Lines:
        """Deal out synapses in stored order, neighbours to neighbouring threads."""
        size = self._count(self.inner)
        rest = without_ends(block, self.wiring)
        ends = [self._end(self.outer, f"_idx / {size}"), self._end(self.inner, f"_idx % {size}")]
        body = [*ends, "const int32_t _vectorisation_idx = _idx;", *rest.lines, *tail]
        return each("_idx", self._count(self.outer) * size, body)

    def _per_neuron(
        self, block: Block, side: Side, before: Lines, tail: Lines, after: Lines, other: str
    ) -> Lines:
        """Deal out the neurons of `side`; a thread visits all synapses of its neurons."""
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[side])
        far = opposite(side)
        row, column = ("_k", "_other") if side == self.outer else ("_other", "_k")
        index = f"{row} * {self._count(self.inner)} + {column}"
        synapse = [
            f"const int32_t _other = {other};",
            self._end(far, "_other"),
            f"const int32_t _idx = {index}, _vectorisation_idx = _idx;",
            *rest.lines,
            *tail,
        ]
        loop = count_loop("_source", self._count(far), synapse)
        body = [self._end(side, "_k"), *before, *fixed, *loop, *after]
        return each("_k", self._count(side), body)


class ThreadedSparse(SparseLoops):
    """Loops over listed synapses."""

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        return neurons(block, self.count, tail)

    def summed(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        prefix, place = self._sorted_by(side)
        synapse = [self._head(place), *block.lines, "_sum += _synaptic_var;"]
        body = [
            "nm_real _sum = 0;",
            f"const int32_t _end = {prefix}_start[_target + 1];",
            f"for (int32_t _k = {prefix}_start[_target]; _k < _end; _k++) {{",
            synapse,
            "}",
            f"{target}[_target + {start}] = _sum;",
        ]
        return each("_target", self.wiring.size(side), body)

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        own = independent(block, ["_idx"])
        ends = independent(block, ["_idx", ENDS[opposite(source)]])
        if not own and not (ends and self._has_single_contacts()):
            return alone(super().of_events(block, source, events))
        prefix, place = self._sorted_by(source)
        fixed, rest = split_reads(self._without_end(block, source), ENDS[source])
        start = self.wiring.pre_start if source == "pre" else self.wiring.post_start
        visit = [
            f"const int32_t {ENDS[source]} = {start} + _source;",
            *fixed,
            f"NM_SPAN(_k, {prefix}_start[_source], {prefix}_start[_source + 1]) {{",
            [self._head(place), *rest.lines],
            "}",
        ]
        # The next neuron with an event may reach the same targets.
        return [*events, [*visit, *([] if own else [BARRIER])], "}"]

    def _head(self, place: str) -> str:
        return f"const int32_t _idx = {place}, _vectorisation_idx = _idx;"

    def _has_single_contacts(self) -> bool:
        """Whether no two synapses of an instance join the same pair of neurons."""
        wiring = self.wiring
        pairs = np.atleast_2d(wiring.ends("pre") * wiring.n_post + wiring.ends("post"))
        rows = [row[kept] for row, kept in zip(pairs, wiring.is_real, strict=True)]
        return all(len(np.unique(row)) == len(row) for row in rows)
