"""Count the instructions of the batch device and of the kernels written by hand, for AVX2.

Valgrind counts what one more instance executes, whatever else the machine is doing.
You need valgrind with its headers, and g++.
"""

import ctypes
import json
import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cases import PDLF, PDLF_STEPS, RECURRENT, Case  # noqa: E402

#: Valgrind knows no AVX-512: both routes are compiled for this processor.
PROCESSOR = "haswell"
CASES = [Case(RECURRENT, 8, 500), Case(PDLF, 256, PDLF_STEPS)]
REQUESTS = """
#include <valgrind/callgrind.h>
void begin(void) { CALLGRIND_START_INSTRUMENTATION; CALLGRIND_ZERO_STATS; }
void end(void) { CALLGRIND_STOP_INSTRUMENTATION; }
"""
COMPILER = """\
#!/bin/sh
for word in "$@"; do
    case "$word" in
        -march=native) set -- "$@" -march=PROCESSOR ;;
        -mprefer-vector-width=*) ;;
        *) set -- "$@" "$word" ;;
    esac
    shift
done
exec g++ "$@"
"""


def count(route: str, case: Case, folder: Path) -> float:
    """Return the instructions per synapse and step of one route."""
    run_route(route, case, folder, [])  # builds
    once, twice = (
        instructions(route, Case(case.network, n * case.instances, case.steps), folder)
        for n in (1, 2)
    )
    return (twice - once) / case.synapse_steps


def instructions(route: str, case: Case, folder: Path) -> int:
    """Return how many instructions one run takes, what Python does around it included."""
    valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
    output = run_route(route, case, folder, [*valgrind, "--callgrind-out-file=/dev/null"])
    return int(re.findall(r"refs:\s+([\d,]+)", output)[-1].replace(",", ""))


def run_route(route: str, case: Case, folder: Path, under: list[str]) -> str:
    """Run one route in a process of its own, under valgrind or not; return what it says."""
    environment = {**os.environ, "CXX": str(folder / "g++"), "NEUROMODELS_CACHE": str(folder)}
    size = ["--network", case.network, "--instances", case.instances, "--steps", case.steps]
    command = [*under, sys.executable, __file__, "--route", route, *size, "--folder", folder]
    done = subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"benchmark: {route} failed.\n{done.stderr}")
    return done.stderr


def prepare(folder: Path) -> None:
    """Write a compiler for the processor that valgrind knows, and the way to speak to it."""
    compiler = folder / "g++"
    compiler.write_text(COMPILER.replace("PROCESSOR", PROCESSOR))
    compiler.chmod(0o755)
    source = folder / "requests.c"
    source.write_text(REQUESTS)
    library = folder / "requests.so"
    subprocess.run(["g++", "-shared", "-fPIC", "-xc", source, "-o", library], check=True)


def run_here(route: str, case: Case, requests: ctypes.CDLL) -> None:
    """Run one route, counted from when its numbers are set until it has ended."""
    if route == "hand":
        _run_hand(case, requests)
        return
    from batch_route import duration_of, put, values_of, whole_batch

    constants, start = values_of(case)
    batch = whole_batch(case, threads=1)
    put(batch, constants)
    batch.run(duration_of(case) * 0)
    put(batch, start)
    requests.begin()
    batch.run(duration_of(case))
    requests.end()


def _run_hand(case: Case, requests: ctypes.CDLL) -> None:
    import hand_route

    hand_route.FLAGS = ("-O3", f"-march={PROCESSOR}", "-ffast-math")
    compile_kernel = hand_route.compiled

    class Counted:
        """A kernel whose run is counted."""

        def __init__(self, source: Path, folder: Path):
            self.kernel = compile_kernel(source, folder)

        def run(self, *arguments: object) -> None:
            requests.begin()
            self.kernel.run(*arguments)
            requests.end()

    hand_route.compiled = Counted
    hand_route.measure(case, 1)


def main() -> None:
    """Count both routes on both networks, or run one of them."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--route", choices=("hand", "batch"), help="run this one, uncounted")
    parser.add_argument("--network", default=RECURRENT)
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.route:
        case = Case(given.network, given.instances, given.steps)
        run_here(given.route, case, ctypes.CDLL(str(given.folder / "requests.so")))
        return
    with TemporaryDirectory() as name:
        prepare(Path(name))
        rows = {case.network: _row(case, Path(name)) for case in CASES}
    print(json.dumps(rows) if given.json else _table(rows))


def _row(case: Case, folder: Path) -> dict[str, float]:
    batch, hand = (count(route, case, folder) for route in ("batch", "hand"))
    return {"batch": batch, "hand": hand, "batch_over_hand": batch / hand}


def _table(rows: dict[str, dict[str, float]]) -> str:
    lines = [f"instructions per synapse and step, float32, {PROCESSOR}"]
    for network, row in rows.items():
        numbers = ", ".join(f"{name} {value:.3f}" for name, value in row.items())
        lines.append(f"  {network:<26}{numbers}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
