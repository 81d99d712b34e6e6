"""``set_device("batch")``: an unmodified Brian2 script as one instance of the batch device.

Groups are set up by Brian2's own runtime device with numpy, at once, so that values can be read and
set at any time.  Only `Network.run` differs: the network is compiled as a whole, runs, and leaves
its numbers where Brian2 keeps them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.namespace import get_local_namespace
from brian2.core.network import Network
from brian2.core.preferences import prefs
from brian2.devices.device import RuntimeDevice, all_devices
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, check_units

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation.build.solved_equations import remembered_solutions
from neuromodels.simulation.capture.capture import prepare_run
from neuromodels.simulation.device.instances import Instances
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
        self.report: Report | None = None

    def code_object_class(self, codeobj_class=None, fallback_pref=None):
        """Set-up code runs once: it is not worth a compiler's time."""
        return NumpyCodeObject if codeobj_class is None else codeobj_class

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
            profiled=bool(profile),
            device=self.build_options.get("on", "cpp"),
        )
        passage = Passage(network, instances, self._maximum_run_time)
        passage.run(float(end), report, float(report_period))
        self._last_run_time = passage.seconds
        self._last_run_completed_fraction = passage.completed
        self.report = instances.report
        return_to(network, instances)
        _note_profile(network, instances if profile else None)
        passage.finish()


def _note_profile(network: Network, instances: Instances | None) -> None:
    """Keep how long each object took where `profiling_summary` looks for it."""
    network._profiling_info = None
    if instances is not None:
        profile = instances.report.profile
        network._profiling_info = [(name, spent * second) for name, spent in profile.items()]


#: The device; importing this module makes it known to `brian2.set_device`.
batch_device = BatchDevice()
all_devices["batch"] = batch_device
