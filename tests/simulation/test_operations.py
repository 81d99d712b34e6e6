"""Python code in the loop under `set_device("batch")`: called when and with what Brian2 calls it.

The scripts are in `networks/operations.py`. Here stands beside them what stock Brian2 cannot judge:
refusals, interrupts, reports and profiles.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from brian2 import (
    BrianObject,
    Network,
    NetworkOperation,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
)

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation import Batch
from neuromodels.simulation.device import library
from simulation.devices import active
from simulation.networks.drawn_operations import drawn
from simulation.networks.neurons import TAU, lif
from simulation.networks.operations import SPAN, STORIES, Fed, Homeostat, Story
from simulation.outcomes import assert_equal

TOLERANCE = (1e-9, 1e-12)
pytestmark = pytest.mark.filterwarnings("ignore")


#: What each run of the tests looks at; the others are for `make strain`.
ALWAYS = (
    "weights_change_on_a_condition",
    "every_slot_and_order",
    "several_clocks",
    "stopped_inside",
    "failing_last",
    "object_of_a_user",
    "kept_arrays_and_parts",
)
RARELY = [pytest.param(name, marks=pytest.mark.strain) for name in STORIES if name not in ALWAYS]


def assert_equal_on_both(story: Story) -> None:
    with active("runtime"):
        expected = list(story())
    with active("batch"):
        found = list(story())
    assert len(expected[-1]["seen"]) > 1
    for ours, stock in zip(found, expected, strict=True):
        assert_equal(ours, stock, *TOLERANCE)


@pytest.mark.parametrize("name", [*ALWAYS, *RARELY])
def test_story_equals_runtime(name: str) -> None:
    assert_equal_on_both(STORIES[name])


@pytest.mark.strain
@pytest.mark.parametrize("seed", range(24))
def test_drawn_operations_equal_runtime(seed: int) -> None:
    assert_equal_on_both(lambda: drawn(seed))


#: Of Brian2's own tests, those that call Python code in a step.
OF_BRIAN2 = (
    "test_network_operations",
    "test_network_stop",
    "test_network_different_clocks",
    "test_network_custom_slots",
    "test_contained_objects",
)


@pytest.mark.strain
def test_brian2_tests_itself() -> None:
    """With operations, and with objects that have a `run` of their own."""
    script = (
        "import brian2, neuromodels.simulation; from brian2.tests import test_network;"
        "brian2.set_device('batch');"
        f"[getattr(test_network, name)() for name in {OF_BRIAN2}]"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]


def driven(operation: Callable, **options) -> tuple[NeuronGroup, Network]:
    """Return neurons with one operation."""
    cells = lif("cells", 3, 1.2)
    network = Network(cells, NetworkOperation(operation, name="by_hand", **options), name="net")
    return cells, network


def test_the_traceback_is_that_of_the_user() -> None:
    def by_hand() -> None:
        raise LookupError("my own")

    with active("batch"):
        _, network = driven(by_hand)
        with pytest.raises(LookupError, match="my own") as error:
            network.run(1 * ms)
    assert error.traceback[-1].path.samefile(__file__)
    assert error.value.__cause__ is error.value.__context__ is None


def test_interrupt_acts_inside_of_python_code() -> None:
    """Whoever handled Ctrl-C before the run handles it there."""
    told = []

    def by_hand(t) -> None:
        told.append(float(t / ms))
        if len(told) == 2:
            os.kill(os.getpid(), signal.SIGINT)
            told.append(-1.0)  # never reached

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with active("batch"):
            _, network = driven(by_hand, dt=1 * ms)
            with pytest.raises(KeyboardInterrupt):
                network.run(5 * ms)
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
            assert network.t == 1 * ms
            network.run(1 * ms)
    finally:
        signal.signal(signal.SIGINT, before)
    np.testing.assert_allclose(told, [0, 1, 1])


def test_a_report_sees_and_sets_what_the_program_holds() -> None:
    told = []

    def report(elapsed, completed, start, duration) -> None:
        now = [network.t / ms, defaultclock.t / ms, len(trace.t)]
        told.append([completed, *now, float(cells.v[0])])
        if completed > 0.1:
            cells.drive = 0

    with active("batch"):
        cells = lif("cells", 3, 0.5)
        trace = StateMonitor(cells, "v", record=0, dt=1 * ms, name="trace")
        network = Network(cells, trace)
        network.run(2 * ms)
        network.run(2000 * ms, report=report, report_period=1e-3 * ms)
    completed, now, clock, samples, v = np.transpose(told)
    assert len(told) > 3
    np.testing.assert_allclose(now, 2 + 2000 * completed)
    np.testing.assert_allclose(clock, now)
    np.testing.assert_array_equal(samples, np.ceil(now - 1e-6))
    driven_still = np.cumsum(completed > 0.1) <= 1
    expected = 0.5 * (1 - np.exp(-now / 10))
    np.testing.assert_allclose(v[driven_still], expected[driven_still])
    assert v[-1] < 1e-6 < 0.4 < v[driven_still][-1]


def test_profile_times_python_code() -> None:
    with active("batch"):
        _, network = driven(lambda: sum(range(20_000)), dt=1 * ms)
        network.run(5 * ms, profile=True)
    profile = dict(network.profiling_info)
    assert profile["by_hand"] > 5 * profile["cells_stateupdater"]


def test_values_of_a_timed_array_change_in_place() -> None:
    def script() -> np.ndarray:
        course = TimedArray(np.zeros(20), dt=1 * ms)
        cells = NeuronGroup(
            2,
            "dv/dt = course(t)/tau : 1",
            method="euler",
            name="cells",
            namespace={**TAU, "course": course},
        )
        change = NetworkOperation(lambda: course.values.__iadd__(0.1), dt=2 * ms, name="change")
        network = Network(cells, change)
        network.run(10 * ms)
        return cells.v[:].copy()

    found = []
    for device in ("runtime", "batch"):
        with active(device):
            found.append(script())
    np.testing.assert_allclose(found[1], found[0], 1e-9)


# -------------------------------------------------------------------------------------- refusals


def connects(fed: Fed, network: Network) -> None:
    fed.synapses.connect(i=0, j=0)


def gives_spikes(fed: Fed, network: Network) -> None:
    fed.given.set_spikes([0, 1, 1], [5, 6, 7] * ms)


def changes_dt(fed: Fed, network: Network) -> None:
    defaultclock.dt = 0.2 * ms


def runs(fed: Fed, network: Network) -> None:
    network.run(1 * ms)


def restores(fed: Fed, network: Network) -> None:
    network.restore()


INSIDE = {
    connects: "syn.connect",
    gives_spikes: "given.*cannot change",
    changes_dt: "defaultclock.dt",
    runs: "fed.run",
    restores: "fed.restore",
}


@pytest.mark.parametrize("action", INSIDE)
def test_what_cannot_be_done_inside(action: Callable) -> None:
    """The message names it, the network stays whole, and the cure works."""
    with active("batch"):
        fed = Fed()
        fed.given = SpikeGeneratorGroup(2, [0, 1], [1, 2] * ms, name="given")
        onto = Synapses(fed.given, fed.cells, on_pre="v_post += 0.1", name="onto", namespace={})
        onto.connect()
        acting = []
        operation = NetworkOperation(
            lambda: action(fed, network) if not acting.append(1) and len(acting) == 2 else None,
            dt=2 * ms,
            name="acting",
        )
        network = fed.network(fed.given, onto, operation)
        network.store()
        with pytest.raises(UnsupportedFeature, match=INSIDE[action]):
            network.run(SPAN)
        assert network.t == 2 * ms
        action(fed, network)
        network.run(0.2 * SPAN)
    assert len(acting) > 2


def test_python_code_on_a_gpu_is_refused() -> None:
    with active("batch", on="cuda_emulation"):
        cells, network = driven(lambda: None)
        with pytest.raises(UnsupportedFeature, match=r"by_hand.*Python code in the loop.*GPU"):
            network.run(1 * ms)
        assert network.t == 0 * ms
        np.testing.assert_array_equal(cells.v[:], 0)


class Counting(NeuronGroup):
    """Neurons with Python code in each step."""

    def run(self):
        super().run()
        self._count = getattr(self, "_count", 0) + 1


class CountingMonitor(StateMonitor):
    """A monitor whose compiled code nobody could leave out."""

    def run(self):
        super().run()


class Prepared(NeuronGroup):
    """Neurons with Python code before each run."""

    def before_run(self, run_namespace=None):
        super().before_run(run_namespace)


class Finished(NeuronGroup):
    """Neurons with Python code after each run."""

    def after_run(self):
        super().after_run()


class Plain(BrianObject):
    """An object that has nothing but Python code."""

    def run(self):
        pass


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if anything is built."""

    def forbidden(source: str) -> None:
        raise AssertionError("the compiler was called")

    monkeypatch.setattr(library, "build", forbidden)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Counting(2, "v : 1", name="odd"), r"odd: Python code in the loop.*Counting\.run"),
        (lambda: Prepared(2, "v : 1", name="odd"), r"odd: .*before or after.*Prepared\.before_run"),
        (lambda: Finished(2, "v : 1", name="odd"), r"odd: .*before or after.*Finished\.after_run"),
        (lambda: Plain(name="odd"), r"odd: Python code in the loop.*Plain\.run"),
        (lambda: Homeostat(Fed()), "homeostat: Python code in the loop"),
        (lambda: NetworkOperation(lambda: None, name="odd"), "odd: .*network_operation.*equations"),
    ],
)
@pytest.mark.usefixtures("no_compiler")
def test_a_batch_refuses_python_code_by_name(make: Callable, told: str) -> None:
    with pytest.raises(UnsupportedFeature, match=told) as refusal:
        Batch(Network(lif("cells", 3, 1.2), make()), 2, namespace={})
    assert "set_device('batch')" in str(refusal.value)


def test_what_is_switched_off_is_not_refused() -> None:
    """Neither would Brian2 run it."""
    operation = NetworkOperation(lambda: None, name="odd")
    operation.active = False
    batch = Batch(Network(lif("cells", 3, 1.2), operation), 2, namespace={})
    batch.run(1 * ms)
    assert np.all(batch["cells.v"] > 0)


def test_neurons_with_python_code() -> None:
    with active("batch"):
        cells = Counting(2, "dv/dt = -v/tau : 1", method="exact", name="counting", namespace=TAU)
        cells.v = 1
        Network(cells).run(1 * ms)
    assert cells._count == 10
    np.testing.assert_allclose(cells.v[:], np.exp(-0.1))


def test_a_run_that_would_need_both_is_refused() -> None:
    with active("batch"):
        cells = lif("cells", 3, 1.2)
        monitor = CountingMonitor(cells, "v", record=True, name="mixed")
        with pytest.raises(UnsupportedFeature, match=r"mixed.*CountingMonitor\.run"):
            Network(cells, monitor).run(1 * ms)
