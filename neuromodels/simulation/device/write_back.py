"""What one instance holds after a run, put back where Brian2 keeps it."""

from __future__ import annotations

import numpy as np
from brian2.core.network import Network
from brian2.groups.group import Group
from brian2.synapses.synapses import SynapticPathway

from neuromodels.simulation.arrays.delays import queue_name
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.monitors import samples_of, spikes_of


def return_to(network: Network, instances: Instances) -> None:
    """Give a network the time, the state and the recordings of its only instance."""
    network.t_ = instances.time
    for clock in network._clocks:
        clock.set_interval(network.t, network.t)
    _return_state(instances)
    for code in instances.captured:
        if code.template == "spikemonitor":
            _return_spikes(instances, code)
        elif code.template in ("statemonitor", "ratemonitor"):
            _return_samples(instances, code)
        elif code.template == "synapses":
            _return_flights(instances, code.options["pathway"])
        elif code.template == "threshold":
            # As Brian2 does: a group that is switched off must not fire for ever.
            code.options["eventspace_variable"].get_value()[-1] = 0
    for group in network.sorted_objects:
        if isinstance(group, Group):
            group._check_for_invalid_states()
    network.after_run()


def _return_state(instances: Instances) -> None:
    for array in instances.layout.states:
        if array.variable is not None:
            array.variable.set_value(instances.state.get(array)[0])


def _return_spikes(instances: Instances, code: Captured) -> None:
    monitor, rows = code.runner, spikes_of(instances.recordings, code, 0)
    first, indices = _length(monitor), rows["i"]
    np.add.at(monitor.variables["count"].get_value(), indices, 1)
    monitor.resize(first + len(indices))
    for name in monitor.record_variables:
        monitor.variables[name].get_value()[first:] = np.asarray(rows[name])
    monitor.variables["N"].set_value(first + len(indices))


def _return_samples(instances: Instances, code: Captured) -> None:
    monitor, samples = code.runner, samples_of(instances.recordings, code, 0)
    first = _length(monitor)
    monitor.resize(first + len(samples["t"]))
    for name, values in samples.items():
        monitor.variables[name].get_value()[first:] = np.asarray(values).T
    monitor.variables["N"].set_value(first + len(samples["t"]))


def _length(monitor: Group) -> int:
    return int(monitor.variables["N"].get_value().item())


# --------------------------------------------------------------------------------- spikes under way


def _return_flights(instances: Instances, pathway: SynapticPathway) -> None:
    """Put the spikes that are still under way into Brian2's queue, by synapse."""
    delays = instances.layout.delays[pathway.name]
    wiring = instances.layout.wirings[pathway.synapses.name]
    now = int(pathway.source.clock.variables["timestep"].get_value().item())
    events = [*_still_carried(instances, pathway), *_still_flying(instances, pathway)]
    slots: list[list[int]] = [[] for _ in range(delays.longest + 1)]
    stored_first = np.argsort(wiring.position(np.arange(wiring.n_synapses)))
    for step, synapse in events:
        while step - now >= len(slots):
            slots.append([])
        slots[step - now].append(int(stored_first[synapse]))
    pathway.queue._restore_from_full_state((0, slots))


def _still_carried(instances: Instances, pathway: SynapticPathway) -> list[tuple[int, int]]:
    carried = instances.layout.delays[pathway.name].carried
    if not len(carried):
        return []
    done = _numbers(instances, f"{queue_name(pathway.name)}_next")[0]
    return [(int(step), int(synapse)) for step, synapse in carried[done:]]


def _still_flying(instances: Instances, pathway: SynapticPathway) -> list[tuple[int, int]]:
    """Return step and synapse of every event that a spike under way will cause."""
    delays = instances.layout.delays[pathway.name]
    wiring = instances.layout.wirings[pathway.synapses.name]
    if delays.kind == "none":
        return []
    name, side = queue_name(pathway.name), pathway.prepost
    first, last = _numbers(instances, f"{name}_ends")
    width = 2 if delays.kind == "common" else 3
    flights = _numbers(instances, name).reshape(-1, width)[first:last]
    own = delays.kind == "own"
    starts = wiring.starts(side)[0]
    order = wiring.by_source(side, delays.steps if own else None)[0]
    steps = np.broadcast_to(delays.steps[0], (wiring.n_synapses,))
    found = []
    for flight in flights:
        begin = flight[2] if own else starts[flight[0]]
        for synapse in order[begin : starts[flight[0] + 1]]:
            found.append((int(flight[1] + steps[synapse]), int(synapse)))
    return found


def _numbers(instances: Instances, name: str) -> np.ndarray:
    array = instances.layout.arrays[name]
    return instances.state.get(array)[0][: array.size]
