"""Where each array of a network lives: in an instance's block, in a table, or in a clock.

Arrays that the code writes are an instance's *state* and lie side by side in one block, small
enough to stay in a core's cache.  All others are *tables*: one row for everybody, or a row per
candidate, which instances share instead of copying.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from brian2.core.clocks import BaseClock, EventClock
from brian2.core.variables import ArrayVariable, DynamicArrayVariable
from brian2.synapses.synapses import Synapses, SynapticPathway

from neuromodels.simulation.arrays.delays import Delays, capacity, delays_of, flights_name
from neuromodels.simulation.arrays.wiring import Wiring, drawn_values, wiring_of
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import Access, array_name, storage_type

ALIGNMENT = 64


@dataclass(frozen=True)
class Array:
    """One array of the network.

    Parameters
    ----------
    name
        In the generated source.
    type
        C++ type of its elements.
    initial
        Values at the start, shape (size,), in stored order.
    offset
        Place in the block in bytes, or None for a table.
    rows
        Values that differ between instances, shape (instances, size), in stored order; else None.
    scratch
        Whether what it holds at the start does not matter.
    """

    name: str
    type: str
    initial: np.ndarray
    offset: int | None
    wiring: Wiring | None = None
    variable: ArrayVariable | None = None
    rows: np.ndarray | None = None
    scratch: bool = False

    @property
    def size(self) -> int:
        return len(self.initial)

    @property
    def bytes(self) -> int:
        return self.initial.nbytes

    @property
    def is_state(self) -> bool:
        return self.offset is not None


class Layout:
    """All arrays that the captured code touches, and the wiring of all synapses.

    Parameters
    ----------
    captured
        The network's code objects in order.
    real
        dtype of floating-point state: float32 or float64.
    delays, wirings
        By pathway and by synapses, where they are not those of the network.
    """

    def __init__(
        self,
        captured: Sequence[Captured],
        real: np.dtype,
        delays: Mapping[str, Delays] | None = None,
        wirings: Mapping[str, Wiring] | None = None,
    ):
        self.real = np.dtype(real)
        self.clocks = _clocks(captured)
        self.wirings = {**_wirings(captured), **(wirings or {})}
        self.delays = dict(delays or {})
        self.arrays: dict[str, Array] = {}
        self.block_bytes = 0
        written = {array_name(variable) for code in captured for variable in _written(code)}
        for variable in _touched(captured):
            name = array_name(variable)
            if name not in self.arrays and not isinstance(variable.owner, BaseClock):
                self.add_variable(variable, name in written)
        for clock in self.clocks:
            if isinstance(clock, EventClock):
                self.add_variable(clock.variables["times"], False)
        for code in captured:
            self._add_events(code)
            if code.template == "synapses":
                self._add_flights(code.options["pathway"])

    def add_variable(self, variable: ArrayVariable, is_state: bool) -> Array:
        """Add an array of the network with its present values."""
        type_ = storage_type(variable)
        wiring = self._wiring_of(variable)
        values = np.array(variable.get_value(), dtype=self.dtype_of(type_)).ravel()
        rows = drawn_values(self.wirings.get(getattr(variable.owner, "name", "")), variable)
        if rows is not None:
            values = rows[0]
        elif wiring is not None and wiring.counts is not None:
            values = (
                np.resize(values, wiring.n_synapses)
                if values.size
                else (np.zeros(wiring.n_synapses, values.dtype))
            )
        values = self._in_stored_order(variable, wiring, values)
        return self._add(array_name(variable), type_, values, is_state, wiring, variable, rows=rows)

    def add_data(self, name: str, values: np.ndarray) -> Array:
        """Add a table of integers that no variable holds, shape (size,) or (rows, size)."""
        if name in self.arrays:
            return self.arrays[name]
        rows = np.atleast_2d(np.asarray(values, dtype=np.int32))
        return self._add(name, "int32_t", rows[0], False, rows=rows if len(rows) > 1 else None)

    def dtype_of(self, type_: str) -> np.dtype:
        """Return the numpy dtype of a C++ type."""
        if type_ == "nm_real":
            return self.real
        names = {"double": "float64", "char": "int8"}
        return np.dtype(names.get(type_, type_.removesuffix("_t")))

    @property
    def states(self) -> list[Array]:
        return [array for array in self.arrays.values() if array.is_state]

    def _add(self, name, type_, values, is_state, wiring=None, variable=None, **more) -> Array:
        offset = None
        if is_state:
            offset = self.block_bytes
            self.block_bytes += -(-max(values.nbytes, 1) // ALIGNMENT) * ALIGNMENT
        self.arrays[name] = Array(name, type_, values, offset, wiring, variable, **more)
        return self.arrays[name]

    def _wiring_of(self, variable: ArrayVariable) -> Wiring | None:
        wiring = self.wirings.get(getattr(variable.owner, "name", ""))
        if wiring is None or variable.scalar or not isinstance(variable, DynamicArrayVariable):
            return None
        fits = variable.size == wiring.n_synapses or wiring.counts is not None
        return wiring if fits else None

    def _in_stored_order(self, variable, wiring: Wiring | None, values: np.ndarray) -> np.ndarray:
        """Reorder values of synapses, and the indices by which a monitor finds synapses."""
        if wiring is not None:
            return wiring.stored(values)
        source = getattr(variable.owner, "source", None)
        watched = self.wirings.get(getattr(source, "name", ""))
        if watched is None or variable.name != "_indices":
            return values
        return watched.position(values)

    def _add_events(self, code: Captured) -> None:
        """Add the list of this step's spikes, and the mask that dense loops read."""
        space = event_space(code)
        if space is None or array_name(space) in self.arrays:
            return
        name, events = array_name(space), np.array(space.get_value(), dtype=np.int32)
        fired = np.zeros(space.size - 1, np.uint8)
        fired[events[: events[-1]]] = 1
        self._add(name, "int32_t", events, True, variable=space)
        self._add(f"{name}_fired", "uint8_t", fired, True)

    def _add_flights(self, pathway: SynapticPathway) -> None:
        """Add the list of spikes under way to a pathway, and the delays that they are given."""
        wiring = self.wirings[pathway.synapses.name]
        delays = self.delays.setdefault(pathway.name, delays_of(pathway, wiring))
        name = flights_name(pathway.name)
        if delays.kind != "none":
            width = 2 if delays.kind == "common" else 3
            size = width * capacity(delays, wiring.size(pathway.prepost))
            self._add(f"{name}_ends", "int32_t", np.zeros(2, np.int32), True)
            self._add(name, "int32_t", np.zeros(size, np.int32), True, scratch=True)
        if delays.kind == "common":
            self.add_data(f"{name}_delay", delays.steps[:, :1])
        if len(delays.carried):
            self._add(f"{name}_next", "int32_t", np.zeros(1, np.int32), True)
            self.add_data(f"{name}_carried_count", np.array([len(delays.carried)]))
            self.add_data(f"{name}_carried", delays.carried.ravel())


def event_space(code: Captured) -> ArrayVariable | None:
    """Return the list of events that a code object writes or reads, if it does."""
    if code.template == "synapses":
        pathway = code.options["pathway"]
        return pathway.source.variables[pathway.eventspace_name]
    if code.template in ("spikegenerator", "ratemonitor"):
        return code.variables["_spikespace"]
    return code.options.get("eventspace_variable")


def accesses(code: Captured) -> Iterable[Access]:
    """Yield every read and write of a code object."""
    for block in (code.scalar, code.vector):
        yield from block.reads
        yield from block.writes


def _written(code: Captured) -> Iterable[ArrayVariable]:
    for block in (code.scalar, code.vector):
        yield from (access.array for access in block.writes)
    if code.template == "summed_variable":
        yield code.options["_target_var"]
    if code.template == "threshold" and code.options["_uses_refractory"]:
        yield from (code.variables[name] for name in ("not_refractory", "lastspike"))
    if code.template == "spikegenerator":
        yield code.variables["_lastindex"]


def _touched(captured: Sequence[Captured]) -> Iterable[ArrayVariable]:
    for code in captured:
        yield from (access.array for access in accesses(code))
        yield from _written(code)
        if code.template == "spikegenerator":
            yield from (code.variables[k] for k in ("neuron_index", "_timebins", "_period_bins"))
        if code.template == "statemonitor":
            yield code.variables["_indices"]


def _clocks(captured: Sequence[Captured]) -> list[BaseClock]:
    clocks: dict[str, BaseClock] = {}
    for code in captured:
        clocks.setdefault(code.clock.name, code.clock)
        for access in accesses(code):
            owner = access.array.owner
            if isinstance(owner, BaseClock):
                clocks.setdefault(owner.name, owner)
    return list(clocks.values())


def _wirings(captured: Sequence[Captured]) -> dict[str, Wiring]:
    """Wire all synapses; those that other objects index keep Brian2's order."""
    synapses = {s.name: s for code in captured for s in _synapses_of(code)}
    indexed_elsewhere = {
        array.owner.name
        for code in captured
        for array in (access.array for access in accesses(code))
        if isinstance(array.owner, Synapses) and not _is_own(code, array.owner)
    }
    return {
        name: wiring_of(s, may_transpose=name not in indexed_elsewhere)
        for name, s in synapses.items()
    }


def _synapses_of(code: Captured) -> Iterable[Synapses]:
    owners = [code.owner, getattr(code.runner, "synapses", None), getattr(code.owner, "source", 0)]
    owners += [access.array.owner for access in accesses(code)]
    return [owner for owner in owners if isinstance(owner, Synapses)]


def _is_own(code: Captured, synapses: Synapses) -> bool:
    names = {getattr(code.owner, "name", ""), getattr(code.runner, "name", "")}
    source = getattr(code.owner, "source", None)
    if code.template == "statemonitor" and isinstance(source, Synapses):
        names.add(source.name)
    return synapses.name in names
