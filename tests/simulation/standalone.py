"""All networks of the catalog in one stock `cpp_standalone` project."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import brian2
from brian2.devices import reset_device

from simulation.networks.catalog import CATALOG, DRAWN
from simulation.outcomes import Outcome, stock_outcome


def standalone_outcomes(folder: Path) -> dict[str, Outcome]:
    """Build and run one project; return the outcome of each network after one run."""
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    try:
        cases = {name: build() for name, build in CATALOG.items() if name not in DRAWN}
        for case in cases.values():
            case.network.run(case.duration, namespace={})
        brian2.device.build(directory=str(folder), compile=False, run=False)
        compile_as_one(folder)
        brian2.device.run(str(folder), "results", with_output=False, run_args=[])
        return {name: stock_outcome(case) for name, case in cases.items()}
    finally:
        brian2.device.reinit()
        reset_device()


def compile_as_one(folder: Path) -> None:
    """Compile as one source, not optimised: its own makefile reads the headers 700 times."""
    pieces = sorted((folder / "code_objects").glob("*.cpp"))
    (folder / "all_code_objects.cpp").write_text("\n".join(_renamed(pieces)))
    sources = [*folder.glob("*.cpp"), *(folder / "brianlib").glob("*.cpp")]
    names = [str(path.relative_to(folder)) for path in sources]
    compiler = os.environ.get("CXX", "g++")
    command = [compiler, "-std=c++17", "-O0", "-w", "-I.", *names, "-o", "main"]
    subprocess.run(command, cwd=folder, check=True)


def _renamed(pieces: Iterable[Path]) -> Iterable[str]:
    """Yield sources with their unnamed namespaces named apart; nothing else is changed."""
    for number, piece in enumerate(pieces):
        own = f"part_{number}"
        text = piece.read_text().replace("\nnamespace {", f"\nnamespace {own} {{", 1)
        if f"namespace {own} {{" in text:
            opened = f"using namespace brian; using namespace {own};"
            text = text.replace("using namespace brian;", opened)
        yield text
