"""Compiled programs on disk, keyed by source, flags, compiler and processor."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from neuromodels.errors import BuildError

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
STALE_AFTER = 24 * 3600.0


@dataclass(frozen=True)
class Toolchain:
    """A compiler and its arguments.

    Parameters
    ----------
    compiler
        Its path.
    flags, libraries
        Arguments before and after the names of the files.
    version
        The first or last line of its ``--version``.
    machine
        Processor or architecture that programs are compiled for; they run on no other.
    suffix
        Suffix of a source file.
    """

    compiler: str
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


def folder() -> Path:
    """Return the cache folder: ``$NEUROMODELS_CACHE`` or one in the user's cache."""
    chosen = os.environ.get("NEUROMODELS_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(base) / "neuromodels"


def entries() -> list[dict]:
    """Return key, size in bytes and time of creation of every compiled program."""
    programs = []
    for path in sorted(folder().glob("*.so")):
        stat = path.stat()
        programs.append({"key": path.stem, "bytes": stat.st_size, "created": stat.st_mtime})
    return programs


def clear() -> int:
    """Delete every compiled program and leftover; return how many programs there were."""
    count = len(entries())
    for path in folder().glob("*"):
        if path.suffix in (".so", ".cpp", ".cu", ".lock", ".solution"):
            path.unlink(missing_ok=True)
        elif path.name.startswith("build-"):
            shutil.rmtree(path, ignore_errors=True)
    return count


@cache
def compiler() -> str:
    """Return the C++ compiler: ``$CXX``, g++ or clang++.

    Raises
    ------
    BuildError
        Where there is none.
    """
    for name in (os.environ.get("CXX"), "g++", "clang++", "c++"):
        path = shutil.which(name) if name else None
        if path:
            return path
    raise BuildError(
        "compiler",
        "a C++ compiler must be installed",
        "none on PATH",
        "Install g++ (Debian: apt install g++; conda: conda install cxx-compiler) or set CXX.",
    )


def host() -> Toolchain:
    """Return the C++ compiler with the flags for this machine's processor."""
    return Toolchain(compiler(), flags(), compiler_version(), processor())


@cache
def compiler_version() -> str:
    """Return the first line that the compiler prints of itself."""
    done = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr or "unknown").splitlines()[0]


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
    parts = (source, " ".join(tools.flags), tools.compiler, tools.version, tools.machine)
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
        Where the compiler fails or the cache cannot be written.
    """
    tools = tools or host()
    target = folder() / f"{key_of(source, tools)}.so"
    if _is_whole(target):
        return Build(target, True, 0.0)
    try:
        _make_folder()
        with _only_builder(target):
            if _is_whole(target):
                return Build(target, True, 0.0)
            return _compile(source, target, tools)
    except OSError as error:
        raise BuildError(
            "cache",
            f"the build cache {folder()} must be writable",
            error.strerror,
            "Free some space, or set NEUROMODELS_CACHE to another folder.",
        ) from None


def _seal(library: Path) -> None:
    """Append a digest, which loaders ignore: loading a cut-off library would kill the process."""
    with open(library, "ab") as file:
        file.write(sha256(library.read_bytes()).digest())


def _is_whole(library: Path) -> bool:
    """Whether a library is there and ends with its own digest."""
    try:
        content = library.read_bytes()
    except OSError:
        return False
    return sha256(content[:-32]).digest() == content[-32:]


def _make_folder() -> None:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in folder().glob("build-*"):
        if time.time() - left.stat().st_mtime > STALE_AFTER:
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _only_builder(target: Path) -> Iterator[None]:
    """Let one process at a time build `target`; the lock dies with its process."""
    with open(target.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(source: str, target: Path, tools: Toolchain) -> Build:
    """Compile in a folder of its own and move the result into place in one step."""
    start = time.perf_counter()
    workplace = Path(tempfile.mkdtemp(prefix="build-", dir=folder()))
    try:
        code, library = workplace / f"network{tools.suffix}", workplace / "network.so"
        code.write_text(source)
        command = [tools.compiler, *tools.flags, str(code), "-o", str(library), *tools.libraries]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not library.exists():
            raise _failure(done, code, target, tools)
        _seal(library)
        os.replace(library, target)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    return Build(target, False, time.perf_counter() - start)


def _failure(
    done: subprocess.CompletedProcess, code: Path, target: Path, tools: Toolchain
) -> BuildError:
    """Keep the source that did not compile; return the error with the compiler's first lines."""
    message = done.stderr.replace(str(code), code.name)
    if done.returncode < 0:
        message = f"killed by signal {-done.returncode}"
    if "No space left" in message:
        raise OSError(28, "No space left on device")
    source = target.with_suffix(tools.suffix)
    source.write_text(code.read_text())
    first_lines = "\n".join(message.strip().splitlines()[:6])
    return BuildError(
        "compiler",
        f"{Path(tools.compiler).name} must accept the generated source {source}",
        first_lines,
        "Report it with that file; the next run tries again.",
    )
