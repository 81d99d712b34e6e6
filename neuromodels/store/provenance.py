"""Where a result comes from: versions, commit, compiler, machine, command."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import neuromodels
from neuromodels.errors import BuildError, DamagedRun
from neuromodels.files import read_json, write_json

PACKAGES = (
    "brian2",
    "nevergrad",
    "numpy",
    "scipy",
    "scikit-learn",
    "matplotlib",
    "rich",
    "cma",
    "pymoo",
    "brian2cuda",
    "gymnasium",
    "mujoco",
)
DECISIVE = ("neuromodels", "commit", "brian2", "numpy", "compiler", "cpu")
"""What a bit-identical resume depends on."""


def provenance(command: Sequence[str], threads: int) -> dict[str, Any]:
    """Return the provenance of a run that starts now, as plain values."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command),
        "neuromodels": neuromodels.__version__,
        "commit": commit(),
        "python": platform.python_version(),
        "packages": versions(),
        "compiler": compiler(),
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "threads": threads or usable_cores(),
        "platform": platform.platform(),
    }


def sessions_in(path: Path) -> list[dict[str, Any]]:
    """Return the sessions of a run, the first one first; none where nothing was written yet.

    Raises
    ------
    StorageError
        When the file cannot be read.
    DamagedRun
        When it holds something else.
    """
    sessions = read_json(path).get("sessions", []) if path.exists() else []
    if not isinstance(sessions, list) or not all(map(_is_session, sessions)):
        cure = "Move this file away; the run itself does not need it."
        raise DamagedRun(str(path), "must hold a list of sessions", sessions, cure)
    return sessions


def add_session(path: Path, session: dict[str, Any]) -> list[str]:
    """Append a session to those of a run; return what is to be said of changes since the last."""
    sessions = sessions_in(path)
    changes = changed_since(sessions[-1], session) if sessions else []
    write_json(path, {"sessions": [*sessions, session]})
    if not changes:
        return []
    told = "; ".join(changes)
    return [
        f"Since the last session changed: {told}. Results may differ in the last bits from an"
        " uninterrupted run."
    ]


def _is_session(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("packages", {}), dict)


def changed_since(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what a bit-identical resume depends on and is different now."""
    flat = [{**each, **each.get("packages", {})} for each in (before, now)]
    return [
        f"{name} {flat[0].get(name)} -> {flat[1].get(name)}"
        for name in DECISIVE
        if flat[0].get(name) != flat[1].get(name)
    ]


def versions() -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def compiler() -> str | None:
    """Return the first line of the version of the C++ compiler that builds, or None."""
    from neuromodels.simulation.build.compilers import compiler_text  # brings Brian2: slow

    try:
        return compiler_text()
    except BuildError:
        return None


def commit() -> str | None:
    """Return the commit of the checkout, marked when it was changed, or None."""
    root = Path(neuromodels.__file__).parent.parent
    if not (root / ".git").exists():
        return None
    head = _output("git", "-C", str(root), "rev-parse", "HEAD").strip()
    changed = _output("git", "-C", str(root), "status", "--porcelain", "--", "neuromodels").strip()
    return (head + (" (changed)" if changed else "")) if head else None


def cpu() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    if not names and sys.platform == "darwin":
        names = [_output("sysctl", "-n", "machdep.cpu.brand_string").strip()]
    return names[0] if names and names[0] else platform.processor() or platform.machine()


def usable_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
