"""Many independent copies of one Brian2 network in one compiled run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from brian2.core.namespace import get_local_namespace
from brian2.core.network import Network
from brian2.synapses.synapses import Synapses, SynapticPathway
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.seeding import seed_of
from neuromodels.simulation.arrays.layout import Array
from neuromodels.simulation.arrays.wiring import Side
from neuromodels.simulation.capture.capture import Captured, capture, capture_initial
from neuromodels.simulation.capture.noise_names import Identities
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.device.addresses import (
    array_variable,
    checked_values,
    groups_of,
    pathway_of,
)
from neuromodels.simulation.device.connect import drawn_pairs, given_pairs, own_wiring
from neuromodels.simulation.device.instances import REALS, Instances
from neuromodels.simulation.device.library import Call
from neuromodels.simulation.device.monitors import Recordings, samples_of, spikes_of
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.device.state import stored_rows
from neuromodels.simulation.device.targets import Cuda, Emulation
from neuromodels.simulation.device.timing import checked_seconds
from neuromodels.simulation.source.plan import Plan

#: What `Batch.trials` calls the episodes that ended with numbers that are not finite.
FAILED = "failed"

SIDES: tuple[Side, Side] = ("pre", "post")


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
        ``"cpp"``, ``"cuda"``, ``"auto"`` for whichever suits, or ``"cuda_emulation"`` for a kernel
        on this machine's processor; `Cuda` and `Emulation` have settings.
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
        device: str | Cuda | Emulation = "cpp",
        namespace: Mapping[str, Any] | None = None,
    ):
        _check_choices(instances, dtype, threads)
        self.namespace = get_local_namespace(level=1) if namespace is None else dict(namespace)
        self.groups = groups_of(network)
        self._identities = Identities(network)
        self._instances = Instances(
            capture(network, self.namespace),
            int(instances),
            None if streams is None else _checked_streams(streams, int(instances)),
            seed=seed,
            dtype=dtype,
            threads=threads,
            start=float(network.t),
            device=device,
        )

    @property
    def instances(self) -> int:
        return len(self.streams)

    @property
    def seed(self) -> int:
        return self._instances.seed

    @property
    def dtype(self) -> str:
        return self._instances.dtype.name

    @property
    def streams(self) -> np.ndarray:
        """Noise-stream id per instance, shape (instances,)."""
        return self._instances.streams

    @streams.setter
    def streams(self, ids: Sequence[int] | np.ndarray) -> None:
        self._instances.streams = _checked_streams(ids, self.instances)

    @property
    def report(self) -> Report:
        """What the batch has cost so far."""
        return self._instances.report

    # --------------------------------------------------------------------------------- values

    def __setitem__(self, address: str, values: Any) -> None:
        """Set a variable in all instances: (instances, n), (n,) or, if shared, (instances,)."""
        variable = array_variable(address, self.groups)
        size = self._instances.array(variable).size
        checked = checked_values(address, variable, values, self.instances, size)
        pathway = pathway_of(variable, self.groups)
        if pathway is not None:
            self._set_delays(address, pathway, checked)
        else:
            self._instances.set(variable, checked)

    def __getitem__(self, address: str) -> np.ndarray:
        """Return a variable of all instances, shape (instances, n), with its unit."""
        variable = array_variable(address, self.groups)
        values = self._instances.get(variable)
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
        variable = array_variable(address, self.groups)
        group, name = self.groups[address.partition(".")[0]], address.partition(".")[2]
        number = len(self._instances.initialisers)
        code = capture_initial(group, name, expression, number, self.namespace, self._identities)
        pathway = pathway_of(variable, self.groups)
        if pathway is not None:
            self._set_delays(address, pathway, self._instances.evaluated(code, variable))
        else:
            self._instances.initialise(code)

    def _set_delays(self, address: str, pathway: SynapticPathway, seconds: np.ndarray) -> None:
        if self._instances.time != self._instances.start:
            raise DeclarationError(
                f"Batch[{address!r}]",
                "delays must be set before the first run",
                "a later time",
                "Make a new Batch, or put all delays into the network.",
            )
        layout = self._instances.layout
        present, wiring = layout.delays[pathway.name], layout.wirings[pathway.synapses.name]
        delays = present.with_seconds(np.asarray(seconds), pathway.source.clock.dt_, wiring)
        self._instances.set(pathway.variables["delay"], seconds)
        self._instances.set_delays(delays)

    # --------------------------------------------------------------------------------- wiring

    def connect(
        self,
        name: str,
        condition: str | None = None,
        p: float | str = 1.0,
        *,
        pre: Sequence | None = None,
        post: Sequence | None = None,
        shared: bool = False,
    ) -> None:
        """Wire synapses anew, in each instance on its own.

        The network's own wiring is replaced.  Variables of the synapses keep a value that all
        synapses of the network share; set the others after this call, before the first run.

        Parameters
        ----------
        name
            Of the `Synapses` object.
        condition, p
            As for Brian2's ``connect``: which pairs may be connected, and the probability of each.
            Drawn from an instance's noise stream: equal streams give equal wirings.
        pre, post
            Instead: indices of the connected neurons, one array per instance or one for all.
        shared
            Draw once, for all instances.

        Raises
        ------
        DeclarationError
            Where arguments contradict each other, or instances have run already.
        EquationError
            Where condition or probability cannot be read.
        """
        synapses = self._synapses(name)
        if (pre is None) != (post is None) or (pre is not None and (condition or p != 1.0)):
            raise DeclarationError(
                f"Batch.connect({name!r})", "give condition and p, or both pre and post"
            )
        if self._instances.state.is_live:
            raise DeclarationError(
                f"Batch.connect({name!r})",
                "must come before the first run and before any value is read",
                cure="Make a new Batch.",
            )
        if pre is not None and post is not None:
            pairs = given_pairs(synapses, pre, post, self.instances)
        else:
            streams = np.zeros_like(self.streams) if shared else self.streams
            noise = seed_of(self.seed, "wiring", self._identities.of(name))
            pairs = drawn_pairs(synapses, condition, p, noise, streams, self.namespace)
        wiring = own_wiring(self._instances.layout.wirings[name], pairs)
        self._instances.rewire(wiring, synapses._pathways)

    def wiring(self, name: str, instance: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices (i, j) of connected neurons in one instance.

        The values of its synapses are ``batch["name.variable"][instance, :len(i)]``.
        """
        self._synapses(name)
        wiring = self._instances.layout.wirings[name]
        row = 0 if wiring.counts is None else instance
        kept = wiring.is_real[row]
        pre, post = (np.atleast_2d(wiring.ends(side))[row] for side in SIDES)
        return pre[kept], post[kept]

    def _synapses(self, name: str) -> Synapses:
        known = {k: g for k, g in self.groups.items() if isinstance(g, Synapses)}
        if name not in self._instances.layout.wirings or name not in known:
            raise DeclarationError(
                "Batch.connect",
                "the network must have synapses of that name",
                name,
                f"There are: {', '.join(known) or 'none'}.",
            )
        return known[name]

    # ------------------------------------------------------------------------------------ runs

    def run(self, duration: Quantity) -> None:
        """Run all instances on from where they are.

        Parameters
        ----------
        duration
            Simulated time.
        """
        seconds = checked_seconds("Batch.run", duration)
        self._instances.advance(self._instances.time + seconds)

    def restart(self) -> None:
        """Put all instances back to the start, without building anything anew.

        Initial values are drawn again from the streams, and values that were set before the first
        run hold again.  What was set or recorded since then is lost.
        """
        self._instances.restart()

    def trials(
        self,
        duration: Quantity,
        outputs: Sequence[str],
        *,
        streams: np.ndarray,
        values: Mapping[str, np.ndarray] | None = None,
        rows: np.ndarray | None = None,
        until: str | None = None,
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
        until
            Address of a variable that ends an episode after the step in which it is no longer 0,
            not-a-number included; the others go on.

        Returns
        -------
        dict of ndarray
            By address, shape (n, size), SI units; ``"failed"`` has shape (n,).
        """
        executable = self._instances.ready(len(streams))
        call = self._instances.call(
            executable, np.ascontiguousarray(streams, dtype=np.uint64), None
        )
        self._refuse_instance_values(executable.plan, set(values or ()))
        self._put_candidates(executable.plan, call, values or {}, rows)
        end = self._instances.start + checked_seconds("Batch.trials", duration)
        call.last_steps = self._instances.steps(end)
        call.fresh, call.initialisers = True, self._instances.drawn
        addresses = [address for address in outputs if address != FAILED]
        kept = {address: self._output(address, len(streams)) for address in addresses}
        call.outputs = [(array.offset or 0, array.bytes, out) for array, out in kept.values()]
        call.failed = np.zeros(len(streams), dtype=np.uint8) if FAILED in outputs else None
        if until is not None:
            call.until = self._end(until)
            call.ran = np.zeros(len(streams), dtype=np.int64)
        self._instances.make(executable, call)
        found = {a: x.wiring.in_brian2_order(v) if x.wiring else v for a, (x, v) in kept.items()}
        return found if call.failed is None else {**found, FAILED: call.failed.astype(bool)}

    def _put_candidates(
        self, plan: Plan, call: Call, values: Mapping, rows: np.ndarray | None
    ) -> None:
        names = [array.name for array in plan.tables]
        tables, row_maps = list(call.tables), list(call.rows)
        row_of = None if rows is None else np.ascontiguousarray(rows, dtype=np.int64)
        for address, numbers in values.items():
            variable = array_variable(address, self.groups)
            if pathway_of(variable, self.groups) is not None:
                raise DeclarationError(
                    f"Batch.trials[{address!r}]",
                    "delays must be those of the batch",
                    address,
                    "Set them before, the same for all instances.",
                )
            array = self._instances.array(variable)
            if array.name not in names:
                continue
            shaped = np.asarray(numbers).reshape(len(numbers), -1)
            _check_rows(row_of, len(shaped), len(call.streams))
            checked = checked_values(address, variable, shaped, len(shaped), array.size)
            place = names.index(array.name)
            tables[place], row_maps[place] = stored_rows(array, checked), row_of
        call.tables, call.rows = tables, row_maps

    def _refuse_instance_values(self, plan: Plan, given: set[str]) -> None:
        """Refuse values that were set per instance: an episode is not an instance."""
        for array in plan.tables:
            if array.rows is not None:
                raise DeclarationError(
                    "Batch.trials",
                    "all instances must share wiring and delays",
                    array.name.removeprefix("_array_"),
                    "Draw them with shared=True.",
                )
        replaced = {array_name(array_variable(address, self.groups)) for address in given}
        for name, table in self._instances.state.tables.items():
            if table.rows is not None and name not in replaced:
                raise DeclarationError(
                    f"Batch.trials[{name.removeprefix('_array_')!r}]",
                    "values must not differ between instances",
                    len(table.rows),
                    "Pass them as `values` with `rows`.",
                )

    def _output(self, address: str, count: int) -> tuple[Array, np.ndarray]:
        array = self._instances.array(array_variable(address, self.groups))
        if not array.is_state:
            raise DeclarationError(
                f"Batch.trials[{address!r}]", "an output must be written by the network", address
            )
        return array, np.empty((count, array.size), dtype=array.initial.dtype)

    def _end(self, address: str) -> int:
        """Return where in an instance's block the number lies that ends it."""
        array, _ = self._output(address, 0)
        if array.size != 1 or array.type != "nm_real":
            raise DeclarationError(
                "Batch.trials.until", "must be one real number of an instance", address
            )
        return array.offset or 0

    # --------------------------------------------------------------------------------- records

    def record(self, instances: Sequence[int]) -> None:
        """Choose the instances whose monitors record; what was recorded before is dropped."""
        chosen = [int(k) for k in instances]
        if not all(0 <= k < self.instances for k in chosen):
            raise DeclarationError(
                "Batch.record", f"instances must lie in [0, {self.instances})", chosen
            )
        self._instances.recordings = Recordings(chosen)

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
        return spikes_of(self._instances.recordings, code, instance)

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
        return samples_of(self._instances.recordings, code, instance)

    def _monitor(self, name: str, templates: Sequence[str]) -> Captured:
        monitors = [code for code in self._instances.captured if code.template in templates]
        for code in monitors:
            if name in (code.name, code.owner.source.name):
                return code
        raise DeclarationError(
            "Batch.record",
            f"the network must have a {templates[0]} of that name",
            name,
            f"There are: {', '.join(code.name for code in monitors) or 'none'}.",
        )


def _check_rows(rows: np.ndarray | None, candidates: int, episodes: int) -> None:
    """Refuse rows that would be read from behind a table."""
    if rows is None:
        return
    if rows.shape != (episodes,) or rows.min(initial=0) < 0 or rows.max(initial=0) >= candidates:
        raise DeclarationError(
            "Batch.trials.rows", f"there must be {episodes} of them in [0, {candidates})", rows
        )


def _checked_streams(streams: Any, instances: int) -> np.ndarray:
    ids = np.asarray(streams)
    if ids.shape != (instances,):
        raise DeclarationError(
            "Batch.streams", f"there must be one id per instance, shape ({instances},)", ids.shape
        )
    return np.ascontiguousarray(ids, dtype=np.uint64)


def _check_choices(instances: int, dtype: str, threads: int | None) -> None:
    if int(instances) < 1:
        raise DeclarationError("Batch.instances", "there must be at least 1", instances)
    if dtype not in REALS:
        raise DeclarationError("Batch.dtype", f"must be one of {', '.join(REALS)}", dtype)
    if threads is not None and threads < 1:
        raise DeclarationError("Batch.threads", "must be at least 1, or None for all", threads)
