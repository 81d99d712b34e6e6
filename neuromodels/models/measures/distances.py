"""Distances from recorded data: spike trains and traces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.spikesource import SpikeSource
from brian2.input.timedarray import TimedArray
from brian2.units import ms, second
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.models.measures.base import Kept, Measure, Reading, Record
from neuromodels.models.measures.expressions import Reduced
from neuromodels.models.measures.scene import Scene
from neuromodels.models.measures.train_sums import Coincidences, FilteredGap
from neuromodels.models.names import nearest, part_of
from neuromodels.models.parameters import in_si
from neuromodels.simulation.source.timing import checked_seconds, step_at

KINDS = ("gamma", "van Rossum", "count")


def _mark(*arrays: np.ndarray) -> str:
    """Return a few letters that tell data apart, since nobody reads long arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True, repr=False)
class SpikeTrainDistance(Measure):
    """How far a group's spikes are from recorded ones, as a mean over its neurons.

    Parameters
    ----------
    group
        Whose spikes.
    times
        When the neuron was seen to fire, with unit; a list of such arrays for several neurons, one
        for each. Times are rounded to steps of the simulation, and only those in the measured time
        count.
    kind
        ``"gamma"``: one minus the coincidence factor of Kistler, Gerstner and van Hemmen (Neural
        Comput. 9, 1997), with the rate of the recorded train for the coincidences by chance: 0
        where each recorded spike is met and no other spike exists.
        ``"van Rossum"``: the squared distance of van Rossum (Neural Comput. 13, 2001): each spike
        that nothing is near to adds a half.
        ``"count"``: the squared difference of the numbers of spikes.
    window
        Of ``"gamma"``: largest distance of spikes that coincide.
    tau
        Of ``"van Rossum"``: time constant.
    """

    group: str
    times: Any
    kind: Literal["gamma", "van Rossum", "count"] = "gamma"
    window: Any = field(default_factory=lambda: 4 * ms)
    tau: Any = field(default_factory=lambda: 10 * ms)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DeclarationError("SpikeTrainDistance.kind", f"must be one of {KINDS}", self.kind)
        object.__setattr__(self, "times", _trains(self.times))

    def __repr__(self) -> str:
        spikes = sum(map(len, self.times))
        more = {"gamma": f", window={self.window}", "van Rossum": f", tau={self.tau}"}
        data = f"<{spikes} spikes {_mark(*self.times)}>"
        return f"SpikeTrainDistance({self.group!r}, {data}, {self.kind!r}{more.get(self.kind, '')})"

    def read_in(self, scene: Scene) -> Reading:
        """Compare both trains while the network runs."""
        source = scene.source("SpikeTrainDistance", self.group)
        begin, end = scene.steps_of(source)
        trains = self._steps(source, begin, end)
        read = {"gamma": self._gamma, "van Rossum": self._van_rossum, "count": self._count}
        return read[self.kind](scene, source, trains)

    def _steps(self, source: SpikeSource, begin: int, end: int) -> list[np.ndarray]:
        """Return the steps of the recorded spikes of each neuron that count."""
        where = "SpikeTrainDistance.times"
        if len(self.times) != len(source):
            told = f"must be one train for each of the {len(source)} neurons of {self.group!r}"
            raise DeclarationError(where, told, f"{len(self.times)} trains")
        steps = [np.rint(train / float(source.clock.dt_)).astype(np.int64) for train in self.times]
        if any(len(np.unique(each)) < len(each) for each in steps):
            told = f"a neuron must not fire twice in a step of {source.clock.dt}"
            raise DeclarationError(where, told, cure="Simulate with a smaller dt.")
        return [each[(each >= begin) & (each < end)] for each in steps]

    def _count(self, scene: Scene, source: SpikeSource, trains: Sequence[np.ndarray]) -> Reading:
        sums = scene.spikes("SpikeTrainDistance", self.group)
        wanted = np.array([len(train) for train in trains])
        return Reading(lambda kept: ((sums.of(kept, "count") - wanted) ** 2).mean(axis=1))

    def _van_rossum(
        self, scene: Scene, source: SpikeSource, trains: Sequence[np.ndarray]
    ) -> Reading:
        tau = checked_seconds("SpikeTrainDistance.tau", self.tau)
        if not tau > 0:
            raise DeclarationError("SpikeTrainDistance.tau", "must be positive", self.tau)
        name = scene.name_for("van_rossum", source)
        sums = FilteredGap(source, name, trains, scene.steps_of(source)[0], tau)
        scene.keep(sums.objects(), sums.addresses())

        def values(kept: Kept) -> np.ndarray:
            return sums.distance(kept).mean(axis=1)

        spikes = sum(map(len, trains))
        return Reading(values, record=Record(spikes, lambda kept, time: values(kept), _as_it_is))

    def _gamma(self, scene: Scene, source: SpikeSource, trains: Sequence[np.ndarray]) -> Reading:
        window = checked_seconds("SpikeTrainDistance.window", self.window)
        begin, end = scene.steps_of(source)
        steps = round(window / float(source.clock.dt_))
        recorded = np.array([len(train) for train in trains])
        if not recorded.all():
            told = "each neuron needs a spike in the measured time for kind='gamma'"
            raise DeclarationError("SpikeTrainDistance.times", told, recorded.tolist())
        chance = 2 * steps * recorded / (end - begin)
        if (chance >= 1).any():
            told = "must be less than half the mean interval of the recorded spikes"
            raise DeclarationError("SpikeTrainDistance.window", told, self.window)
        name = scene.name_for("coincidences", source)
        sums = Coincidences(source, name, trains, begin, steps)
        scene.keep(sums.objects(), sums.addresses())

        def value(parts: np.ndarray) -> np.ndarray:
            matched, number, due = (parts[..., part, :] for part in range(3))
            with np.errstate(invalid="ignore", divide="ignore"):
                part = (matched - chance * due) / ((due + number) / 2)
            return (1 - part / (1 - chance)).mean(axis=-1)

        def parts(kept: Kept, due: np.ndarray) -> np.ndarray:
            matched = sums.matched(kept)
            return np.stack(np.broadcast_arrays(matched, sums.number(kept), due), axis=1)

        def parts_until(kept: Kept, time: float) -> np.ndarray:
            step = step_at(source.clock, time)
            return parts(kept, np.array([np.count_nonzero(train < step) for train in trains]))

        record = Record(int(recorded.sum()), parts_until, value)
        return Reading(lambda kept: value(parts(kept, recorded)), record=record)


def _as_it_is(sums: np.ndarray) -> np.ndarray:
    return sums


def _trains(times: Any) -> tuple[np.ndarray, ...]:
    """Return times with unit as sorted arrays of seconds, one for each neuron."""
    if isinstance(times, list | tuple) and times and np.ndim(times[0]) == 1:
        return tuple(_train(each) for each in times)
    return (_train(times),)


def _train(times: Any) -> np.ndarray:
    where = "SpikeTrainDistance.times"
    times = Quantity(times) if isinstance(times, list | tuple) else times
    if np.size(times) == 0:
        return np.zeros(0)
    seconds = in_si(where, times, second.dim)
    if seconds.ndim != 1 or not np.isfinite(seconds).all() or seconds.min() < 0:
        told = "must be times from 0 on, one after the other"
        raise DeclarationError(where, told, times, "Give a list of trains for several neurons.")
    return np.sort(seconds)


@dataclass(frozen=True, repr=False)
class TraceDistance(Measure):
    """Mean squared difference between a variable and recorded values of it.

    Parameters
    ----------
    address
        ``"group.variable"``.
    values
        Recorded at the times 0, dt, 2 dt, ... from the beginning of the run, with unit: shape
        (samples,), or (samples, neurons) with a column for each neuron.
    dt
        From one sample to the next.
    """

    address: str
    values: Any
    dt: Any

    def __repr__(self) -> str:
        data = np.asarray(self.values, dtype=float)
        return f"TraceDistance({self.address!r}, <{data.shape} {_mark(data)}>, {self.dt})"

    def read_in(self, scene: Scene) -> Reading:
        """Sample the squared difference."""
        owner, _, name = self.address.partition(".")
        group, part = part_of(scene.groups.find(owner, "TraceDistance.address"))
        variable = group.variables.get(name)
        if variable is None:
            told, cure = f"{owner} must have the variable", nearest(name, group.variables)
            raise DeclarationError("TraceDistance.address", told, self.address, cure)
        numbers = in_si("TraceDistance.values", self.values, variable.dim)
        values = self._checked(numbers, group, part)
        every = checked_seconds("TraceDistance.dt", self.dt)
        start = scene.span[0]
        if len(values) * every < (scene.end - start) * (1 - 1e-9):
            told = f"values must last as long as the run, {scene.end - start:g} s"
            raise DeclarationError("TraceDistance", told, f"{len(values) * every:g} s")
        course = scene.name_for("recorded", group)
        timed = TimedArray(Quantity(values, dim=variable.dim), dt=self.dt, name=course)
        group.namespace = {**group.namespace, course: timed}  # the dictionary may be the user's
        last = values.shape[-1] - 1  # of neurons outside the part nothing is read
        column = f"int(clip({owner}.i - {part.start or 0}, 0, {last}))"
        place = f", {column}" if values.ndim == 2 else ""
        time = f"{owner}.t - {start!r}*second" if start else f"{owner}.t"
        square = f"({self.address} - {course}({time}{place}))**2"
        reading = Reduced(f"mean(time_mean({square}))", every=self.dt).read_in(scene)
        first, last = (step_at(Clock(self.dt), time) for time in (scene.begin, scene.end))

        def sums(kept: Kept, time: float) -> np.ndarray:
            return reading.values(kept) * max(step_at(Clock(self.dt), time) - first, 0)

        count = (last - first) * (values.shape[1] if values.ndim == 2 else 1)
        return replace(reading, record=Record(count, sums, lambda sums: sums / (last - first)))

    def _checked(self, values: np.ndarray, group: Any, part: slice) -> np.ndarray:
        where = "TraceDistance.values"
        if values.ndim not in (1, 2) or not values.size or not np.isfinite(values).all():
            told = "must be finite numbers, (samples,) or (samples, neurons)"
            raise DeclarationError(where, told, f"shape {values.shape}")
        neurons = len(range(*part.indices(len(group))))
        if values.ndim == 2 and values.shape[1] != neurons:
            told = f"must have a column for each of the {neurons} neurons"
            raise DeclarationError(where, told, f"{values.shape[1]} columns")
        return values
