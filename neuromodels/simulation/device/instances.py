"""The compiled copies of a network: laid out, built when first needed, advanced in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from brian2.core.clocks import BaseClock
from brian2.core.variables import ArrayVariable

from neuromodels.errors import BrokenRun, DeclarationError, OutOfMemory, UnsupportedFeature
from neuromodels.simulation.arrays.delays import Delays
from neuromodels.simulation.arrays.given_spikes import GivenSpikes
from neuromodels.simulation.arrays.layout import Array, owner_name
from neuromodels.simulation.arrays.placement import layout_of, with_variable
from neuromodels.simulation.arrays.wiring import Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import spoken
from neuromodels.simulation.capture.own_functions import held_name
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.device.addresses import REALS
from neuromodels.simulation.device.beginning import Draw, DrawNumbers, Given, Steps, fingerprint
from neuromodels.simulation.device.crashes import held_interrupt
from neuromodels.simulation.device.library import Call, Library, core_count
from neuromodels.simulation.device.monitors import Recordings
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.device.state import State, Table, check_memory
from neuromodels.simulation.device.targets import Code, Cuda, Emulation, Executable, device_of
from neuromodels.simulation.source.draw_sites import stream_id
from neuromodels.simulation.source.stops import Halt
from neuromodels.simulation.source.timing import step_at, steps_until, time_after, time_of


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
    ahead
        Next step of clocks, by name, that have taken more than `start` tells.
    profiled
        Whether to measure the time that each object takes.
    device
        What they run on.
    indexed
        Names of synapses that another object of the network finds by number.
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
        ahead: Mapping[str, int] | None = None,
        profiled: bool = False,
        device: str | Cuda | Emulation = "cpp",
        indexed: Collection[str] = (),
    ):
        self.captured = list(captured)
        self.seed = int(seed) % 2**64
        self.dtype = np.dtype(dtype)
        self.profiled = profiled
        self._device = device_of(device)
        self.start = self.time = start
        self._ahead = dict(ahead or {})
        self._steps = dict(self._ahead)  # the next step of each clock, where it has one of its own
        self.initialisers: list[Captured] = []  # programs of initial expressions, each once
        self._programs: dict[tuple, int] = {}
        self.beginning = Steps()
        self.numbers = DrawNumbers()
        self.has_run = False  # since the start
        self.delays: dict[str, Delays] = {}
        self.wirings: dict[str, Wiring] = {}
        self.spikes: dict[str, GivenSpikes] = {}
        self.unset: set[str] = set()  # arrays without values in a new wiring
        self._held: set[str] = set()  # arrays that were states where these numbers come from
        self.indexed = indexed
        self.layout = layout_of(self.captured, self.dtype, indexed=indexed)
        check_memory(self.layout, count)
        self.streams = np.arange(count, dtype=np.uint64) if streams is None else streams
        self.state = State(self.layout, count)
        self.recordings = Recordings([0])
        self.report = Report(threads=threads or core_count())
        self._executable: Executable | None = None
        self._broken = ""  # what ended the last call before its end
        self._waiting = Steps()  # expressions for the next step of instances that have run
        #: Runs Python code where a call stands still for it, and says whether the call goes on.
        self.interlude: Callable[[Call], bool] | None = None
        self.idle: Collection[BaseClock] = ()  # clocks of the network on which nothing runs
        self.halt: Halt | None = None  # where a call stands, or where an error has ended it

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
        self._check_together()
        self._materialise()
        return self.state.get(self.layout.arrays[array.name])

    def set(self, variable: ArrayVariable, values: np.ndarray) -> None:
        """Set a variable to values (1, size) or (instances, size), given in Brian2's order.

        Before the first run they belong to the start, in place of an initial expression.
        """
        array = self.array(variable)
        name, rows = array.name, self.state.stored(array, values)
        self.unset.discard(name)
        if self.has_run:
            self._materialise()
            self.state.set(self.layout.arrays[name], rows)
            return
        self.rewind()
        if self.beginning.reads(name):
            self.beginning.add(Given(name, rows))
            return
        self.beginning.drop(name)
        for given in (*self.beginning.take_first_values(), Given(name, rows)):
            self.state.set(self.layout.arrays[given.name], given.rows)

    def set_spikes(self, generator: str, spikes: GivenSpikes) -> None:
        """Give a generator other spikes, before the first run."""
        self.rewind()
        arrays = self.layout.arrays.values()
        self.state.forget({a.name for a in arrays if owner_name(a) == generator})
        self.spikes[generator] = spikes
        self.lay_out()

    def data(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return what instances have of a timed array with these `values`, (instances, ...)."""
        table = self.state.data.get(name, Table(np.reshape(values, (1, -1))))
        return np.array(table.of_instances(len(self.streams))).reshape(-1, *np.shape(values))

    def set_data(self, name: str, rows: np.ndarray) -> None:
        """Set the values of a timed array, (1, size) or (instances, size)."""
        self.check_courses(rows)
        if self.has_run:
            self._materialise()
        else:
            self.rewind()
        self.state.set_data(name, rows)

    def check_courses(self, rows: np.ndarray) -> None:
        """Refuse values of a timed array that differ, where the device cannot have them."""
        if len(rows) > 1 and self._device.name != "cpp":
            raise UnsupportedFeature(
                "Batch.device",
                "values of a timed array must be the same in all instances",
                self._device.name,
                "Use device='cpp'.",
            )

    def set_delays(self, delays: Delays) -> None:
        """Give a pathway other delays."""
        self.delays[delays.name] = delays
        self.lay_out()

    def initialise(self, code: Captured) -> None:
        """Evaluate an expression in each instance, before the first step of the next run."""
        known = len(self.initialisers)
        number = self._programs.setdefault(fingerprint(code), known)
        draw = Draw(code, number, stream_id(code.noise))
        self.unset -= draw.writes
        if not self.has_run:
            self.rewind()
        (self._waiting if self.has_run else self.beginning).add(draw)
        if number == known:
            self.initialisers.append(code)
            self.lay_out()

    def evaluated(self, code: Captured, variable: ArrayVariable) -> np.ndarray:
        """Return what an expression gives in each instance, shape (instances, size)."""
        if not self.has_run:
            return self.begun([code]).get(variable)
        self._materialise()
        apart = self._apart()
        apart.has_run = True
        apart.initialise(code)
        apart.state = self.state.moved_to(apart.layout)
        return apart.get(variable)

    def begun(self, more: Sequence[Captured] = ()) -> Instances:
        """Return the same instances without a program, as they begin; then evaluate `more`."""
        self.rewind()
        apart = self._apart()
        for step in self.beginning:
            if isinstance(step, Draw):
                apart.initialise(step.code)
            else:
                apart.beginning.add(step)
        for code in more:
            apart.initialise(code)
        apart.state = self.state.moved_to(apart.layout)
        return apart

    def _apart(self) -> Instances:
        apart = Instances(
            [],
            len(self.streams),
            self.streams,
            seed=self.seed,
            dtype=self.dtype.name,
            threads=self.report.threads,
            start=self.start,
        )
        apart.wirings = dict(self.layout.wirings)  # values lie in the order of these
        return apart

    def lay_out(self) -> None:
        """Place all arrays anew: an initial value makes a parameter a part of the state."""
        code = [*self.captured, *self.initialisers]
        own = self.delays, self.wirings, self.spikes
        layout = layout_of(code, self.dtype, *own, self.indexed, self._held)
        for name in self.state.all_names:
            variable = self.layout.arrays[name].variable
            if variable is not None and name not in layout.arrays:
                layout = with_variable(layout, variable)  # set by the user, read by nobody yet
        self.state = self.state.moved_to(layout)
        self.layout, self._executable = layout, None

    def _materialise(self) -> None:
        """Evaluate initial expressions that wait for the next run, before anybody looks."""
        if self._waiting or (self.beginning and not self.state.is_live):
            self._advance(self.steps, self.time)

    def settle(self) -> None:
        """Let all instances stand at one step, with all their numbers in blocks."""
        self._check_together()
        self._materialise()
        if not self.state.is_live:
            self._advance(self.steps, self.time)

    def hold(self, names: Collection[str]) -> None:
        """Let arrays be states, so that the program is that of other instances."""
        self._held = set(names)
        self.lay_out()

    def stand_at(self, seconds: float, steps: np.ndarray) -> None:
        """Go on from numbers that were put into blocks, at a time and a step of each clock."""
        self.time, self.has_run = seconds, True
        clocks = zip(self.layout.clocks, steps, strict=True)
        self._steps = {clock.name: int(step) for clock, step in clocks}

    def failed(self) -> np.ndarray:
        """Return whether any number of an instance's state is not finite, shape (instances,)."""
        is_finite = np.ones(len(self.streams), dtype=bool)
        for array in self.layout.states if self.state.is_live else ():
            if array.initial.dtype.kind == "f":
                is_finite &= np.isfinite(self.state.get(array)).all(axis=1)
        return ~is_finite

    # ------------------------------------------------------------------------------------ runs

    def advance(self, until: float) -> None:
        """Run all instances to a time in seconds.

        Raises
        ------
        BrokenRun
            Where a signal ends the run, or an earlier call was broken off.
        OutOfMemory
            Where there is no memory for the spikes.
        """
        self.pass_steps(self.steps_until(until), until)

    def pass_steps(self, last: np.ndarray, until: float) -> None:
        """Run all instances up to a step of each clock, which comes at `until` seconds."""
        self._advance(last, until)
        self.has_run = True

    def _advance(self, last: np.ndarray, until: float) -> None:
        self._check_together()
        executable = self.ready()
        is_new = not self.state.is_live
        with held_interrupt():
            try:
                self._step(executable, last, until)
            except BaseException:
                if is_new:  # else blocks that were never filled would pass for a state
                    self.state.rewind()
                raise

    def _step(self, executable: Executable, last: np.ndarray, until: float) -> None:
        fresh, draws = self._begin(executable) if not self.state.is_live else (False, [])
        call = self.call(executable, self.streams, self.state.blocks)
        call.first_steps, call.last_steps = self.steps, last
        call.fresh, call.draws = fresh, [*draws, *self._waiting.draws]
        call.halt = Halt(executable.plan, self.steps) if self.interlude else None
        self.recordings.prepare(executable.plan, call, len(self.streams))
        self._make_whole(executable, call)
        self._waiting.clear()
        last, self.time = self._reached(call, until)
        self._steps = {c.name: int(n) for c, n in zip(self.layout.clocks, last, strict=True)}

    def _reached(self, call: Call, until: float) -> tuple[np.ndarray, float]:
        """Return the step of each clock, and the time, to which a call has come."""
        self.halt = None
        if call.halt is None or (call.halt.is_over and not call.stop[0]):
            return call.last_steps, until
        self.halt = None if call.halt.is_over else call.halt
        steps, clocks = call.halt.steps, self.layout.clocks
        if self.halt is not None:
            return steps, min(map(time_of, clocks, steps.tolist()))
        return steps, time_after(clocks, steps, self.idle)

    def has_passed(self, number: int) -> bool:
        """Whether a code object has run already in the step that an error has broken off."""
        clock = self.layout.clocks.index(self.captured[number].clock)
        return self.halt is not None and self.halt.has_passed(number, clock)

    def _make_whole(self, executable: Executable, call: Call) -> None:
        """Make a call; after one that is broken off, instances stand at different steps."""
        self._broken = "a run that was broken off"
        try:
            self.make(executable, call)
            self.recordings.collect(executable.plan, call)
        except (BrokenRun, OutOfMemory) as error:
            self._broken = f"a run that ended early, in {error.where}"
            raise
        finally:
            executable.library.release(call)
        self._broken = ""

    def _check_together(self) -> None:
        """Refuse instances that a call has left somewhere on their way."""
        if self._broken:
            raise BrokenRun(
                "Batch",
                "all instances must stand at the same step",
                self._broken,
                "Call batch.restart(), or make a new Batch.",
            )

    def _begin(self, executable: Executable) -> tuple[bool, list[Draw]]:
        """Give instances blocks; return whether these are still empty, and what is left to draw."""
        self.state.allocate()
        fresh, draws = True, []
        for step in self.beginning:
            if isinstance(step, Draw):
                draws.append(step)
                continue
            call = self.call(executable, self.streams, self.state.blocks)
            call.fresh, call.draws = fresh, draws
            executable.library(call, self.report.threads)
            self.state.set(self.layout.arrays[step.name], step.rows)
            fresh, draws = False, []
        return fresh, draws

    def rewind(self) -> None:
        """Forget what was computed of the start only because somebody looked."""
        self.state.rewind()

    def restart(self) -> None:
        """Put all instances back to where they began; what was set since then is lost."""
        self._broken = ""
        self.rewind()
        self._waiting.clear()
        self.numbers.restart()
        self.time, self.has_run = self.start, False
        self._steps = dict(self._ahead)
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

    @property
    def run_on_cores(self) -> bool:
        """Whether the processor's cores run them, one instance each at a time."""
        return isinstance(self.ready().library, Library)

    def call(self, executable: Executable, streams: np.ndarray, blocks: np.ndarray | None) -> Call:
        """Return a call of a program that begins and ends at the start.

        Without blocks it begins with the values of the start.
        """
        is_first = blocks is None
        tables = [self.state.table(array, is_first) for array in executable.plan.tables]
        given = self.state.first_data if is_first else self.state.data
        data = [
            given.get(held_name(name), Table(x)) for name, x in executable.plan.support.data.items()
        ]
        return Call(
            seed=self.seed,
            streams=streams,
            blocks=blocks,
            fresh=False,
            tables=[table.values for table in tables],
            rows=[table.rows for table in tables],
            first_steps=self._first_steps(),
            last_steps=self._first_steps(),
            data=[table.values for table in data],
            data_rows=[table.rows for table in data],
            profile=np.zeros(len(self.captured)) if self.profiled else None,
        )

    def make(self, executable: Executable, call: Call) -> None:
        """Make a call and note what it cost."""
        start = time.perf_counter()
        if call.halt is None:
            executable.library(call, self.report.threads)
        else:
            self._run_in_parts(executable, call)
        self.report.seconds += time.perf_counter() - start
        executable.library.note(self.report)
        self.report.instances_run += len(call.streams)
        held = self.recordings.bytes + (0 if call.blocks is None else call.blocks.nbytes)
        numbers = [*call.tables, *call.samples]
        self.report.bytes = held + sum(array.nbytes for array in numbers)
        self.report.synapse_updates += self._synapse_updates(call)
        if call.profile is not None:
            self._note_profile(call.profile)

    def _run_in_parts(self, executable: Executable, call: Call) -> None:
        assert isinstance(executable.library, Library)
        assert self.interlude is not None
        for _ in executable.library.in_parts(call):
            self.halt = call.halt
            if not self.interlude(call):
                return

    def _synapse_updates(self, call: Call) -> int:
        synapses = sum(w.n_synapses for w in self.layout.wirings.values())
        steps = call.last_steps - call.first_steps
        longest = int(steps.max(initial=0))
        if call.ran is None or not steps.any():
            return synapses * longest * len(call.streams)
        return int(synapses * longest * (call.ran.sum() / steps[0]))

    def _check_set(self) -> None:
        if self.unset:
            name = min(map(spoken, self.unset))
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

    @property
    def steps(self) -> np.ndarray:
        """The next step of each clock."""
        return self._counted(self._steps, self.time)

    @property
    def ahead(self) -> dict[str, int]:
        """The next step of the clocks, by name, that have taken more than the time tells."""
        return {
            clock.name: int(step)
            for clock, step in zip(self.layout.clocks, self.steps, strict=True)
            if step != step_at(clock, self.time)
        }

    def steps_until(self, seconds: float, from_start: bool = False) -> np.ndarray:
        """Return the step at which each clock ends a run, from here or from the start."""
        first = self._first_steps() if from_start else self.steps
        return steps_until(self.layout.clocks, first, seconds)

    def _first_steps(self) -> np.ndarray:
        return self._counted(self._ahead, self.start)

    def _counted(self, steps: Mapping[str, int], seconds: float) -> np.ndarray:
        """Return the known step of each clock, else what `Clock.set_interval` counts at a time."""
        found = [steps.get(c.name, step_at(c, seconds)) for c in self.layout.clocks]
        return np.array(found, dtype=np.int64)
