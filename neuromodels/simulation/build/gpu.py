"""The first NVIDIA GPU of this machine and its compiler, where there are any."""

from __future__ import annotations

import ctypes as ct
from dataclasses import dataclass
from functools import cache

from neuromodels.simulation.build.cache import Toolchain
from neuromodels.simulation.build.compilers import chosen_command, printed_version

#: The driver's codes of a device's attributes.
ATTRIBUTES = {"shared_bytes": 97, "multiprocessors": 16, "major": 75, "minor": 76}

#: Shared memory that a block may ask for, by architecture, in bytes.
SHARED_LIMITS = {"sm_80": 163 * 1024, "sm_90": 227 * 1024}

#: Where the toolkit's installer puts the compiler.
USUAL_PLACE = "/usr/local/cuda/bin/nvcc"

FLAGS = (
    "-std=c++17",
    "-O3",
    "--shared",
    "-Xcompiler",
    "-fPIC",
    "-w",
    "-ftz=true",  # tiny single-precision numbers become 0, as on the processor
)


@dataclass(frozen=True)
class Gpu:
    """A GPU, as the driver describes it.

    Parameters
    ----------
    arch
        For the compiler, such as ``"sm_90"``.
    shared_bytes
        Shared memory that one block may ask for.
    multiprocessors
        Number of multiprocessors.
    """

    name: str
    arch: str
    shared_bytes: int
    memory_bytes: int
    multiprocessors: int


@cache
def first_device() -> Gpu | None:
    """Return the first device that may be used, or None."""
    try:
        driver = ct.CDLL("libcuda.so.1")
    except OSError:
        return None
    count, device = ct.c_int(), ct.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ct.byref(count)) or count.value == 0:
        return None
    if driver.cuDeviceGet(ct.byref(device), 0):
        return None
    numbers = {key: _attribute(driver, device, code) for key, code in ATTRIBUTES.items()}
    name, memory = ct.create_string_buffer(100), ct.c_size_t()
    driver.cuDeviceGetName(name, 100, device)
    driver.cuDeviceTotalMem_v2(ct.byref(memory), device)
    arch = f"sm_{numbers.pop('major')}{numbers.pop('minor')}"
    return Gpu(name.value.decode(), arch, memory_bytes=memory.value, **numbers)


def _attribute(driver: ct.CDLL, device: ct.c_int, number: int) -> int:
    value = ct.c_int()
    driver.cuDeviceGetAttribute(ct.byref(value), number, device)
    return value.value


def nvcc() -> tuple[str, ...] | None:
    """Return the compiler: ``$NVCC``, one on PATH, or where it is usually installed.

    Raises
    ------
    BuildError
        Where ``$NVCC`` names no program.
    """
    return chosen_command("NVCC", ("nvcc", USUAL_PLACE))


def missing() -> str | None:
    """Return why kernels cannot run here, in one sentence; None: they can."""
    if first_device() is None:
        return "no NVIDIA GPU is visible to this process"
    if nvcc() is None:
        return "nvcc, the compiler of the CUDA toolkit, is not on PATH"
    return None


def toolchain(arch: str) -> Toolchain:
    """Return the compiler for a device of an architecture; there must be one."""
    command = nvcc()
    assert command is not None
    flags, version = (*FLAGS, f"-arch={arch}"), printed_version(command)[-1]
    return Toolchain(command, flags, version, arch, suffix=".cu", libraries=())
