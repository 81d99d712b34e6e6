"""Many independent copies of one Brian2 network in one compiled run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from brian2.core.namespace import get_local_namespace
from brian2.core.network import Network
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.simulation.addresses import array_variable, checked_values, groups_of
from neuromodels.simulation.capture import Captured, capture, capture_initial
from neuromodels.simulation.layout import Array, Layout
from neuromodels.simulation.library import Call, Library, core_count
from neuromodels.simulation.monitors import Recordings, samples_of, spikes_of
from neuromodels.simulation.render import Program
from neuromodels.simulation.report import Report
from neuromodels.simulation.state import State, stored_rows
from neuromodels.simulation.timing import checked_seconds, step_at
from neuromodels.simulation.translation import array_name

REALS = {"float32": "float", "float64": "double"}

#: What `Batch.trials` calls the episodes that ended with numbers that are not finite.
FAILED = "failed"


class Batch:
    """Independent instances of a network, compiled once.

    Parameters
    ----------
    network
        A Brian2 `Network`, set up on the runtime device: groups made, synapses connected, initial
        values set.  It is not changed and does not run.
    instances
        How many copies.
    seed
        Seed of all noise.
    dtype
        ``"float32"`` or ``"float64"``; spike times are double in both.
    threads
        Cores to use; None for all.  Results do not depend on it.
    streams
        Noise-stream id per instance, shape (instances,), uint64; equal ids see equal noise.
        Default: ``0, 1, ...``.
    device
        ``"cpp"``.
    namespace
        Where names in equations are looked up if their group has no namespace of its own.
        Default: the caller's variables, as in Brian2.

    Raises
    ------
    EquationError
        Where an equation cannot be read.
    UnsupportedFeature
        Where the network needs something that the device does not have; names the object.

    Examples
    --------
    >>> batch = Batch(network, instances=512, seed=1)          # doctest: +SKIP
    >>> batch["plastic.A"] = np.linspace(0, 1, 512)            # one value per instance
    >>> batch.initialise("plastic.w", "0.2*randn()")           # each from its own stream
    >>> batch.run(1*second)
    >>> batch["hidden.v"]                                      # (512, n), a Quantity
    """

    def __init__(
        self,
        network: Network,
        instances: int = 1,
        *,
        seed: int = 0,
        dtype: str = "float32",
        threads: int | None = None,
        streams: Sequence[int] | np.ndarray | None = None,
        device: str = "cpp",
        namespace: Mapping[str, Any] | None = None,
    ):
        _check_choices(instances, dtype, threads, device)
        self.namespace = get_local_namespace(level=1) if namespace is None else dict(namespace)
        self.instances = int(instances)
        self.seed = int(seed) % 2**64
        self.dtype = dtype
        self.streams = _checked_streams(streams, self.instances)
        self.groups = groups_of(network)
        self._captured = capture(network, self.namespace)
        self._initialisers: list[Captured] = []
        self._layout = Layout(self._captured, np.dtype(dtype))
        self._state = State(self._layout, self.instances)
        self._fresh_from = 0
        self._drawn = 0  # bit k: initial value k still holds
        self._program: Program | None = None
        self._library: Library | None = None
        self._recordings = Recordings([0])
        self._start = self._time = float(network.t)
        self.report = Report(threads=threads or core_count())

    # --------------------------------------------------------------------------------- values

    def __setitem__(self, address: str, values: Any) -> None:
        """Set a variable in all instances: (instances, n), (n,) or, if shared, (instances,)."""
        variable = array_variable(address, self.groups)
        array = self._array(variable)
        checked = checked_values(address, variable, values, self.instances, array.size)
        if self._state.is_live or self._waits_to_be_read(array.name):
            self._materialise()
        self._state.set(self._layout.arrays[array.name], checked)
        for number, code in enumerate(self._initialisers):
            if any(array_name(access.array) == array.name for access in code.vector.writes):
                self._drawn &= ~(1 << number)

    def __getitem__(self, address: str) -> np.ndarray:
        """Return a variable of all instances, shape (instances, n), with its unit."""
        variable = array_variable(address, self.groups)
        array = self._array(variable)
        self._materialise()
        values = self._state.get(self._layout.arrays[array.name])
        if variable.dtype == bool:
            return values.astype(bool)
        return Quantity(values, dim=variable.dim) if values.dtype.kind == "f" else values

    def initialise(self, address: str, expression: str) -> None:
        """Set a variable from an expression, in each instance with its own noise.

        Parameters
        ----------
        address
            ``"group.variable"``.
        expression
            In Brian2's syntax, such as ``"0.2*randn()"`` or ``"rand()*mV"``.
        """
        group, name = self.groups.get(address.partition(".")[0]), address.partition(".")[2]
        array_variable(address, self.groups)
        number = len(self._initialisers)
        code = capture_initial(group, name, expression, number, self.namespace)
        self._initialisers.append(code)
        self._drawn |= 1 << number
        self._lay_out()

    def _array(self, variable) -> Array:
        name = array_name(variable)
        if name not in self._layout.arrays:
            self._layout.add_variable(variable, False)
        return self._layout.arrays[name]

    def _lay_out(self) -> None:
        """Place all arrays anew: an initial value makes a parameter a part of the state."""
        layout = Layout([*self._captured, *self._initialisers], np.dtype(self.dtype))
        self._state = self._state.moved_to(layout)
        self._layout, self._program, self._library = layout, None, None

    def _waits_to_be_read(self, name: str) -> bool:
        """Whether an initial value that waits for the next run depends on an array."""
        waiting = self._initialisers[self._fresh_from :]
        reads = (a for code in waiting for a in (*code.scalar.reads, *code.vector.reads))
        return any(array_name(access.array) == name for access in reads)

    def _materialise(self) -> None:
        """Evaluate initial values that wait for the next run, before anybody looks."""
        if self._fresh_from < len(self._initialisers):
            self._advance(0.0)

    # ------------------------------------------------------------------------------------ runs

    def run(self, duration: Quantity) -> None:
        """Run all instances on from where they are.

        Parameters
        ----------
        duration
            Simulated time.
        """
        self._advance(checked_seconds("Batch.run", duration))

    def trials(
        self,
        duration: Quantity,
        outputs: Sequence[str],
        *,
        streams: np.ndarray,
        values: Mapping[str, np.ndarray] | None = None,
        rows: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Run short episodes from the initial state and keep a few variables of each.

        No instance's state is stored: it lives in its core's cache for the length of the episode.
        The instances of the batch itself are not touched.

        Parameters
        ----------
        duration
            Simulated time of one episode.
        outputs
            Addresses of the variables to keep; ``"failed"`` stands for whether any number of an
            episode's state is not finite at its end.
        streams
            Noise-stream id of each episode, shape (n,), uint64.
        values
            By address, one row per candidate: (candidates, size), or (candidates,) if shared.
        rows
            The candidate of each episode, shape (n,); default 0.

        Returns
        -------
        dict of ndarray
            By address, shape (n, size), SI units; ``"failed"`` has shape (n,).
        """
        library = self._ready()
        call = self._call(np.ascontiguousarray(streams, dtype=np.uint64), None)
        self._refuse_instance_values(set(values or ()))
        self._put_candidates(call, values or {}, rows)
        call.last_steps = self._steps(self._start + checked_seconds("Batch.trials", duration))
        call.fresh, call.initialisers = True, self._drawn
        addresses = [address for address in outputs if address != FAILED]
        kept = {address: self._output(address, len(streams)) for address in addresses}
        call.outputs = [(array.offset or 0, array.bytes, out) for array, out in kept.values()]
        call.failed = np.zeros(len(streams), dtype=np.uint8) if FAILED in outputs else None
        self._timed(library, call)
        found = {a: x.wiring.restored(v) if x.wiring else v for a, (x, v) in kept.items()}
        return found if call.failed is None else {**found, FAILED: call.failed.astype(bool)}

    def _put_candidates(self, call: Call, values: Mapping, rows: np.ndarray | None) -> None:
        names = [array.name for array in self._program.tables]  # type: ignore[union-attr]
        tables, row_maps = list(call.tables), list(call.rows)
        row_of = None if rows is None else np.ascontiguousarray(rows, dtype=np.int64)
        for address, numbers in values.items():
            variable = array_variable(address, self.groups)
            array = self._array(variable)
            if array.name not in names:
                continue
            shaped = np.asarray(numbers).reshape(len(numbers), -1)
            _check_rows(row_of, len(shaped), len(call.streams))
            checked = checked_values(address, variable, shaped, len(shaped), array.size)
            place = names.index(array.name)
            tables[place], row_maps[place] = stored_rows(array, checked), row_of
        call.tables, call.rows = tables, row_maps

    def _refuse_instance_values(self, given: set[str]) -> None:
        """Refuse values that were set per instance: an episode is not an instance."""
        replaced = {array_name(array_variable(address, self.groups)) for address in given}
        for name, table in self._state.tables.items():
            if table.rows is not None and name not in replaced:
                raise DeclarationError(
                    f"Batch.trials[{name.removeprefix('_array_')!r}]",
                    "values must not differ between instances", len(table.rows),
                    "Pass them as `values` with `rows`.",
                )  # fmt: skip

    def _output(self, address: str, count: int) -> tuple[Array, np.ndarray]:
        array = self._array(array_variable(address, self.groups))
        if not array.is_state:
            raise DeclarationError(
                f"Batch.trials[{address!r}]", "an output must be written by the network", address
            )
        return array, np.empty((count, array.size), dtype=array.initial.dtype)

    def _advance(self, seconds: float) -> None:
        library = self._ready()
        fresh = not self._state.is_live
        if fresh:
            self._state.allocate()
        call = self._call(self.streams, self._state.blocks)
        end = self._time + seconds
        call.first_steps, call.last_steps = self._steps(self._time), self._steps(end)
        call.fresh = fresh
        call.initialisers = self._drawn & -(1 << self._fresh_from)
        self._recordings.prepare(self._program, call, self.instances)  # type: ignore[arg-type]
        self._timed(library, call)
        if seconds > 0:
            self._recordings.collect(self._program, call)  # type: ignore[arg-type]
        library.release(call)
        self._fresh_from, self._time = len(self._initialisers), end

    def _call(self, streams: np.ndarray, blocks: np.ndarray | None) -> Call:
        program = self._program
        assert program is not None
        tables = [self._state.table(array) for array in program.tables]
        return Call(
            seed=self.seed, streams=streams, blocks=blocks, fresh=False, initialisers=0,
            tables=[table.values for table in tables], rows=[table.rows for table in tables],
            first_steps=self._steps(self._start), last_steps=self._steps(self._start),
            data=list(program.support.data.values()),
        )  # fmt: skip

    def _timed(self, library: Library, call: Call) -> None:
        start = time.perf_counter()
        library(call, self.report.threads)
        self.report.seconds += time.perf_counter() - start
        self.report.instances_run += len(call.streams)
        held = 0 if call.blocks is None else call.blocks.nbytes
        self.report.bytes = held + sum(table.nbytes for table in call.tables)
        synapses = sum(w.n_synapses for w in self._layout.wirings.values())
        steps = int((call.last_steps - call.first_steps).max(initial=0))
        self.report.synapse_updates += synapses * steps * len(call.streams)

    def _ready(self) -> Library:
        """Render and build the program, unless that was done."""
        if self._library is None:
            self._program = Program(
                self._captured, self._initialisers, self._layout, REALS[self.dtype]
            )
            self._library = Library(self._program.source)
            built = self._library.build
            self.report.builds += not built.hit
            self.report.cache_hits += built.hit
            self.report.build_seconds += built.seconds
        return self._library

    def _steps(self, seconds: float) -> np.ndarray:
        """Return the step of each clock at a time, as `Clock.set_interval` counts."""
        return np.array([step_at(clock, seconds) for clock in self._layout.clocks], dtype=np.int64)

    # --------------------------------------------------------------------------------- records

    def record(self, instances: Sequence[int]) -> None:
        """Choose the instances whose monitors record; what was recorded before is dropped."""
        chosen = [int(k) for k in instances]
        if not all(0 <= k < self.instances for k in chosen):
            raise DeclarationError(
                "Batch.record", f"instances must lie in [0, {self.instances})", chosen
            )
        self._recordings = Recordings(chosen)

    def spikes(self, name: str, instance: int = 0) -> dict[str, np.ndarray]:
        """Return ``i``, ``t`` and more of each spike seen by a spike monitor.

        Parameters
        ----------
        name
            Of the monitor, or of the group it watches.
        instance
            Which recorded instance.
        """
        code = self._monitor(name, ("spikemonitor",))
        return spikes_of(self._recordings, code, instance)

    def samples(self, name: str, instance: int = 0) -> dict[str, np.ndarray]:
        """Return ``t`` and the variables seen by a state or rate monitor, (indices, times).

        Parameters
        ----------
        name
            Of the monitor.
        instance
            Which recorded instance.
        """
        code = self._monitor(name, ("statemonitor", "ratemonitor"))
        return samples_of(self._recordings, code, instance)

    def _monitor(self, name: str, templates: Sequence[str]) -> Captured:
        monitors = [code for code in self._captured if code.template in templates]
        for code in monitors:
            if name in (code.name, code.owner.source.name):
                return code
        raise DeclarationError(
            "Batch.record", f"the network must have a {templates[0]} of that name", name,
            f"There are: {', '.join(code.name for code in monitors) or 'none'}.",
        )  # fmt: skip


def _check_rows(rows: np.ndarray | None, candidates: int, episodes: int) -> None:
    """Refuse rows that would be read from behind a table."""
    if rows is None:
        return
    if rows.shape != (episodes,) or rows.min(initial=0) < 0 or rows.max(initial=0) >= candidates:
        raise DeclarationError(
            "Batch.trials.rows", f"there must be {episodes} of them in [0, {candidates})", rows
        )


def _checked_streams(streams: Any, instances: int) -> np.ndarray:
    ids = np.arange(instances) if streams is None else np.asarray(streams)
    if ids.shape != (instances,):
        raise DeclarationError(
            "Batch.streams", f"there must be one id per instance, shape ({instances},)", ids.shape
        )
    return np.ascontiguousarray(ids, dtype=np.uint64)


def _check_choices(instances: int, dtype: str, threads: int | None, device: str) -> None:
    if int(instances) < 1:
        raise DeclarationError("Batch.instances", "there must be at least 1", instances)
    if dtype not in REALS:
        raise DeclarationError("Batch.dtype", f"must be one of {', '.join(REALS)}", dtype)
    if threads is not None and threads < 1:
        raise DeclarationError("Batch.threads", "must be at least 1, or None for all", threads)
    if device != "cpp":
        raise DeclarationError("Batch.device", "must be 'cpp'", device)
