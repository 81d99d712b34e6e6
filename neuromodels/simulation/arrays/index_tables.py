"""Tables of indices that loops over synapses read, decided before anything is rendered.

A dense wiring needs none.  Listed synapses are found by the neuron that fired, or by the neuron
whose sum they add to; spikes with delays of their own find theirs sorted by delay, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from brian2.synapses.synapses import SynapticPathway

from neuromodels.simulation.arrays.delays import queue_name
from neuromodels.simulation.arrays.layout import Layout, integer_table
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import global_name

#: How synapses are summed: each adds to its neuron, or each neuron collects from its synapses.
Sums = Literal["scattered", "gathered"]

Tables = Iterator[tuple[str, np.ndarray]]


def with_index_tables(layout: Layout, captured: Sequence[Captured], sums: Sums) -> Layout:
    """Return a layout with all tables that a program of these code objects reads.

    Parameters
    ----------
    layout
        Of the network's arrays.
    captured
        The code objects, initial values included, in the order in which they are rendered.
    sums
        How the program sums over synapses.
    """
    needed = (pair for code in captured for pair in _tables_of(code, layout, sums))
    return layout.with_tables(integer_table(name, values) for name, values in needed)


def count_name(wiring: Wiring) -> str:
    """Return the name of the table that holds how many synapses an instance has."""
    return global_name("count", wiring.name)


def ends_name(wiring: Wiring, side: Side) -> str:
    """Return the name of the table that holds the neuron of one side of each synapse."""
    return global_name("array", wiring.name, f"_synaptic_{side}")


def sorted_name(wiring: Wiring, side: Side) -> str:
    """Return what the names of the tables begin with that list each neuron's synapses."""
    return global_name(f"by_{side}", wiring.name)


def summed_side(code: Captured) -> Side:
    """Return the side whose neurons a summed variable belongs to."""
    return "pre" if code.options["_index_var"].name == "_synaptic_pre" else "post"


def updated_wiring(code: Captured, layout: Layout) -> Wiring | None:
    """Return the wiring of the synapses that a state update visits; None for neurons."""
    synapses = getattr(code.owner, "synapses", code.owner)  # a pathway's delays are theirs
    return layout.wirings.get(synapses.name)


def _tables_of(code: Captured, layout: Layout, sums: Sums) -> Tables:
    if code.template == "stateupdate":
        yield from _of_update(code, updated_wiring(code, layout))
    elif code.template == "summed_variable":
        yield from _of_sums(layout.wirings[code.owner.name], summed_side(code), sums)
    elif code.template == "synapses":
        yield from _of_pathway(code.options["pathway"], layout.wirings[code.owner.name], layout)


def _of_update(code: Captured, wiring: Wiring | None) -> Tables:
    if wiring is not None and (code.vector.reads or code.vector.statements):
        yield from _count(wiring)


def _count(wiring: Wiring) -> Tables:
    if wiring.counts is not None and not wiring.dense:
        yield count_name(wiring), wiring.counts[:, np.newaxis]


def _of_sums(wiring: Wiring, side: Side, sums: Sums) -> Tables:
    if sums == "gathered":
        yield from _sorted_by(wiring, side)
    elif not wiring.dense:
        yield ends_name(wiring, side), wiring.pre if side == "pre" else wiring.post
        yield from _count(wiring)


def _of_pathway(pathway: SynapticPathway, wiring: Wiring, layout: Layout) -> Tables:
    delays, side = layout.delays[pathway.name], pathway.prepost
    if delays.kind != "own":
        yield from _sorted_by(wiring, side)
        return
    name, order = queue_name(pathway.name), wiring.by_source(side, delays.steps)
    steps = np.broadcast_to(delays.steps, order.shape)
    yield f"{name}_start", wiring.starts(side)
    yield f"{name}_order", order
    yield f"{name}_steps", np.take_along_axis(steps, order, axis=1)


def _sorted_by(wiring: Wiring, side: Side) -> Tables:
    """List the synapses of each neuron; those that are stored in that order need no table."""
    if wiring.dense:
        return
    prefix = sorted_name(wiring, side)
    yield f"{prefix}_start", wiring.starts(side)
    order = wiring.by_source(side)
    if not np.all(order == np.arange(wiring.n_synapses)):
        yield f"{prefix}_order", order
