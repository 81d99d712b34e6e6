"""Statement blocks into loops over neurons, dense rectangles, sparse lists and events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from neuromodels.simulation.arrays.layout import Layout
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.translation import DRAWS, Access, Block, array_name

#: Nested lists are nested lines.
Lines = list

ENDS = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx"}
VECTOR_PRAGMA = "#pragma GCC ivdep"

#: A draw per neuron, and up to how many neurons it is not worth drawing many at a time.
RANDOM, FEW = re.compile(r"\b_(rand|randn)\(_vectorisation_idx\)"), 8

#: A side of at most this many neurons is unrolled where that keeps sums in registers.
UNROLLED = 8


def opposite(side: Side) -> Side:
    return "post" if side == "pre" else "pre"


def indented(lines: Iterable, depth: int = 0) -> Iterable[str]:
    """Yield the text of nested lines; preprocessor lines start at the margin."""
    for line in lines:
        if isinstance(line, list):
            yield from indented(line, depth + 1)
        else:
            yield line if line.startswith("#") else "    " * depth + line


def count_loop(index: str, count: int | str, body: Lines, vector: bool = False) -> Lines:
    """Return a loop of `index` from 0 to `count`."""
    pragma = [VECTOR_PRAGMA] if vector else []
    return [*pragma, f"for (int32_t {index} = 0; {index} < {count}; {index}++) {{", body, "}"]


def independent(block: Block, moving: Sequence[str]) -> bool:
    """Whether iterations are independent: each written array is touched at a moving index only."""
    written = {array_name(access.array) for access in block.writes}
    return all(
        access.index in moving
        for access in (*block.reads, *block.writes)
        if array_name(access.array) in written
    )


def vectorises(block: Block, moving: Sequence[str]) -> bool:
    """Whether independent iterations can be computed side by side on one core."""
    draws = any(DRAWS in line for line in block.statements)
    return independent(block, moving) and not draws


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

    def drawn(match: re.Match) -> str:
        name = f"nm_drawn_{len(draws) // 2}"
        draws.append(f"alignas(64) nm_real {name}[CHUNK];")
        draws.append(f"_{match[1]}s(nm_first, nm_end - nm_first, {name});")
        return f"{name}[_idx - nm_first]"

    lines = [RANDOM.sub(drawn, line) for line in block.lines]
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


def without_ends(block: Block, wiring: Wiring) -> Block:
    """Return a block that takes both ends of a synapse from the loop, not from arrays."""
    own = {f"_array_{wiring.name}__synaptic_{side}" for side in ENDS}
    reads = tuple(
        access
        for access in block.reads
        if not (access.name in ENDS.values() and array_name(access.array) in own)
    )
    return Block(reads, block.declarations, block.statements, block.writes)


def split_reads(block: Block, still: str) -> tuple[list[str], Block]:
    """Split off reads that do not change inside the inner loop, where nothing writes them."""
    written = {array_name(access.array) for access in block.writes}

    def stays(access: Access) -> bool:
        return access.index in (still, "0") and array_name(access.array) not in written

    fixed = [access.read for access in block.reads if stays(access)]
    moving = tuple(access for access in block.reads if not stays(access))
    return fixed, Block(moving, block.declarations, block.statements, block.writes)


class DenseLoops:
    """Loops over all pairs of two ranges, without index arrays."""

    def __init__(self, wiring: Wiring):
        self.wiring = wiring
        self.inner: Side = wiring.inner
        self.outer: Side = opposite(wiring.inner)

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        return self._nested(block, tail, [], [])

    def summed(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        if side == self.inner and self._count(self.outer) <= UNROLLED:
            return self._summed_in_registers(block, target, side)
        if side == self.inner:
            zeros = [f"{target}[_k + {start}] = 0;"]
            zero = count_loop("_k", self._count(side), zeros, vector=True)
            return [*zero, *self._nested(block, [f"{target}[{ENDS[side]}] += _synaptic_var;"])]
        before = ["nm_real _sum = 0;"]
        after = [f"{target}[{ENDS[side]}] = _sum;"]
        return self._nested(block, ["_sum += _synaptic_var;"], before, after, reduction=True)

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        moving = opposite(source)
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[source])
        body = [self._end(moving, "_k"), self._index(source), *rest.lines]
        safe = vectorises(block, ["_idx", ENDS[moving]])
        inner = count_loop("_k", self._count(moving), body, vector=safe)
        return [*events, [self._end(source, "_source"), *fixed, *inner], "}"]

    def _summed_in_registers(self, block: Block, target: str, side: Side) -> Lines:
        """Visit the short side innermost, unrolled, so that sums never leave a register."""
        body = [self._end(self.outer, "_source"), self._end(side, "_k"), self._index(self.outer)]
        rest = without_ends(block, self.wiring)
        count = self._count(self.outer)
        short = count_loop("_source", count, [*body, *rest.lines, "_sum += _synaptic_var;"])
        inner = ["nm_real _sum = 0;", f"#pragma GCC unroll {count}", *short]
        store = f"{target}[{self._start(side)}_k] = _sum;"
        return count_loop("_k", self._count(side), [*inner, store], vector=True)

    def _start(self, side: Side) -> str:
        start = self.wiring.pre_start if side == "pre" else self.wiring.post_start
        return f"{start} + " if start else ""

    def _nested(self, block, tail, before=(), after=(), reduction=False) -> Lines:
        fixed, rest = split_reads(without_ends(block, self.wiring), ENDS[self.outer])
        body = [self._end(self.inner, "_k"), self._index(self.outer), *rest.lines, *tail]
        pragma = "#pragma omp simd reduction(+ : _sum)" if reduction else VECTOR_PRAGMA
        safe = vectorises(block, ["_idx", ENDS[self.inner]])
        inner = count_loop("_k", self._count(self.inner), body)
        if safe:
            inner = [pragma, *inner]
        outer = [self._end(self.outer, "_source"), *before, *fixed, *inner, *after]
        return count_loop("_source", self._count(self.outer), outer)

    def _count(self, side: Side) -> int:
        return self.wiring.size(side)

    def _end(self, side: Side, counter: str) -> str:
        return f"const int32_t {ENDS[side]} = {self._start(side)}{counter};"

    def _index(self, source: Side) -> str:
        """The stored index of the pair (_source, _k)."""
        row, column = ("_source", "_k") if source == self.outer else ("_k", "_source")
        index = f"{row} * {self._count(self.inner)} + {column}"
        return f"const int32_t _idx = {index}, _vectorisation_idx = _idx;"


class SparseLoops:
    """Loops over listed synapses."""

    def __init__(self, wiring: Wiring, layout: Layout):
        self.wiring = wiring
        self.layout = layout

    @property
    def count(self) -> int | str:
        """The number of synapses: a number, or where it is found if instances differ."""
        if self.wiring.counts is None:
            return self.wiring.n_synapses
        name = f"_array_{self.wiring.name}__count"
        self.layout.add_data(name, self.wiring.counts[:, np.newaxis])
        return f"{name}[0]"

    def all_synapses(self, block: Block, tail: Lines) -> Lines:
        """Visit every synapse once."""
        return neuron_loop(block, self.count, tail)

    def summed(self, block: Block, target: str, side: Side, start: int) -> Lines:
        """Add ``_synaptic_var`` up per neuron of `side` into the array `target`."""
        size, zeros = self.wiring.size(side), [f"{target}[_k + {start}] = 0;"]
        zero = count_loop("_k", size, zeros, vector=True)
        ends = f"_array_{self.wiring.name}__synaptic_{side}"
        self._need_ends(side)
        body = ["const int32_t _vectorisation_idx = _idx;", *block.lines]
        tail = [f"{target}[{ends}[_idx]] += _synaptic_var;"]
        return [*zero, *count_loop("_idx", self.count, [*body, *tail])]

    def of_events(self, block: Block, source: Side, events: Lines) -> Lines:
        """Visit the synapses of every neuron of `source` that has an event."""
        prefix, place = self._sorted_by(source)
        fixed, rest = split_reads(self._without_end(block, source), ENDS[source])
        start = self.wiring.pre_start if source == "pre" else self.wiring.post_start
        head = f"const int32_t _idx = {place}, _vectorisation_idx = _idx;"
        # Synapses that change nothing but themselves are computed side by side.
        pragma = [VECTOR_PRAGMA] if vectorises(block, ["_idx"]) else []
        return [
            *events,
            [
                f"const int32_t {ENDS[source]} = {start} + _source;",
                *fixed,
                f"const int32_t nm_end = {prefix}_start[_source + 1];",
                *pragma,
                f"for (int32_t _k = {prefix}_start[_source]; _k < nm_end; _k++) {{",
                [head, *rest.lines],
                "}",
            ],
            "}",
        ]

    def _sorted_by(self, side: Side) -> tuple[str, str]:
        """List the synapses of each neuron; return the lists' prefix and the synapse at ``_k``."""
        prefix = f"_array_{self.wiring.name}__by_{side}"
        self.layout.add_data(f"{prefix}_start", self.wiring.starts(side))
        order = self.wiring.by_source(side)
        if np.all(order == np.arange(self.wiring.n_synapses)):
            return prefix, "_k"
        self.layout.add_data(f"{prefix}_order", order)
        return prefix, f"{prefix}_order[_k]"

    def _without_end(self, block: Block, side: Side) -> Block:
        """Return a block that takes one end from the loop over events, where it is the same."""
        own = f"_array_{self.wiring.name}__synaptic_{side}"
        reads = tuple(
            access
            for access in block.reads
            if access.name != ENDS[side] or array_name(access.array) != own
        )
        return Block(reads, block.declarations, block.statements, block.writes)

    def _need_ends(self, side: Side) -> None:
        ends = self.wiring.pre if side == "pre" else self.wiring.post
        self.layout.add_data(f"_array_{self.wiring.name}__synaptic_{side}", ends)


def loops_of(wiring: Wiring, layout: Layout) -> DenseLoops | SparseLoops:
    """Return the loops that fit a wiring."""
    return DenseLoops(wiring) if wiring.dense else SparseLoops(wiring, layout)
