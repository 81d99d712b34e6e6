"""Generated code under the address and undefined-behaviour sanitizers: ``make sanitize``.

The sanitizers see every byte that a program touches outside what was allocated, and numbers that
C++ leaves undefined; the first finding ends the process with a report.  An instance's arrays are
neighbours within one block, so here they lie 64 bytes apart, and while a program runs everything
between them is forbidden.  Tables, samples and spikes are allocations of their own anyway.  The
last line of the output then names the network, and ``running.cpp`` in the folder that the report
names is its source.

The last tests plant errors in a program, each in a process of its own, which must not survive.
"""

import ctypes as ct
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, ms

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch
from neuromodels.simulation.arrays.layout import Array, Layout
from neuromodels.simulation.arrays.placement import Placement
from neuromodels.simulation.build import cache
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.library import Call, Library
from neuromodels.simulation.device.targets import Executable
from simulation import grammar
from simulation.networks.cases import Case
from simulation.networks.catalog import CATALOG
from simulation.networks.inputs import COURSE, DURATION, PLACES, SPIKES, network_with_inputs
from simulation.networks.noisy import ADDRESSES, noisy_network
from simulation.outcomes import batch_outcome
from simulation.test_rewiring import tower

pytestmark = pytest.mark.filterwarnings("ignore")
opt_in = pytest.mark.skipif(not cache.sanitizes(), reason="an opt-in check: make sanitize")

#: Bytes before the first array and after each, beside what fills a cache line.
ZONE = 64
DRAWN = range(30)
PRELOADED = os.environ.get("LD_PRELOAD", "")


# ------------------------------------------------------------------------------------- red zones


def spaced(place: Callable) -> Callable:
    """Return `Placement.place` with a zone before the first array and after each."""

    def place_apart(self: Placement, array: Array, is_state: bool) -> None:
        self.block_bytes = self.block_bytes or ZONE
        place(self, array, is_state)
        if is_state:
            self.block_bytes += ZONE

    return place_apart


def gaps(layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield start and end of everything in a block that belongs to no array."""
    end = 0
    for array in sorted(layout.states, key=lambda array: array.offset or 0):
        yield end, array.offset or 0
        end = (array.offset or 0) + array.bytes
    yield end, layout.block_bytes


@contextmanager
def forbidden(layout: Layout, blocks: np.ndarray | None) -> Iterator[None]:
    """Forbid what lies between the arrays of all instances, for a while."""
    process = ct.CDLL(None)
    places = [
        (block.ctypes.data + start, end - start)
        for block in (() if blocks is None else blocks)
        for start, end in gaps(layout)
    ]
    for address, size in places:
        process.__asan_poison_memory_region(ct.c_void_p(address), ct.c_size_t(size))
    yield
    for address, size in places:
        process.__asan_unpoison_memory_region(ct.c_void_p(address), ct.c_size_t(size))


def guarded(make: Callable) -> Callable:
    """Return `Instances.make` that forbids the gaps, and keeps the source to read a report by."""

    def make_within(self: Instances, executable: Executable, call: Call) -> None:
        (cache.folder() / "running.cpp").write_text(executable.program.source)
        with forbidden(self.layout, call.blocks):
            make(self, executable, call)

    return make_within


@contextmanager
def red_zones() -> Iterator[None]:
    """Put zones between arrays, and start compilers without the sanitizers' libraries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LD_PRELOAD", raising=False)
        patch.setattr(Placement, "place", spaced(Placement.place))
        patch.setattr(Instances, "make", guarded(Instances.make))
        yield


@pytest.fixture(autouse=True)
def zones() -> Iterator[None]:
    with red_zones():
        yield


def test_sanitized_programs_have_keys_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither kind of program is ever loaded as the other."""
    keys = set()
    for chosen in ("0", "1"):
        monkeypatch.setenv("NEUROMODELS_SANITIZE", chosen)
        keys.add(cache.key_of("source"))
    assert len(keys) == 2


# -------------------------------------------------------------------------------------- networks


def noisy() -> Case:
    return Case(noisy_network(), 6 * ms, ADDRESSES, {"cells.gain": 2.0})


SUBJECTS: dict[str, Callable[[], Case]] = {
    **CATALOG,
    "noisy": noisy,
    **{f"drawn_{seed}": lambda seed=seed: grammar.network(Random(seed)).build() for seed in DRAWN},
}


def exercised(case: Case, dtype: str) -> Batch:
    """Use all that a program can do: runs, recordings, changed values, initial values, trials."""
    batch = Batch(case.network, 3, dtype=dtype, threads=2, namespace={})
    batch.record([0, 2])
    batch.run(case.duration)
    for address, values in case.changes.items():
        batch[address] = values
    batch.run(case.duration)
    return batch


@opt_in
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SUBJECTS)
def test_runs_clean(name: str, dtype: str) -> None:
    case = SUBJECTS[name]()
    batch = exercised(case, dtype)
    for instance in (0, 2):
        assert batch_outcome(batch, case, instance)
    tried(batch, case)


def tried(batch: Batch, case: Case) -> None:
    """Run episodes, which live in memory of their own, where the network allows it."""
    written = [array.variable for array in batch._instances.layout.states if array.variable]
    outputs = [a for a in case.compared if any(f"{v.owner.name}.{v.name}" == a for v in written)]
    try:
        found = batch.trials(case.duration, [*outputs, "failed"], streams=np.arange(3))
    except DeclarationError:
        return
    assert set(found) == {*outputs, "failed"}


@opt_in
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_initial_values_run_clean(dtype: str) -> None:
    batch = Batch(noisy_network(), 3, dtype=dtype, threads=2, namespace={})
    batch.initialise("dense_w.w", "rand()")
    batch.initialise("narrow_w.w", "randn() + i")
    batch.run(6 * ms)
    assert np.isfinite(np.array(batch["dense_w.w"])).all()


@opt_in
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_own_wirings_and_delays_run_clean(dtype: str) -> None:
    """Instances with fewer synapses than others, and with delays of their own."""
    batch = Batch(noisy_network(), 3, dtype=dtype, threads=2, namespace={"ms": ms})
    batch.connect("loop_w", condition="i != j", p=0.2)
    batch.initialise("loop_w.w", "0.02*randn()")
    batch.initialise("loop_w_pre.delay", "1.3*rand()*ms")
    batch["dense_w_pre.delay"] = np.linspace(0, 2.1, 3 * 95).reshape(3, 95) * ms
    batch.run(6 * ms)
    batch.run(6 * ms)
    assert len({len(batch.wiring("loop_w", k)[0]) for k in range(3)}) > 1


@opt_in
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_own_spikes_and_courses_run_clean(dtype: str) -> None:
    """Lists of other lengths than the network's, and a row of values for each instance."""
    batch = Batch(network_with_inputs(), 3, dtype=dtype, threads=2, namespace={})
    batch["cells.course"], batch["cells.places"] = COURSE, PLACES
    batch.set_spikes("source", *zip(*SPIKES, strict=True))
    batch.run(DURATION)
    batch.restart()
    batch.set_spikes("source", np.zeros(24, dtype=int), np.arange(24) / 2 * ms)
    batch["cells.course"], batch["cells.places"] = COURSE[0], PLACES[0]
    found = batch.trials(
        DURATION, ["cells.v"], streams=[1, 2], values={"cells.course": COURSE}, rows=[2, 1]
    )
    assert np.isfinite(found["cells.v"]).all()


@opt_in
def test_own_wirings_onto_synapses_run_clean() -> None:
    """Synapses that end at synapses, more and fewer of them than the network has."""
    batch = Batch(tower(), 3, dtype="float64", threads=2, namespace={})
    few = np.arange(5)
    batch.connect("outer", pre=[few, [], np.tile(few, 20)], post=[few + 7, [], np.tile(few, 20)])
    batch["outer.q"] = 1
    batch.run(1 * ms)
    with pytest.raises(DeclarationError, match="by number"):
        Batch(tower(), 3, namespace={}).connect("inner", pre=[0], post=[0])
    batch = Batch(tower(), 3, dtype="float32", threads=2, namespace={})
    batch.connect("outer", p=0.5, shared=True)
    assert batch.trials(1 * ms, ["inner.x"], streams=np.arange(3))["inner.x"].any()


# --------------------------------------------------------------------------------- planted errors


def plain() -> Network:
    """Return a network whose first array fills a cache line, and its second does not."""
    group = NeuronGroup(8, "full : 1\ngrown : 1\nn : integer\nread : 1", name="plain", namespace={})
    group.run_regularly("full += read; n += 1", name="plain_code")
    less = NeuronGroup(5, "part : 1", name="less", namespace={})
    less.run_regularly("part += 1", name="less_code")
    trace = StateMonitor(less, "part", record=True, name="less_trace")
    return Network(group, less, trace)


#: What is wrong, and what the sanitizers call it.
PLANTED = {
    "behind a full array": ("array_5plain_4full[8] = 1;", "use-after-poison"),
    "behind a part of a line": ("array_4less_4part[5] = 1;", "use-after-poison"),
    "before an array": ("array_5plain_4full[-1] = 1;", "use-after-poison"),
    "in the last instance": ("if (instance == 1) array_4less_4part[6] = 1;", "use-after-poison"),
    "only read": ("volatile double _see = array_5plain_4full[8]; (void)_see;", "use-after-poison"),
    "behind a table": ("volatile double _see = array_5plain_4read[8]; (void)_see;", "overflow"),
    "behind the samples": ("run.samples[0][run.slots * 5 * 20] = 1;", "overflow"),
    "integer overflow": (
        "array_5plain_1n[0] = 2147483647 + (array_5plain_1n[0] | 1);",
        "signed integer",
    ),
    "number out of range": (
        "array_5plain_1n[0] = (int32_t)(1e10 + instance);",
        "outside the range",
    ),
}


def spoilt(source: str, error: str) -> str:
    """Return a source with a line added to the code of a group."""
    found = re.subn(r"(\{  // plain_code\n)", rf"\g<1>{error}\n", source)
    assert found[1] == 1
    return found[0]


def run_spoilt(error: str) -> None:
    """Run a program into which an error was put (empty: none)."""
    with red_zones(), pytest.MonkeyPatch.context() as patch:
        build = Library.__init__
        spoil = lambda self, source, *names: build(self, spoilt(source, error), *names)  # noqa: E731
        patch.setattr(Library, "__init__", spoil)
        batch = Batch(plain(), 2, dtype="float64", threads=1, namespace={})
        batch.record([0, 1])
        batch.run(2 * ms)


def spoilt_process(error: str) -> subprocess.CompletedProcess:
    """Return the outcome of `run_spoilt` in a process of its own."""
    folder = str(Path(__file__).resolve().parents[1])
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from simulation.test_sanitizers import run_spoilt\n"
        "run_spoilt(sys.argv[2])\nprint('survived')"
    )
    return subprocess.run(
        [sys.executable, "-c", script, folder, error],
        capture_output=True,
        text=True,
        env={**os.environ, "LD_PRELOAD": PRELOADED},
        check=False,
    )


@opt_in
@pytest.mark.parametrize("name", PLANTED)
def test_planted_error_is_found(name: str) -> None:
    error, told = PLANTED[name]
    done = spoilt_process(error)
    assert done.returncode != 0
    assert "survived" not in done.stdout
    assert told in done.stderr


@opt_in
def test_program_without_error_survives() -> None:
    """What the planted programs die of is what was planted."""
    done = spoilt_process("")
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr
