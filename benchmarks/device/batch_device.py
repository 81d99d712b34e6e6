"""Compare the batch device with stock Brian2, JAX and hand-written C++ on this machine.

Every route runs in a process of its own, on the same numbers, and must agree with the others.
"""

import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from agreement import Disagreement, check  # noqa: E402
from cases import CERTAIN, PDLF, PDLF_STEPS, RECURRENT, Case  # noqa: E402

ROUTES = {
    "a": ("stock",),
    "b": ("jax", "jax_tuned"),
    "c": ("hand",),
    "d": ("batch", "batch_2_threads"),
}
COLUMNS = [name for names in ROUTES.values() for name in names]
RATIOS = {
    "stock_over_batch": ("stock", "batch"),
    "jax_over_batch": ("jax", "batch"),
    "jax_tuned_over_batch_2_threads": ("jax_tuned", "batch_2_threads"),
    "batch_over_hand": ("batch", "hand"),
    "two_threads_over_one": ("batch_2_threads", "batch"),
}
FULL = {
    "1": [Case(RECURRENT, 64, 500), Case(RECURRENT, 512, 500)],
    "2": [Case(PDLF, 8192, PDLF_STEPS)],
}
NOISELESS = Case(RECURRENT, 64, 60, rate=CERTAIN)
QUICK = {"1": [Case(RECURRENT, 64, 300)], "2": [Case(PDLF, 256, PDLF_STEPS)]}


def measure_case(case: Case, routes: list[str], repeats: int) -> dict:
    """Run all routes on one case, check that they agree, and return one row."""
    times, outcomes = {}, {}
    for route in [*routes, "judge"]:
        times[route], outcomes[route] = run_worker(route, case, repeats)
    largest = check(case, outcomes)
    nanoseconds = {
        name: 1e9 * times[name]["seconds"] / case.synapse_steps if name in times else None
        for name in COLUMNS
    }
    return {
        "network": case.network,
        "instances": case.instances,
        "steps": case.steps,
        "ns_per_synapse_step": nanoseconds,
        "largest_difference": largest,
        "build_s": {name: times[name]["build_s"] for name in routes},
        **{ratio: quotient(nanoseconds, *names) for ratio, names in RATIOS.items()},
    }


def check_without_noise(routes: list[str]) -> float:
    """Run network 1 with every input firing in every step: all routes must give equal numbers."""
    outcomes = {route: run_worker(route, NOISELESS, 1)[1] for route in [*routes, "judge"]}
    return check(NOISELESS, outcomes)


def quotient(values: dict, numerator: str, denominator: str) -> float | None:
    """Return the ratio of two columns, None if one was not measured."""
    if values[numerator] is None or values[denominator] is None:
        return None
    return values[numerator] / values[denominator]


def run_worker(route: str, case: Case, repeats: int) -> tuple[dict, dict[str, np.ndarray]]:
    """Run one route in a fresh process; return its times and its outcome."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "outcome.npz")
        size = ["--network", case.network, "--instances", case.instances, "--steps", case.steps]
        size += ["--rate", case.rate]
        times = call_worker([route, *size, "--repeats", repeats, "--outcome", file], route)
        with np.load(file) as outcome:
            return times, dict(outcome)


def call_worker(arguments: list, route: str, cache: str | None = None) -> dict:
    """Start worker.py and return the JSON object it printed last."""
    environment = dict(os.environ)
    if route == "jax_tuned":
        environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={os.cpu_count()}"
    if cache is not None:
        environment["NEUROMODELS_CACHE"] = cache
    command = [sys.executable, str(Path(__file__).with_name("worker.py")), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"benchmark: route {route} failed.\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_build() -> dict[str, float]:
    """Build network 1 in two fresh processes: with an empty cache, then a filled one."""
    with TemporaryDirectory() as cache:
        cold, cached = (call_worker(["build"], "build", cache)["build_s"] for _ in range(2))
    return {"cold_s": cold, "cached_s": cached}


def machine() -> dict[str, str | int | None]:
    """Describe the processor, the compiler and the versions that were compared."""
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True)
    packages = {name: _version(name) for name in ("brian2", "jax", "numpy")}
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "compiler": compiler.stdout.partition("\n")[0],
        "python": platform.python_version(),
        **packages,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def table(report: dict) -> str:
    """Lay the report out for reading."""
    lines = [", ".join(f"{name} {value}" for name, value in report["machine"].items())]
    lines.append("ns per synapse and step, float32; all routes agree on what they compute")
    for row in report["rows"]:
        lines.append(
            f"\n{row['network']}, {row['instances']} instances, {row['steps']} steps"
            f" (largest difference {row['largest_difference']:.2%})"
        )
        for name in COLUMNS:
            if row["ns_per_synapse_step"][name] is not None:
                took = row["ns_per_synapse_step"][name]
                lines.append(f"  {name:<16}{took:8.3f}   build {row['build_s'][name]:6.2f} s")
        for name in RATIOS:
            if row[name] is not None:
                lines.append(f"  {name:<31}{row[name]:6.2f}")
    if report["largest_difference_without_noise"] is not None:
        difference = report["largest_difference_without_noise"]
        lines.append(f"\nnetwork 1 without noise: largest difference {difference:.1e}")
    if report["build"]:
        lines.append(
            "build of network 1: {cold_s:.2f} s, cached {cached_s:.3f} s".format(**report["build"])
        )
    return "\n".join(lines)


def arguments() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--routes", default="a,b,c,d", help="a stock, b JAX, c by hand, d batch")
    parser.add_argument("--networks", default="1,2", help="1 poisson-recurrent, 2 pdlf-copy")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the best counts")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def main() -> None:
    """Measure what was asked for and print it."""
    given = arguments()
    routes = [name for letter in given.routes.split(",") for name in ROUTES[letter]]
    sizes = QUICK if given.quick else FULL
    cases = [case for network in given.networks.split(",") for case in sizes[network]]
    try:
        difference = check_without_noise(routes) if "1" in given.networks else None
        rows = [measure_case(case, routes, given.repeats) for case in cases]
    except Disagreement as problem:
        raise SystemExit(f"benchmark: {problem}") from problem
    build = measure_build() if "batch" in routes else None
    report: dict = {"machine": machine(), "rows": rows, "build": build}
    report["largest_difference_without_noise"] = difference
    print(json.dumps(report) if given.json else table(report))


if __name__ == "__main__":
    main()
