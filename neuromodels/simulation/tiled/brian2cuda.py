"""All settings and workarounds for brian2cuda 1.0b1, each with its reason.

All of it goes through preferences, environment variables and inserted lines; nothing of brian2cuda
is copied or changed.  "issue N" is github.com/brian-team/brian2cuda/issues/N; what has no number
was seen with brian2cuda 1.0b1, brian2 2.10.1 and nvcc 13.0.  When brian2cuda moves to another
release, `VERSION` says so before anything is built.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from brian2 import Network, prefs

from neuromodels.errors import BuildError, SimulationError, UnsupportedFeature, pip_command
from neuromodels.simulation.build import gpu

VERSION = "1.0b1"
INSTALL = pip_command("cuda")
BACKEND = "devices.cuda_standalone.cuda_backend"

#: Read when a program starts: brian2cuda compiles a seed in, or takes the time in whole seconds,
#: which programs started together share.
SEED_VARIABLE = "NEUROMODELS_SEED"
SEED_LINE = (
    f'if (std::getenv("{SEED_VARIABLE}")) random_number_buffer.set_seed('
    f'std::strtoull(std::getenv("{SEED_VARIABLE}"), NULL, 10));'
)

#: Around the loop: brian2cuda's own time ends when the last kernel is launched, not when it ends.
WAIT = "cudaDeviceSynchronize();"

#: Programs of both standalone devices print this and go on with the old value.
UNREAD = ("Error reading", "Could not read")

#: What a CUDA program prints without a GPU or a driver.
NO_GPU = ("no CUDA-capable device", "driver version is insufficient", "cudaSetDevice")

#: Without GPU the code is made for this one (H100, H200).
COMPUTE_CAPABILITY = 9.0

#: In the order of the reasons:
#: Thrust of CUDA 13 needs C++17, and brian2cuda's makefile says -std=c++11 before these;
#: device.build(disable_asserts=True) passes -NDEBUG, which nvcc does not know;
#: -use_fast_math, its default, is left out: float32 results shall not depend on it.
NVCC_FLAGS = ("-w", "-std=c++17", "-DNDEBUG")

#: Brian2 2.10 passes -std=c++11 to the host compiler, behind nvcc's own; -march=native is left out
#: because nvcc's host pass does not know the newest processors.
HOST_FLAGS = ("-w", "-O3", "-fno-finite-math-only", "-std=c++17")


def load() -> None:
    """Import brian2cuda, which makes the device ``cuda_standalone`` known to Brian2.

    Raises
    ------
    SimulationError
        Where it is missing, cannot be imported or is of another release.
    """
    try:
        # distutils is gone from Python 3.12; setuptools brings it back, if it is imported first
        # (an installed .pth file does that, a folder on PYTHONPATH does not).
        import_module("setuptools")
        import_module("brian2cuda")
        version = metadata.version("brian2cuda")
    except ImportError as error:
        raise SimulationError(
            "Tiled.device",
            "'cuda_standalone' needs brian2cuda",
            str(error),
            f"Install it: {INSTALL}.",
        ) from error
    if version != VERSION:
        raise SimulationError(
            "Tiled.device",
            f"brian2cuda must be {VERSION}, the release whose faults are known here",
            version,
            f"Install it: {INSTALL}.",
        )


def check_clocks(network: Network) -> None:
    """Refuse several clocks.

    Synapses with one delay for all read the steps of ``defaultclock``, whatever clock their source
    runs on: the program does not compile, or delays are wrong (issue 222).

    Raises
    ------
    UnsupportedFeature
        Names the clocks.
    """
    clocks = {obj.clock.name for obj in network.sorted_objects}
    if len(clocks) > 1:
        raise UnsupportedFeature(
            "Tiled.device",
            "'cuda_standalone' needs one clock for all objects",
            sorted(clocks),
            "Use device='cpp_standalone', or Batch.",
        )


def is_installed() -> bool:
    """Return whether brian2cuda of the right release is there, without importing it."""
    try:
        return metadata.version("brian2cuda") == VERSION
    except metadata.PackageNotFoundError:
        return False


def toolkit() -> Path:
    """Return the folder of the CUDA toolkit.

    brian2cuda takes the folder above ``nvcc``, which is wrong where ``nvcc`` on PATH is a script
    or a link; nvcc itself knows.

    Raises
    ------
    BuildError
        Where there is no nvcc.
    """
    nvcc = gpu.nvcc()
    if nvcc is None:
        raise BuildError(
            "Tiled.device",
            "'cuda_standalone' needs nvcc",
            cure="Install the CUDA toolkit, or use device='cpp_standalone'.",
        )
    done = subprocess.run(
        [*nvcc, "--dryrun", "-x", "cu", os.devnull], capture_output=True, text=True
    )
    top = re.search(r"^#\$ TOP=(.+)$", done.stderr, re.MULTILINE)
    return Path(top.group(1)).resolve() if top else Path(nvcc[0]).resolve().parent.parent


def curand(root: Path) -> tuple[Path, Path] | None:
    """Return where cuRAND's headers and library are, outside the toolkit; None if inside.

    A toolkit may come without cuRAND, which brian2cuda always needs; then the package
    ``nvidia-curand``, which PyTorch and JAX install too, has both.

    Raises
    ------
    BuildError
        Where neither has it.
    """
    if (root / "include" / "curand.h").exists():
        return None
    for folder in map(Path, sys.path):
        for header in sorted(folder.glob("nvidia/*/include/curand.h")):
            library = header.parent.parent / "lib"
            if list(library.glob("libcurand.so*")):
                return header.parent, library
    raise BuildError(
        "Tiled.device",
        "'cuda_standalone' needs cuRAND, which this CUDA toolkit lacks",
        str(root),
        "Install it: pip install nvidia-curand.",
    )


def compute_capability() -> float:
    """Return the compute capability of the first GPU, `COMPUTE_CAPABILITY` where there is none."""
    device = gpu.first_device()
    return int(device.arch.removeprefix("sm_")) / 10 if device else COMPUTE_CAPABILITY


@contextmanager
def preferences(folder: Path) -> Iterator[None]:
    """Set what brian2cuda needs, and give the user's preferences back afterwards.

    Parameters
    ----------
    folder
        Where a link to the cuRAND library may be made.
    """
    root = toolkit()
    settings = {**_backend(root), **_host(curand(root), folder)}
    before = {name: prefs[name] for name in settings}
    log = logging.getLogger("brian2cuda")
    level = log.level
    log.setLevel(logging.WARNING)  # it prints all its preferences, 25 lines
    _forget_detected()
    try:
        for name, value in settings.items():
            prefs[name] = value
        yield
    finally:
        for name, value in before.items():
            prefs[name] = value
        log.setLevel(level)
        _forget_detected()


def _backend(root: Path) -> dict[str, Any]:
    outside = curand(root)
    include = [f"-I{outside[0]}"] if outside else []
    return {
        # it asks nvidia-smi and deviceQuery, and stops where one is missing
        f"{BACKEND}.detect_gpus": False,
        # without detection both must be given; its documentation names only the second
        f"{BACKEND}.gpu_id": 0,
        f"{BACKEND}.compute_capability": compute_capability(),
        f"{BACKEND}.cuda_path": str(root),
        f"{BACKEND}.extra_compile_args_nvcc": [*NVCC_FLAGS, *include],
        # effects of spikes run in one block by default, whatever the network's size
        "devices.cuda_standalone.parallel_blocks": None,
    }


def _host(outside: tuple[Path, Path] | None, folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = {"codegen.cpp.extra_compile_args_gcc": list(HOST_FLAGS)}
    if outside is not None:
        settings["codegen.cpp.library_dirs"] = [str(_link_curand(outside[1], folder))]
        settings["codegen.cpp.runtime_library_dirs"] = [str(outside[1])]
    return settings


def _link_curand(library: Path, folder: Path) -> Path:
    """Return a folder with ``libcurand.so``: the package has only ``libcurand.so.10``."""
    if (library / "libcurand.so").exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "libcurand.so"
    link.unlink(missing_ok=True)
    link.symlink_to(sorted(library.glob("libcurand.so*"))[0])
    return folder


def _forget_detected() -> None:
    """Let brian2cuda look again: it remembers toolkit and GPU for the whole process."""
    tools = import_module("brian2cuda.utils.gputools")
    tools.reset_cuda_installation()
    tools.reset_gpu_selection()


def environment() -> dict[str, str]:
    """Return variables for its ``make``.

    Its makefile names the library before the objects that need it; linkers that keep only what
    is needed so far (Ubuntu's default) would drop it.
    """
    flags = os.environ.get("NVCC_APPEND_FLAGS", "")
    return {**os.environ, "NVCC_APPEND_FLAGS": f"{flags} -lcurand".strip()}
