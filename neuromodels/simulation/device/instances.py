"""The compiled copies of a network: laid out, built when first needed, advanced in time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from brian2.core.variables import ArrayVariable
from brian2.synapses.synapses import SynapticPathway

from neuromodels.errors import DeclarationError
from neuromodels.simulation.arrays.delays import Delays
from neuromodels.simulation.arrays.layout import Array
from neuromodels.simulation.arrays.placement import layout_of, with_variable
from neuromodels.simulation.arrays.wiring import Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import Access, array_name
from neuromodels.simulation.device.kernel_library import KernelLibrary
from neuromodels.simulation.device.library import Call, Library, core_count
from neuromodels.simulation.device.monitors import Recordings
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.device.state import State, check_memory
from neuromodels.simulation.device.targets import Code, Cuda, Emulation, Target, device_of
from neuromodels.simulation.device.timing import step_at
from neuromodels.simulation.source.kernel import Kernel
from neuromodels.simulation.source.plan import Plan
from neuromodels.simulation.source.program import Program

ENDS = ("__synaptic_pre", "__synaptic_post")
REALS = {"float32": "float", "float64": "double"}


@dataclass(frozen=True)
class Executable:
    """A program that is ready to run.

    Parameters
    ----------
    program
        What was rendered.
    library
        What was compiled from it.
    target
        What it was compiled for.
    """

    program: Program | Kernel
    library: Library | KernelLibrary
    target: Target

    @property
    def plan(self) -> Plan:
        """What a call must be given."""
        return self.program.plan


class Instances:
    """Copies of one network, all at the same time.

    Parameters
    ----------
    captured
        The network's code objects in schedule order.
    count
        How many copies.
    streams
        Noise-stream id of each, uint64; by default 0, 1, ...
    start
        Simulated time at which they begin, in seconds.
    profiled
        Whether to measure the time that each object takes.
    device
        What they run on.
    """

    def __init__(
        self,
        captured: Sequence[Captured],
        count: int,
        streams: np.ndarray | None = None,
        *,
        seed: int,
        dtype: str,
        threads: int | None,
        start: float,
        profiled: bool = False,
        device: str | Cuda | Emulation = "cpp",
    ):
        self.captured = list(captured)
        self.seed = int(seed) % 2**64
        self.dtype = np.dtype(dtype)
        self.profiled = profiled
        self._device = device_of(device)
        self.start = self.time = start
        self.initialisers: list[Captured] = []
        self.delays: dict[str, Delays] = {}
        self.wirings: dict[str, Wiring] = {}
        self.unset: set[str] = set()  # arrays without values in a new wiring
        self.layout = layout_of(self.captured, self.dtype)
        check_memory(self.layout, count)
        self.streams = np.arange(count, dtype=np.uint64) if streams is None else streams
        self.state = State(self.layout, count)
        self.recordings = Recordings([0])
        self.report = Report(threads=threads or core_count())
        self._executable: Executable | None = None
        self._fresh_from = 0  # the first initial value that waits for the next run
        self.drawn = 0  # bit k: initial value k still holds
        self._drawn_first = 0  # and held when the instances began

    # --------------------------------------------------------------------------------- values

    def array(self, variable: ArrayVariable) -> Array:
        """Return the array of a variable; one that no code touches becomes a table."""
        name = array_name(variable)
        if name not in self.layout.arrays:
            self.layout = self.state.layout = with_variable(self.layout, variable)
        return self.layout.arrays[name]

    def get(self, variable: ArrayVariable) -> np.ndarray:
        """Return a variable's values, shape (instances, size)."""
        array = self.array(variable)
        self._materialise()
        return self.state.get(self.layout.arrays[array.name])

    def set(self, variable: ArrayVariable, values: np.ndarray) -> None:
        """Set a variable to values (1, size) or (instances, size); drop its initial expression."""
        name = self.array(variable).name
        self.unset.discard(name)
        if self.state.is_live or self._is_awaited(name):
            self._materialise()
        self.state.set(self.layout.arrays[name], values)
        for number, code in enumerate(self.initialisers):
            if any(array_name(access.array) == name for access in code.vector.writes):
                self.drawn &= ~(1 << number)

    def set_delays(self, delays: Delays) -> None:
        """Give a pathway other delays."""
        self.delays[delays.name] = delays
        self.lay_out()

    def rewire(self, wiring: Wiring, pathways: Iterable[SynapticPathway]) -> None:
        """Give synapses a wiring for each instance; values that differ must be set anew."""
        self._check_recorded(wiring)
        for pathway in pathways:
            self.delays.pop(pathway.name, None)
            self.array(pathway.variables["delay"])
        for array in self.layout.arrays.values():
            if array.wiring is not None and array.wiring.name == wiring.name:
                self.state.tables.pop(array.name, None)
                if np.any(array.initial != array.initial[:1]) and not array.name.endswith(ENDS):
                    self.unset.add(array.name)
        self.wirings[wiring.name] = wiring
        self.lay_out()

    def _check_recorded(self, wiring: Wiring) -> None:
        """Refuse a wiring without the synapses that a monitor asks for."""
        fewest = int(wiring.is_real.sum(axis=1).min())
        for code in self.captured:
            watched = getattr(getattr(code.owner, "source", None), "name", "")
            if code.template == "statemonitor" and watched == wiring.name:
                last = int(np.max(code.variables["_indices"].get_value(), initial=-1))
                if last >= fewest:
                    raise DeclarationError(
                        f"{code.name}.record",
                        "every instance must have the recorded synapses",
                        last,
                        f"An instance has only {fewest}.",
                    )

    def initialise(self, code: Captured) -> None:
        """Evaluate an expression in each instance, before the first step of the next run."""
        self.unset -= {array_name(access.array) for access in code.vector.writes}
        self.drawn |= 1 << len(self.initialisers)
        self.initialisers.append(code)
        self.lay_out()

    def evaluated(self, code: Captured, variable: ArrayVariable) -> np.ndarray:
        """Return what an expression gives in each instance, shape (instances, size)."""
        apart = Instances(
            [],
            len(self.streams),
            self.streams,
            seed=self.seed,
            dtype=self.dtype.name,
            threads=self.report.threads,
            start=self.start,
        )
        apart.wirings = self.wirings
        apart.initialise(code)
        apart.state = self.state.moved_to(apart.layout)
        return apart.get(variable)

    def lay_out(self) -> None:
        """Place all arrays anew: an initial value makes a parameter a part of the state."""
        code = [*self.captured, *self.initialisers]
        layout = layout_of(code, self.dtype, self.delays, self.wirings)
        for name in self.state.tables:
            variable = self.layout.arrays[name].variable
            if variable is not None and name not in layout.arrays:
                layout = with_variable(layout, variable)  # set by the user, read by nobody yet
        self.state = self.state.moved_to(layout)
        self.layout, self._executable = layout, None

    def _is_awaited(self, name: str) -> bool:
        """Whether an initial value that waits for the next run depends on an array."""
        waiting = self.initialisers[self._fresh_from :]
        reads: list[Access] = [a for c in waiting for a in (*c.scalar.reads, *c.vector.reads)]
        return any(array_name(access.array) == name for access in reads)

    def _materialise(self) -> None:
        """Evaluate initial values that wait for the next run, before anybody looks."""
        if self._fresh_from < len(self.initialisers):
            self.advance(self.time)

    # ------------------------------------------------------------------------------------ runs

    def advance(self, until: float) -> None:
        """Run all instances to a time in seconds."""
        executable = self.ready()
        fresh = not self.state.is_live
        if fresh:
            self.state.allocate()
            self._drawn_first = self.drawn
        call = self.call(executable, self.streams, self.state.blocks)
        call.first_steps, call.last_steps = self.steps(self.time), self.steps(until)
        call.fresh = fresh
        call.initialisers = self.drawn & -(1 << self._fresh_from)
        self.recordings.prepare(executable.plan, call, len(self.streams))
        self.make(executable, call)
        self.recordings.collect(executable.plan, call)
        executable.library.release(call)
        self._fresh_from, self.time = len(self.initialisers), until

    def restart(self) -> None:
        """Put all instances back to where they began; what was set before they ran holds again."""
        if self.state.is_live:
            self.state.blocks, self.drawn = None, self._drawn_first
        self.time, self._fresh_from = self.start, 0
        self.recordings = Recordings(self.recordings.instances)

    def ready(self, count: int | None = None) -> Executable:
        """Render and build the program for `count` instances, unless that was done."""
        self._check_set()
        target, why = self._device.target(self.layout, count or len(self.streams))
        if self._executable is None or target != self._executable.target:
            real = REALS[self.dtype.name]
            code = Code(self.captured, self.initialisers, self.layout, real, self.profiled)
            program, library = target.compile(code)
            self._executable = Executable(program, library, target)
            self.report.why = why
            self.report.note_build(self._executable.library.build)
        return self._executable

    def call(self, executable: Executable, streams: np.ndarray, blocks: np.ndarray | None) -> Call:
        """Return a call of a program that begins and ends at the start."""
        tables = [self.state.table(array) for array in executable.plan.tables]
        return Call(
            seed=self.seed,
            streams=streams,
            blocks=blocks,
            fresh=False,
            initialisers=0,
            tables=[table.values for table in tables],
            rows=[table.rows for table in tables],
            first_steps=self.steps(self.start),
            last_steps=self.steps(self.start),
            data=list(executable.plan.support.data.values()),
            profile=np.zeros(len(self.captured)) if self.profiled else None,
        )

    def make(self, executable: Executable, call: Call) -> None:
        """Make a call and note what it cost."""
        start = time.perf_counter()
        executable.library(call, self.report.threads)
        self.report.seconds += time.perf_counter() - start
        executable.library.note(self.report)
        self.report.instances_run += len(call.streams)
        held = 0 if call.blocks is None else call.blocks.nbytes
        self.report.bytes = held + sum(table.nbytes for table in call.tables)
        self.report.synapse_updates += self._synapse_updates(call)
        if call.profile is not None:
            self._note_profile(call.profile)

    def _synapse_updates(self, call: Call) -> int:
        synapses = sum(w.n_synapses for w in self.layout.wirings.values())
        steps = call.last_steps - call.first_steps
        longest = int(steps.max(initial=0))
        if call.ran is None or not steps.any():
            return synapses * longest * len(call.streams)
        return int(synapses * longest * (call.ran.sum() / steps[0]))

    def _check_set(self) -> None:
        if self.unset:
            name = min(self.unset).removeprefix("_array_")
            raise DeclarationError(
                "Batch.connect",
                "values that differ between synapses must be set again after it",
                name,
                "Assign batch['synapses.variable'] or call batch.initialise.",
            )

    def _note_profile(self, seconds: np.ndarray) -> None:
        profile = self.report.profile
        for code, spent in zip(self.captured, seconds, strict=True):
            profile[code.name] = profile.get(code.name, 0.0) + float(spent)

    def steps(self, seconds: float) -> np.ndarray:
        """Return the step of each clock at a time, as `Clock.set_interval` counts."""
        return np.array([step_at(clock, seconds) for clock in self.layout.clocks], dtype=np.int64)
