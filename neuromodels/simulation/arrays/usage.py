"""What captured code uses: variables, lists of events, clocks and synapses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from brian2.core.clocks import BaseClock
from brian2.core.variables import ArrayVariable
from brian2.synapses.synapses import Synapses

from neuromodels.simulation.arrays.wiring import Wiring, wiring_of
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import Access


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


def written_variables(code: Captured) -> Iterable[ArrayVariable]:
    """Yield the variables that a code object writes."""
    for block in (code.scalar, code.vector):
        yield from (access.array for access in block.writes)
    if code.template == "summed_variable":
        yield code.options["_target_var"]
    if code.template == "threshold" and code.options["_uses_refractory"]:
        yield from (code.variables[name] for name in ("not_refractory", "lastspike"))
    if code.template == "spikegenerator":
        yield code.variables["_lastindex"]


def used_variables(captured: Sequence[Captured]) -> Iterable[ArrayVariable]:
    """Yield every variable that code reads or writes, in the order in which it meets them."""
    for code in captured:
        yield from (access.array for access in accesses(code))
        yield from written_variables(code)
        if code.template == "spikegenerator":
            yield from (code.variables[k] for k in ("neuron_index", "_timebins", "_period_bins"))
        if code.template == "statemonitor":
            yield code.variables["_indices"]


def clocks_of(captured: Sequence[Captured]) -> list[BaseClock]:
    """Return the clocks that code runs on or reads."""
    clocks: dict[str, BaseClock] = {}
    for code in captured:
        clocks.setdefault(code.clock.name, code.clock)
        for access in accesses(code):
            owner = access.array.owner
            if isinstance(owner, BaseClock):
                clocks.setdefault(owner.name, owner)
    return list(clocks.values())


def wirings_of(captured: Sequence[Captured], indexed: Collection[str] = ()) -> dict[str, Wiring]:
    """Wire all synapses; those that other objects index keep Brian2's order.

    Parameters
    ----------
    indexed
        Names of synapses that code still to come may index, too.
    """
    synapses = {s.name: s for code in captured for s in _synapses_of(code)}
    indexed_elsewhere = set(indexed) | {
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
