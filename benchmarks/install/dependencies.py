"""What a default installation brings: packages and megabytes at one commit or several; seconds.

    python benchmarks/install/dependencies.py COMMIT [COMMIT ...]
    python benchmarks/install/dependencies.py --install COMMIT       # with the seconds of pip

Without ``--install`` what a commit requires is looked up in the environment that runs this, with
all that it needs in turn.  With it each commit gets a fresh environment.  Sizes are of the files
as pip writes them, bytecode left out.  Seconds depend on the machine, its network, and its load.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
COLUMNS = ("commit", "package", "version", "megabytes", "seconds")
MEGABYTE = 1e6


def requirements_at(commit: str) -> list[str]:
    """Return what a commit's ``setup.cfg`` requires."""
    text = subprocess.check_output(("git", "show", f"{commit}:setup.cfg"), cwd=ROOT, text=True)
    setup = ConfigParser()
    setup.read_string(text)
    lines = setup["options"]["install_requires"].splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def needed_for(requirements: Iterable[str]) -> list[metadata.Distribution]:
    """Return the installed distributions that requirements need, and that these need in turn."""
    waiting, found = list(requirements), {}
    while waiting:
        wanted = Requirement(waiting.pop())
        name = canonicalize_name(wanted.name)
        if name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found[name] = metadata.distribution(name)
        waiting += found[name].requires or []
    return list(found.values())


def installed(requirements: list[str], folder: Path) -> float:
    """Install into a fresh environment; return pip's seconds."""
    subprocess.run((sys.executable, "-m", "venv", folder), check=True)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir")
    start = time.perf_counter()
    subprocess.run((*pip, "--no-compile", *requirements), check=True)
    return time.perf_counter() - start


def installed_in(folder: Path) -> list[metadata.Distribution]:
    """Return the distributions of an environment, but for pip."""
    (site,) = folder.glob("lib/python3*/site-packages")
    found = metadata.distributions(path=[str(site)])
    return [each for each in found if each.metadata["Name"].lower() != "pip"]


def size_of(distribution: metadata.Distribution) -> float:
    """Return the megabytes of a distribution's files, without bytecode."""
    paths = (Path(str(distribution.locate_file(each))) for each in distribution.files or ())
    sizes = (path.stat().st_size for path in paths if path.suffix != ".pyc" and path.is_file())
    return sum(sizes) / MEGABYTE


def rows_of(
    commit: str, distributions: Iterable[metadata.Distribution], seconds: str
) -> list[tuple[str, ...]]:
    """Return a row for each distribution, the largest first, and one for all of them."""
    sizes = [(each.metadata["Name"].lower(), each.version, size_of(each)) for each in distributions]
    sizes.sort(key=lambda row: -row[2])
    whole = ("all", str(len(sizes)), sum(size for *_, size in sizes))
    rows = [(commit, name, version, f"{size:.1f}", "") for name, version, size in sizes]
    return [*rows, (commit, *whole[:2], f"{whole[2]:.1f}", seconds)]


def measured(commit: str, is_fresh: bool) -> list[tuple[str, ...]]:
    """Return the rows of one commit."""
    requirements = requirements_at(commit)
    if not is_fresh:
        return rows_of(commit, needed_for(requirements), "")
    with tempfile.TemporaryDirectory() as folder:
        seconds = installed(requirements, Path(folder) / "venv")
        return rows_of(commit, installed_in(Path(folder) / "venv"), f"{seconds:.0f}")


def main() -> None:
    """Measure each commit in turn and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commits", nargs="+", metavar="COMMIT")
    parser.add_argument("--install", action="store_true", help="anew, and say how long it took")
    options = parser.parse_args()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for commit in options.commits:
        writer.writerows(measured(commit, options.install))


if __name__ == "__main__":
    main()
