"""``set_device("batch")``: an unmodified Brian2 script as one instance of the batch device.

Groups are set up by Brian2's own runtime device with numpy, at once, so that values can be read and
set at any time.  Only `Network.run` differs: the network is compiled as a whole, runs, and leaves
its numbers where Brian2 keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.namespace import get_local_namespace
from brian2.core.network import Network
from brian2.core.preferences import prefs
from brian2.devices.device import RuntimeDevice, all_devices
from brian2.synapses.synapses import Synapses
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, check_units

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation.build.solved_equations import remembered_solutions
from neuromodels.simulation.capture.capture import prepare_run
from neuromodels.simulation.capture.python_code import OPERATION
from neuromodels.simulation.device.connecting_code import GENERATOR, ConnectingCode
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.operations.interludes import Interludes
from neuromodels.simulation.device.operations.live_values import LiveValues
from neuromodels.simulation.device.piecewise_run import Passage
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.device.write_back import return_to


class BatchDevice(RuntimeDevice):
    """Runs every network as one compiled program.

    ``set_device("batch", on="cuda")`` takes what `Batch` takes as its device.

    Attributes
    ----------
    report
        What the last run has cost.
    """

    def __init__(self) -> None:
        super().__init__()
        self._noise = np.random.SeedSequence()
        self._runs = 0
        #: By the time at which a run ended, for `restore`: steps that this time does not tell.
        self._ahead: WeakKeyDictionary[Network, dict[float, dict]] = WeakKeyDictionary()
        self._running: WeakKeyDictionary[Network, LiveValues] = WeakKeyDictionary()
        self.report: Report | None = None

    def code_object_class(self, codeobj_class=None, fallback_pref=None):
        """Set-up code runs once: it is not worth a compiler's time."""
        return NumpyCodeObject if codeobj_class is None else codeobj_class

    def code_object(self, owner, name, abstract_code, variables, template_name, *more, **options):
        """Make a code object; one that connects neurons takes a mended template."""
        if template_name.startswith("synapses_create"):
            self._refuse_to_connect(owner)
        if template_name == GENERATOR:
            options["codeobj_class"] = ConnectingCode
        return super().code_object(
            owner, name, abstract_code, variables, template_name, *more, **options
        )

    def _refuse_to_connect(self, synapses: Synapses) -> None:
        for network in self._running:
            if synapses.id in [obj.id for obj in network.sorted_objects]:
                raise UnsupportedFeature(
                    f"{synapses.name}.connect",
                    "synapses cannot be connected inside of a run",
                    network.name,
                    "Connect them before the run, or between two runs.",
                )

    def build(self, run: bool = True, **options: Any) -> None:
        """Do nothing: each `run` has built and run its network already.

        Raises
        ------
        UnsupportedFeature
            For ``run=False``: there is no program to be run later.
        """
        if not run:
            raise UnsupportedFeature(
                "device.build.run",
                "the batch device runs a network when run() is called",
                run,
                "Leave device.build out, or make a Batch of the network and call its run.",
            )

    def run(self, *args: Any, **options: Any) -> None:
        """Refuse to run once more with other arguments.

        Raises
        ------
        UnsupportedFeature
            Always, with what to do instead.
        """
        raise UnsupportedFeature(
            "device.run",
            "the batch device has no program with arguments to run again",
            options,
            "Make a Batch of the network: batch['group.variable'] = values needs no new build.",
        )

    # --------------------------------------------------------------------------------- random

    def seed(self, seed: int | None = None) -> None:
        """Set the seed of numpy, for set-up code, and of the noise of the runs to come."""
        super().seed(seed)
        self._noise = np.random.SeedSequence(seed)
        self._runs = 0

    def get_random_state(self) -> dict:
        """Return what `set_random_state` needs for the same noise once more."""
        return {**super().get_random_state(), "noise": self._noise.entropy, "runs": self._runs}

    def set_random_state(self, state: dict) -> None:
        """Go back to an earlier state of the noise."""
        super().set_random_state(state)
        self._noise, self._runs = np.random.SeedSequence(state["noise"]), state["runs"]

    def _next_seed(self) -> int:
        """Give each run noise of its own, as a sequential generator would."""
        self._runs += 1
        own = np.random.SeedSequence(self._noise.entropy, spawn_key=(self._runs,))
        return int(own.generate_state(1, np.uint64)[0])

    # ------------------------------------------------------------------------------------ runs

    @check_units(duration=second, report_period=second)
    def network_run(
        self,
        network: Network,
        duration: Quantity,
        report: str | Callable | None = None,
        report_period: Quantity = 10 * second,
        namespace: dict | None = None,
        profile: bool | None = None,
        level: int = 0,
    ) -> None:
        """Run a network; what `Network.run` calls."""
        self._refuse_inside(network, "run")
        if duration < 0:
            raise ValueError(
                f"Function 'run' expected a non-negative duration but got '{duration}'"
            )
        if namespace is None:
            namespace = get_local_namespace(level=level + 3)
        if profile is None:
            profile = self.build_options.get("profile", False)
        start, end = network.t, network.t + duration
        with remembered_solutions():
            captured = prepare_run(network, namespace, end)
        if not network.objects:
            return
        instances = Instances(
            captured,
            1,
            seed=self._next_seed(),
            dtype=np.dtype(prefs.core.default_float_dtype).name,
            threads=1,
            start=float(start),
            ahead=self._steps_ahead(network),
            profiled=bool(profile),
            device=self.build_options.get("on", "cpp"),
        )
        live = LiveValues(network, instances)
        passage = Passage(network, instances, self._maximum_run_time, live)
        if any(code.template == OPERATION for code in captured):
            instances.interlude = Interludes(instances, live, passage)
            instances.idle = network._clocks - {*instances.layout.clocks}
        with self._under_way(network, live), live.watched():
            passage.run(float(end), report, float(report_period))
        self._last_run_time = passage.seconds
        self._last_run_completed_fraction = passage.completed
        self.report = instances.report
        return_to(network, instances, passage.has_failed)
        self._note_ahead(network, instances.ahead)
        _note_profile(network, instances if profile else None)
        passage.finish()

    @contextmanager
    def _under_way(self, network: Network, live: LiveValues) -> Iterator[None]:
        """Know during the block that a network runs."""
        self._running[network] = live
        try:
            yield
        finally:
            del self._running[network]

    def _refuse_inside(self, network: Network, what: str) -> None:
        if network in self._running:
            raise UnsupportedFeature(
                f"{network.name}.{what}",
                "a network that runs cannot be asked for this by its own Python code",
                what,
                "Call it between two runs.",
            )

    def network_store(self, network: Network, *place: Any, **named: Any) -> None:
        """Store a network; what `Network.store` calls."""
        if network in self._running:
            self._running[network].bring_flights()
        Network.store.original_function(network, *place, **named)

    def network_restore(self, network: Network, *place: Any, **named: Any) -> None:
        """Restore a network, unless it runs; what `Network.restore` calls."""
        self._refuse_inside(network, "restore")
        Network.restore.original_function(network, *place, **named)

    def _steps_ahead(self, network: Network) -> dict[str, int]:
        """Return the clocks that have taken more steps than their network's time tells."""
        return self._ahead.get(network, {}).get(float(network.t), {})

    def _note_ahead(self, network: Network, steps: dict[str, int]) -> None:
        known = self._ahead.setdefault(network, {})
        known.pop(float(network.t), None)
        if steps:
            known[float(network.t)] = steps


def _note_profile(network: Network, instances: Instances | None) -> None:
    """Keep how long each object took where `profiling_summary` looks for it."""
    network._profiling_info = None
    if instances is not None:
        profile = instances.report.profile
        network._profiling_info = [(name, spent * second) for name, spent in profile.items()]


#: The device; importing this module makes it known to `brian2.set_device`.
batch_device = BatchDevice()
all_devices["batch"] = batch_device
