"""Carry what the check needs to a machine without a network: a folder of wheels.

    python benchmarks/gpu/gpu_wheels.py FOLDER [--without NAME ...] [--also NAME==VERSION ...]

Run that where there is a network.  `gpu_check.py --wheels FOLDER` installs from it, into a folder
of its own, what the other machine lacks.
"""

import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "3.12"
PLATFORMS = (
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "manylinux1_x86_64",
)
TESTS = ("pytest", "hypothesis", "setuptools")
#: Must be of the version that was carried, even where the machine has another one.
EXACT = ("brian2", "brian2cuda", "nevergrad")
COMMIT = "commit.txt"

#: Processes .pth files of a folder on PYTHONPATH: setuptools brings distutils back with one.
STARTUP = "import os, site\nsite.addsitedir(os.path.dirname(os.path.abspath(__file__)))\n"


# -- here ------------------------------------------------------------------------------------------


def fill(folder: Path, without: Iterable[str] = (), also: Iterable[str] = ()) -> list[str]:
    """Download the wheels of all needed packages, of the versions installed here.

    Parameters
    ----------
    without
        Packages to leave out, because the other machine has them.
    also
        More packages, ``name==version``.

    Returns
    -------
    list of str
        ``name==version`` of what was downloaded.
    """
    left_out = {normal(name) for name in without}
    pins = [f"{name}=={found}" for name, found in needed().items() if name not in left_out]
    pins += also
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--implementation",
        "cp",
        "--python-version",
        PYTHON,
        *platforms,
        "--dest",
        str(folder),
    ]
    subprocess.run([*command, *pins], check=True)
    (folder / COMMIT).write_text(commit_of(ROOT) + "\n")
    return pins


def needed() -> dict[str, str]:
    """Return normalised name -> version of all packages that the check imports.

    The version is the one installed here, or the one that setup.cfg demands.
    """
    from packaging.requirements import Requirement

    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    first = setup["options"]["install_requires"] + setup["options.extras_require"]["cuda"]
    waiting = [Requirement(line) for line in (*first.split("\n"), *TESTS) if _is_one(line)]
    found: dict[str, str] = {}
    while waiting:
        package = waiting.pop()
        name = normal(package.name)
        if name in found:
            continue
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = str(package.specifier).removeprefix("==")
            continue
        further = [Requirement(text) for text in metadata.requires(name) or []]
        waiting += [r for r in further if r.marker is None or r.marker.evaluate({"extra": ""})]
    return dict(sorted(found.items()))


def _is_one(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def commit_of(folder: Path) -> str:
    """Return the commit of a checkout, marked where files differ from it; "unknown" outside one."""
    head, changed = (
        subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
        for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    )
    if head.returncode:
        return "unknown"
    return head.stdout.strip() + (" (changed)" if changed.stdout.strip() else "")


# -- there -----------------------------------------------------------------------------------------


def install(wheels: Path, site: Path) -> list[str]:
    """Install from a folder of wheels what this Python lacks, into a folder of its own.

    Returns
    -------
    list of str
        Names of the files that were installed.

    Raises
    ------
    SystemExit
        Where the folder holds no wheel, or pip fails.
    """
    if not any(wheels.glob("*.whl")):
        raise SystemExit(f"gpu_check: --wheels must name a folder of wheels; got {wheels}.")
    site.mkdir(parents=True, exist_ok=True)
    chosen = list(missing(wheels))
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
        "--no-deps",
        "--no-compile",
        "--no-cache-dir",
        "--upgrade",
        "--target",
        str(site),
        *map(str, chosen),
    ]
    if chosen and subprocess.run(command).returncode:
        raise SystemExit(f"gpu_check: pip could not install from {wheels}.")
    (site / "sitecustomize.py").write_text(STARTUP)
    return [wheel.name for wheel in chosen]


def missing(wheels: Path) -> Iterator[Path]:
    """Yield the wheels of packages that are absent here, or must be of exactly that version."""
    for wheel in sorted(wheels.glob("*.whl")):
        name, carried = wheel.name.split("-")[:2]
        try:
            present = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield wheel
            continue
        if normal(name) in EXACT and present != carried:
            yield wheel


def normal(name: str) -> str:
    """Return a package's name as requirements may spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Fill the folder and say what is in it."""
    parser = ArgumentParser(description="Download the wheels that gpu_check.py --wheels needs.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without", nargs="*", default=(), metavar="NAME", help="leave these out")
    parser.add_argument("--also", nargs="*", default=(), metavar="NAME==VERSION", help="and these")
    given = parser.parse_args()
    pins = fill(given.folder, given.without, given.also)
    size = sum(file.stat().st_size for file in given.folder.glob("*.whl")) / 1e6
    print(f"{len(pins)} wheels for Python {PYTHON}, {size:.1f} MB, in {given.folder}")


if __name__ == "__main__":
    main()
