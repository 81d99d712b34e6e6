"""What each measure of spikes costs, on the network of ``examples/sweep_stdp_network.py``.

usage: python benchmarks/models/measure_costs.py [--seconds 0.5] [--instances 8] [--repeats 7]
                                                 [--counted] [--json FILE]

The network runs without measures, with each of them alone, and with all. Rounds are interleaved:
in each round all take turns, in an order of its own, and a cost is a ratio within a round. Times
are of one processor core. With --counted, Valgrind counts the instructions too (for AVX2): they do
not depend on what else the machine does. You need valgrind with its headers, and g++.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "device"), str(HERE.parents[1])]

from instructions import REQUESTS, prepare  # noqa: E402
from spike_measures import spike_measures, stdp_model  # noqa: E402
from sweep_beside_joblib import processor  # noqa: E402

from neuromodels.models.compiled import Choice, Compiled  # noqa: E402

NONE, ALL = "none", "all"
#: Simulated seconds of a run whose instructions are counted.
COUNTED_SECONDS = 0.1
DUMP = """
void dump(const char* label) { CALLGRIND_DUMP_STATS_AT(label); }
"""


def variants(seconds: float, only: str = "") -> dict[str, Compiled]:
    """Return the network without measures, with each alone, and with all.

    Parameters
    ----------
    seconds
        Simulated time of a run.
    only
        Names of the measures, with commas between them; all where there is none.
    """
    each = spike_measures(seconds)
    each = {name: each[name] for name in (only.split(",") if only else each)}
    chosen = {NONE: {}, **{name: {name: measure} for name, measure in each.items()}, ALL: each}
    choice = Choice("cpp", 1)
    return {name: Compiled(stdp_model(seconds, m), choice) for name, m in chosen.items()}


def run(compiled: Compiled, instances: int) -> dict[str, np.ndarray]:
    """Run some instances in the middle of the sweep's plane, with the same noise for all."""
    points = {"g": np.full((1, 1), 5.0), "w": np.full((1, 1), 1.0)}
    return compiled.run(points, np.zeros(instances, int), np.arange(instances, dtype=np.uint64))


def seconds_of(compiled: Compiled, instances: int) -> float:
    """Return the processor time that instances take."""
    begun = time.process_time()
    run(compiled, instances)
    return time.process_time() - begun


def check_agreement(ready: dict[str, Compiled]) -> None:
    """Refuse to time measures that are not the same alone and together."""
    together = run(ready[ALL], 2)
    for name in set(ready) - {NONE, ALL}:
        np.testing.assert_array_equal(run(ready[name], 2)[name], together[name], name)


def timed(given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what each variant costs more than the network without measures, in percent."""
    ready = variants(given.seconds, given.only)
    run(ready[NONE], 1)
    check_agreement(ready)
    rounds: list[dict[str, float]] = []
    for number in range(given.repeats):
        order = np.random.default_rng(number).permutation(list(ready))
        rounds.append({str(name): seconds_of(ready[name], given.instances) for name in order})
    return {name: _cost([each[name] for each in rounds], rounds) for name in ready}


def _cost(spent: list[float], rounds: list[dict[str, float]]) -> dict[str, Any]:
    bare = [each[NONE] for each in rounds]
    percent = [100 * (mine / none - 1) for mine, none in zip(spent, bare, strict=True)]
    middle, low, high = np.median(percent), min(percent), max(percent)
    return {"percent": middle, "range": [low, high], "seconds": float(np.median(spent))}


# -- instructions ---------------------------------------------------------------------------------


def counted(only: str) -> dict[str, float]:
    """Return the instructions of one more instance of each variant."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        source = folder / "requests.c"
        source.write_text(REQUESTS + DUMP)
        library = folder / "requests.so"
        subprocess.run(["g++", "-shared", "-fPIC", "-xc", source, "-o", library], check=True)
        command = [sys.executable, __file__, "--inside", name, "--only", only]
        environment = {**os.environ, "CXX": str(folder / "g++"), "NEUROMODELS_CACHE": name}
        subprocess.run(command, env=environment, check=True)  # builds
        valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
        valgrind += [f"--callgrind-out-file={folder}/counts"]
        subprocess.run([*valgrind, *command], env=environment, check=True, capture_output=True)
        dumps = [path.read_text() for path in folder.glob("counts*")]
    counts = {label: number for text in dumps for label, number in _totals(text)}
    names = {label.partition(":")[0] for label in counts}
    return {name: float(counts[f"{name}:2"] - counts[f"{name}:1"]) for name in names}


def _totals(text: str) -> list[tuple[str, int]]:
    label = re.search(r"^desc: Trigger: Client Request: (\S+)", text, re.MULTILINE)
    total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
    return [(label[1], int(total[1]))] if label and total else []


def count_here(folder: Path, only: str) -> None:
    """Run one and two instances of each variant, each counted on its own under valgrind."""
    requests = ctypes.CDLL(str(folder / "requests.so"))
    requests.begin.restype = requests.end.restype = requests.dump.restype = None
    for name, compiled in variants(COUNTED_SECONDS, only).items():
        run(compiled, 1)
        for instances in (1, 2):
            requests.begin()
            run(compiled, instances)
            requests.end()
            requests.dump(f"{name}:{instances}".encode())


def with_instructions(costs: dict[str, dict[str, Any]], counts: dict[str, float]) -> None:
    """Add the instructions to the costs."""
    for name, cost in costs.items():
        cost["instructions"] = counts[name]
        cost["percent_of_instructions"] = 100 * (counts[name] / counts[NONE] - 1)


# -- output ---------------------------------------------------------------------------------------


def table_of(costs: dict[str, dict[str, Any]]) -> str:
    """Return the costs as a table."""
    lines = []
    for name, cost in costs.items():
        low, high = cost["range"]
        line = f"{name:32s}{cost['percent']:8.1f} %  ({low:.1f} to {high:.1f})"
        if "instructions" in cost:
            line += f"{cost['percent_of_instructions']:8.1f} % of instructions"
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    """Time all variants, and count their instructions if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.5, help="simulated time of a run")
    parser.add_argument("--instances", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", default="", help="names of measures, with commas")
    parser.add_argument("--counted", action="store_true", help="count instructions, too")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return count_here(given.inside, given.only)
    costs = timed(given)
    if given.counted:
        with_instructions(costs, counted(given.only))
    sys.stdout.write(table_of(costs) + "\n")
    asked = {name: getattr(given, name) for name in ("seconds", "instances", "repeats")}
    result = {"processor": processor(), **asked, "load": os.getloadavg()[0], "costs": costs}
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")
    return None


if __name__ == "__main__":
    main()
