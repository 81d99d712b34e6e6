"""What a default installation brings: packages, megabytes and seconds, at one commit or several.

    python benchmarks/install/dependencies.py [--out FILE.csv] COMMIT [COMMIT ...]

A fresh environment for each commit gets what its ``setup.cfg`` requires, not the package itself.
Sizes are those of the files as pip writes them, bytecode left out.  Seconds are those of pip, which
downloads everything anew; they depend on the machine, its network, and what else runs.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

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


def installed(requirements: list[str], folder: Path) -> float:
    """Install into a fresh environment; return pip's seconds."""
    subprocess.run((sys.executable, "-m", "venv", folder), check=True)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir")
    start = time.perf_counter()
    subprocess.run((*pip, "--no-compile", *requirements), check=True)
    return time.perf_counter() - start


def sizes_in(folder: Path) -> list[tuple[str, str, float]]:
    """Return name, version and megabytes of each distribution, the largest first."""
    (site,) = folder.glob("lib/python3*/site-packages")
    rows = [
        (each.metadata["Name"].lower(), each.version, size_of(each))
        for each in metadata.distributions(path=[str(site)])
        if each.metadata["Name"].lower() != "pip"
    ]
    return sorted(rows, key=lambda row: -row[2])


def size_of(distribution: metadata.Distribution) -> float:
    """Return the megabytes of a distribution's files."""
    paths = (Path(str(distribution.locate_file(each))) for each in distribution.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file()) / MEGABYTE


def measured(commit: str) -> list[dict[str, object]]:
    """Return a row for each package of a commit, and one for all of them."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = installed(requirements_at(commit), Path(folder) / "venv")
        rows = sizes_in(Path(folder) / "venv")
    whole = ("all", str(len(rows)), sum(size for *_, size in rows))
    return [
        dict(zip(COLUMNS, (commit, name, version, f"{size:.1f}", ""), strict=True))
        for name, version, size in rows
    ] + [dict(zip(COLUMNS, (commit, *whole[:2], f"{whole[2]:.1f}", f"{seconds:.0f}"), strict=True))]


def main() -> None:
    """Measure each commit in turn and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commits", nargs="+", metavar="COMMIT")
    parser.add_argument("--out", type=argparse.FileType("w"), default=sys.stdout)
    options = parser.parse_args()
    writer = csv.DictWriter(options.out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for commit in options.commits:
        writer.writerows(measured(commit))
        options.out.flush()


if __name__ == "__main__":
    main()
