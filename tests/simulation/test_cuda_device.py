"""Which device a batch takes, what is refused, what kernels look like and whether nvcc takes them.

``NEUROMODELS_KERNELS=all`` compiles the kernel of every network of the catalog.
"""

import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms

from neuromodels.errors import DeclarationError, UnsupportedFeature
from neuromodels.experiment.compiled import Experiment
from neuromodels.simulation import Batch
from neuromodels.simulation.build import gpu
from neuromodels.simulation.build.gpu import Gpu
from neuromodels.simulation.device.occupancy import blocks_at_a_time, kernel_report
from neuromodels.simulation.device.targets import Automatic, threads_for
from neuromodels.simulation.source.device_functions import for_devices
from neuromodels.simulation.source.hazards import touches_of
from neuromodels.simulation.source.kernel import Kernel
from neuromodels.simulation.source.program import Program
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from simulation.devices import active
from simulation.networks.catalog import CATALOG
from simulation.networks.noisy import ADDRESSES, noisy_network
from simulation.outcomes import assert_equal

ALL = os.environ.get("NEUROMODELS_KERNELS") == "all"
CHOSEN = (
    "refractory_time",
    "timed_arrays",
    "three_clocks",
    "summed_both_ways",
    "recurrent",
    "certain_poisson",
    "late_all_to_all",
    "own_delays",
    "several_contacts",
)
ARCHS = ("sm_80", "sm_90")
COMPILED = (
    [(name, arch) for name in CATALOG for arch in ARCHS]
    if ALL
    else [
        ("timed_arrays", "sm_80"),
        ("all_to_all", "sm_90"),
    ]
)
H200 = Gpu("H200", "sm_90", gpu.SHARED_LIMITS["sm_90"], 141 * 2**30, 132)
needs_nvcc = pytest.mark.skipif(gpu.nvcc() is None, reason="nvcc is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")


def batch_of(name: str, **options) -> Batch:
    case = CATALOG[name]()
    batch = Batch(case.network, 2, namespace={}, **options)
    batch.network = case.network  # code objects know it by weak references only
    return batch


def kernel_of(batch: Batch, shared_limit: int = 2**17) -> Kernel:
    """Return the kernel of a batch in double precision."""
    held = batch._instances
    return Kernel(
        held.captured, [], held.layout, "double", shared_limit=shared_limit, most_threads=128
    )


def decay() -> Network:
    return Network(
        NeuronGroup(3, "dv/dt = -v/(5*ms) : 1", method="exact", name="cells", namespace={"ms": ms})
    )


# --------------------------------------------------------------------------------------- sources


@pytest.mark.parametrize("name", CATALOG)
def test_every_statement_of_cpp_is_in_the_kernel(name: str) -> None:
    """The two programs differ in loops, never in what is computed."""
    batch = batch_of(name)
    held = batch._instances
    wanted = _lines(Program(held.captured, [], held.layout, "double").source)
    found = _lines(kernel_of(batch).source)
    for code in held.captured:
        for statement in (*code.scalar.statements, *code.vector.statements):
            if "_rand" not in statement and code.clock.name not in statement:
                assert found[statement] >= wanted[statement]


def _lines(source: str) -> Counter:
    return Counter(line.strip() for line in source.splitlines())


def test_what_other_threads_write_has_no_promise_of_being_alone() -> None:
    kernel = kernel_of(batch_of("recurrent")).source.partition("NM_KERNEL neuromodels_kernel")[2]
    alone = [line.strip() for line in kernel.splitlines() if "__restrict" in line]
    assert alone
    assert all(line.startswith("const ") for line in alone)


def test_small_arrays_come_first_into_shared_memory() -> None:
    batch = batch_of("all_to_all")
    all_of, some, none = (kernel_of(batch, limit) for limit in (2**17, 1700, 0))
    assert all_of.is_all_shared
    assert none.shared == {}
    sizes = {array.name: array.bytes for array in some.plan.layout.states}
    kept = [sizes[name] for name in some.shared]
    left = [size for name, size in sizes.items() if name not in some.shared]
    assert kept
    assert max(kept) <= min(left)


SOURCE = """
// a comment with { braces
static const double table[2] = {1, 2};
struct Pair { double a; double sum() const { return a; } };
template <typename T>
static inline T twice(T x) { if (x > 0) { return 2*x; } return x; }
double half(double x) { const char brace = '{'; return 0.5*x; }
#define FAR(x) { x }
int counter() { static int n = 0; for (; n < 3; n++) {} return n; }
"""


def test_functions_are_marked_for_the_device() -> None:
    marked = [line.strip() for line in for_devices(SOURCE).splitlines() if "NM_DEVICE" in line]
    assert marked == [
        "struct Pair { double a; NM_DEVICE double sum() const { return a; } };",
        "NM_DEVICE static inline T twice(T x) { if (x > 0) { return 2*x; } return x; }",
        "NM_DEVICE double half(double x) { const char brace = '{'; return 0.5*x; }",
        "NM_DEVICE int counter() { static int n = 0; for (; n < 3; n++) {} return n; }",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x = array_a[array_b[k]] + 1;", set()),
        ("array_a[array_b[k]] = 1;", {"array_a"}),
        ("array_a[k] += array_b[k];", {"array_a"}),
        ("array_a[1]++;", {"array_a"}),
        ("if (array_a[k] == array_b[k]) array_b[k] = 0;", {"array_b"}),
        ("move(array_a, array_b + 1);", {"array_a", "array_b"}),
        ("array_a[k] <= array_b[k]", set()),
        ("array_aa[k] = 1", set()),
    ],
)
def test_stores_are_told_from_reads(text: str, written: set[str]) -> None:
    assert touches_of(text, {"array_a", "array_b"}).written == written


# ---------------------------------------------------------------------------------------- choice


def test_cuda_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "first_device", lambda: None)
    with pytest.raises(DeclarationError, match=r"Batch\.device.*no NVIDIA GPU.*'cpp'"):
        Batch(decay(), 2, device="cuda", namespace={})


def test_cuda_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "first_device", lambda: H200)
    monkeypatch.setattr(gpu, "nvcc", lambda: None)
    with pytest.raises(DeclarationError, match=r"Batch\.device.*nvcc.*CUDA toolkit"):
        Batch(decay(), 2, device="cuda", namespace={})


@pytest.mark.parametrize(
    ("instances", "device", "block", "taken", "why"),
    [
        (10_000, None, 1000, "cpp", "no NVIDIA GPU"),
        (100, H200, 1000, "cpp", "too few"),
        (10_000, H200, 10**6, "cpp", "shared memory"),
        (10_000, H200, 1000, "cuda", "fill H200"),
    ],
)
def test_auto_says_why(instances, device, block, taken, why, monkeypatch) -> None:
    monkeypatch.setattr(gpu, "first_device", lambda: device)
    monkeypatch.setattr(gpu, "nvcc", lambda: "nvcc")
    layout = replace(batch_of("all_to_all")._instances.layout, block_bytes=block)
    target, reason = Automatic().target(layout, instances)
    assert target.name == taken
    assert why in reason


def test_auto_without_a_gpu_runs_as_cpp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "first_device", lambda: None)
    values = []
    for device in ("cpp", "auto"):
        batch = Batch(decay(), 4, device=device, namespace={})
        batch["cells.v"] = np.arange(12).reshape(4, 3)
        batch.run(2 * ms)
        values.append(batch["cells.v"])
    np.testing.assert_array_equal(*values)
    assert batch.report.device == "cpp"
    assert "no NVIDIA GPU" in batch.report.why


@pytest.mark.parametrize(("name", "threads"), [("all_to_all", 64), ("refractory_time", 32)])
def test_threads_follow_the_size(name: str, threads: int) -> None:
    assert threads_for(batch_of(name)._instances.layout) == threads


def test_a_script_runs_on_the_emulation() -> None:
    found = []
    for device in ("cpp", "cuda_emulation"):
        with active("batch", on=device) as brian_device:
            network = decay()
            network["cells"].v = [1, 2, 3]
            network.run(3 * ms)
            found.append(np.array(network["cells"].v))
            assert brian_device.report.device == device
    np.testing.assert_allclose(*found, rtol=1e-12)
    np.testing.assert_allclose(found[0], np.exp(-3 / 5) * np.arange(1, 4), rtol=1e-12)


def test_a_script_that_measures_objects_is_refused_on_the_emulation() -> None:
    with active("batch", on="cuda_emulation"), pytest.raises(UnsupportedFeature, match="prof"):
        decay().run(1 * ms, profile=True)


def test_an_unknown_device_of_a_script() -> None:
    with pytest.raises(DeclarationError, match=r"Batch\.device"), active("batch", on="gpu"):
        decay().run(1 * ms)


def study(device: str) -> Study:
    return Study(
        "small",
        TaskChoice("sequence_copy", {"length": 2, "latency": 1}),
        RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=4),
        device=DeviceChoice(device),
    )


def test_a_study_chooses_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "first_device", lambda: None)
    losses = []
    for device in ("batch", "auto"):
        experiment = Experiment(study(device))
        xs = np.full((1, experiment.dimension), 0.1)
        losses.append(experiment.evaluate(xs, np.arange(4, dtype=np.uint64)).losses)
    np.testing.assert_array_equal(*losses)
    with pytest.raises(DeclarationError, match="no NVIDIA GPU"):
        Experiment(study("cuda"))


# ------------------------------------------------------------------------------------------ nvcc


@needs_nvcc
@pytest.mark.parametrize(("name", "arch"), COMPILED)
def test_nvcc_takes_the_kernel(name: str, arch: str) -> None:
    found = kernel_report(batch_of(name, dtype="float64"), arch=arch)
    assert 16 <= found["registers"] <= 255
    assert found["in_shared"]
    assert 0 < found["shared_bytes"] <= found["block_bytes"]
    assert found["blocks_per_multiprocessor"] >= 1


def test_an_unknown_architecture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "nvcc", lambda: "nvcc")
    with pytest.raises(DeclarationError, match=r"kernel_report\.arch.*sm_80"):
        kernel_report(decay(), arch="sm_35")


@pytest.mark.parametrize(
    ("shared", "threads", "registers", "blocks"),
    [
        (100 * 1024, 128, 32, 2),  # shared memory: 228/101
        (0, 1024, 32, 2),  # threads: 2048/1024
        (0, 256, 128, 2),  # registers: 65536/(256*128)
        (0, 32, 16, 32),  # blocks
    ],
)
def test_blocks_of_a_multiprocessor(shared, threads, registers, blocks) -> None:
    assert blocks_at_a_time("sm_90", shared, threads, registers) == blocks


# --------------------------------------------------------------------------------------- on a GPU


@pytest.mark.gpu
@pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gpu_equals_the_processor(dtype: str) -> None:
    tolerance = {"float64": (1e-9, 1e-9), "float32": (1e-4, 1e-4)}[dtype]
    found = []
    for device in ("cpp", "cuda"):
        batch = Batch(noisy_network(), 300, seed=4, dtype=dtype, device=device, namespace={})
        batch.initialise("cells.v", "0.5*rand()")
        batch.record([0, 299])
        batch.run(5 * ms)
        found.append({address: np.asarray(batch[address]) for address in ADDRESSES})
        found[-1]["i"] = batch.spikes("cell_spikes", 299)["i"]
        assert batch.report.device == device
    assert_equal(found[1], found[0], *tolerance)


@pytest.mark.gpu
@pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
@pytest.mark.parametrize("name", CATALOG if ALL else CHOSEN)
def test_a_gpu_runs_the_networks(name: str) -> None:
    found = []
    for device in ("cpp", "cuda"):
        case = CATALOG[name]()
        batch = Batch(case.network, 3, dtype="float64", device=device, namespace={})
        batch.run(case.duration)
        found.append({address: np.asarray(batch[address]) for address in case.compared})
    assert_equal(found[1], found[0], 1e-8, 1e-10)
