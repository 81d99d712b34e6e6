"""What a network's kernel needs of a GPU: registers, shared memory, blocks at a time.

The compiler tells; no GPU is needed for it.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from brian2.core.network import Network

from neuromodels.errors import BuildError, DeclarationError
from neuromodels.simulation.build import gpu
from neuromodels.simulation.device.addresses import REALS
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.device.targets import threads_for
from neuromodels.simulation.source.kernel import Kernel

#: Of one multiprocessor: shared memory in bytes, threads, registers, blocks (CUDA's programming
#: guide, table of compute capabilities 8.0 and 9.0).
MULTIPROCESSOR = {
    "sm_80": (164 * 1024, 2048, 65536, 32),
    "sm_90": (228 * 1024, 2048, 65536, 32),
}

#: Shared memory that each block takes for itself, in bytes.
RESERVED = 1024

TOLD = {
    "registers": r"Used (\d+) registers",
    "static_shared_bytes": r"(\d+) bytes smem",
    "stack_bytes": r"(\d+) bytes stack frame",
    "spill_store_bytes": r"(\d+) bytes spill stores",
    "spill_load_bytes": r"(\d+) bytes spill loads",
}


def kernel_report(
    network: Network | Batch,
    dtype: str = "float32",
    arch: str = "sm_90",
    threads: int | None = None,
) -> dict[str, Any]:
    """Compile a network's kernel for an architecture and return what it takes.

    Parameters
    ----------
    network
        A network whose groups have namespaces of their own, or a batch (whose `dtype` holds).
    dtype
        ``"float32"`` or ``"float64"``.
    arch
        ``"sm_80"`` or ``"sm_90"``.
    threads
        Of a block; None: as the network's size suggests.

    Returns
    -------
    dict
        Registers of a thread; bytes of stack and of spilled registers; of an instance's state and
        of it in shared memory; threads of a block and blocks of a multiprocessor at a time;
        barriers in the source; seconds of compiling.

    Raises
    ------
    DeclarationError
        Where there is no compiler, or the architecture is not known.
    """
    if gpu.nvcc() is None:
        raise DeclarationError(
            "kernel_report", "nvcc must be installed", "none", "Install the CUDA toolkit."
        )
    if arch not in MULTIPROCESSOR:
        known = ", ".join(MULTIPROCESSOR)
        raise DeclarationError("kernel_report.arch", f"must be one of {known}", arch)
    batch = network if isinstance(network, Batch) else Batch(network, 1, dtype=dtype, namespace={})
    instances = batch._instances
    count = threads or threads_for(instances.layout)
    kernel = Kernel(
        instances.captured,
        instances.initialisers,
        instances.layout,
        REALS[batch.dtype],
        shared_limit=gpu.SHARED_LIMITS[arch],
        most_threads=count,
    )
    told = _compile(kernel.source, arch)
    blocks = blocks_at_a_time(
        arch, kernel.shared_bytes + told["static_shared_bytes"], count, told["registers"]
    )
    return {
        "arch": arch,
        "nvcc": gpu.toolchain(arch).version,
        "dtype": batch.dtype,
        **told,
        "block_bytes": instances.layout.block_bytes,
        "shared_bytes": kernel.shared_bytes,
        "in_shared": kernel.is_all_shared,
        "threads": count,
        "blocks_per_multiprocessor": blocks,
        "barriers": kernel.source.count("NM_BARRIER();"),
    }


def blocks_at_a_time(arch: str, shared_bytes: int, threads: int, registers: int) -> int:
    """Return how many blocks a multiprocessor can hold together."""
    shared, most_threads, most_registers, most_blocks = MULTIPROCESSOR[arch]
    warps = -(-threads // 32)
    per_warp = -(-registers * 32 // 256) * 256  # registers are handed out by 256
    return min(
        shared // (shared_bytes + RESERVED),
        most_threads // (32 * warps),
        most_registers // (per_warp * warps),
        most_blocks,
    )


def _compile(source: str, arch: str) -> dict[str, Any]:
    """Compile for the device only and read what the assembler says."""
    tools = gpu.toolchain(arch)
    flags = ["-std=c++17", "-O3", "-w", "-ftz=true", f"-arch={arch}", "-cubin", "-Xptxas", "-v"]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "network.cu"
        code.write_text(source)
        command = [*tools.command, *flags, str(code), "-o", str(code.with_suffix(".cubin"))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        first = "\n".join(done.stderr.splitlines()[:6])
        raise BuildError("kernel_report", "nvcc must accept the generated kernel", first)
    found = {name: re.findall(pattern, done.stderr) for name, pattern in TOLD.items()}
    numbers = {name: max(map(int, told), default=0) for name, told in found.items()}
    return {**numbers, "compile_seconds": round(time.perf_counter() - start, 2)}
