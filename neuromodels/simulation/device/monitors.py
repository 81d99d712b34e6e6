"""What the monitors of chosen instances saw, collected over runs."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from brian2.units import second
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.simulation.arrays.wiring import Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.device.library import Call
from neuromodels.simulation.device.state import SMALL, check_room
from neuromodels.simulation.source.plan import Plan, extra_names
from neuromodels.simulation.source.timing import times_between

#: Kinds of monitors that take a sample in each step of their clock, and all kinds.
SAMPLING = ("statemonitor", "ratemonitor")
MONITORS = (*SAMPLING, "spikemonitor")


class Recordings:
    """Spikes, samples and rates of the recorded instances.

    Parameters
    ----------
    instances
        Which instances are recorded.
    """

    def __init__(self, instances: Sequence[int]):
        self.instances = list(instances)
        self._pieces: dict[tuple[str, str, int], list[np.ndarray]] = {}
        self.bytes = 0  # of all that was collected

    def prepare(self, plan: Plan, call: Call, count: int) -> None:
        """Give a call the places to write to."""
        slots = np.full(count, -1, dtype=np.int32)
        slots[self.instances] = np.arange(len(self.instances))
        call.recorded = slots
        call.slots = len(self.instances)
        call.spike_monitors = len(plan.spike_monitors)
        self._check_room(plan, call)
        call.samples = [
            np.zeros((call.slots, _steps(plan, call, code), _width(code)))
            for code, _ in plan.sampled
        ]

    def _check_room(self, plan: Plan, call: Call) -> None:
        """Refuse samples that memory cannot hold: of one instance at a time they are told."""
        numbers = sum(_steps(plan, call, code) * _width(code) for code, _ in plan.sampled)
        if 8 * numbers * call.slots > SMALL:
            check_room("Batch.record", 8 * numbers, call.slots)

    def collect(self, plan: Plan, call: Call) -> None:
        """Take over what a call has written since the last time."""
        for number, code in enumerate(plan.spike_monitors):
            columns = 2 + len(extra_names(code))
            for slot, instance in enumerate(self.instances):
                rows = _events(call, number * call.slots + slot, columns)
                self._add(code.name, "events", instance, rows)
        rows_of = {
            code.name: _rows(plan, call, number)
            for number, code in enumerate(plan.captured)
            if code.template in SAMPLING
        }
        for code in plan.captured:
            if code.template in SAMPLING:
                first = call.first_steps[plan.layout.clocks.index(code.clock)]
                steps = first + rows_of[code.name].start, first + rows_of[code.name].stop
                for instance in self.instances:
                    self._add(code.name, "t", instance, times_between(code.clock, *steps))
        for (code, name), samples in zip(plan.sampled, call.samples, strict=True):
            for slot, instance in enumerate(self.instances):
                found = samples[slot][rows_of[code.name]]
                self._add(code.name, f"samples of {name}", instance, found)
        call.taken.update((name, rows.stop) for name, rows in rows_of.items())

    def forget(self, monitor: str) -> None:
        """Drop what a monitor saw so far: somebody else keeps it now."""
        for place, pieces in self._pieces.items():
            if place[0] == monitor:
                self.bytes -= sum(piece.nbytes for piece in pieces)
                pieces[:] = [pieces[-1][:0]]

    def get(self, monitor: str, name: str, instance: int) -> np.ndarray:
        """Return everything collected under a name, joined over runs."""
        pieces = self._pieces.get((monitor, name, instance))
        if pieces is None:
            raise DeclarationError(
                f"Batch.record({instance})",
                "the instance must be recorded before it runs",
                instance,
                f"Recorded are {self.instances}; call batch.record([{instance}]).",
            )
        return np.concatenate(pieces)

    def joined(self) -> dict[tuple[str, str, int], np.ndarray]:
        """Return everything collected, by monitor, what it is, and instance."""
        return {key: np.concatenate(pieces) for key, pieces in self._pieces.items()}

    @classmethod
    def of(
        cls, instances: Sequence[int], joined: Mapping[tuple[str, str, int], np.ndarray]
    ) -> Recordings:
        """Return recordings that go on from what `joined` has returned."""
        found = cls(instances)
        for key, values in joined.items():
            found._add(*key, values)
        return found

    def _add(self, monitor: str, name: str, instance: int, values: np.ndarray) -> None:
        self._pieces.setdefault((monitor, name, instance), []).append(values)
        self.bytes += values.nbytes


def spikes_of(recordings: Recordings, code: Captured, instance: int) -> dict[str, np.ndarray]:
    """Return index ``i``, time ``t`` and further recorded variables of each spike."""
    return _columns_of(code, recordings.get(code.name, "events", instance))


def spikes_of_all(recordings: Recordings, code: Captured) -> dict[str, np.ndarray]:
    """Return the same of all recorded instances, with the number of each spike's ``instance``."""
    chosen = sorted(recordings.instances)
    pieces = [recordings.get(code.name, "events", instance) for instance in chosen]
    if not pieces:
        cure = "Call batch.record(range(batch.instances))."
        raise DeclarationError("Batch.all_spikes", "some instance must be recorded", "none", cure)
    owners = np.repeat(chosen, [len(piece) for piece in pieces])
    return {"instance": owners, **_columns_of(code, np.concatenate(pieces))}


def _columns_of(code: Captured, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of spikes by name, with their units."""
    found = {"i": rows[:, 0].astype(int), "t": Quantity(rows[:, 1], dim=second.dim)}
    for k, name in enumerate(extra_names(code)):
        dim = code.options["record_variables"][name].dim
        found[name] = Quantity(rows[:, 2 + k], dim=dim)
    return found


def samples_of(recordings: Recordings, code: Captured, instance: int) -> dict[str, np.ndarray]:
    """Return times ``t`` and each sampled variable, shape (indices, times)."""
    dims = _sampled_dims(code)
    times = recordings.get(code.name, "t", instance)
    found: dict[str, np.ndarray] = {"t": Quantity(times, dim=second.dim)}
    for name, dim in dims.items():
        values = recordings.get(code.name, f"samples of {name}", instance).T
        found[name] = Quantity(values[0] if code.template == "ratemonitor" else values, dim=dim)
    return found


def _sampled_dims(code: Captured) -> Mapping:
    if code.template == "ratemonitor":
        return {"rate": code.variables["rate"].dim}
    return {name: v.dim for name, v in sorted(code.options["_recorded_variables"].items())}


def _rows(plan: Plan, call: Call, number: int) -> slice:
    """Return which samples of a monitor, by its number, nobody has collected yet."""
    code = plan.captured[number]
    clock = plan.layout.clocks.index(code.clock)
    count = _steps(plan, call, code)
    if call.halt is not None:
        passed = call.halt.has_passed(number, clock)
        count = int(call.halt.steps[clock] - call.first_steps[clock]) + passed
    return slice(call.taken.get(code.name, 0), count)


def _steps(plan: Plan, call: Call, code: Captured) -> int:
    clock = plan.layout.clocks.index(code.clock)
    return int(call.last_steps[clock] - call.first_steps[clock])


def _width(code: Captured) -> int:
    return 1 if code.template == "ratemonitor" else code.variables["_indices"].size


def _events(call: Call, number: int, columns: int) -> np.ndarray:
    events = call.events[number]  # type: ignore[index]
    if events.count == 0:
        return np.zeros((0, columns))
    values = (ct.c_double * (events.count * columns)).from_address(events.data)
    rows = np.array(values).reshape(events.count, columns)
    events.count = 0  # the program goes on at the beginning of its list
    return rows


def check_recorded(wiring: Wiring, captured: Iterable[Captured]) -> None:
    """Refuse a wiring without the synapses that a monitor asks for, or with more than all."""
    counts = wiring.is_real.sum(axis=1)
    for code in captured:
        watched = getattr(getattr(code.owner, "source", None), "name", "")
        if code.template == "statemonitor" and watched == wiring.name:
            numbers = code.variables["_indices"].get_value()
            last, before = int(np.max(numbers, initial=-1)), len(code.owner.source)
            if last >= counts.min():
                raise DeclarationError(
                    f"{code.name}.record",
                    "every instance must have the recorded synapses",
                    last,
                    f"An instance has only {counts.min()}.",
                )
            if before > 1 and len(numbers) == before and counts.max() > before:
                raise DeclarationError(
                    f"{code.name}.record",
                    "a monitor of all synapses must see all of each instance",
                    f"{before} of {counts.max()}",
                    "Record a few synapses by number.",
                )
