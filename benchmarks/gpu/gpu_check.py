"""Everything that a machine with a GPU can say about the CUDA device, in less than nine minutes.

    python benchmarks/gpu/gpu_check.py [--out FILE] [--seconds 520] [--wheels FOLDER]

Agreement tests, benchmarks, the route through brian2cuda, part of Brian2's own tests.  The result
is written after every stage: a check that is cut short leaves what it has.  Without a GPU, the
tests by emulation and the compiler's report run, and the result says that no GPU figure exists.
Needs only Python 3.12 itself to start; with --wheels no network.
"""

import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

from gpu_stages import PASSED, Result, Stage, run_stages
from gpu_table import table
from gpu_wheels import COMMIT, commit_of, install

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
RESULTS = ROOT / "benchmarks" / "results"
SCRATCH = ROOT / "output" / "gpu_check"
SECONDS = 520.0
PACKAGES = ("brian2", "brian2cuda", "numpy", "nevergrad", "jax", "jaxlib")
NO_FIGURE = "There is no GPU here: no GPU figure exists."

#: The size of the comparison first: what is cut short is the rest.
SIZES = "4096,256,1024,16384,131072"
SIZES_SIDE_BY_SIDE = "4096,1024,256"  # a build each
NETWORKS = ("recurrent", "pdlf")

#: A part of Brian2's tests that touches each kind of code object, dealt to processes of their own:
#: every test compiles a kernel, in a few seconds.  One result per expression.
BRIAN2_TESTS = (
    ("test_neurongroup and threshold", "test_neurongroup and reset", "test_neurongroup and linked"),
    ("test_synapses and summed", "test_synapses and event_driven"),
    ("test_synapses and delay", "test_neurongroup and scalar"),
    ("test_synapses and pre_post", "test_synapses and transmission"),
    ("test_monitor and spike", "test_monitor and rate"),
    ("test_refractory and threshold", "test_subgroup and synapse"),
    ("test_poissongroup", "test_poissoninput", "test_spikegenerator and period"),
    ("test_timedarray", "test_subgroup and spike"),
)


# -- the machine -----------------------------------------------------------------------------------


def device() -> dict | None:
    """Return name, driver, memory and compute capability of the first GPU, None without one."""
    names = ("name", "driver_version", "memory.total", "compute_cap")
    said = _said("nvidia-smi", f"--query-gpu={','.join(names)}", "--format=csv,noheader")
    values = [value.strip() for value in said.partition("\n")[0].split(",")]
    return dict(zip(names, values, strict=True)) if len(values) == len(names) else None


def machine(wheels: Path | None) -> dict:
    """Describe the processor, the compilers, the commit and the versions."""
    nvcc = _said(_nvcc() or "nvcc", "--version").strip().splitlines()
    model = [
        line.partition(":")[2].strip()
        for line in _said("cat", "/proc/cpuinfo").splitlines()
        if line.startswith("model name")
    ]
    return {
        "commit": _commit(wheels),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": model[0] if model else platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "nvcc": nvcc[-1] if nvcc else None,
        "compiler": _said("g++", "--version").partition("\n")[0] or None,
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def _commit(wheels: Path | None) -> str:
    """Return the commit of the checkout; a copy without history has it beside the wheels."""
    found = commit_of(ROOT)
    if found == "unknown" and wheels is not None and (wheels / COMMIT).exists():
        return (wheels / COMMIT).read_text().strip()
    return found


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _nvcc() -> str | None:
    from shutil import which

    return which(os.environ.get("NVCC") or "nvcc") or which("/usr/local/cuda/bin/nvcc")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# -- the stages ------------------------------------------------------------------------------------


def gpu_stages(outcomes: Path) -> list[Stage]:
    """Return what runs where there is a GPU, the most wanted first."""
    no_brian2cuda = None if _version("brian2cuda") else "brian2cuda is not installed"
    no_jax = None if find_spec("jax") else "JAX is not installed"
    each = [_route("batch_cuda", name, SIZES, outcomes, 60) for name in NETWORKS]
    each += [_route("jax", name, SIZES, outcomes, 60, no_jax) for name in NETWORKS]
    beside = [
        _route("brian2cuda", name, SIZES_SIDE_BY_SIDE, outcomes, 75, no_brian2cuda)
        for name in NETWORKS
    ]
    return [
        Stage("agreement tests", (_pytest("-m", "gpu", "tests/simulation"),), 110, least=20),
        *each,
        beside[0],
        *(_route("batch_cpp", name, SIZES, outcomes, 60) for name in NETWORKS),
        Stage("generations cuda", (_routes("generations", "--device", "cuda"),), 40),
        Stage("generations cpp", (_routes("generations", "--repeats", "2"),), 40),
        beside[1],
        _route("judge", "recurrent", "256", outcomes, 40),
        _route("judge", "pdlf", "256", outcomes, 20),
        Stage("agreement of routes", (_routes("agree", "--outcomes", str(outcomes)),), 40),
        Stage(
            "Brian2's tests", tuple(_brian2_suite(parts) for parts in BRIAN2_TESTS), 90, least=30
        ),
        _kernels(40),
    ]


def stages_without_gpu() -> list[Stage]:
    """Return what runs anywhere: emulated kernels, and what the compiler says of real ones."""
    tests = sorted(str(file.relative_to(ROOT)) for file in ROOT.glob("tests/simulation/test_cuda*"))
    return [
        Stage(
            "agreement tests, emulated",
            (_pytest("-m", "not gpu", *tests),),
            300,
            least=20,
            unable=None if tests else "there is no tests/simulation/test_cuda*",
        ),
        _kernels(200),
    ]


def _kernels(budget: float) -> Stage:
    """Return what the compiler says of the kernels: registers, shared memory, spills."""
    unable = None if _nvcc() else "nvcc is not on PATH"
    return Stage("kernels compiled", (_routes("kernels"),), budget, least=20, unable=unable)


def _pytest(*words: str) -> tuple[str, ...]:
    spread = ("-n", "8") if find_spec("xdist") and (os.cpu_count() or 1) >= 8 else ()
    return (sys.executable, "-m", "pytest", "-q", "--tb=short", "-rfEs", *spread, *words)


def _routes(*words: str) -> tuple[str, ...]:
    return (sys.executable, str(HERE / "gpu_routes.py"), *words)


def _route(
    route: str, network: str, sizes: str, outcomes: Path, budget: float, unable: str | None = None
) -> Stage:
    noiseless = ("--noiseless",) if route != "brian2cuda" else ()
    words = ("--network", network, "--sizes", sizes, "--outcomes", str(outcomes))
    command = _routes(route, *words, "--repeats", "2", *noiseless)
    return Stage(f"{route} {network}", (command,), budget, least=15, unable=unable)


def _brian2_suite(parts: tuple[str, ...]) -> tuple[str, ...]:
    return (sys.executable, str(HERE / "gpu_suite.py"), *parts, "--device", "cuda")


# -- the result ------------------------------------------------------------------------------------


def result_of(about: dict, gpu: dict | None, stages: Sequence[Result], seconds: float) -> dict:
    """Return everything known so far as one JSON object."""
    rows = [row for stage in stages for row in stage.found]
    return {
        "device": gpu,
        "note": None if gpu else NO_FIGURE,
        "machine": about,
        "seconds": round(seconds, 1),
        "stages": [{k: v for k, v in s.as_dict().items() if k != "found"} for s in stages],
        "routes": [row for row in rows if row.get("route", "judge") != "judge"],
        "generations": [row for row in rows if "seconds_per_generation" in row],
        "agreement": [row for row in rows if "routes" in row],
        "brian2_tests": [row for row in rows if "precision" in row],
        "kernels": [row for row in rows if "registers" in row],
    }


def write(file: Path, found: dict) -> None:
    """Replace the file in one step: a check that is killed leaves the last whole one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_text(json.dumps(found, indent=1) + "\n")
    draft.replace(file)


def name_of(gpu: dict | None) -> Path:
    """Return where the result goes if nobody says: without a GPU it is not one to keep."""
    if gpu is None:
        return SCRATCH / "gpu_none.json"
    return RESULTS / f"gpu_{'_'.join(gpu['name'].lower().replace('-', ' ').split())}.json"


def environment_of(site: Path | None) -> dict[str, str]:
    """Return the variables of all stages: what was installed for them comes first."""
    folders = [str(site)] if site else []
    folders += [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(folders),
        "PYTHONUNBUFFERED": "1",
        # otherwise JAX takes three quarters of the memory
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        # otherwise it may multiply with 10 bits
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
    }


def arguments(words: Sequence[str] | None) -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="the result; default: benchmarks/results/gpu_*")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all stages together")
    parser.add_argument("--wheels", type=Path, help="install what is missing from this folder")
    parser.add_argument("--site", type=Path, default=SCRATCH / "site", help="where to install it")
    parser.add_argument("--only", default="", help="only stages whose name contains this")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Check this machine; return 1 if a stage failed."""
    begin = monotonic()
    given = arguments(words)
    if given.wheels is not None:
        installed = install(given.wheels, given.site)
        print(f"{len(installed)} packages installed from {given.wheels} into {given.site}")
        sys.path.insert(0, str(given.site))
    gpu, about = device(), machine(given.wheels)
    out = given.out or name_of(gpu)
    stages = gpu_stages(_emptied(SCRATCH / "outcomes")) if gpu else stages_without_gpu()
    stages = [stage for stage in stages if given.only in stage.name]
    print(gpu["name"] if gpu else NO_FIGURE, flush=True)

    def keep(results: list[Result]) -> None:
        write(out, result_of(about, gpu, results, monotonic() - begin))
        print(_line(results[-1]), flush=True)

    left = given.seconds - (monotonic() - begin)
    environment = environment_of(given.site if given.wheels else None)
    results = run_stages(stages, left, environment, ROOT, keep)
    print(table(json.loads(out.read_text())) if results else "no stage has that name")
    print(f"written to {out}")
    return int(any(result.status == "failed" for result in results))


def _line(result: Result) -> str:
    said = "" if result.status == PASSED else "\n    ".join(["", result.reason, *result.said])
    return f"{result.name:<28}{result.status:<9}{result.seconds:7.1f} s{said}"


def _emptied(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.npz"):
        file.unlink()
    return folder


if __name__ == "__main__":
    sys.exit(main())
