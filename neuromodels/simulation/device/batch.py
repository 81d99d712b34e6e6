"""Many independent copies of one Brian2 network in one compiled run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from brian2.core.namespace import get_local_namespace
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable
from brian2.synapses.synapses import Synapses, SynapticPathway
from brian2.units import second
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.seeding import seed_of
from neuromodels.simulation.arrays.wiring import Side
from neuromodels.simulation.build.releases import warn_if_untested, warn_of_misread_delays
from neuromodels.simulation.capture.capture import capture, capture_initial
from neuromodels.simulation.capture.noise_names import Identities
from neuromodels.simulation.device.addresses import (
    array_variable,
    check_choices,
    checked_ids,
    checked_streams,
    checked_values,
    groups_of,
    pathway_of,
    split_address,
    writable_variable,
)
from neuromodels.simulation.device.connect import (
    check_free,
    checked_choice,
    drawn_pairs,
    given_pairs,
    indexed_synapses,
    own_start,
    own_wiring,
    rewire,
    shared_start,
)
from neuromodels.simulation.device.inputs import (
    check_addressed,
    check_no_spikes,
    checked_course,
    checked_spikes,
    data_name,
    timed_array,
)
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.piecewise_run import REPORTS, Passage, Pieces
from neuromodels.simulation.device.records.recorder import Recorder
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.device.targets import Cuda, Emulation
from neuromodels.simulation.device.trials import Episodes
from neuromodels.simulation.source.timing import checked_seconds

RESTART = "Call batch.restart first."

SIDES: tuple[Side, Side] = ("pre", "post")


class Batch(Recorder):
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
    >>> batch.run(1*second); batch["hidden.v"]                 # (512, n), a Quantity
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
        warn_if_untested()
        _check_network(network, namespace)
        check_choices(instances, dtype, threads, seed)
        self.namespace = get_local_namespace(level=1) if namespace is None else dict(namespace)
        self.groups = groups_of(network)
        warn_of_misread_delays(self.groups.values())
        self._network = network
        self._identities = Identities(network)
        self._instances = Instances(
            capture(network, self.namespace),
            int(instances),
            None if streams is None else checked_streams(streams, int(instances)),
            seed=seed,
            dtype=dtype,
            threads=threads,
            start=float(network.t),
            device=device,
            indexed=indexed_synapses(self.groups),
        )
        self._pieces = Pieces(self._instances)

    def __repr__(self) -> str:
        counts = {name: group.variables["N"].get_value() for name, group in self.groups.items()}
        sizes = ", ".join(f"{name} ({np.max(count):,})" for name, count in counts.items())
        return f"<Batch: {self.instances:,} instances at {self._instances.time:g} s; {sizes}>"

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
        checked = checked_streams(ids, self.instances)
        if not self._instances.has_run:
            self._instances.rewind()  # a look at values drawn from the old ones changes nothing
        self._instances.streams = checked

    @property
    def failed(self) -> np.ndarray:
        """Whether any number of an instance's state is not finite, shape (instances,)."""
        return self._instances.failed()

    @property
    def report(self) -> Report:
        """What the batch has cost so far."""
        return self._instances.report

    @property
    def bytes_each(self) -> int:
        """Memory of the state of one instance, its queues of spikes included."""
        return int(self._instances.layout.block_bytes)

    @property
    def bytes_shared(self) -> int:
        """Memory of what all instances read and none changes: constants, wiring, delays."""
        arrays = self._instances.layout.arrays.values()
        return sum(array.bytes for array in arrays if not array.is_state)

    # --------------------------------------------------------------------------------- values

    def __setitem__(self, address: str, values: Any) -> None:
        """Set a variable in all instances.

        Values are (instances, n), (instances, 1), (n,), one number or, if shared, (instances,).
        Those set before the first run belong to the start, to which `restart` goes back.
        """
        timed = timed_array(address, self.groups, self._instances.captured)
        if timed is not None:
            course = checked_course(address, timed, values, self.instances)
            return self._instances.set_data(data_name(timed), course)
        variable = self._variable(address)
        size = self._instances.array(variable).size
        checked = checked_values(address, variable, values, self.instances, size)
        pathway = pathway_of(variable, self.groups)
        if pathway is not None:
            return self._set_delays(address, pathway, checked)
        return self._instances.set(variable, checked)

    def __getitem__(self, address: str) -> np.ndarray:
        """Return a variable of all instances, shape (instances, n), with its unit.

        The array is a copy that cannot be written to: assign ``batch["group.variable"]``.
        """
        variable = timed_array(address, self.groups, self._instances.captured)
        if variable is not None:
            values = self._instances.data(data_name(variable), variable.values)
        else:
            variable = self._variable(address)
            values = self._instances.get(variable)
        if values.dtype.kind == "f":
            values = Quantity(values, dim=variable.dim)
        elif variable.dtype == bool:
            values = values.astype(bool)
        values.flags.writeable = False  # else batch["g.v"][0] = 5 would be lost in silence
        return values

    def _variable(self, address: str) -> ArrayVariable:
        owner, _, name = str(address).partition(".")
        if owner not in self.groups or name not in self.groups[owner].variables:
            check_addressed(address, self._network, self.namespace)
        variable = array_variable(address, self.groups)
        check_no_spikes(address, self.groups)
        return variable

    def set_spikes(
        self,
        name: str,
        indices: Sequence,
        times: Sequence | Quantity,
        lists: Sequence[int] | np.ndarray | None = None,
    ) -> None:
        """Give a spike generator other spikes, in each instance its own.

        Parameters
        ----------
        name
            Of the `SpikeGeneratorGroup`; its period stays.
        indices, times
            Neurons and times of all spikes, as for the group itself; or one list of each per
            instance, of any lengths.
        lists
            Which of any number of lists each instance takes, shape (instances,): those that take
            one list share its memory.

        Raises
        ------
        DeclarationError
            Where a spike cannot be fired, or instances have run already.
        """
        if name not in self.groups:
            array_variable(f"{name}.neuron_index", self.groups)
        if self._instances.has_run:
            raise DeclarationError(
                f"Batch.set_spikes({name!r})", "must come before the first run", cure=RESTART
            )
        group, start = self.groups[name], self._instances.start
        spikes = checked_spikes(group, indices, times, start, self.instances, lists)
        self._instances.set_spikes(name, spikes)

    def initialise(self, address: str, expression: str) -> None:
        """Set a variable from an expression, in each instance with its own noise.

        Parameters
        ----------
        address
            ``"group.variable"``.
        expression
            In Brian2's syntax, such as ``"0.2*randn()"`` or ``"rand()*mV"``.
        """
        variable = writable_variable(address, self.groups)
        if len(str(expression).strip().splitlines()) != 1:
            raise DeclarationError(
                f"Batch.initialise({address!r})", "must be one expression in one line", expression
            )
        group, name = split_address(address, self.groups)
        pathway = pathway_of(variable, self.groups)
        numbers, has_run = self._instances.numbers, self._instances.has_run
        number = numbers.next(address, has_run)
        code = capture_initial(group, name, expression, number, self.namespace, self._identities)
        if pathway is not None:
            self._set_delays(address, pathway, self._instances.evaluated(code, variable))
        else:
            self._instances.initialise(code)
        numbers.take(address, has_run, is_kept=pathway is None)

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
        p: float | str | Sequence[float] | np.ndarray = 1.0,
        *,
        pre: Sequence | None = None,
        post: Sequence | None = None,
        shared: bool = False,
    ) -> None:
        """Wire synapses anew, in each instance on its own.

        The network's own wiring is replaced.  Variables of the synapses keep a value that all
        synapses of an instance share; set the others after this call, before the first run.

        Parameters
        ----------
        name
            Of the `Synapses` object.
        condition, p
            As for Brian2's ``connect``: which pairs may be connected, and the probability of each,
            which may be one number per instance, too.  Variables have the values that the instance
            begins with.  Drawn from an instance's noise stream: equal streams give equal wirings.
        pre, post
            Instead: indices of the connected neurons, one array per instance or one for all.
        shared
            Draw once, for all instances; the variables of the expressions must be shared, too.

        Raises
        ------
        DeclarationError
            Where arguments contradict each other, instances have run already, spikes are under way
            to the old synapses, or another object finds these synapses by number.
        EquationError
            Where condition or probability cannot be read.
        """
        synapses = self._synapses(name)
        chance = checked_choice(name, condition, p, (pre, post), 1 if shared else self.instances)
        check_free(name, self.groups, self._instances.has_run)
        if pre is not None and post is not None:
            pairs = given_pairs(synapses, pre, post, self.instances)
        else:
            streams = np.zeros_like(self.streams[:1]) if shared else self.streams
            noise = seed_of(self.seed, "wiring", self._identities.of(name))
            start = partial(shared_start if shared else own_start, self._instances)
            pairs = drawn_pairs(synapses, condition, chance, noise, streams, self.namespace, start)
        wiring = own_wiring(self._instances.layout.wirings[name], pairs)
        rewire(self._instances, wiring, synapses._pathways)

    def wiring(self, name: str, instance: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices (i, j) of connected neurons in one instance.

        The values of its synapses are ``batch["name.variable"][instance, :len(i)]``.
        """
        self._synapses(name)
        wiring = self._instances.layout.wirings[name]
        if not (isinstance(instance, Integral) and 0 <= instance < self.instances):
            told, where = f"must lie in [0, {self.instances})", "Batch.wiring.instance"
            raise DeclarationError(where, told, instance)
        row = int(instance) if len(wiring.is_real) > 1 else 0
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
    def run(
        self,
        duration: Quantity,
        report: str | Callable | None = None,
        report_period: Quantity = 10 * second,
    ) -> None:
        """Run all instances on from where they are.

        Ctrl-C ends it early, with all instances at one step.

        Parameters
        ----------
        duration
            Simulated time.
        report
            ``"text"``, ``"stdout"``, ``"stderr"`` or a function of elapsed time, completed share,
            start and duration, as for Brian2's ``run``.
        report_period
            Time between two reports.
        """
        end = self._instances.time + checked_seconds("Batch.run", duration)
        period = checked_seconds("Batch.run.report_period", report_period)
        if report is None:
            return self._pieces.run(end)
        if not callable(report) and report not in REPORTS:
            told = f"must be a function or one of {', '.join(REPORTS)}"
            raise DeclarationError("Batch.run.report", told, report)
        passage = Passage(self._network, self._instances, None)
        passage.run(end, report, period)
        return passage.finish()

    @property
    def time(self) -> Quantity:
        """Simulated time at which the instances are."""
        return Quantity(self._instances.time, dim=second.dim)

    def restart(self) -> None:
        """Put all instances back to the start, without building anything anew.

        Every value is what it was before the first run, and initial values are drawn again from the
        streams.  What was set or recorded since that run is lost.  What is set after `restart` and
        before the next run belongs to the start.
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
        each: Mapping[str, np.ndarray] | None = None,
        until: str | None = None,
    ) -> dict[str, np.ndarray]:
        """Run short episodes from the initial state and keep a few variables of each.

        The initial state is the one that `restart` goes back to, whatever was set since.  No
        instance's state is stored: it lives in its core's cache for the length of the episode.
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
            By address, one row per candidate: (candidates, size) or (candidates, 1), or
            (candidates,) if shared; or (size,), the same for all.  They take the place of an
            `initialise` of the same variable.  By the name of a spike generator, the number of one
            of the lists that `set_spikes` gave, (candidates,).
        rows
            The candidate of each episode, shape (n,); not needed for one candidate.
        each
            By address, a row for each episode: (n, size), or (n,) if shared. As `values`, whatever
            its candidate; what stands here may not stand there.
        until
            Address of a variable that ends an episode after the step in which it is no longer 0,
            not-a-number included; the others go on.

        Returns
        -------
        dict of ndarray
            By address, shape (n, size), SI units; ``"failed"`` has shape (n,).
        """
        episodes = Episodes(self._instances, self.groups, checked_ids("Batch.trials", streams))
        return episodes.run(duration, outputs, values or {}, rows, each or {}, until)


def _check_network(network: Any, namespace: Any) -> None:
    if not isinstance(network, Network):
        told, cure = type(network).__name__, "Put the groups into a Network."
        raise DeclarationError("Batch.network", "must be a Network", told, cure)
    if not isinstance(namespace, Mapping | None):
        raise DeclarationError("Batch.namespace", "must be a mapping of names", namespace)
