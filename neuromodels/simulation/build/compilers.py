"""Which compiler builds programs: the one that a user chose, or the first that is installed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from neuromodels.errors import BuildError

#: Where ``$CXX`` says nothing.
USUAL = ("g++", "clang++", "c++")

#: What is read of a compiler's messages, in bytes: some write megabytes.
LONGEST = 2**16


def chosen_command(variable: str, usual: Sequence[str]) -> tuple[str, ...] | None:
    """Return a compiler's path and the arguments that belong to it.

    Parameters
    ----------
    variable
        Of the environment: what a user chose, such as ``"ccache g++"`` or ``"g++ -O1"``.
    usual
        Names or paths to look for where the variable is not set.

    Returns
    -------
    tuple of str
        None where nothing was chosen and nothing is installed.

    Raises
    ------
    BuildError
        Where what was chosen is no program that may be run: no other one takes its place.
    """
    return _found(variable, os.environ.get(variable, "").strip(), tuple(usual), _search_path())


def compiler() -> tuple[str, ...]:
    """Return the C++ compiler and the arguments that belong to it: ``$CXX``, g++ or clang++.

    Raises
    ------
    BuildError
        Where there is none, or ``$CXX`` names none.
    """
    found = chosen_command("CXX", USUAL)
    if found is not None:
        return found
    raise BuildError(
        "compiler",
        "a C++ compiler must be installed",
        "none on PATH",
        "Install g++ (Debian: apt install g++; conda: conda install cxx-compiler) or set CXX.",
    )


def compiler_version() -> str:
    """Return the first line that the C++ compiler prints of itself."""
    return printed_version(compiler())[0]


def compiler_text() -> str:
    """Return the C++ compiler's version, and how it is called where a user chose that."""
    command = compiler()
    called = f", called as {shlex.join(command)}" if len(command) > 1 else ""
    return f"{compiler_version()}{called}"


@cache
def printed_version(command: tuple[str, ...]) -> list[str]:
    """Return the lines that a compiler prints of itself, at least one.

    Raises
    ------
    BuildError
        Where it cannot be started.
    """
    done = outcome([*command, "--version"])
    lines = (readable(done.stdout) or readable(done.stderr)).split("\n")
    return [line for line in lines if line.strip()] or ["unknown"]


def outcome(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a compiler and return what it wrote.

    Raises
    ------
    BuildError
        Where it cannot be started: its interpreter is missing, or it is of another machine.
    """
    try:
        return subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise BuildError(
            "compiler",
            f"{command[0]} must be a program that starts",
            error.strerror,
            "Install it anew, or set CXX (NVCC for a GPU) to another one.",
        ) from None


def readable(message: bytes) -> str:
    """Return how a message begins, without anything that a terminal would act on."""
    lines = message[:LONGEST].decode("utf-8", "replace").splitlines()
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


def _search_path() -> str:
    return os.environ.get("PATH", os.defpath)


@cache
def _found(
    variable: str, chosen: str, usual: tuple[str, ...], search_path: str
) -> tuple[str, ...] | None:
    if not chosen:
        paths = (shutil.which(name, path=search_path) for name in usual)
        return next(((path,) for path in paths if path), None)
    try:
        name, *arguments = shlex.split(chosen)
    except ValueError:  # a quote that is never closed, or nothing but quotes
        name, arguments = chosen, []
    path = shutil.which(name, path=search_path)
    if path is None:
        raise BuildError(
            variable,
            "must name a compiler that is installed and may be run",
            chosen,
            f"Set {variable} to one, or unset it.",
        )
    return (path, *arguments)
