"""A compiled program called in this process."""

from __future__ import annotations

import ctypes as ct
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.simulation.build.cache import Build, Toolchain, build
from neuromodels.simulation.device.report import Report

#: Pieces of work per thread: instances differ in cost where spikes do.
CHUNKS_PER_THREAD = 8


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
        ("initialisers", ct.c_uint64),
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
        ("failed", ct.c_void_p),
        ("until", ct.c_int64),
        ("ran", ct.c_void_p),
        ("profile", ct.c_void_p),
    ]


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
    outputs
        (offset, bytes, destination) of arrays to copy out.
    failed
        Where to note which instances hold numbers that are not finite, shape (instances,), uint8.
    until
        Offset of the number that ends an instance as soon as it is not 0; -1: none does.
    ran
        Where to note after how many steps of the first clock each instance ended, int64.
    profile
        Where to add the seconds that each object takes, in schedule order.
    """

    seed: int
    streams: np.ndarray
    blocks: np.ndarray | None
    fresh: bool
    initialisers: int
    tables: Sequence[np.ndarray]
    rows: Sequence[np.ndarray | None]
    first_steps: np.ndarray
    last_steps: np.ndarray
    recorded: np.ndarray | None = None
    samples: Sequence[np.ndarray] = ()
    slots: int = 0
    spike_monitors: int = 0
    outputs: Sequence[tuple[int, int, np.ndarray]] = ()
    data: Sequence[np.ndarray] = ()
    failed: np.ndarray | None = None
    until: int = -1
    ran: np.ndarray | None = None
    profile: np.ndarray | None = None
    events: ct.Array | None = field(default=None, init=False)

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
            initialisers=self.initialisers,
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
            failed=None if self.failed is None else self.failed.ctypes.data,
            until=self.until,
            ran=None if self.ran is None else self.ran.ctypes.data,
            profile=None if self.profile is None else self.profile.ctypes.data,
        )
        return run, alive


class Library:
    """A shared library made from a program's source."""

    def __init__(self, source: str):
        self.build, self._entry, self._release = _entries(source)

    def __call__(self, call: Call, threads: int) -> None:
        """Run all instances of a call, spread over threads."""
        run, alive = call.description()
        count = len(call.streams)
        bounds = _chunks(count, threads)
        if threads == 1 or len(bounds) == 1:
            for first, last in bounds:
                self._entry(ct.byref(run), first, last)
        else:
            list(_pool(threads).map(lambda b: self._entry(ct.byref(run), *b), bounds))
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
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="neuromodels")


def _chunks(count: int, threads: int) -> list[tuple[int, int]]:
    pieces = 1 if threads == 1 else min(count, threads * CHUNKS_PER_THREAD)
    edges = np.linspace(0, count, pieces + 1).astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges) if b > a]


def loaded(source: str, tools: Toolchain | None = None) -> tuple[Build, ct.CDLL]:
    """Load a program; one that the loader refuses is built anew, once."""
    built = build(source, tools)
    try:
        return built, ct.CDLL(str(built.path))
    except OSError:
        Path(built.path).unlink(missing_ok=True)
        built = build(source, tools)
        return built, ct.CDLL(str(built.path))


def _entries(source: str) -> tuple[Build, Any, Any]:
    built, library = loaded(source)
    entry, release = library.neuromodels_run, library.neuromodels_release
    entry.argtypes, entry.restype = [ct.c_void_p, ct.c_int64, ct.c_int64], None
    release.argtypes, release.restype = [ct.c_void_p, ct.c_int64], None
    return built, entry, release
