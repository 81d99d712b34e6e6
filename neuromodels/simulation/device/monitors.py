"""What the monitors of chosen instances saw, collected over runs."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Mapping, Sequence

import numpy as np
from brian2.units import second
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.device.library import Call
from neuromodels.simulation.device.timing import times_between
from neuromodels.simulation.source.plan import Plan, extra_names


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

    def prepare(self, plan: Plan, call: Call, count: int) -> None:
        """Give a call the places to write to."""
        slots = np.full(count, -1, dtype=np.int32)
        slots[self.instances] = np.arange(len(self.instances))
        call.recorded = slots
        call.slots = len(self.instances)
        call.spike_monitors = len(plan.spike_monitors)
        call.samples = [
            np.zeros((call.slots, _steps(plan, call, code), _width(code)))
            for code, _ in plan.sampled
        ]

    def collect(self, plan: Plan, call: Call) -> None:
        """Take over what a call has written."""
        for number, code in enumerate(plan.spike_monitors):
            columns = 2 + len(extra_names(code))
            for slot, instance in enumerate(self.instances):
                rows = _events(call, number * call.slots + slot, columns)
                self._add(code.name, "events", instance, rows)
        for code in plan.captured:
            if code.template in ("statemonitor", "ratemonitor"):
                clock = plan.layout.clocks.index(code.clock)
                steps = call.first_steps[clock], call.last_steps[clock]
                for instance in self.instances:
                    self._add(code.name, "t", instance, times_between(code.clock, *steps))
        for (code, name), samples in zip(plan.sampled, call.samples, strict=True):
            for slot, instance in enumerate(self.instances):
                self._add(code.name, f"samples of {name}", instance, samples[slot])

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

    def _add(self, monitor: str, name: str, instance: int, values: np.ndarray) -> None:
        self._pieces.setdefault((monitor, name, instance), []).append(values)


def spikes_of(recordings: Recordings, code: Captured, instance: int) -> dict[str, np.ndarray]:
    """Return index ``i``, time ``t`` and further recorded variables of each spike."""
    rows = recordings.get(code.name, "events", instance)
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
    return np.array(values).reshape(events.count, columns)
