"""Sweep 100,000 instances of the network with STDP, with every measure of spikes.

usage: python benchmarks/models/hundred_thousand.py [--instances 100000] [--seconds 0.05]
                                                    [--memory 192] [--killed] [--json FILE]

What the sweep may take is stated before the run. Resident memory is sampled while it runs, and the
benchmark fails where it is more. With --killed the process is killed in the middle, and goes on
from its folder in a second one. Digests tell whether the numbers are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
MIB = 2**20
PAGE = os.sysconf("SC_PAGE_SIZE")
#: Seconds between two looks at the memory of the process.
EVERY = 0.05
#: Instances of which there is a digest of their own: runs of any size have the same ones.
FIRST = 10_000


def resident_bytes() -> int:
    """Return the bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


class Sampler(threading.Thread):
    """Looks at the memory of the process until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.samples = 0, 0
        self.over = threading.Event()

    def run(self) -> None:
        """Keep the largest number."""
        while not self.over.wait(EVERY):
            self.peak = max(self.peak, resident_bytes())
            self.samples += 1


def sweep_here(given: argparse.Namespace) -> dict[str, Any]:
    """Sweep in this process, and return what was stated and what came out."""
    from spike_measures import spike_measures, stdp_model

    from neuromodels.exploration import memory_of_sweep, sobol, sweep
    from neuromodels.models.compiled import Choice, Compiled

    model = stdp_model(given.seconds, spike_measures(given.seconds))
    points = sobol(model, given.instances)
    compiled = Compiled(model, Choice("cpp", given.cores))
    limit = {"memory": given.memory * MIB, "folder": given.folder}
    demand = memory_of_sweep(compiled, points, **limit)
    before = resident_bytes()
    stated = {
        "before_MiB": before / MIB,
        "limit_MiB": (before + given.memory * MIB) / MIB,
        "instances_at_a_time": demand.instances,
        "bytes_of_instance": demand.each,
        "results_MiB": demand.results / MIB,
    }
    tell({"stated": stated})
    course: list[list[float]] = []
    sampler = Sampler()
    sampler.start()
    begun = time.perf_counter()

    def report(done: int, _: int) -> None:
        course.append([done, time.perf_counter() - begun, resident_bytes() / MIB])
        tell({"done": done})

    found = sweep(compiled, points, **limit, report=report)
    spent = time.perf_counter() - begun
    sampler.over.set()
    return {
        **stated,
        "peak_MiB": max(sampler.peak, resident_bytes()) / MIB,
        "samples": sampler.samples,
        "seconds": spent,
        "measures": sorted(compiled.readings),
        "digest": digest_of(found, None),
        "digest_of_first": digest_of(found, FIRST),
        "means": {name: float(found[name].mean()) for name in compiled.readings},
        "course": thinned(course),
    }


def digest_of(found: Any, first: int | None) -> str:
    """Return a digest of all numbers of the first instances."""
    digest = hashlib.sha256()
    for name in sorted(found.data_vars):
        digest.update(f"{name}".encode() + found[name].values[:first].tobytes())
    return digest.hexdigest()[:16]


def thinned(course: list[list[float]], most: int = 40) -> list[list[float]]:
    """Return some lines of the course, instances, seconds and MiB each."""
    step = max(len(course) // most, 1)
    return [[done, round(at, 1), round(size, 1)] for done, at, size in course[::step]]


def tell(values: dict[str, Any]) -> None:
    """Print a line for the process that watches this one."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def follow(command: list[str], kill_at: float) -> tuple[dict[str, Any] | None, int]:
    """Run the sweep in a process; return its last line, and how many instances were done.

    Parameters
    ----------
    kill_at
        How many instances must be done before it is killed.
    """
    last: dict[str, Any] = {}
    done = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            last = json.loads(line)
            done = last.get("done", done)
            if "stated" in last:
                sys.stderr.write(f"stated: {last['stated']}\n")
            if done >= kill_at:
                process.send_signal(signal.SIGKILL)
                break
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit("benchmark: the sweep has failed.")
    return (last if process.returncode == 0 else None), done


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Sweep in a process of its own, in two where the first shall be killed."""
    command = [sys.executable, __file__, "--inside", "--folder", str(folder)]
    for name in ("instances", "seconds", "memory", "cores"):
        command += [f"--{name}", str(getattr(given, name))]
    killed: dict[str, Any] = {}
    if given.killed:
        begun = time.perf_counter()
        _, done = follow(command, given.instances / 2)
        killed = {"killed_at": done, "seconds_before": time.perf_counter() - begun}
    found, _ = follow(command, float("inf"))
    assert found is not None
    return {**killed, **found}


def main() -> None:
    """Sweep, and say whether memory stayed within what was stated."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=0.05, help="simulated time of a run")
    parser.add_argument("--memory", type=int, default=192, help="MiB beside the network")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--killed", action="store_true", help="kill it in the middle once")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return tell(sweep_here(given))
    from sweep_beside_joblib import processor

    with TemporaryDirectory() as folder:
        found = measure(given, Path(folder) / "sweep")
    asked = {"instances": given.instances, "simulated_s": given.seconds, "cores": given.cores}
    result = {"processor": processor(), **asked, "memory_MiB": given.memory, **found}
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")
    if result["peak_MiB"] > result["limit_MiB"]:
        raise SystemExit("benchmark: the sweep took more memory than was stated.")
    return None


if __name__ == "__main__":
    main()
