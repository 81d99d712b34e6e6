"""A compiled program called in this process."""

from __future__ import annotations

import ctypes as ct
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from neuromodels.errors import BuildError
from neuromodels.simulation.build.cache import Build, Toolchain, build
from neuromodels.simulation.device.beginning import Draw
from neuromodels.simulation.device.crashes import check_outcomes, guarded
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.source.stops import Halt

#: Pieces of work per thread: instances differ in cost where spikes do.
CHUNKS_PER_THREAD = 8

#: To load a program that other processes may delete.
ATTEMPTS = 3


class Events(ct.Structure):
    """Spikes of one monitor in one recorded instance."""

    _fields_ = [("count", ct.c_int64), ("capacity", ct.c_int64), ("data", ct.c_void_p)]


class Run(ct.Structure):
    """The same fields in the same order as `Run` in run.hpp."""

    _fields_ = [
        ("seed", ct.c_uint64),
        ("streams", ct.c_void_p),
        ("blocks", ct.c_void_p),
        ("fresh", ct.c_int64),
        ("draws", ct.c_int64),
        ("draw_numbers", ct.c_void_p),
        ("draw_noises", ct.c_void_p),
        ("tables", ct.c_void_p),
        ("rows", ct.c_void_p),
        ("first_steps", ct.c_void_p),
        ("last_steps", ct.c_void_p),
        ("recorded", ct.c_void_p),
        ("samples", ct.c_void_p),
        ("events", ct.c_void_p),
        ("slots", ct.c_int64),
        ("outputs", ct.c_int64),
        ("output_offsets", ct.c_void_p),
        ("output_bytes", ct.c_void_p),
        ("output_data", ct.c_void_p),
        ("data", ct.c_void_p),
        ("data_rows", ct.c_void_p),
        ("failed", ct.c_void_p),
        ("until", ct.c_int64),
        ("ran", ct.c_void_p),
        ("profile", ct.c_void_p),
        ("stop", ct.c_void_p),
    ]


class HaltingRun(ct.Structure):
    """The same as `HaltingRun` in a program that stops for Python code."""

    _fields_ = [("run", Run), ("halt", ct.c_void_p)]


@dataclass
class Call:
    """Everything that one call of a program needs, as arrays.

    Parameters
    ----------
    streams
        Noise-stream ids, shape (instances,), uint64.
    blocks
        State, shape (instances, block bytes), uint8; None: every instance starts anew.
    tables, rows
        Values by row, and the row of each instance (None: row 0), per array.
    first_steps, last_steps
        Per clock.
    draws
        Initial expressions to evaluate before the first step, in order.
    outputs
        (offset, bytes, destination) of arrays to copy out.
    data, data_rows
        Values of timed arrays by row, and the row of each instance (None: row 0).
    failed
        Where to note which instances hold numbers that are not finite, shape (instances,), uint8.
    until
        Offset of the number that ends an instance as soon as it is not 0; -1: none does.
    ran
        Where to note after how many steps of the first clock each instance ended, int64.
    profile
        Where to add the seconds that each object takes, in schedule order.
    stop
        Ends all instances at their present step as soon as it is not 0, shape (1,), int64.
    halt
        Where it stands while Python code runs; None: it runs through.
    taken
        How many samples of each monitor have been collected already.
    """

    seed: int
    streams: np.ndarray
    blocks: np.ndarray | None
    fresh: bool
    tables: Sequence[np.ndarray]
    rows: Sequence[np.ndarray | None]
    first_steps: np.ndarray
    last_steps: np.ndarray
    draws: Sequence[Draw] = ()
    recorded: np.ndarray | None = None
    samples: Sequence[np.ndarray] = ()
    slots: int = 0
    spike_monitors: int = 0
    outputs: Sequence[tuple[int, int, np.ndarray]] = ()
    data: Sequence[np.ndarray] = ()
    data_rows: Sequence[np.ndarray | None] = ()
    failed: np.ndarray | None = None
    until: int = -1
    ran: np.ndarray | None = None
    profile: np.ndarray | None = None
    stop: np.ndarray = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    halt: Halt | None = None
    events: ct.Array | None = field(default=None, init=False)
    taken: dict[str, int] = field(default_factory=dict, init=False)

    def description(self) -> tuple[Run, list]:
        """Return the C structure, and what must stay alive while it is used."""
        alive: list = []

        def pointers(arrays) -> int:
            addresses = [0 if a is None else a.ctypes.data for a in arrays]
            alive.append(np.array(addresses or [0], dtype=np.uint64))
            return alive[-1].ctypes.data

        def numbers(values) -> int:
            alive.append(np.array(list(values) or [0], dtype=np.int64))
            return alive[-1].ctypes.data

        self.events = (Events * max(1, self.slots * self.spike_monitors))()
        run = Run(
            seed=self.seed,
            streams=self.streams.ctypes.data,
            blocks=None if self.blocks is None else self.blocks.ctypes.data,
            fresh=self.fresh,
            draws=len(self.draws),
            draw_numbers=numbers(draw.number for draw in self.draws),
            draw_noises=numbers(draw.noise for draw in self.draws),
            tables=pointers(self.tables),
            rows=pointers(self.rows),
            first_steps=self.first_steps.ctypes.data,
            last_steps=self.last_steps.ctypes.data,
            recorded=None if self.recorded is None else self.recorded.ctypes.data,
            samples=pointers(self.samples),
            events=ct.addressof(self.events),
            slots=self.slots,
            outputs=len(self.outputs),
            output_offsets=numbers(o for o, _, _ in self.outputs),
            output_bytes=numbers(n for _, n, _ in self.outputs),
            output_data=pointers([a for _, _, a in self.outputs]),
            data=pointers(self.data),
            data_rows=pointers(self.data_rows or [None] * len(self.data)),
            failed=None if self.failed is None else self.failed.ctypes.data,
            until=self.until,
            ran=None if self.ran is None else self.ran.ctypes.data,
            profile=None if self.profile is None else self.profile.ctypes.data,
            stop=self.stop.ctypes.data,
        )
        return run, alive


class Library:
    """A shared library made from a program's source.

    Parameters
    ----------
    source
        The program.
    names
        Of its code objects, initial values last.
    """

    def __init__(self, source: str, names: Sequence[str] = ()):
        self.names = names
        self.build, self._library = loaded(source)
        self._entry, self._release = _entries(self._library)

    def __call__(self, call: Call, threads: int) -> None:
        """Run all instances of a call, spread over threads.

        Raises
        ------
        BrokenRun
            Where a signal ended it.
        OutOfMemory
            Where there is too little memory.
        """
        run, alive = call.description()
        bounds = _chunks(len(call.streams), threads)
        # Signals reach the main thread only while it waits; short calls are held back anyway.
        waits = call.blocks is None and threading.current_thread() is threading.main_thread()
        with guarded(self._library):
            if len(bounds) == 1 and not waits:
                outcomes = [self._entry(ct.byref(run), *bounds[0])]
            else:
                pool = _pool(threads, os.getpid())
                calls = [pool.submit(self._entry, ct.byref(run), *pair) for pair in bounds]
                _wait_for(calls, call.stop)
                outcomes = [done.result() for done in calls]
        del alive
        check_outcomes(outcomes, self.names)

    def in_parts(self, call: Call) -> Iterator[None]:
        """Run the only instance of a call, and give way wherever Python code is due.

        Raises
        ------
        BrokenRun
            Where a signal ended it.
        OutOfMemory
            Where there is too little memory.
        """
        assert call.halt is not None
        run, alive = call.description()
        halting = HaltingRun(run, call.halt.numbers.ctypes.data)
        while True:
            with guarded(self._library):
                outcome = self._entry(ct.byref(halting), 0, 1)
            check_outcomes([outcome], self.names)
            if call.halt.is_over:
                break
            yield
            halting.run.fresh = halting.run.draws = 0
        del alive

    def note(self, report: Report) -> None:
        """Write down what it ran on."""
        report.device = "cpp"

    def release(self, call: Call) -> None:
        """Free the spikes that a call collected."""
        if call.events is not None:
            self._release(call.events, len(call.events))


def core_count() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Return the threads of a process: one that was forked has none of its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix="neuromodels")


def _wait_for(calls: Sequence[Future], stop: np.ndarray) -> None:
    """Wait for the threads; whatever ends the waiting stops them first: they use our memory."""
    try:
        for each in calls:
            each.result()
    except BaseException:
        stop[0] = 1
        _see_off(calls)
        raise


def _see_off(calls: Sequence[Future]) -> None:
    """Wait until no thread runs, however often the user interrupts that."""
    while True:
        with suppress(KeyboardInterrupt):
            for each in calls:
                each.cancel()
            wait(calls)
            return


def _chunks(count: int, threads: int) -> list[tuple[int, int]]:
    pieces = 1 if threads == 1 else min(count, threads * CHUNKS_PER_THREAD)
    edges = np.linspace(0, count, pieces + 1).astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges) if b > a]


def loaded(source: str, tools: Toolchain | None = None) -> tuple[Build, ct.CDLL]:
    """Load a program; one that the loader refuses, or that was deleted, is built anew.

    Raises
    ------
    BuildError
        Where what was just built cannot be loaded.
    """
    for attempt in range(ATTEMPTS):
        built = build(source, tools)
        try:
            return built, ct.CDLL(str(built.path))
        except OSError as error:
            refused = error
            if attempt < ATTEMPTS - 1:
                with suppress(OSError):
                    built.path.unlink(missing_ok=True)
    raise BuildError(
        "cache",
        f"programs in {built.path.parent} must load",
        str(refused),
        "Is it on a disk without execution? Set NEUROMODELS_CACHE to another folder.",
    )


def _entries(library: ct.CDLL) -> tuple[Any, Any]:
    entry, release = library.neuromodels_run, library.neuromodels_release
    entry.argtypes, entry.restype = [ct.c_void_p, ct.c_int64, ct.c_int64], ct.c_int64
    release.argtypes, release.restype = [ct.c_void_p, ct.c_int64], None
    return entry, release
