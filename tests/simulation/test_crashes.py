"""A signal in a user's C++ function, or no memory for spikes, ends a run and not the process."""

import subprocess
import sys

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, implementation, ms
from brian2.units.fundamentalunits import check_units

from neuromodels.errors import BrokenRun, SimulationError
from neuromodels.simulation import Batch, Emulation
from neuromodels.simulation.device.monitors import Recordings

pytestmark = pytest.mark.filterwarnings("ignore")
SOURCE = """
static double dangerous(double x) {
    volatile int zero = x < 3 ? 1 : 0;
    if (x == 3) return 7 / zero;
    if (x == 4) *(volatile int*)8 = 1;
    return x;
}
static double bottomless(double x) {
    volatile char large[65536];
    large[0] = (char)x;
    return x < 3 ? x : sin(bottomless(x + 1)) + large[0];
}
"""


@implementation("cpp", SOURCE)
@check_units(x=1, result=1)
def dangerous(x):
    """Divide by zero at 3, write to a wrong place at 4."""
    return x


@implementation("cpp", SOURCE)
@check_units(x=1, result=1)
def bottomless(x):
    """Use the stack up at 3."""
    return x


def batch(function, start: int, **options) -> Batch:
    """Return instances whose neurons count steps, and give the number to a function."""
    group = NeuronGroup(
        2, "x : 1\ny : 1", name="cells", namespace={function.pyfunc.__name__: function}
    )
    group.run_regularly("x += 1", name="steps", order=0)
    group.run_regularly(f"y = {function.pyfunc.__name__}(x)", name="calls", order=1)
    group.x = start
    network = Network(group)
    made = Batch(network, 20, dtype="float64", namespace={}, **options)
    made.network = network
    return made


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("function", "start", "signal"),
    [(dangerous, 0, "SIGFPE"), (dangerous, 3, "SIGSEGV"), (bottomless, 0, "SIGSEGV")],
    ids=["division", "address", "stack"],
)
def test_a_signal_names_the_object_and_leaves_the_process(function, start, signal, threads):
    made = batch(function, start, threads=threads)
    if start == 0:
        made.run(0.2 * ms)
        np.testing.assert_array_equal(made["cells.y"], np.full((20, 2), 2))
    with pytest.raises(BrokenRun, match=rf"^calls: .*{signal}"):
        made.run(1 * ms)
    with pytest.raises(BrokenRun, match=r"early, in calls.*restart\(\)"):
        made.run(1 * ms)
    with pytest.raises(BrokenRun, match="restart"):
        made["cells.x"]
    made.restart()
    if start == 0:
        made.run(0.2 * ms)
        np.testing.assert_array_equal(made["cells.y"], np.full((20, 2), 2))


def test_a_signal_in_an_emulated_kernel_is_an_error():
    made = batch(dangerous, 0, device=Emulation(2))
    made.run(0.2 * ms)
    with pytest.raises(SimulationError, match="a signal in the code"):
        made.run(1 * ms)


HANDLED = """
import ctypes, faulthandler, sys
sys.path.insert(0, "tests")
from brian2 import ms
from simulation.test_crashes import batch, dangerous
faulthandler.enable()
first, second = batch(dangerous, 0), batch(dangerous, 3)
for made in (first, second):
    try:
        made.run(1 * ms)
    except Exception as error:
        print(type(error).__name__)
sys.stdout.flush()
ctypes.string_at(0)
"""


def test_earlier_handlers_are_back_after_a_run():
    """A signal elsewhere is for Python's own handler, which tells where it came."""
    done = subprocess.run(
        [sys.executable, "-c", HANDLED], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["BrokenRun", "BrokenRun"]
    assert done.returncode < 0
    assert "Fatal Python error: Segmentation fault" in done.stderr


SPIKES = """
import resource
from brian2 import Network, NeuronGroup, SpikeMonitor, ms
from neuromodels.simulation import Batch
group = NeuronGroup(2000, "x : 1", threshold="True", reset="", name="cells")
network = Network(group, SpikeMonitor(group, name="spikes"))
made = Batch(network, 4, threads=2, namespace={})
made.record(range(4))
made.run(1 * ms)
pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + 2**27,) * 2)
try:
    made.run(1000 * ms)
except MemoryError as error:
    print(error)
made.restart()
made.run(1 * ms)
print(len(made.spikes("cells", 0)["i"]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_memory_for_spikes_is_a_memory_error():
    done = subprocess.run(
        [sys.executable, "-c", SPIKES], capture_output=True, text=True, check=False
    )
    message, spikes = done.stdout.strip().splitlines()
    assert message.startswith("Batch.run: there must be memory for the spikes")
    assert "bytes asked for" in message
    assert spikes == "20000"


def test_what_fails_before_the_first_step_leaves_no_half_filled_state(monkeypatch):
    """A look evaluates initial expressions; after one that failed, nothing passes for a state."""
    made = batch(dangerous, 0)
    made.initialise("cells.y", "i + 1")
    with monkeypatch.context() as patch:
        patch.setattr(Recordings, "prepare", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            made["cells.y"]
    np.testing.assert_array_equal(made["cells.y"], np.tile([1.0, 2.0], (20, 1)))
