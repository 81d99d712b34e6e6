"""The same 200 runs of a network with STDP: `sweep`, and plain Brian2 with joblib.

usage: python benchmarks/models/sweep_beside_joblib.py [--seconds 1] [--cores 2] [--quick]
                                                       [--json FILE]

Each way runs in a process of its own, from an empty cache. Both measure the rate, the CV of
intervals, synchrony and the mean weight of 40 points with 5 repeats. The plain way needs joblib,
and Cython for Brian2's default code.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "examples"), str(HERE.parents[1])]
#: Values of g, values of w, and repeats of each pair.
Grid = tuple[list[float], list[float], int]
WHOLE: Grid = [1, 2, 3, 4, 5, 6, 7, 8], [0.4, 0.8, 1.2, 1.6, 2.0], 5
#: With --quick: few runs, to see that everything works.
QUICK: Grid = [2, 6], [1], 2


def by_sweep(grid: Grid, seconds: float, cores: int):
    """Run the grid as one batch."""
    from brian2 import second
    from sweep_stdp_network import build

    from neuromodels import Model, sweep
    from neuromodels.models import IntervalCV, Rate, Synchrony

    measures = {"rate": Rate("exc"), "cv": IntervalCV("exc"), "synchrony": Synchrony("exc")}
    model = Model(
        build,
        seconds * second,
        {"g": "g", "w": "plastic.w"},
        {**measures, "weight": "mean(last(plastic.w))"},
        seconds / 4 * second,
    )
    g, w, repeats = grid
    found = sweep(model, {"g": g, "w": w}, repeats, threads=cores)
    return found[["rate", "cv", "synchrony", "weight"]].mean("repeat").to_dataframe()


def by_joblib(grid: Grid, seconds: float, cores: int):
    """Run the grid network by network."""
    from sweep_stdp_network import build

    return import_module("plain_brian2").swept(build, *grid, seconds, cores)


WAYS = {"sweep": by_sweep, "joblib": by_joblib}


def measure(way: str, grid: Grid, seconds: float, cores: int) -> None:
    """Run one way in this process, and write its time, peak memory and table as JSON."""
    begun = time.perf_counter()
    table = WAYS[way](grid, seconds, cores)
    spent = time.perf_counter() - begun
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    own, child = (resource.getrusage(kind).ru_maxrss / 1024 for kind in kinds)
    peak = own + (child * cores if way == "joblib" else 0)
    rows = table.reset_index().to_dict("list")
    sys.stdout.write(json.dumps({"seconds": spent, "peak_MiB": peak, "table": rows}))


def lines_of(way: str) -> int:
    """Return the lines that a user writes beside the model."""
    if way == "joblib":
        text = (HERE / "plain_brian2.py").read_text().split("itself.\n")[1]
    else:
        text = (HERE.parents[1] / "examples/sweep_stdp_network.py").read_text()
        text = text.split("def main")[1]
    return sum(bool(line.strip()) for line in text.splitlines())


def run(way: str, seconds: float, cores: int, is_quick: bool) -> dict:
    """Run one way in a fresh process with empty caches."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, __file__, "--way", way, "--seconds", str(seconds)]
        command += ["--cores", str(cores), *(["--quick"] if is_quick else [])]
        names = ("NEUROMODELS_CACHE", "XDG_CACHE_HOME", "HOME")
        environment = {**os.environ, **dict.fromkeys(names, cache)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{way}: {done.stderr[-2000:]}")
    return {**json.loads(done.stdout), "lines": lines_of(way)}


def processor() -> str:
    """Return the name of the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    wide = any("avx512f" in line for line in lines)
    return f"{names[0] if names else platform.processor()}{', AVX-512' if wide else ''}"


def main() -> None:
    """Run both ways and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="simulated time of a run")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="few runs")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    grid = QUICK if given.quick else WHOLE
    if given.way:
        return measure(given.way, grid, given.seconds, given.cores)
    found = {way: run(way, given.seconds, given.cores, given.quick) for way in WAYS}
    ratio = found["joblib"]["seconds"] / found["sweep"]["seconds"]
    result = {
        "processor": processor(),
        "cores": given.cores,
        "runs": len(grid[0]) * len(grid[1]) * grid[2],
        "simulated_s": given.seconds,
        "ratio": ratio,
        **found,
    }
    for way, numbers in found.items():
        spent, peak = numbers["seconds"], numbers["peak_MiB"]
        sys.stdout.write(f"{way:8s} {spent:8.1f} s {peak:8.0f} MiB {numbers['lines']:4d} lines\n")
    sys.stdout.write(f"joblib takes {ratio:.1f} times as long ({result['processor']})\n")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")
    return None


if __name__ == "__main__":
    main()
