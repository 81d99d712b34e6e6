"""A measure that a Python function of the user's works out of recorded spikes and traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.groups.group import Group
from brian2.monitors.spikemonitor import SpikeMonitor
from brian2.monitors.statemonitor import StateMonitor
from brian2.units.fundamentalunits import Dimension, Quantity, get_dimensions

from neuromodels.errors import DeclarationError, said_by
from neuromodels.models.building import place_of
from neuromodels.models.fingerprint import definition_of
from neuromodels.models.measures.base import Measure, Reading
from neuromodels.models.measures.recording import Recording, Watch, checked_indices
from neuromodels.models.measures.scene import Scene
from neuromodels.models.names import nearest, part_of
from neuromodels.models.parameters import unit_name
from neuromodels.simulation.device.records.neo_objects import check_neo
from neuromodels.simulation.source.timing import checked_seconds

#: Bytes that recordings of instances may take at a time.
MEMORY = 256 * 2**20


@dataclass(frozen=True, repr=False)
class Recorded(Measure):
    """What a function returns for the recorded spikes and traces of each instance.

    Instances are recorded in chunks. How large these are changes no number.

    Parameters
    ----------
    function
        Takes a `Recording` and returns a number, or an array along `axes`. Numbers without a unit
        are in SI units; NaN stays NaN. It is not called for an instance that has failed.
    spikes
        Groups whose spikes it wants.
    traces
        By address, ``"group.variable"``: which neurons or synapses it wants, or True for all.
    every
        Time from one sample of the traces to the next; None for each step of the group.
    axes
        Names and coordinates of the axes of what it returns.
    unit
        Of what it returns, as a Brian2 unit; 1 for a plain number.
    as_neo
        Whether it wants neo's `SpikeTrain` and `AnalogSignal` in place of arrays.
    memory
        Bytes that recordings may take at a time. How many instances make a chunk follows from the
        samples of the traces and from the spikes of the instances before.

    Raises
    ------
    DeclarationError
        Where a value is of the wrong kind, or neo is wanted and not installed.

    Examples
    --------
    >>> def first_spike(recording):
    ...     times = recording.spikes["exc"].t
    ...     return times[0] if len(times) else np.nan
    >>> measure = Recorded(first_spike, spikes=["exc"], unit=second)  # doctest: +SKIP
    """

    function: Callable[[Recording], Any]
    spikes: Sequence[str] = ()
    traces: Mapping[str, Any] = field(default_factory=dict)
    every: Any = None
    axes: Mapping[str, Any] = field(default_factory=dict)
    unit: Any = 1
    as_neo: bool = False
    memory: int = MEMORY

    def __post_init__(self) -> None:
        if not callable(self.function):
            told = type(self.function).__name__
            raise DeclarationError("Recorded.function", "must be a function", told)
        if isinstance(self.spikes, str) or not all(isinstance(name, str) for name in self.spikes):
            cure = "Write spikes=['exc']."
            raise DeclarationError("Recorded.spikes", "must be a list of groups", self.spikes, cure)
        if not isinstance(self.traces, Mapping):
            cure = "Write traces={'exc.v': [0, 1]}."
            raise DeclarationError("Recorded.traces", "must be indices by address", cure=cure)
        if not (self.spikes or self.traces):
            raise DeclarationError("Recorded", "needs spikes or traces to record")
        if not isinstance(self.memory, int) or self.memory < 1:
            raise DeclarationError("Recorded.memory", "must be a number of bytes", self.memory)
        if not isinstance(self.axes, Mapping):
            raise DeclarationError("Recorded.axes", "must be coordinates by name", self.axes)
        axes = {str(name): np.asarray(values) for name, values in self.axes.items()}
        if not all(values.ndim == 1 and len(values) for values in axes.values()):
            raise DeclarationError("Recorded.axes", "coordinates must be lists", self.axes)
        object.__setattr__(self, "axes", axes)
        if self.as_neo:
            check_neo("Recorded.as_neo")

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        axes = {n: values.tolist() for n, values in self.axes.items()}
        wanted = f"spikes={list(self.spikes)}, traces={dict(self.traces)}, every={self.every}"
        more = f"axes={axes}, unit={self.unit}, as_neo={self.as_neo}"
        return f"Recorded({name} {definition_of(self.function)}, {wanted}, {more})"

    def read_in(self, scene: Scene) -> Reading:
        """Ask for monitors."""
        spikes = {name: self._spike_monitor(scene, name) for name in self.spikes}
        traces = {address: self._trace_monitor(scene, address) for address in self.traces}
        watch = Watch(spikes, traces, scene.span, self.as_neo, self.memory)
        scene.keep(watch.monitors, [])
        watched = Watched(self, watch, get_dimensions(self.unit))
        key = watched.key
        return Reading(lambda kept: kept[key], watched.dim, axes=self.axes or None, watched=watched)

    def _spike_monitor(self, scene: Scene, name: str) -> SpikeMonitor:
        group = scene.source("Recorded.spikes", name)
        return SpikeMonitor(group, name=scene.name_for("recorded", part_of(group)[0]))

    def _trace_monitor(self, scene: Scene, address: str) -> StateMonitor:
        where = "Recorded.traces"
        owner, _, name = str(address).partition(".")
        group = scene.groups.find(owner, where)
        if name not in group.variables:
            told, known = f"{owner} must have the variable", [*group.variables]
            raise DeclarationError(where, told, name, nearest(name, known))
        wanted = self.traces[address]
        indices = checked_indices(f"{where}[{address!r}]", wanted, _size_of(group))
        label = scene.name_for("recorded", part_of(group)[0])
        return StateMonitor(group, name, record=indices, dt=self._step(group), name=label)

    def _step(self, group: Group) -> Any:
        if self.every is None:
            return group.clock.dt
        checked_seconds("Recorded.every", self.every)
        return self.every


@dataclass(frozen=True)
class Watched:
    """The function of a measure, and the monitors that it reads.

    Parameters
    ----------
    measure
        Whose function it is.
    watch
        Its monitors.
    dim
        Unit of what it returns.
    """

    measure: Recorded
    watch: Watch
    dim: Dimension

    @property
    def key(self) -> str:
        """Under which the values of all instances are kept."""
        return f"value of {self.watch.monitors[0].name}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what the function returns."""
        return tuple(len(values) for values in self.measure.axes.values())

    def value(self, where: str, recording: Recording) -> np.ndarray:
        """Return what the function says of an instance, in SI units; `where` begins a message.

        Raises
        ------
        DeclarationError
            Where it raises, or returns something else than numbers of the right shape and unit.
        """
        try:
            found = self.measure.function(recording)
        except Exception as error:
            place = place_of(error, self.measure.function)
            told = f"its function must return a value; {place}raised {said_by(error)}"
            raise DeclarationError(where, told) from error
        numbers = _numbers(where, found)
        if numbers.shape != self.shape:
            told = f"its function must return the shape {self.shape}"
            raise DeclarationError(where, told, numbers.shape, "Name its axes: axes={'bin': bins}.")
        if isinstance(found, Quantity) and get_dimensions(found) != self.dim:
            told = f"its function must return the unit {unit_name(self.dim)}"
            got = unit_name(get_dimensions(found))
            raise DeclarationError(where, told, got, "Give the measure a unit: unit=Hz.")
        return numbers


def _numbers(where: str, found: Any) -> np.ndarray:
    """Return what a function has returned as real numbers; nothing is not NaN."""
    try:
        numbers = np.asarray(found)
    except ValueError:  # lists of several lengths
        numbers = np.empty(0, dtype=object)
    if numbers.dtype.kind not in "biuf":
        told = type(found).__name__
        raise DeclarationError(where, "its function must return real numbers", told)
    return numbers.astype(float)


def _size_of(group: Group) -> int:
    return int(np.asarray(group.variables["N"].get_value()).item())
