"""What each measure of spikes costs, on the network of ``examples/sweep_stdp_network.py``.

usage: python benchmarks/models/measure_costs.py [--seconds 0.5] [--instances 8] [--repeats 3]
                                                 [--processes 5] [--counted] [--json FILE]

The network runs without measures, with each of them alone, and with all. Rounds are interleaved:
in each round all take turns, in an order of its own, and a cost is a ratio within a round. Rounds
of several processes are put together. Times are of one processor core. With --counted, Valgrind
counts the instructions too (for AVX2): they do not depend on what else the machine does. You need
valgrind with its headers, and g++.
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
#: Turns of the network without measures in a round: each cost is compared with it.
BARE_TURNS = 5
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
    """Return what each variant costs more than the network without measures, in percent.

    Rounds are of several processes: where arrays lie in memory makes a few percent, too.
    """
    command = [sys.executable, __file__, "--rounds", "--only", given.only]
    for name in ("seconds", "instances", "repeats"):
        command += [f"--{name}", str(getattr(given, name))]
    command += ["--turn", ""]
    rounds: list[dict[str, float]] = []
    for turn in range(given.processes):
        command[-1] = str(turn)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rounds += json.loads(done.stdout)
    return {name: _cost(name, rounds) for name in rounds[0]}


def rounds_here(given: argparse.Namespace) -> list[dict[str, float]]:
    """Return the seconds of each variant in some rounds of this process."""
    random = np.random.default_rng(given.turn)
    ready = variants(given.seconds, given.only)
    for name in random.permutation(list(ready)):
        run(ready[str(name)], 1)  # its arrays lie elsewhere in each process
    check_agreement(ready)
    return [one_round(ready, given.instances, random) for _ in range(given.repeats)]


def one_round(
    ready: dict[str, Compiled], instances: int, random: np.random.Generator
) -> dict[str, float]:
    """Return the seconds of each variant, the median of those that take several turns."""
    turns = [*ready, *[NONE] * (BARE_TURNS - 1)]
    spent: dict[str, list[float]] = {name: [] for name in ready}
    for name in random.permutation(turns):
        spent[name].append(seconds_of(ready[name], instances))
    return {name: float(np.median(each)) for name, each in spent.items()}


def _cost(name: str, rounds: list[dict[str, float]]) -> dict[str, Any]:
    spent = [each[name] for each in rounds]
    percent = [100 * (each[name] / each[NONE] - 1) for each in rounds]
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
    total = re.search(r"^totals: (\d+)", text, re.MULTILINE)
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
    parser.add_argument("--repeats", type=int, default=3, help="rounds of each process")
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--only", default="", help="names of measures, with commas")
    parser.add_argument("--counted", action="store_true", help="count instructions, too")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--turn", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return count_here(given.inside, given.only)
    if given.rounds:
        sys.stdout.write(json.dumps(rounds_here(given)))
        return None
    costs = timed(given)
    if given.counted:
        with_instructions(costs, counted(given.only))
    sys.stdout.write(table_of(costs) + "\n")
    asked = {
        name: getattr(given, name) for name in ("seconds", "instances", "repeats", "processes")
    }
    result = {"processor": processor(), **asked, "load": os.getloadavg()[0], "costs": costs}
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")
    return None


if __name__ == "__main__":
    main()
