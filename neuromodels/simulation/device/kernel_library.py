"""A compiled kernel called in this process: in as many passes as its device has memory for."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from neuromodels.errors import SimulationError
from neuromodels.simulation.build.cache import Toolchain
from neuromodels.simulation.device.crashes import guarded
from neuromodels.simulation.device.library import Call, Run, loaded
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.source.kernel import Kernel
from neuromodels.simulation.source.plan import extra_names

#: Of the memory that is free, how much a pass may take.
SHARE = 0.9

#: For the spikes of one monitor, before it is known how many there are, in bytes.
EVENT_BYTES = 2**26

ORDERS = ("ascending", "descending", "shuffled")


class Launch(ct.Structure):
    """The same fields in the same order as `Launch` in launch.hpp."""

    _fields_ = [
        ("threads", ct.c_int64),
        ("order", ct.c_int64),
        ("seed", ct.c_uint64),
        ("resident", ct.c_int64),
        ("data_bytes", ct.c_void_p),
        ("sample_bytes", ct.c_void_p),
        ("event_room", ct.c_void_p),
        ("bytes", ct.c_int64),
        ("event_count", ct.c_void_p),
    ]


@dataclass(frozen=True)
class Settings:
    """How a kernel is launched.

    Parameters
    ----------
    device
        Its name in reports.
    threads
        Of a block.
    order, seed
        In which order emulated threads run.
    resident
        Blocks at a time where each needs memory of its own; 0: as many as the device can hold.
    memory_bytes
        What a pass may take; None: a share of what is free.
    """

    device: str
    threads: int
    order: str = "ascending"
    seed: int = 0
    resident: int = 0
    memory_bytes: int | None = None


class KernelLibrary:
    """A shared library made from a kernel's source.

    Parameters
    ----------
    program
        The kernel.
    tools
        Its compiler.
    settings
        How it is launched.
    """

    def __init__(self, program: Kernel, tools: Toolchain, settings: Settings):
        self.program = program
        self.settings = settings
        self.build, self._library = loaded(program.source, tools)
        self._library.neuromodels_launch.restype = ct.c_char_p
        self._library.neuromodels_bytes.restype = ct.c_int64
        self._passes = self._bytes = 0

    def __call__(self, call: Call, threads: int) -> None:
        """Run all instances of a call, in one pass or more.

        Raises
        ------
        SimulationError
            Where the device has too little memory for one instance, or fails.
        """
        run, alive = call.description()
        launch, rooms = self._launch(call)
        self._passes = self._bytes = 0
        free = self.settings.memory_bytes or int(SHARE * self._free())
        with guarded(self._library):
            for first, last in self._pieces(run, launch, len(call.streams), free):
                self._pass(run, launch, rooms, first, last)
        del alive

    def note(self, report: Report) -> None:
        """Write down what the last call took."""
        report.device = self.settings.device
        report.block_threads, report.passes = self.settings.threads, self._passes
        report.shared_bytes, report.device_bytes = self.program.shared_bytes, self._bytes

    def release(self, call: Call) -> None:
        """Free the spikes that a call collected."""
        if call.events is not None:
            self._library.neuromodels_release(call.events, ct.c_int64(len(call.events)))

    def _launch(self, call: Call) -> tuple[Launch, dict[str, np.ndarray]]:
        """Return the C structure, and what must stay alive while it is used."""
        settings = self.settings
        rooms = {
            "data_bytes": [values.nbytes for values in call.data],
            "sample_bytes": [values.nbytes for values in call.samples],
            "event_room": [self._room(code, call) for code in self.program.plan.spike_monitors],
            "event_count": [0] * len(self.program.plan.spike_monitors),
        }
        kept = {name: np.array(values or [0], dtype=np.int64) for name, values in rooms.items()}
        addresses = {name: values.ctypes.data for name, values in kept.items()}
        return Launch(
            threads=settings.threads,
            order=ORDERS.index(settings.order),
            seed=settings.seed,
            resident=settings.resident,
            **addresses,
        ), kept

    def _room(self, code, call: Call) -> int:
        """Return for how many spikes of one slot there is room at first."""
        clock = self.program.plan.layout.clocks.index(code.clock)
        most = int(call.last_steps[clock] - call.first_steps[clock])
        most *= code.options["eventspace_variable"].size - 1
        columns = 2 + len(extra_names(code))
        return max(1, min(most, EVENT_BYTES // (8 * columns * max(call.slots, 1))))

    def _free(self) -> int:
        free = ct.c_int64()
        self._check(self._library.neuromodels_memory, ct.byref(free))
        return free.value

    def _pieces(self, run: Run, launch: Launch, count: int, free: int) -> Iterator[tuple[int, int]]:
        """Yield first and last instance of each pass."""
        first = 0
        while first < count:
            size = count - first
            while (needed := self._memory_needed(run, launch, first, first + size)) > free:
                if size == 1:
                    raise SimulationError(
                        "Batch.device",
                        f"one instance takes {needed} bytes of the GPU's memory",
                        f"{free} free",
                        "Make the network smaller, or use device='cpp'.",
                    )
                size = (size + 1) // 2
            yield first, first + size
            first += size

    def _memory_needed(self, run: Run, launch: Launch, first: int, last: int) -> int:
        bounds = ct.c_int64(first), ct.c_int64(last)
        return self._library.neuromodels_bytes(ct.byref(run), ct.byref(launch), *bounds)

    def _pass(
        self, run: Run, launch: Launch, rooms: dict[str, np.ndarray], first: int, last: int
    ) -> None:
        """Run some instances; once more where they had more spikes than there was room for."""
        while True:
            rooms["event_count"][:] = 0
            bounds = ct.c_int64(first), ct.c_int64(last)
            entry = self._library.neuromodels_launch
            self._check(entry, ct.byref(run), ct.byref(launch), *bounds)
            self._passes += 1
            self._bytes = max(self._bytes, launch.bytes)
            if np.all(rooms["event_count"] <= rooms["event_room"]):
                return
            rooms["event_room"][:] = np.maximum(rooms["event_room"], rooms["event_count"])

    def _check(self, entry: Callable, *arguments: object) -> None:
        entry.restype = ct.c_char_p  # type: ignore[attr-defined]
        wrong = entry(*arguments)
        if wrong:
            raise SimulationError(
                "Batch.device",
                f"{self.settings.device} must run the kernel",
                wrong.decode(),
                "Try fewer instances; device='cpp' computes the same.",
            )
