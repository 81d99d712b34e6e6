"""Copies side by side on Brian2's standalone devices, against stock Brian2 and the batch device."""

import stat
from collections.abc import Iterator
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    PoissonInput,
    Quantity,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    kHz,
    linked_var,
    ms,
    mV,
    network_operation,
)
from brian2.devices.device import runtime_device

from neuromodels.errors import BuildError, DeclarationError, SimulationError, UnsupportedFeature
from neuromodels.simulation import Batch
from neuromodels.simulation.build import gpu
from neuromodels.simulation.tiled import brian2cuda as cuda
from neuromodels.simulation.tiled import tiled
from neuromodels.simulation.tiled.tiled import CUDA, Tiled
from neuromodels.simulation.tiled.tiling import Tiling
from simulation.devices import active
from simulation.networks.catalog import CATALOG
from simulation.outcomes import monitors, stock_variable
from simulation.standalone import compile_as_one

COPIES, DURATION = 5, 40 * ms
COMPILE = tiled._compile
SPACE = {"tau": 8 * ms, "ms": ms}
CELLS = """
dv/dt = (drive + I + 0.01*i/N - v)/tau : 1
drive : 1 (constant)
I : 1
level : 1 (linked)
"""
LEARN = """
w : 1
rate : 1 (shared, constant)
bound : 1 (shared, constant)
dx/dt = -x/tau : 1 (event-driven)
held = 0.1*j : 1 (constant over dt)
I_post = w*v_pre : 1 (summed)
"""
ADDRESSES = ("cells.v", "cells.I", "few.v", "learn.w", "learn.x")


def declared() -> Network:
    """Return a network with whatever could tell copies apart, and some noise."""
    few = NeuronGroup(3, "dv/dt = (1 - v)/tau : 1", method="exact", name="few", namespace=SPACE)
    cells = NeuronGroup(
        7,
        CELLS,
        threshold="v > 0.5 + 0.1*level",
        reset="v = 0.02*i",
        refractory=1.5 * ms,
        method="euler",
        name="cells",
        namespace=SPACE,
    )
    cells.level = linked_var(few, "v", index=np.array([0, 2, 1, 1, 0, 2, 2]))
    learn = Synapses(
        cells,
        cells,
        LEARN,
        method="exact",
        name="learn",
        namespace=SPACE,
        on_pre="x += 1; v_post += w + held",
        on_post="w = clip(w + rate*x, 0, bound)",
    )
    learn.connect(condition="i != j and (i + 2*j) % 3 != 0")
    learn.pre.delay, learn.bound, learn.w, cells.drive = "(1 + i % 3)*ms", 0.3, "0.01*(i + j)", 0.9
    cells.run_regularly("v *= 1 - 0.05*int(i == 2)", name="leak_of_one")
    noise = NeuronGroup(4, "n : 1", name="noise", namespace={})
    noise.run_regularly("n += randn()", name="draw")
    return Network(few, cells, learn, noise, SpikeMonitor(cells, name="spikes"))


def values(number: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(number)
    return {
        "cells.drive": rng.uniform(0.6, 1.4, (COPIES, 7)),
        "learn.rate": rng.uniform(-0.002, 0.002, COPIES),
        "few.v": rng.uniform(0, 1, 3),
    }


@pytest.fixture(scope="module")
def network() -> Network:
    return declared()


@pytest.fixture(scope="module")
def made(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiled]:
    """Compile once, as one source that is not optimised: a makefile reads all headers per file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiled, "_compile", lambda folder, jobs, device: compile_as_one(folder))
        folder = tmp_path_factory.mktemp("Tiled") / "absent"
        yield Tiled(network, COPIES, dtype="float64", directory=folder, namespace={})


def batch_of(network: Network, number: int) -> Batch:
    batch = Batch(network, COPIES, dtype="float64", threads=1, namespace={})
    for address, value in values(number).items():
        batch[address] = value
    batch.record(range(COPIES))
    batch.run(DURATION)
    return batch


def test_the_program_gives_the_numbers_of_the_batch_device(made: Tiled, network: Network) -> None:
    for number in (1, 2):  # other coefficients, the same program
        made.run(DURATION, values(number), seed=number)
        batch = batch_of(network, number)
        for address in ADDRESSES:
            np.testing.assert_allclose(made[address], batch[address], 1e-9, 1e-9, err_msg=address)
        for copy in range(COPIES):
            found, expected = made.spikes("spikes", copy), batch.spikes("spikes", copy)
            assert len(expected["i"]) > 10
            np.testing.assert_array_equal(found["i"], expected["i"])
            np.testing.assert_allclose(found["t"] / ms, expected["t"] / ms, rtol=0, atol=1e-9)
    assert np.ptp(np.asarray(made["learn.w"]), axis=0).max() > 0.01  # the copies differ
    assert made.report.builds == 1
    assert made.report.seconds > 0
    assert made.report.instances_run >= 2 * COPIES


def test_stock_brian2_gives_the_same_for_one_copy(made: Tiled) -> None:
    made.run(DURATION, values(3))
    alone = declared()
    for address, value in values(3).items():
        group, _, name = address.partition(".")
        setattr(alone[group], name, value if value.shape == (3,) else value[2])
    alone.run(DURATION, namespace={})
    for address in ADDRESSES:
        found = np.asarray(made[address])[2]
        np.testing.assert_allclose(found, stock_variable(alone, address), 1e-9, 1e-9)


def test_a_seed_is_given_at_the_start_of_a_run(made: Tiled) -> None:
    drawn = []
    for seed in (5, 5, 6):
        made.run(DURATION, seed=seed)
        drawn.append(np.asarray(made["noise.n"]))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).all()
    assert len(np.unique(drawn[0])) == drawn[0].size  # no two neurons of any copies share noise
    assert made.report.builds == 1


def test_what_a_run_was_not_given_is_as_declared(made: Tiled) -> None:
    made.run(DURATION, {"cells.drive": 1.1, "learn.w": np.full(made["learn.w"].shape, 0.2)})
    made.run(DURATION)
    np.testing.assert_array_equal(made["cells.drive"], 0.9)
    np.testing.assert_array_equal(made["learn.bound"], np.full((COPIES, 1), 0.3))
    assert (np.asarray(made["learn.w"]) < 0.2).any()


def test_everything_is_as_before_a_build(made: Tiled) -> None:
    made.run(DURATION)
    assert brian2.get_device() is runtime_device
    assert defaultclock.dt == 0.1 * ms
    assert brian2.prefs.core.default_float_dtype is np.float64


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("cells.drive", np.ones((COPIES, 6))),
        ("cells.drive", np.ones((COPIES + 1, 7))),
        ("learn.rate", np.ones(COPIES + 1)),
        ("learn.w", np.ones(3)),
        ("cells.v", 3 * mV),
        ("cells.vv", 1.0),
        ("cells.level", 1.0),
        ("learn_pre.delay", 1 * ms),
        ("learn.v_post", 1.0),
        ("cells.i", np.arange(7)),
    ],
)
def test_wrong_values_are_refused_before_the_run(
    network: Network, address: str, value: Quantity | np.ndarray
) -> None:
    fresh = Tiled(network, COPIES, namespace={})
    with pytest.raises(DeclarationError, match=rf"^Tiled\['{address}'\]"):
        fresh.run(DURATION, {address: value})
    assert fresh.report.builds == 0


def test_nothing_can_be_read_before_a_run(network: Network) -> None:
    with pytest.raises(DeclarationError, match="must have run"):
        Tiled(network, COPIES, namespace={})["cells.v"]


@pytest.mark.parametrize(
    "options",
    [{"instances": 0}, {"device": "cuda"}, {"dtype": "float16"}, {"directory": Path(__file__)}],
)
def test_wrong_choices_are_refused(network: Network, options: dict) -> None:
    name = next(iter(options))
    with pytest.raises(DeclarationError, match=rf"^Tiled\.{name}: "):
        Tiled(network, **{"instances": 2, **options})


def test_another_device_is_left_alone(network: Network, tmp_path: Path) -> None:
    with active("cpp_standalone", directory=str(tmp_path), build_on_run=False):
        with pytest.raises(DeclarationError, match="must be set up on Brian2's runtime device"):
            Tiled(network, 2, namespace={})
        assert type(brian2.get_device()).__name__ == "CPPStandaloneDevice"


# -- tiling itself, on the runtime device: nothing is compiled ------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "linked_variables",
        "listed_pairs",
        "summed_both_ways",
        "layer_norm",
        "own_delays",
        "several_contacts",
        "delay_of_each_pathway",
        "timed_arrays",
        "three_clocks",
        "periodic_input",
    ],
)
def test_each_copy_is_the_declared_network(name: str) -> None:
    case = CATALOG[name]()
    case.network.remove(list(monitors(case.network)))
    step = defaultclock.dt
    tiling = Tiling(case.network, 2)
    tiling.network.run(case.duration, namespace={})
    defaultclock.dt = step
    case.network.run(case.duration, namespace={})
    for address in case.compared:
        place = tiling.places[address]
        large = tiling.large[place.owner].variables[place.name].get_value()
        one = stock_variable(case.network, address)
        for copy in np.asarray(large).reshape(2, place.width)[:, : place.size]:
            np.testing.assert_allclose(copy, one, 1e-12, 1e-12, err_msg=address)


def cells(**options) -> NeuronGroup:
    options = {"model": "v : 1", "name": "some", "namespace": {}, **options}
    return NeuronGroup(4, threshold="v > 1", reset="v = 0", **options)


def watched() -> Network:
    group = cells()
    return Network(group, StateMonitor(group, "v", record=True, name="trace"))


def partly_connected() -> Network:
    group = cells()
    part = Synapses(group[:2], group, on_pre="v_post += 1", name="trace", namespace={})
    part.connect()
    return Network(group, part)


def with_python_code() -> Network:
    @network_operation(name="trace")
    def trace():
        pass

    return Network(cells(), trace)


def with_shared_state() -> Network:
    group = cells(model="v : 1\nlevel : 1 (shared)", name="trace")
    return Network(group)


def with_shared_noise() -> Network:
    return Network(cells(model="v : 1\nlevel = rand() : 1 (shared)", name="trace"))


def with_poisson_input() -> Network:
    group = cells()
    given = PoissonInput(group, "v", 10, 1 * kHz, 0.1)
    given._name = "trace"
    return Network(group, given)


@pytest.mark.parametrize(
    "build",
    [
        watched,
        partly_connected,
        with_python_code,
        with_shared_state,
        with_shared_noise,
        with_poisson_input,
    ],
)
def test_what_cannot_be_tiled_is_refused_by_name(build) -> None:
    with pytest.raises(UnsupportedFeature, match=r"^trace"):
        Tiled(build(), 2, namespace={})


# -- programs that fail ---------------------------------------------------------------------------


def program(folder: Path, script: str) -> None:
    main = folder / "main"
    main.write_text(f"#!/bin/sh\n{script}\n")
    main.chmod(main.stat().st_mode | stat.S_IXUSR)


def test_a_value_that_was_not_read_is_a_failure(tmp_path: Path) -> None:
    program(tmp_path, "echo \"Error reading 'x': file size 3\" >&2; exit 0")
    with pytest.raises(SimulationError, match="file size 3"):
        tiled._start(tmp_path, tmp_path / "results", [], 1)


def test_a_program_without_gpu_says_what_to_do(tmp_path: Path) -> None:
    program(tmp_path, "echo 'cudaSetDevice(0) failed: driver version is insufficient'; exit 255")
    with pytest.raises(SimulationError, match=r"needs an NVIDIA GPU.*cpp_standalone"):
        tiled._start(tmp_path, tmp_path / "results", [], 1)


def test_a_program_gets_its_seed_and_arguments(tmp_path: Path) -> None:
    program(tmp_path, f'echo "${cuda.SEED_VARIABLE} $*" > results/said')
    tiled._start(tmp_path, tmp_path / "results", ["g.v=static_arrays/given_0.dat"], 17)
    said = (tmp_path / "results" / "said").read_text()
    assert said.startswith("17 --results_dir /")
    assert said.endswith("/ g.v=static_arrays/given_0.dat\n")


def test_a_compiler_that_fails_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "makefile").write_text("main:\n\t@echo this was wrong >&2; false\n")
    with pytest.raises(BuildError, match="this was wrong"):
        COMPILE(tmp_path, 1, "cpp_standalone")


# -- brian2cuda -----------------------------------------------------------------------------------


def test_brian2cuda_is_missing(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(cuda, "import_module", missing)
    with pytest.raises(SimulationError, match=r'pip install "brian2-neuromodels\[cuda\]"'):
        Tiled(network, 2, device=CUDA)


def test_another_release_of_brian2cuda(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "import_module", lambda name: None)
    monkeypatch.setattr(cuda.metadata, "version", lambda name: "1.0b2")
    with pytest.raises(SimulationError, match=r"must be 1.0b1.*got '1.0b2'"):
        Tiled(network, 2, device=CUDA)


def test_curand_outside_the_toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "nvidia" / "cu13"
    for file in ("include/curand.h", "lib/libcurand.so.10"):
        (package / file).parent.mkdir(parents=True)
        (package / file).touch()
    monkeypatch.setattr(cuda.sys, "path", [str(tmp_path / "site")])
    assert cuda.curand(tmp_path) == (package / "include", package / "lib")
    link = cuda._link_curand(package / "lib", tmp_path / "links") / "libcurand.so"
    assert link.resolve() == (package / "lib" / "libcurand.so.10").resolve()
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "curand.h").touch()
    assert cuda.curand(tmp_path) is None  # the toolkit's own comes first
    monkeypatch.setattr(cuda.sys, "path", [])
    with pytest.raises(BuildError, match="pip install nvidia-curand"):
        cuda.curand(tmp_path / "elsewhere")


needs_brian2cuda = pytest.mark.skipif(not cuda.is_installed(), reason=f"needs {cuda.INSTALL}")


@pytest.fixture
def no_toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand for a toolkit with cuRAND: generating a project runs nothing of it."""
    nvcc = tmp_path / "toolkit" / "bin" / "nvcc"
    nvcc.parent.mkdir(parents=True)
    nvcc.write_text(
        "#!/bin/sh\nprintf 'a\\nb\\nc\\nCuda compilation tools, release 13.0, V13.0.88\\n'\n"
        f"echo '#$ TOP={tmp_path}/toolkit' >&2\n"
    )
    nvcc.chmod(0o755)
    (tmp_path / "toolkit" / "include").mkdir()
    (tmp_path / "toolkit" / "include" / "curand.h").touch()
    monkeypatch.setattr(cuda.gpu, "nvcc", lambda: str(nvcc))
    monkeypatch.setattr(cuda, "compute_capability", lambda: 9.0)
    monkeypatch.setattr(tiled, "_compile", lambda folder, jobs, device: None)


@needs_brian2cuda
def test_brian2cuda_generates_the_project(network, no_toolkit, tmp_path: Path) -> None:
    flags = list(brian2.prefs.codegen.cpp.extra_compile_args_gcc)
    made = Tiled(network, COPIES, device=CUDA, directory=tmp_path / "project", namespace={})
    folder = made.build(DURATION)
    makefile = (folder / "makefile").read_text()
    assert f"{tmp_path}/toolkit/bin/nvcc" in makefile
    assert "-arch=sm_90" in makefile
    assert makefile.rindex("-std=c++17") > makefile.rindex("-std=c++11")
    assert "-use_fast_math" not in makefile
    assert cuda.SEED_VARIABLE in (folder / "main.cu").read_text()
    names = {path.name for path in (folder / "code_objects").glob("*.cu")}
    assert {"learn_pre_codeobject.cu", "cells_stateupdater_codeobject.cu"} <= names
    assert list(brian2.prefs.codegen.cpp.extra_compile_args_gcc) == flags
    assert brian2.get_device() is runtime_device


@needs_brian2cuda
def test_a_gpu_is_asked_for_before_a_build(network, no_toolkit, monkeypatch) -> None:
    monkeypatch.setattr(tiled.gpu, "first_device", lambda: None)
    made = Tiled(network, COPIES, device=CUDA, namespace={})
    with pytest.raises(SimulationError, match="needs an NVIDIA GPU"):
        made.run(DURATION)
    assert made.report.builds == 0


@needs_brian2cuda
def test_brian2cuda_reads_one_clock() -> None:
    case = CATALOG["three_clocks"]()
    case.network.remove(list(monitors(case.network)))
    with pytest.raises(UnsupportedFeature, match="one clock"):
        Tiled(case.network, 2, device=CUDA, namespace={})


@pytest.mark.gpu
@pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
@needs_brian2cuda
def test_brian2cuda_gives_the_numbers_of_the_batch_device(network: Network) -> None:
    made = Tiled(network, COPIES, device=CUDA, dtype="float64", namespace={})
    for number in (1, 2):
        made.run(DURATION, values(number), seed=number)
        batch = batch_of(network, number)
        for address in ADDRESSES:
            np.testing.assert_allclose(made[address], batch[address], 1e-9, 1e-9, err_msg=address)
    assert made.report.builds == 1
