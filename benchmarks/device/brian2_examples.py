"""Compare the batch device with stock Brian2 `cpp_standalone` on classic networks.

Every route runs in a process of its own and must agree with the others on what it simulates.
"""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from batch_device import machine  # noqa: E402
from example_agreement import Disagreement, check  # noqa: E402
from example_networks import EXAMPLES, Example  # noqa: E402

INSTANCES, QUICK_INSTANCES = 64, 8
#: Column -> what the worker is asked for.  The first batch run finds an empty build cache.
BATCH = {
    "batch_1": {"route": "batch", "threads": 1},
    "batch": {"route": "batch"},
    "batch_float32": {"route": "batch", "dtype": "float32"},
}


def measure_example(example: Example, given: Namespace) -> dict:
    """Run all routes on one network, check that they agree, and return one row."""
    seconds = example.quick_seconds if given.quick else example.seconds
    row = {"network": example.name, "reference": example.reference, "seconds": seconds}
    with TemporaryDirectory() as cache:
        times, outcomes = _batch_columns(example.name, seconds, given, cache)
        if "refused" in times["batch_1"]:
            return row | {"refused": times["batch_1"]["refused"]}
        times["standalone"], outcomes["standalone"] = run_worker(
            {"route": "standalone", "network": example.name, "count": given.standalone_runs},
            seconds,
            given.repeats,
            cache,
        )
    compared = {name: outcomes[name] for name in ("standalone", "batch", "batch_float32")}
    largest = check(example.name, compared)
    return row | {
        "one": _one_instance(times),
        "many": _many_instances(times, given),
        "means": {
            route: {name: float(values.mean()) for name, values in outcome.items()}
            for route, outcome in compared.items()
        },
        "largest_difference": largest,
    }


def _batch_columns(name: str, seconds: float, given: Namespace, cache: str) -> tuple[dict, dict]:
    times, outcomes = {}, {}
    for column, request in BATCH.items():
        alone = column == "batch_1"
        count, repeats = (1, given.repeats) if alone else (given.instances, 1)
        asked = request | {"network": name, "count": count}
        times[column], outcomes[column] = run_worker(asked, seconds, repeats, cache)
        if "refused" in times[column]:
            break
    return times, outcomes


def _one_instance(times: dict) -> dict:
    batch, standalone = times["batch_1"], times["standalone"]
    return {
        "loop_s": {"standalone": standalone["loop_s"], "batch": batch["loop_s"]},
        "build_s": {"standalone": standalone["build_s"], "batch": batch["build_s"]},
        "batch_over_standalone": batch["loop_s"] / standalone["loop_s"],
    }


def _many_instances(times: dict, given: Namespace) -> dict:
    """Compare total times; fewer standalone runs than instances are scaled up, and said to be."""
    columns = ("batch", "batch_float32")
    extrapolated = given.standalone_runs != given.instances
    standalone = times["standalone"]["wall_s"] * given.instances / given.standalone_runs
    walls = {"standalone": standalone} | {name: times[name]["wall_s"] for name in columns}
    return {
        "instances": given.instances,
        "standalone_runs": given.standalone_runs,
        "standalone_is_extrapolated": extrapolated,
        "wall_s": walls,
        "loop_s": {name: times[name]["loop_s"] for name in columns},
        "standalone_over_batch": standalone / walls["batch"],
        "standalone_over_batch_float32": standalone / walls["batch_float32"],
    }


def run_worker(
    asked: dict, seconds: float, repeats: int, cache: str
) -> tuple[dict, dict[str, np.ndarray]]:
    """Run one route in a fresh process; return its times and its outcome."""
    options = [f"--{name}={asked[name]}" for name in ("count", "dtype", "threads") if name in asked]
    options += [f"--seconds={seconds}", f"--repeats={repeats}"]
    with TemporaryDirectory() as folder:
        file = Path(folder, "outcome.npz")
        worker = str(Path(__file__).with_name("example_worker.py"))
        command = [sys.executable, worker, asked["route"], asked["network"], *options]
        done = subprocess.run(
            [*command, f"--outcome={file}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "NEUROMODELS_CACHE": cache},
        )
        if done.returncode:
            raise SystemExit(f"benchmark: {asked} failed.\n{done.stderr}")
        with np.load(file) as outcome:
            return json.loads(done.stdout.splitlines()[-1]), dict(outcome)


def table(report: dict) -> str:
    """Lay the report out for reading."""
    lines = [", ".join(f"{name} {value}" for name, value in report["machine"].items())]
    for row in report["rows"]:
        lines.append(f"\n{row['network']}, {row['seconds']:g} s ({row['reference']})")
        lines += [f"  skipped: {row['refused']}"] if "refused" in row else _described(row)
    return "\n".join(lines)


def _described(row: dict) -> list[str]:
    one, many = row["one"], row["many"]
    note = f" (from {many['standalone_runs']})" if many["standalone_is_extrapolated"] else ""
    return [
        f"  {'':<26}{'standalone':>12}{'batch':>12}{'float32':>12}",
        "  {:<26}{standalone:12.2f}{batch:12.2f}".format("build, cold (s)", **one["build_s"]),
        "  {:<26}{standalone:12.3f}{batch:12.3f}".format("1 instance, loop (s)", **one["loop_s"])
        + f"{'':12}   batch/standalone {one['batch_over_standalone']:.2f}",
        "  {:<26}{standalone:12.2f}{batch:12.2f}{batch_float32:12.2f}".format(
            f"{many['instances']} instances, wall (s)", **many["wall_s"]
        )
        + "   standalone/batch {standalone_over_batch:.2f},".format(**many)
        + " float32 {standalone_over_batch_float32:.2f}".format(**many)
        + note,
        f"  means differ by at most {row['largest_difference']:.2%}, within statistical error",
    ]


def arguments() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", default=",".join(EXAMPLES), help="which, with commas")
    parser.add_argument("--repeats", type=int, default=3, help="runs of 1 instance; best counts")
    parser.add_argument("--instances", type=int, help=f"default {INSTANCES}")
    parser.add_argument("--standalone-runs", type=int, help="default: as many as instances")
    parser.add_argument("--quick", action="store_true", help="short runs, to see that it works")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    given.instances = given.instances or (QUICK_INSTANCES if given.quick else INSTANCES)
    given.standalone_runs = given.standalone_runs or given.instances
    if min(given.instances, given.standalone_runs) < 2:
        parser.error("a spread needs at least 2 instances and 2 standalone runs")
    unknown = set(given.networks.split(",")) - set(EXAMPLES)
    if unknown:
        parser.error(f"no network {', '.join(unknown)}; there are {', '.join(EXAMPLES)}")
    return given


def main() -> None:
    """Measure what was asked for and print it."""
    given = arguments()
    names = given.networks.split(",")
    try:
        rows = [measure_example(EXAMPLES[name], given) for name in names]
    except Disagreement as problem:
        raise SystemExit(f"benchmark: {problem}") from problem
    report = {"machine": machine(), "quick": given.quick, "rows": rows}
    print(json.dumps(report) if given.json else table(report))


if __name__ == "__main__":
    main()
