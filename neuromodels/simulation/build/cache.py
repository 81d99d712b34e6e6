"""Compiled programs on disk, keyed by source, flags, compiler and processor."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

from neuromodels.errors import BuildError
from neuromodels.simulation.build.compilers import compiler, compiler_version, outcome, readable
from neuromodels.simulation.build.folder import (
    check_folder,
    folder,
    is_whole,
    make_folder,
    only_builder,
    put_sealed,
    workplace,
)

FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-shared",
    "-fPIC",
    "-w",
    "-fopenmp-simd",
    # As Brian2's own choice, -ffast-math -fno-finite-math-only, but without the start-up code
    # that -ffast-math links in: it would change how the whole process treats tiny numbers.
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-fassociative-math",
    "-freciprocal-math",
    # A function of the user's with a large frame must meet the page that guards a stack.
    "-fstack-clash-protection",
)
#: A clip between constants would otherwise become a chain of branches, then of masks.
GCC_FLAGS = ("-fno-thread-jumps",)
X86_FLAGS = ("-mprefer-vector-width=512",)
#: With NEUROMODELS_SANITIZE=1, for `make sanitize`: the process must have libasan loaded.
SANITIZE_FLAGS = (
    "-fsanitize=address,undefined,float-cast-overflow",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g",
    "-O1",
)
LIBRARIES = ("-lm",)

#: Of a build, where the cache is deleted under it.
ATTEMPTS = 3

#: What is shown of a compiler's messages: lines, and characters of each.
LINES, LINE = 6, 150


@dataclass(frozen=True)
class Toolchain:
    """A compiler and its arguments.

    Parameters
    ----------
    command
        Its path, and the arguments that belong to it.
    flags, libraries
        Arguments before and after the names of the files.
    version
        The first or last line of its ``--version``.
    machine
        Processor or architecture that programs are compiled for; they run on no other.
    suffix
        Suffix of a source file.
    """

    command: tuple[str, ...]
    flags: tuple[str, ...]
    version: str
    machine: str
    suffix: str = ".cpp"
    libraries: tuple[str, ...] = LIBRARIES


@dataclass(frozen=True)
class Build:
    """A compiled program.

    Parameters
    ----------
    path
        The shared library.
    hit
        Whether it was compiled before.
    seconds
        Time spent compiling.
    """

    path: Path
    hit: bool
    seconds: float


def host() -> Toolchain:
    """Return the C++ compiler with the flags for this machine's processor.

    A user's own arguments come last: of two that contradict, such as -O1 and -O3, the last counts.
    """
    command = compiler()
    programs = tuple(takewhile(lambda word: not word.startswith("-"), command))
    own = command[len(programs) :]
    return Toolchain(programs, (*flags(), *own), compiler_version(), processor())


@cache
def processor() -> str:
    """Return the processor's model and features: native code runs on no other."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "flags", "Features", "CPU part")
    features = {line.split(":")[0].strip(): line for line in lines if line.startswith(wanted)}
    return "\n".join(sorted(features.values()))


def sanitizes() -> bool:
    """Whether programs are built with the address and undefined-behaviour sanitizers."""
    return os.environ.get("NEUROMODELS_SANITIZE") == "1"


def flags() -> tuple[str, ...]:
    """Return the flags for the compiler in use."""
    is_gcc = "clang" not in compiler_version().lower()
    is_x86 = platform.machine() in ("x86_64", "AMD64")
    chosen = FLAGS + (GCC_FLAGS if is_gcc else ()) + (X86_FLAGS if is_x86 else ())
    return chosen + (SANITIZE_FLAGS if sanitizes() else ())


def key_of(source: str, tools: Toolchain | None = None) -> str:
    """Return the key under which the program of a source is kept."""
    tools = tools or host()
    parts = (source, " ".join(tools.flags), " ".join(tools.command), tools.version, tools.machine)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def build(source: str, tools: Toolchain | None = None) -> Build:
    """Compile a source, or find it compiled.

    Parameters
    ----------
    source
        The program.
    tools
        The compiler; by default that of C++.

    Raises
    ------
    BuildError
        Where the compiler fails, or the cache cannot be written or can be written by others.
    """
    tools = tools or host()
    target = folder() / f"{key_of(source, tools)}.so"
    check_folder()
    if is_whole(target):
        return Build(target, True, 0.0)
    try:
        return _built(source, target, tools)
    except OSError as error:
        raise BuildError(
            "cache",
            f"the build cache {folder()} must be writable",
            error.strerror,
            "Free some space, or set NEUROMODELS_CACHE to another folder.",
        ) from None


def _built(source: str, target: Path, tools: Toolchain) -> Build:
    """Compile; begin anew where somebody deletes the cache meanwhile."""
    for attempt in range(ATTEMPTS):
        try:
            make_folder()
            with only_builder(target):
                if is_whole(target):
                    return Build(target, True, 0.0)
                return _compile(source, target, tools)
        except FileNotFoundError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _compile(source: str, target: Path, tools: Toolchain) -> Build:
    """Compile in a folder of its own and move the result into place in one step."""
    start = time.perf_counter()
    with workplace(target) as place:
        code, library = place / f"network{tools.suffix}", place / "network.so"
        code.write_text(source, encoding="utf-8")
        files = [str(code), "-o", str(library)]
        done = outcome([*tools.command, *tools.flags, *files, *tools.libraries])
        if done.returncode != 0 or not library.exists():
            if not code.exists():
                raise FileNotFoundError(2, "No such file or directory", str(code))
            raise _failure(done, code, target, tools)
        put_sealed(library.read_bytes(), target)
    return Build(target, False, time.perf_counter() - start)


def _failure(
    done: subprocess.CompletedProcess[bytes], code: Path, target: Path, tools: Toolchain
) -> BuildError:
    """Keep the source that did not compile; return the error with the compiler's first lines."""
    message = readable(done.stderr).replace(str(code), code.name).strip()
    if done.returncode < 0:
        message = f"killed by signal {-done.returncode}"
    if "No space left" in message:
        raise OSError(28, "No space left on device")
    source = target.with_suffix(tools.suffix)
    shutil.copyfile(code, source)
    lines = [line[:LINE] for line in message.splitlines()[:LINES]]
    return BuildError(
        "compiler",
        f"{Path(tools.command[0]).name} must accept the generated source {source}",
        "\n".join(lines) or "no program and no message",
        "Report it with that file; the next run tries again.",
    )
