"""What one instance holds after a run, put back where Brian2 keeps it."""

from __future__ import annotations

import numpy as np
from brian2.core.network import Network
from brian2.groups.group import Group
from brian2.synapses.synapses import SynapticPathway

from neuromodels.simulation.arrays.delays import queue_name
from neuromodels.simulation.arrays.layout import Array
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import fired_name
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.monitors import MONITORS, SAMPLING, samples_of, spikes_of


def return_to(network: Network, instances: Instances, has_failed: bool = False) -> None:
    """Give a network the time, the state and the recordings of its only instance.

    As in Brian2, a run that an error has ended is not tidied up.
    """
    network.t_ = instances.time
    for clock in network._clocks:
        clock.set_interval(network.t, network.t)
    _return_state(instances)
    return_recordings(instances)
    return_flights(instances)
    if not has_failed:
        _tidy(network, instances)


def return_recordings(instances: Instances) -> None:
    """Append to Brian2's monitors what they saw since the last time."""
    for code in instances.captured:
        if code.template in MONITORS:
            return_recording(instances, code)


def return_recording(instances: Instances, code: Captured) -> None:
    """Append to one of Brian2's monitors what it saw since the last time."""
    give = _return_samples if code.template in SAMPLING else _return_spikes
    give(instances, code)
    instances.recordings.forget(code.name)


def return_flights(instances: Instances) -> None:
    """Put the spikes that are still under way into Brian2's queues."""
    for number, code in enumerate(instances.captured):
        if code.template == "synapses":
            _return_flights(instances, code.options["pathway"], instances.has_passed(number))


def _tidy(network: Network, instances: Instances) -> None:
    """Do what Brian2 does behind the last step."""
    for code in instances.captured:
        if code.template == "threshold":
            # As Brian2 does: a group that is switched off must not fire for ever.
            code.options["eventspace_variable"].get_value()[-1] = 0
    for group in network.sorted_objects:
        if isinstance(group, Group):
            group._check_for_invalid_states()
    network.after_run()


def _return_state(instances: Instances) -> None:
    for array in instances.layout.states:
        if array.variable is not None:
            array.variable.set_value(present_values(instances, array))


def present_values(instances: Instances, array: Array) -> np.ndarray:
    """Return what the only instance holds of an array, shape (size,), in Brian2's order."""
    values = instances.state.get(array)[0]
    fired = instances.layout.arrays.get(fired_name(array.name))
    if fired is None or array.name not in _masked_spaces(instances):
        return values
    neurons = np.flatnonzero(instances.state.get(fired)[0])
    values[: len(neurons)], values[-1] = neurons, len(neurons)
    return values


def _masked_spaces(instances: Instances) -> set[str]:
    """Return the names of the lists of events that a program keeps as a mask only."""
    plan = instances.ready().plan
    codes = [code for code in plan.captured if code.template == "threshold"]
    return {array_name(code.options["eventspace_variable"]) for code in codes} - plan.listed


def _return_spikes(instances: Instances, code: Captured) -> None:
    monitor, rows = code.runner, spikes_of(instances.recordings, code, 0)
    if not len(rows["i"]):
        return
    first, indices = _length(monitor), rows["i"]
    np.add.at(monitor.variables["count"].get_value(), indices, 1)
    monitor.resize(first + len(indices))
    for name in monitor.record_variables:
        monitor.variables[name].get_value()[first:] = np.asarray(rows[name])
    monitor.variables["N"].set_value(first + len(indices))


def _return_samples(instances: Instances, code: Captured) -> None:
    monitor, samples = code.runner, samples_of(instances.recordings, code, 0)
    if not len(samples["t"]):
        return
    first = _length(monitor)
    monitor.resize(first + len(samples["t"]))
    for name, values in samples.items():
        monitor.variables[name].get_value()[first:] = np.asarray(values).T
    monitor.variables["N"].set_value(first + len(samples["t"]))


def _length(monitor: Group) -> int:
    return int(monitor.variables["N"].get_value().item())


# --------------------------------------------------------------------------------- spikes under way


def _return_flights(instances: Instances, pathway: SynapticPathway, has_passed: bool) -> None:
    """Put the spikes of a pathway into Brian2's queue, by synapse.

    A queue that has passed this step begins with the next one.
    """
    delays = instances.layout.delays[pathway.name]
    wiring = instances.layout.wirings[pathway.synapses.name]
    now = int(pathway.source.clock.variables["timestep"].get_value().item()) + has_passed
    found = (_still_carried(instances, pathway), _still_flying(instances, pathway))
    steps, synapses = np.concatenate(found).T
    if wiring.transposed and len(synapses):
        synapses = np.argsort(wiring.position(np.arange(wiring.n_synapses)))[synapses]
    order = np.argsort(steps, kind="stable")  # first fired, first served
    count = max(delays.longest, int(steps.max(initial=now)) - now) + 1
    edges = np.searchsorted(steps[order], now + np.arange(1, count))
    slots = [slot.tolist() for slot in np.split(synapses[order], edges)]
    pathway.queue._restore_from_full_state((0, slots))


def _still_carried(instances: Instances, pathway: SynapticPathway) -> np.ndarray:
    """Return step and synapse, (n, 2), of carried events that have not come yet."""
    carried = instances.layout.delays[pathway.name].carried
    if not len(carried):
        return np.zeros((0, 2), dtype=np.int64)
    done = _numbers(instances, f"{queue_name(pathway.name)}_next")[0]
    return np.asarray(carried[done:], dtype=np.int64)


def _still_flying(instances: Instances, pathway: SynapticPathway) -> np.ndarray:
    """Return step and synapse, (n, 2), of every event that a spike under way will cause."""
    delays = instances.layout.delays[pathway.name]
    wiring = instances.layout.wirings[pathway.synapses.name]
    if delays.kind == "none":
        return np.zeros((0, 2), dtype=np.int64)
    name, side = queue_name(pathway.name), pathway.prepost
    first, last = _numbers(instances, f"{name}_ends")
    own = delays.kind == "own"
    flights = _numbers(instances, name).reshape(-1, 3 if own else 2)[first:last].astype(np.int64)
    starts = wiring.starts(side)[0].astype(np.int64)
    begin = flights[:, 2] if own else starts[flights[:, 0]]
    each = starts[flights[:, 0] + 1] - begin
    places = np.repeat(begin - np.cumsum(each) + each, each) + np.arange(each.sum())
    synapses = _order_of(instances, pathway)[places] if len(places) else places
    late = delays.steps[0][synapses] if own else delays.steps[0, 0]
    return np.column_stack([np.repeat(flights[:, 1], each) + late, synapses])


def _order_of(instances: Instances, pathway: SynapticPathway) -> np.ndarray:
    """Return the synapses of a pathway as its program goes through them, neuron by neuron."""
    tables = instances.ready().plan.layout.arrays
    order = f"{queue_name(pathway.name)}_order"
    if order in tables:
        return tables[order].initial
    wiring = instances.layout.wirings[pathway.synapses.name]
    return wiring.by_source(pathway.prepost)[0]


def _numbers(instances: Instances, name: str) -> np.ndarray:
    array = instances.layout.arrays[name]
    return instances.state.get(array)[0][: array.size]
