"""What this machine has, and what is missing to run a study."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neuromodels import DISTRIBUTION
from neuromodels.store.provenance import commit, cpu, usable_cores, versions

REQUIRED = ("brian2", "nevergrad", "numpy", "scipy", "scikit-learn", "matplotlib", "rich")


@dataclass(frozen=True)
class Check:
    """One finding; `cure` says what to do when it is not ok."""

    name: str
    value: str
    ok: bool = True
    cure: str = ""


def examine(runs: Path) -> list[Check]:
    """Return every check, in the order in which they are shown.

    Parameters
    ----------
    runs
        The folder that run folders are made in.
    """
    return [
        _python(),
        *_packages(),
        _source(),
        _compiler(),
        Check("processor", cpu()),
        Check("threads", str(usable_cores())),
        _cache(),
        _gpu(),
        _writable(runs),
    ]


def examined(runs: Path) -> tuple[dict[str, Any], str]:
    """Return every check as plain values, with whether all are ok, and as lines."""
    checks = examine(runs)
    values = {"ok": all(check.ok for check in checks), "checks": [asdict(each) for each in checks]}
    return values, "\n".join(map(check_line, checks))


def check_line(check: Check) -> str:
    """Return a check as one line, with its cure below when it is not ok."""
    mark, cure = ("ok", "") if check.ok else ("MISSING", f"\n{'':8}{check.cure}")
    return f"{mark:<8}{check.name:<12} {check.value}{cure}"


def _python() -> Check:
    ok = sys.version_info >= (3, 12)
    return Check("python", platform.python_version(), ok, "Python 3.12 or later is needed.")


def _packages() -> list[Check]:
    installed = versions()
    cure = f"Run: pip install {DISTRIBUTION}"
    checks = [Check(p, installed.get(p, "missing"), p in installed, cure) for p in REQUIRED]
    return [*checks, Check("brian2cuda", installed.get("brian2cuda", "not installed (optional)"))]


def _source() -> Check:
    return Check("commit", commit() or "not a git checkout")


def _compiler() -> Check:
    cure = "Install g++ or clang++ (Debian: sudo apt install g++), or set CXX."
    try:
        from neuromodels.simulation.build.compilers import compiler_text

        return Check("compiler", compiler_text())
    except Exception as error:  # whatever is broken is the finding
        return Check("compiler", f"none: {error}", False, cure)


def _cache() -> Check:
    try:
        from neuromodels.simulation.build.folder import check_folder, entries, folder

        check_folder()
        builds = entries()
        place = folder()
    except Exception as error:  # whatever is broken is the finding
        cure = "Do as it says, then ask again: neuromodels doctor"
        return Check("build cache", f"cannot be used: {error}", False, cure)
    size = sum(build["bytes"] for build in builds) / 2**20
    return Check("build cache", f"{place}: {len(builds)} builds, {size:.1f} MiB")


def _gpu() -> Check:
    if not shutil.which("nvidia-smi"):
        return Check("gpu", "none found (optional)")
    wanted = "--query-gpu=name,memory.total,driver_version"
    command = ["nvidia-smi", wanted, "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Check("gpu", f"nvidia-smi fails (optional): {error}")
    return Check("gpu", "; ".join(done.stdout.split("\n")).strip("; ") or "none found (optional)")


def _writable(runs: Path) -> Check:
    folder = runs.absolute()
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        cure = "Free space or permissions, or name another folder with --out."
        return Check("run folder", f"{runs}: {error.strerror}", False, cure)
    return Check("run folder", f"{runs.absolute()} can be written")
