"""What a sweep says of its memory is true: it is measured while it runs."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Synapses, ms

from neuromodels.errors import DeclarationError
from neuromodels.exploration import evaluation, memory_of_sweep, sweep, table
from neuromodels.models import FanoFactor, IntervalCV, Model, Parameter, Rate, Synchrony
from neuromodels.models import compiled as compiled_models
from neuromodels.models.compiled import Compiled

MIB = 2**20


def build():
    drive = 1.5
    cells = NeuronGroup(
        2000, "dv/dt = (drive - v)/(2*ms) : 1", threshold="v > 1", reset="v = 0", method="exact"
    )
    cells.v = "rand()"
    return Network(cells)


def wired():
    drive = 1.5
    cells = NeuronGroup(
        50, "dv/dt = (drive - v)/(2*ms) : 1", threshold="v > 1", reset="v = 0", method="exact"
    )
    synapses = Synapses(cells, cells, "w : 1", on_pre="v_post += w*0.01")
    synapses.connect(p=0.2)
    synapses.w = "rand()"
    return Network(cells, synapses)


MEASURES = {
    "rate": Rate("cells"),
    "cv": IntervalCV("cells"),
    "fano": FanoFactor("cells", 2 * ms),
    "synchrony": Synchrony("cells", 2 * ms),
}
DRIVE = {"drive": "drive"}
MODEL = Model(build, 4 * ms, DRIVE, MEASURES)


def points(count):
    return table({"drive": np.linspace(1.2, 3, count)})


@pytest.fixture(scope="module")
def compiled():
    ready = Compiled(MODEL)
    sweep(ready, points(2), report=False)  # imports and builds what the first one needs
    return ready


def bits(dataset):
    return {name: values.values.tobytes() for name, values in dataset.data_vars.items()}


def peak_of(compiled, count, **running):
    """Return the most bytes that Python held at once, beyond those it held before."""
    tracemalloc.start()
    try:
        sweep(compiled, points(count), report=False, **running)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_instances_take_the_memory_that_was_stated(compiled, monkeypatch, tmp_path):
    monkeypatch.setattr("neuromodels.exploration.memory.CHUNK_BYTES", 8 * MIB)
    monkeypatch.setattr("neuromodels.exploration.memory.PROGRAM_BYTES", 4 * MIB)
    few, many = (memory_of_sweep(compiled, points(n), folder=tmp_path) for n in (80, 800))
    assert few.instances == many.instances < 80
    assert many.total - few.total == many.results - few.results
    assert peak_of(compiled, 80, folder=tmp_path / "few") < few.total
    assert peak_of(compiled, 800, folder=tmp_path / "many") < many.total


def test_without_the_bound_it_would_not_be_kept(compiled, monkeypatch):
    """So the test above can fail."""
    monkeypatch.setattr(compiled_models, "SLICE_BYTES", 2**40)
    monkeypatch.setattr(evaluation, "FIRST", 400)
    stated = memory_of_sweep(compiled, points(800), memory=60 * MIB)
    assert peak_of(compiled, 800) > stated.instances * stated.each + stated.results


def test_what_is_measured_is_counted(compiled):
    found = sweep(compiled, points(7), 3, report=False)
    stated = memory_of_sweep(compiled, points(7), 3)
    assert stated.results >= 2 * sum(v.nbytes for v in found.data_vars.values())


def test_a_limit_makes_small_chunks_and_changes_no_number(compiled, monkeypatch):
    monkeypatch.setattr(evaluation, "CHUNK_SECONDS", 1e9)
    sizes, plain = [0], sweep(compiled, points(60), report=False)
    tight = memory_of_sweep(compiled, points(60)).program + 2 * MIB
    found = sweep(compiled, points(60), memory=tight, report=lambda done, _: sizes.append(done))
    assert np.diff(sizes).max() == memory_of_sweep(compiled, points(60), memory=tight).instances
    assert np.diff(sizes).max() < 60
    monkeypatch.setattr(compiled_models, "SLICE_BYTES", 1)
    alone = sweep(compiled, points(60), report=False)
    assert bits(found) == bits(plain) == bits(alone)


@pytest.mark.parametrize("memory", [1, 2.5 * 2**30, "1 GB", True])
def test_a_limit_without_room_is_refused_with_the_least_that_is_needed(compiled, memory):
    with pytest.raises(DeclarationError, match=r"sweep.memory: .*MiB or more") as caught:
        sweep(compiled, points(3), memory=memory)
    least = int(str(caught.value).partition("memory=")[2].split()[0])
    assert memory_of_sweep(compiled, points(3), memory=least * MIB).total <= least * MIB


def test_each_number_of_a_parameter_counts():
    own = Model(build, 4 * ms, {"v": Parameter("cells.v", per="each")}, MEASURES)
    rows = table({"v": np.random.default_rng(0).random((3, 2000))})
    given, plain = memory_of_sweep(own, rows), memory_of_sweep(MODEL, points(3))
    assert given.each - plain.each > 2000 * 8
    assert given.results - plain.results > 3 * 2000 * 8


def test_instances_with_a_wiring_of_their_own_count_their_state():
    shared, own = (Compiled(Model(wired, 4 * ms, DRIVE, MEASURES, wiring=w)) for w in WIRINGS)
    stated = memory_of_sweep(own, points(3))
    assert stated.each - memory_of_sweep(shared, points(3)).each >= own.state_bytes
    assert own.state_bytes > 8 * 500


WIRINGS = ("shared", "own")
CODE = """
import resource, sys
sys.path.insert(0, {here!r})
import numpy as np
from test_memory import DRIVE, MEASURES, build, points, wired
from brian2 import ms
from neuromodels.exploration import memory_of_sweep, sweep
from neuromodels.models import Model
from neuromodels.models.compiled import Compiled
network, wiring = {{"shared": (build, "shared"), "own": (wired, "own")}}[{kind!r}]
model = Compiled(Model(network, 4*ms, DRIVE, MEASURES, wiring=wiring))
stated = memory_of_sweep(model, points({count}), memory={memory})
before = 4096*int(open("/proc/self/statm").read().split()[1])
sweep(model, points({count}), memory={memory}, report=False)
peak = 1024*resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak - before, stated.total)
"""


@pytest.mark.strain
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", WIRINGS)
@pytest.mark.parametrize("count", [300, 3000])
@pytest.mark.parametrize("memory", [None, 100 * MIB])
def test_the_whole_process_stays_within_what_was_stated(kind, count, memory):
    code = CODE.format(here=str(Path(__file__).parent), kind=kind, count=count, memory=memory)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, stated = map(int, done.stdout.split())
    assert 0 < grown < stated
    assert memory is None or stated <= memory
