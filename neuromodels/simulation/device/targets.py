"""What a batch runs on: the processor, a GPU, or a GPU's threads on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from neuromodels.errors import DeclarationError, UnsupportedFeature
from neuromodels.simulation.arrays.layout import Layout
from neuromodels.simulation.build import cache, gpu
from neuromodels.simulation.build.compilers import compiler, compiler_version
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.python_code import OPERATION
from neuromodels.simulation.device.kernel_library import ORDERS, KernelLibrary, Settings
from neuromodels.simulation.device.library import Library
from neuromodels.simulation.source.kernel import Kernel, width
from neuromodels.simulation.source.plan import Plan
from neuromodels.simulation.source.program import Program

#: By how many neurons or synapses are visited together: threads of a block.
THREADS = ((64, 32), (512, 64), (16384, 128), (10**9, 256))
MOST_THREADS = 1024

#: A GPU is chosen where each of its multiprocessors has this many instances at least.
INSTANCES_PER_MULTIPROCESSOR = 2

#: Emulated kernels are built for tests: quickly, not to be quick.
EMULATION_FLAGS = ("-std=c++17", "-O1", "-march=native", "-shared", "-fPIC", "-w")


class Target(Protocol):
    """Something that programs are compiled for."""

    def compile(self, code: Code) -> tuple[Program, Library] | tuple[Kernel, KernelLibrary]:
        """Render and build a program."""
        ...


@dataclass(frozen=True)
class Executable:
    """A program that is ready to run.

    Parameters
    ----------
    program
        What was rendered.
    library
        What was compiled from it.
    target
        What it was compiled for.
    """

    program: Program | Kernel
    library: Library | KernelLibrary
    target: Target

    @property
    def plan(self) -> Plan:
        """What a call must be given."""
        return self.program.plan


class Device(Protocol):
    """What a user says that a batch shall run on."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def target(self, layout: Layout, instances: int) -> tuple[Target, str]:
        """Return what to compile for, and why."""
        ...


def check_threads(owner: str, threads: int | None) -> None:
    """Refuse a number of threads that no block can have.

    Raises
    ------
    DeclarationError
        With what is possible.
    """
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise DeclarationError(
            f"{owner}.threads",
            f"a block has 1 to {MOST_THREADS} threads",
            threads,
            "Leave it out: the size of the network decides.",
        )


@dataclass(frozen=True)
class Code:
    """What a program is made of: as of a `Program`."""

    captured: Sequence[Captured]
    initialisers: Sequence[Captured]
    layout: Layout
    real: str
    profiled: bool = False


@dataclass(frozen=True)
class Processor:
    """The cores of this machine."""

    name: str = "cpp"

    def target(self, layout: Layout, instances: int) -> tuple[Target, str]:
        """Return itself: it was asked for."""
        return self, "asked for"

    def compile(self, code: Code) -> tuple[Program, Library]:
        """Render and build a C++ program."""
        program = Program(code.captured, code.initialisers, code.layout, code.real, code.profiled)
        names = [code.name for code in (*code.captured, *code.initialisers)]
        return program, Library(program.source, names)


@dataclass(frozen=True)
class Cuda:
    """A GPU: a block of threads for each instance.

    Parameters
    ----------
    threads
        Of a block, at most 1024; None: as the size of the network suggests.
    """

    threads: int | None = None
    name: str = "cuda"

    def __post_init__(self) -> None:
        check_threads("Cuda", self.threads)

    def target(self, layout: Layout, instances: int) -> tuple[Target, str]:
        """Return itself: it was asked for."""
        return self, "asked for"

    def compile(self, code: Code) -> tuple[Kernel, KernelLibrary]:
        """Render and build a kernel.

        Raises
        ------
        DeclarationError
            Where there is no GPU, or no compiler for it.
        """
        device = _device()
        count = self.threads or threads_for(code.layout)
        kernel = _kernel(code, device.shared_bytes, count)
        settings = Settings("cuda", count)
        return kernel, KernelLibrary(kernel, gpu.toolchain(device.arch), settings)


@dataclass(frozen=True)
class Emulation:
    """The kernel of a GPU on one core of this machine, its threads one after the other.

    It is made to judge kernels, not to be fast: each thread runs until it waits at a barrier, then
    the next one runs, and a missing barrier shows as a result that depends on their order.

    Parameters
    ----------
    threads
        Of a block, at most 1024; None: as the size of the network suggests.
    order
        Of threads between two barriers: ``"ascending"``, ``"descending"`` or ``"shuffled"``.
    seed
        Of a shuffled order.
    shared_bytes
        Shared memory that a block may take.
    memory_bytes
        Memory of the device that is emulated; a batch that needs more is split.
    resident
        Blocks at a time, where their state lies outside of shared memory.
    """

    threads: int | None = None
    order: str = "ascending"
    seed: int = 0
    shared_bytes: int = gpu.SHARED_LIMITS["sm_90"]
    memory_bytes: int = 2**32
    resident: int = 2
    name: str = "cuda_emulation"

    def __post_init__(self) -> None:
        check_threads("Emulation", self.threads)
        if self.order not in ORDERS:
            raise DeclarationError(
                "Emulation.order", f"must be one of {', '.join(ORDERS)}", self.order
            )

    def target(self, layout: Layout, instances: int) -> tuple[Target, str]:
        """Return itself: it was asked for."""
        return self, "asked for"

    def compile(self, code: Code) -> tuple[Kernel, KernelLibrary]:
        """Render a kernel and build it for this machine."""
        kernel = _kernel(code, self.shared_bytes, MOST_THREADS)
        tools = cache.Toolchain(compiler(), EMULATION_FLAGS, compiler_version(), cache.processor())
        settings = Settings(
            self.name,
            self.threads or threads_for(code.layout),
            self.order,
            self.seed,
            self.resident,
            self.memory_bytes,
        )
        return kernel, KernelLibrary(kernel, tools, settings)


@dataclass(frozen=True)
class Automatic:
    """A GPU where there is one and the batch is large enough to fill it, else the processor."""

    name: str = "auto"

    def target(self, layout: Layout, instances: int) -> tuple[Target, str]:
        """Return the target for a batch, and why it is this one."""
        missing, device = gpu.missing(), gpu.first_device()
        if missing or device is None:
            return Processor(), missing or "no GPU"
        wanted = INSTANCES_PER_MULTIPROCESSOR * device.multiprocessors
        if instances < wanted:
            return Processor(), f"{instances} instances are too few for {device.name} ({wanted})"
        if layout.block_bytes > device.shared_bytes:
            return Processor(), (
                f"an instance's {layout.block_bytes} bytes exceed the {device.shared_bytes} of"
                f" {device.name}'s shared memory"
            )
        return Cuda(), f"{instances} instances fill {device.name}"


DEVICES: dict[str, Device] = {
    device.name: device for device in (Processor(), Cuda(), Emulation(), Automatic())
}


def device_of(device: str | Cuda | Emulation) -> Device:
    """Return the device that a user named.

    Raises
    ------
    DeclarationError
        Where there is none of that name, or no GPU for it.
    """
    if not isinstance(device, Cuda | Emulation) and device not in DEVICES:
        names = ", ".join(repr(name) for name in DEVICES)
        raise DeclarationError("Batch.device", f"must be one of {names}", device)
    chosen = device if isinstance(device, Cuda | Emulation) else DEVICES[device]
    if isinstance(chosen, Cuda):
        _device()
    return chosen


def threads_for(layout: Layout) -> int:
    """Return how many threads a block of this network should have."""
    widest = width(layout)
    return next(threads for most, threads in THREADS if widest <= most)


def _kernel(code: Code, shared_bytes: int, most_threads: int) -> Kernel:
    for each in code.captured:
        if each.template == OPERATION:
            raise UnsupportedFeature(
                each.name,
                "Python code in the loop cannot run on a GPU",
                "network_operation",
                "Leave out on=..., or write it as equations or run_regularly.",
            )
    if code.profiled:
        raise UnsupportedFeature(
            "run.profile",
            "objects are not timed inside of a kernel",
            "profile=True",
            "Leave it out, or use device='cpp'.",
        )
    return Kernel(
        code.captured,
        code.initialisers,
        code.layout,
        code.real,
        shared_limit=shared_bytes,
        most_threads=most_threads,
    )


def _device() -> gpu.Gpu:
    missing, device = gpu.missing(), gpu.first_device()
    if missing or device is None:
        raise DeclarationError(
            "Batch.device",
            "'cuda' needs an NVIDIA GPU and nvcc",
            missing or "no GPU",
            "Use 'cpp', which needs neither, or 'auto', which takes a GPU where there is one.",
        )
    return device
