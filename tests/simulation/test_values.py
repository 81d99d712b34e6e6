"""Every entry of a batch tells a wrong number, shape, unit or name, and changes nothing then."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    ms,
    mV,
    second,
)

from neuromodels.errors import NeuromodelsError, SimulationError
from neuromodels.simulation import Batch
from neuromodels.simulation.device import state

COUNT, SIZE = 3, 4


def network(size: int = SIZE, name: str = "g") -> Network:
    text = "dv/dt = -v/(10*ms) : volt\nn : integer\nb : boolean\nbias : 1 (shared)\nx : 1"
    group = NeuronGroup(
        size, text, method="exact", threshold="False", name=name, dt=1 * ms, namespace={"ms": ms}
    )
    group.run_regularly("x += 1", dt=1 * ms, name=f"{name}_count")
    synapses = Synapses(group, group, "w : 1", name=f"{name}_s", namespace={}, on_pre="x_post += w")
    synapses.connect(j="i")
    return Network(group, synapses, StateMonitor(group, "v", record=True, name=f"{name}_seen"))


@pytest.fixture(scope="module")
def batch() -> Batch:
    made = Batch(network(), COUNT, namespace={"mV": mV})
    made.run(2 * ms)
    return made


def everything(batch: Batch) -> list[np.ndarray]:
    return [np.array(batch[f"g.{name}"]) for name in ("v", "n", "b", "bias", "x")] + [batch.streams]


#: An address, values, and a word of the message.
VALUES = {
    "integer of 2.7": ("g.n", 2.7, "whole"),
    "integer of nan": ("g.n", np.nan, "whole"),
    "integer of inf": ("g.n", [1, 2, np.inf, 4], "whole"),
    "large integer": ("g.n", 3e9, "2147483647"),
    "truth of 2": ("g.b", 2, "whole"),
    "truth of nan": ("g.b", np.nan, "whole"),
    "large real": ("g.x", 1e300, "float64"),
    "complex": ("g.x", 1j, "real numbers"),
    "text": ("g.x", "rand()", "initialise"),
    "none": ("g.x", None, "real numbers"),
    "ragged": ("g.x", [1, [2, 3]], "real numbers"),
    "unit": ("g.v", 3, "unit"),
    "three axes": ("g.x", np.zeros((COUNT, SIZE, 1)), "shape"),
    "instances": ("g.x", np.zeros(COUNT), r"\(3, 4\) or \(3, 1\) or \(4,\)"),
    "no values": ("g.x", [], "shape"),
    "name": ("g.bais", 1, "bias"),
    "no name": (3, 1, "must be text"),
    "read-only": ("g.i", 1, "read-only"),
}


@pytest.mark.parametrize("wrong", VALUES)
def test_wrong_values(batch: Batch, wrong: str) -> None:
    address, values, told = VALUES[wrong]
    before = everything(batch)
    with pytest.raises(NeuromodelsError, match=told):
        batch[address] = values
    for kept, now in zip(before, everything(batch), strict=True):
        np.testing.assert_array_equal(kept, now)


#: What is called, and a word of the message.
CALLS = {
    "time as number": (lambda b: b.run(5), "must be a time"),
    "time as text": (lambda b: b.run("5*ms"), "must be a time"),
    "no time": (lambda b: b.run(None), "must be a time"),
    "time of nan": (lambda b: b.run(np.nan * second), "finite"),
    "endless time": (lambda b: b.run(np.inf * second), "finite"),
    "times": (lambda b: b.run([1, 2] * ms), "finite"),
    "long time": (lambda b: b.run(1e30 * second), "at most"),
    "negative time": (lambda b: b.run(-1 * ms), "negative"),
    "report": (lambda b: b.run(1 * ms, report="nope"), "stdout"),
    "report number": (lambda b: b.run(1 * ms, report=5), "stdout"),
    "report period": (lambda b: b.run(1 * ms, report="text", report_period=3), "time"),
    "broken streams": (lambda b: setattr(b, "streams", [0.5, 0.7, 1]), "integers"),
    "negative streams": (lambda b: setattr(b, "streams", [0, -1, 1]), "negative"),
    "large streams": (lambda b: setattr(b, "streams", [0, 2**64, 1]), "real numbers"),
    "wide streams": (lambda b: setattr(b, "streams", [[0], [1], [2]]), "shape"),
    "two streams": (lambda b: setattr(b, "streams", [0, 1]), "one id per instance"),
    "half an instance": (lambda b: b.record([0.5]), "integers"),
    "missing instance": (lambda b: b.record([3]), r"\[0, 3\)"),
    "wiring of nobody": (lambda b: b.wiring("g_s", 3), r"\[0, 3\)"),
    "read-only": (lambda b: b.initialise("g.i", "0"), "read-only"),
    "ends": (lambda b: b.initialise("g_s.j", "0"), "read-only"),
    "two expressions": (lambda b: b.initialise("g.bias", "1\nbias = 4"), "one expression"),
    "no expression": (lambda b: b.initialise("g.x", ""), "one expression"),
    "trial streams": (lambda b: b.trials(1 * ms, ["g.v"], streams=[0.5]), "integers"),
    "trial outputs": (lambda b: b.trials(1 * ms, "g.v", streams=[1]), r"Write \['g.v'\]"),
    "trial values": (lambda b: b.trials(1 * ms, ["g.v"], streams=[1], values=[1]), "by address"),
}


@pytest.mark.parametrize("wrong", CALLS)
def test_wrong_calls(batch: Batch, wrong: str) -> None:
    call, told = CALLS[wrong]
    before = everything(batch)
    with pytest.raises(NeuromodelsError, match=told):
        call(batch)
    for kept, now in zip(before, everything(batch), strict=True):
        np.testing.assert_array_equal(kept, now)


@pytest.mark.parametrize(
    "options",
    [
        {"instances": 2.5},
        {"instances": "3"},
        {"instances": None},
        {"instances": -1},
        {"instances": 10**40},
        {"seed": 0.5},
        {"seed": None},
        {"threads": 1.5},
        {"streams": [0.5, 0.7, 1]},
        {"namespace": 5},
    ],
)
def test_wrong_numbers_of_a_batch(options: dict) -> None:
    with pytest.raises(NeuromodelsError, match=f"Batch.{next(iter(options))}"):
        Batch(network(), **{"instances": COUNT, "namespace": {}, **options})


def test_a_group_is_no_network() -> None:
    with pytest.raises(NeuromodelsError, match="Put the groups into a Network"):
        Batch(network()["g"], COUNT, namespace={})


@pytest.mark.parametrize("shape", [(), (1,), (SIZE,), (1, 1), (1, SIZE), (COUNT, 1), (COUNT, SIZE)])
def test_shapes_follow_numpy(batch: Batch, shape: tuple) -> None:
    values = np.arange(np.prod(shape), dtype=float).reshape(shape)
    batch["g.x"] = values
    np.testing.assert_array_equal(batch["g.x"], np.broadcast_to(values, (COUNT, SIZE)))
    batch["g.v"] = values * mV
    np.testing.assert_allclose(batch["g.v"] / mV, np.broadcast_to(values, (COUNT, SIZE)))


@pytest.mark.parametrize("name", ["v", "n", "b", "x"])
def test_what_is_read_cannot_be_written_to(batch: Batch, name: str) -> None:
    """A number put into a copy would be lost without a word."""
    found = batch[f"g.{name}"]
    with pytest.raises(ValueError, match="read-only"):
        found[0] = found[1]


def test_an_instance_recorded_twice_is_one(batch: Batch) -> None:
    batch.record([1, 1])
    batch.run(2 * ms)
    batch.record([2])
    batch.run(2 * ms)
    assert batch.samples("g_seen", 2)["v"].shape[0] == SIZE


def test_reports_of_a_run(batch: Batch) -> None:
    told = []
    batch.restart()
    batch["g.x"] = 0
    batch.run(50 * ms, report=lambda *progress: told.append(progress), report_period=0 * second)
    np.testing.assert_array_equal(batch["g.x"], 50)
    assert [told[0][1], told[-1][1]] == [0, 1]
    assert float(told[-1][3]) == pytest.approx(0.05)
    with pytest.raises(ZeroDivisionError):
        batch.run(1 * ms, report=lambda *_: 1 / 0)
    before = np.array(batch["g.x"])
    batch.run(1 * ms)
    np.testing.assert_array_equal(batch["g.x"], before + 1)


# ------------------------------------------------------------------------------------------ memory


def test_samples_and_tables_are_part_of_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch(network(1000, "wide"), 10_000, namespace={}, dtype="float64")
    monkeypatch.setattr(state, "available_memory", lambda: 2**26)
    with pytest.raises(SimulationError, match=r"wide\.x"):
        batch["wide.x"] = np.zeros((10_000, 1))
    batch.record(range(10_000))
    with pytest.raises(SimulationError, match=r"Batch\.record"):
        batch._instances.recordings.prepare(*_call_of(batch, 1000))


def _call_of(batch: Batch, steps: int) -> tuple:
    """Return what a run of some steps would prepare its records for, without running it."""
    held = batch._instances
    executable = held.ready()
    call = held.call(executable, held.streams, None)
    call.last_steps = call.first_steps + steps
    return executable.plan, call, batch.instances


MEASURED = """
import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, ms
from neuromodels.simulation import Batch

def resident():
    with open("/proc/self/statm") as file:
        return 4096 * int(file.read().split()[1])

group = NeuronGroup(1000, "x : 1\\ny : 1", name="g", namespace={}, dt=1 * ms)
group.run_regularly("x += y", dt=1 * ms, name="g_step")
net = Network(group, StateMonitor(group, "x", record=True, name="seen", dt=1 * ms))
small = Batch(net, 1, namespace={}, dtype="float64", threads=1)
small.run(1 * ms)
large = Batch(net, 4000, namespace={}, dtype="float64", threads=1)
large.record(range(100))
before = resident()
large["g.y"] = np.arange(4000)[:, None]
large.run(50 * ms)
print(resident() - before, large.report.bytes)
"""


@pytest.mark.strain
@pytest.mark.skipif(sys.platform != "linux", reason="the memory is read from /proc")
def test_the_estimate_is_what_a_batch_takes() -> None:
    command = [sys.executable, "-c", textwrap.dedent(MEASURED)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    measured, estimated = map(int, told.split())
    assert estimated == pytest.approx(8 * 4_000_000 * 2 + 8 * 100 * 1000 * 50, rel=0.01)
    assert measured == pytest.approx(estimated, rel=0.2)
