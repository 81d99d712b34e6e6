"""Lay a captured network out: state side by side in a block, everything else in tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from brian2.core.clocks import BaseClock, EventClock
from brian2.core.variables import ArrayVariable, DynamicArrayVariable
from brian2.synapses.synapses import SynapticPathway

from neuromodels.simulation.arrays.delays import Delays, capacity, delays_of, queue_name
from neuromodels.simulation.arrays.given_spikes import GivenSpikes
from neuromodels.simulation.arrays.layout import ALIGNMENT, Array, Layout, integer_table
from neuromodels.simulation.arrays.usage import (
    clocks_of,
    event_space,
    used_variables,
    wirings_of,
    written_variables,
)
from neuromodels.simulation.arrays.wiring import Wiring, drawn_values
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import fired_name
from neuromodels.simulation.capture.translation import array_name, storage_type

#: There is room for so many spikes that were under way before a program was built.
LEAST_CARRIED = 4096


def layout_of(
    captured: Sequence[Captured],
    real: np.dtype,
    delays: Mapping[str, Delays] | None = None,
    wirings: Mapping[str, Wiring] | None = None,
    spikes: Mapping[str, GivenSpikes] | None = None,
    indexed: Collection[str] = (),
    held: Collection[str] = (),
) -> Layout:
    """Lay out all arrays that code touches.

    Parameters
    ----------
    captured
        The network's code objects in order.
    real
        dtype of floating-point state: float32 or float64.
    delays, wirings
        By pathway and by synapses, where they are not those of the network.
    spikes
        By generator, where they are not those of the network.
    indexed
        Names of synapses that keep Brian2's order.
    held
        Names of arrays that are states even if no code writes them.
    """
    present = {**wirings_of(captured, indexed), **(wirings or {})}
    placement = Placement(np.dtype(real), present, delays or {})
    placement.spikes.update(spikes or {})
    clocks = clocks_of(captured)
    written = {array_name(variable) for code in captured for variable in written_variables(code)}
    written |= set(held)
    for variable in used_variables(captured):
        name = array_name(variable)
        if name not in placement.arrays and not isinstance(variable.owner, BaseClock):
            placement.place_variable(variable, name in written)
    for clock in clocks:
        if isinstance(clock, EventClock):
            placement.place_variable(clock.variables["times"], False)
    for code in captured:
        placement.place_events(code)
        if code.template == "synapses":
            placement.place_queue(code.options["pathway"])
    return placement.layout(clocks)


def with_variable(layout: Layout, variable: ArrayVariable) -> Layout:
    """Return a layout with a table for a variable that no code touches."""
    array = variable_array(variable, layout.real, layout.wirings)
    return layout.with_tables([array])


class Placement:
    """Arrays while they get their places, one after the other."""

    def __init__(self, real: np.dtype, wirings: Mapping[str, Wiring], delays: Mapping[str, Delays]):
        self.real = real
        self.wirings = dict(wirings)
        self.delays = dict(delays)
        self.spikes: dict[str, GivenSpikes] = {}
        self.arrays: dict[str, Array] = {}
        self.block_bytes = 0

    def layout(self, clocks: Sequence[BaseClock]) -> Layout:
        """Return everything that has a place."""
        return Layout(
            self.real, tuple(clocks), self.wirings, self.delays, self.arrays, self.block_bytes
        )

    def place(self, array: Array, is_state: bool) -> None:
        """Give an array its place: in the block behind all others, or in a table."""
        if is_state:
            array = replace(array, offset=self.block_bytes)
            self.block_bytes += -(-max(array.bytes, 1) // ALIGNMENT) * ALIGNMENT
        self.arrays[array.name] = array

    def place_variable(self, variable: ArrayVariable, is_state: bool) -> None:
        """Place an array of the network with its present values."""
        array = variable_array(variable, self.real, self.wirings)
        given = self.spikes.get(getattr(variable.owner, "name", ""))
        self.place(given.in_place_of(array) if given else array, is_state)

    def place_events(self, code: Captured) -> None:
        """Place the list of this step's spikes, and the mask that dense loops read."""
        space = event_space(code)
        if space is None or array_name(space) in self.arrays:
            return
        name, events = array_name(space), np.array(space.get_value(), dtype=np.int32)
        fired = np.zeros(space.size - 1, np.uint8)
        fired[events[: events[-1]]] = 1
        self.place(Array(name, "int32_t", events, None, variable=space), True)
        self.place(Array(fired_name(name), "uint8_t", fired, None), True)

    def place_queue(self, pathway: SynapticPathway) -> None:
        """Place the list of spikes under way to a pathway, and the delays that they are given."""
        wiring = self.wirings[pathway.synapses.name]
        delays = self.delays.setdefault(pathway.name, delays_of(pathway, wiring))
        name = queue_name(pathway.name)
        if delays.kind != "none":
            width = 2 if delays.kind == "common" else 3
            spikes = np.zeros(width * capacity(delays, wiring.size(pathway.prepost)), np.int32)
            self.place(Array(f"{name}_ends", "int32_t", np.zeros(2, np.int32), None), True)
            self.place(Array(name, "int32_t", spikes, None, scratch=True), True)
        if delays.kind == "common":
            self.place(integer_table(f"{name}_delay", delays.steps[:, :1]), False)
        if len(delays.carried):
            count = np.array([len(delays.carried)])
            self.place(Array(f"{name}_next", "int32_t", np.zeros(1, np.int32), None), True)
            self.place(integer_table(f"{name}_carried_count", count), False)
            self.place(integer_table(f"{name}_carried", _padded(delays.carried)), False)


def _padded(carried: np.ndarray) -> np.ndarray:
    """Return carried events in a table of a round size: each size is a program of its own."""
    room = max(LEAST_CARRIED, 1 << (len(carried) - 1).bit_length())
    return np.pad(carried, ((0, room - len(carried)), (0, 0))).ravel()


def variable_array(variable: ArrayVariable, real: np.dtype, wirings: Mapping[str, Wiring]) -> Array:
    """Return an array of the network with its present values, as a table."""
    type_ = storage_type(variable)
    own = wirings.get(getattr(variable.owner, "name", ""))
    wiring = _wiring_of_values(variable, own)
    rows = drawn_values(own, variable)
    values = np.array(variable.get_value(), dtype=dtype_of(type_, real)).ravel()
    if rows is not None:
        values, rows = rows[0], rows if len(rows) > 1 else None
    elif wiring is not None and wiring.counts is not None:
        values = _resized(values, wiring.n_synapses)
    values = _stored_values(variable, wiring, wirings, values)
    return Array(array_name(variable), type_, values, None, wiring, variable, rows)


def dtype_of(type_: str, real: np.dtype) -> np.dtype:
    """Return the numpy dtype of a C++ type."""
    if type_ == "nm_real":
        return real
    names = {"double": "float64", "char": "int8"}
    return np.dtype(names.get(type_, type_.removesuffix("_t")))


def _resized(values: np.ndarray, size: int) -> np.ndarray:
    """Repeat values that synapses had before they were wired anew; zeros where they had none."""
    return np.resize(values, size) if values.size else np.zeros(size, values.dtype)


def _wiring_of_values(variable: ArrayVariable, own: Wiring | None) -> Wiring | None:
    """Return the wiring of the owner if a variable has a value for each of its synapses."""
    if own is None or variable.scalar or not isinstance(variable, DynamicArrayVariable):
        return None
    return own if variable.size == own.n_synapses or own.counts is not None else None


def _stored_values(
    variable: ArrayVariable,
    wiring: Wiring | None,
    wirings: Mapping[str, Wiring],
    values: np.ndarray,
) -> np.ndarray:
    """Reorder values of synapses, and the indices by which a monitor finds synapses."""
    if wiring is not None:
        return wiring.in_stored_order(values)
    source = getattr(variable.owner, "source", None)
    watched = wirings.get(getattr(source, "name", ""))
    if watched is None or variable.name != "_indices":
        return values
    return watched.position(values)
