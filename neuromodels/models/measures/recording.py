"""What was recorded of one instance, as a function of the user's sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.monitors.spikemonitor import SpikeMonitor
from brian2.monitors.statemonitor import StateMonitor

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch
from neuromodels.simulation.device.records.neo_objects import neo_unit, signal, spike_trains


@dataclass(frozen=True)
class Spikes:
    """Spikes of a group, in the order of their times.

    Parameters
    ----------
    i
        Which neuron of the group fired, shape (spikes,).
    t
        When, in seconds, shape (spikes,).
    """

    i: np.ndarray
    t: np.ndarray


@dataclass(frozen=True)
class Trace:
    """Values of a variable.

    Parameters
    ----------
    t
        When they were read, in seconds, shape (times,).
    values
        In SI units, shape (neurons, times).
    """

    t: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Recording:
    """What was recorded of one instance, without the transient.

    Parameters
    ----------
    spikes
        By group: `Spikes`; or a list of neo's `SpikeTrain`, one for each neuron.
    traces
        By address: `Trace`; or neo's `AnalogSignal`, with a column for each neuron.
    begin, end
        Of the measured time, in seconds.
    """

    spikes: Mapping[str, Any]
    traces: Mapping[str, Any]
    begin: float
    end: float


@dataclass
class Watch:
    """The monitors of one measure.

    Parameters
    ----------
    spikes
        By group, as the measure calls it.
    traces
        By address.
    span
        Where a run begins, and what counts of it begins and ends, in seconds.
    as_neo
        Whether the function wants neo's objects.
    memory
        Bytes that the recordings of all instances of a chunk may take.
    """

    spikes: Mapping[str, SpikeMonitor]
    traces: Mapping[str, StateMonitor]
    span: tuple[float, float, float]
    as_neo: bool
    memory: int
    _seen: float = field(default=0.0, init=False)  # bytes of the spikes of an instance, at most

    @property
    def monitors(self) -> list[SpikeMonitor | StateMonitor]:
        """All of them."""
        return [*self.spikes.values(), *self.traces.values()]

    @property
    def bytes_of_instance(self) -> int:
        """Memory of one instance's recording: as many spikes as the fullest one so far had."""
        seconds = self.span[2] - self.span[0]
        rates = (len(monitor.record) / float(monitor.clock.dt_) for monitor in self.traces.values())
        neurons = sum(len(monitor.source) for monitor in self.spikes.values())
        samples, spikes = sum(rates) * seconds, self._seen or 16 * GUESSED_RATE * neurons * seconds
        return int(8 * samples + spikes) + 64

    def recording(self, batch: Batch, instance: int) -> Recording:
        """Return what was recorded of an instance."""
        seen = {name: self._spikes(batch, m, instance) for name, m in self.spikes.items()}
        read = {name: self._trace(batch, name, m, instance) for name, m in self.traces.items()}
        if not self.as_neo:
            return Recording(seen, read, *self.span[1:])
        trains = {name: self._trains(name, spikes) for name, spikes in seen.items()}
        signals = {name: self._signal(name, trace) for name, trace in read.items()}
        return Recording(trains, signals, *self.span[1:])

    def _counts(self, times: np.ndarray, dt: Any) -> np.ndarray:
        """Return which times lie behind the transient."""
        return times > self.span[1] - 0.5 * float(dt)

    def _spikes(self, batch: Batch, monitor: SpikeMonitor, instance: int) -> Spikes:
        seen = batch.spikes(monitor.name, instance)
        times = np.asarray(seen["t"])
        self._seen = max(self._seen, 16.0 * len(times))
        counts = self._counts(times, monitor.source.clock.dt_)
        return Spikes(np.asarray(seen["i"])[counts], times[counts])

    def _trace(self, batch: Batch, address: str, monitor: StateMonitor, instance: int) -> Trace:
        seen = batch.samples(monitor.name, instance)
        times = np.asarray(seen["t"])
        counts = self._counts(times, monitor.clock.dt_)
        values = np.asarray(seen[address.partition(".")[2]])
        return Trace(times[counts], values[:, counts])

    def _trains(self, name: str, spikes: Spikes) -> list[Any]:
        neurons = len(self.spikes[name].source)
        return spike_trains(spikes.i, spikes.t, neurons, self.span[1:])

    def _signal(self, address: str, trace: Trace) -> Any:
        monitor = self.traces[address]
        dim = monitor.source.variables[address.partition(".")[2]].dim
        unit = neo_unit(f"Recorded.traces[{address!r}]", dim, "Take arrays: as_neo=False.")
        begin = float(trace.t[0]) if len(trace.t) else self.span[1]
        return signal(trace.values.T, unit, begin, float(monitor.clock.dt_))


#: Spikes per second of a neuron, before any was seen.
GUESSED_RATE = 50.0


def checked_indices(where: str, given: Any, size: int) -> Sequence[int] | bool:
    """Return which neurons are recorded; True for all.

    Raises
    ------
    DeclarationError
        Where one of them does not exist.
    """
    if given is True:
        return True
    numbers = np.atleast_1d(np.asarray(given))
    is_whole = numbers.dtype.kind in "iu" and numbers.ndim == 1 and numbers.size > 0
    if not is_whole or numbers.min() < 0 or numbers.max() >= size:
        told = f"must be True or whole numbers in [0, {size})"
        raise DeclarationError(where, told, given)
    return [int(number) for number in numbers]
