"""One route on one network at several sizes, in a process of its own; called by gpu_check.py.

Prints one JSON object per size as soon as it is measured, and keeps the outcome for `agree`.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from unittest.mock import patch

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "device")]  # neuromodels, tests; cases

from cases import CERTAIN, PDLF, PDLF_STEPS, RECURRENT, Case  # noqa: E402

NETWORKS = {"recurrent": RECURRENT, "pdlf": PDLF}
STEPS = {RECURRENT: 500, PDLF: PDLF_STEPS}
DRAWN = 4096
LONGER = 4
NOISELESS = 64, 60
BATCH = {"batch_cuda": "cuda", "batch_cpp": "cpp", "batch_emulation": "cuda_emulation"}
OTHERS = ("agree", "generations", "kernels")
ROUTES = (*BATCH, "jax", "brian2cuda", "judge")


@dataclass(frozen=True)
class LargeCase(Case):
    """A case of any number of instances: the numbers of the first 4,096 again and again.

    Drawing a thousand million normal numbers takes longer than running the networks; their time
    does not depend on the numbers, and each instance has its own copy of them and its own noise.
    """

    def values(self) -> dict[str, np.ndarray]:
        """Return weights, coefficients and bits: name -> (instances, ...), float32."""
        return dict(_drawn(self.network, self.instances, self.rate))


@lru_cache(maxsize=1)
def _drawn(network: str, instances: int, rate: float) -> dict[str, np.ndarray]:
    drawn = Case(network, min(instances, DRAWN), STEPS[network], rate=rate).values()
    rows = np.arange(instances) % DRAWN
    return {name: value[rows] for name, value in drawn.items()}


# -- the routes ------------------------------------------------------------------------------------


def batch(case: Case, repeats: int, device: str) -> dict:
    """Run the batch device on all cores, or on the GPU.

    On the GPU, `loop_s` is what more steps take: setting up and copies cancel.
    """
    import batch_route

    once = batch_route.measure(case, repeats, threads=None, device=device)
    if device == "cpp":
        return once | {"loop_s": once["seconds"]}
    longer = batch_route.measure(replace(case, steps=LONGER * case.steps), repeats, None, device)
    loop = (longer["seconds"] - once["seconds"]) / (LONGER - 1)
    return once | {"loop_s": max(loop, 0.0)}


def jax(case: Case, repeats: int) -> dict:
    """Run `jit(vmap(scan))` on whatever JAX takes; data are there before and stay after."""
    import jax
    import jax_routes

    measured = jax_routes.measure(case, repeats)
    return measured | {"loop_s": measured["seconds"], "platform": jax.devices()[0].platform}


def brian2cuda(case: Case, repeats: int) -> dict:
    """Run the copies side by side on `cuda_standalone`."""
    return tiled(case, repeats, "cuda_standalone")


def tiled(case: Case, repeats: int, device: str) -> dict:
    """Run the copies side by side on a standalone device; the loop alone is timed."""
    import batch_route

    from neuromodels.simulation.tiled.tiled import Tiled

    constants, start = batch_route.values_of(case)
    network = batch_route.network_of(case.network, case.rate)
    copies = Tiled(network, case.instances, device=device, namespace={})
    loops = []
    for seed in range(1, repeats + 1):
        before = copies.report.seconds
        copies.run(batch_route.duration_of(case), constants | start, seed=seed)
        loops.append(copies.report.seconds - before)
    return {
        "seconds": min(loops),
        "loop_s": min(loops),
        "build_s": copies.report.build_seconds,
        "outcome": batch_route.outcome_of(case, copies),
    }


def judge(case: Case, repeats: int) -> dict:
    """Compute the first instances by the slow, independent route."""
    from agreement import judge

    return {"seconds": 0.0, "loop_s": 0.0, "build_s": 0.0, "outcome": judge(case)}


def route_of(name: str) -> Callable[[Case, int], dict]:
    """Return the function that measures a route."""
    if name in BATCH:
        return partial(batch, device=BATCH[name])
    return {"jax": jax, "brian2cuda": brian2cuda, "judge": judge}[name]


# -- one process -----------------------------------------------------------------------------------


def measure(route: str, cases: list[Case], repeats: int, outcomes: Path) -> Iterator[dict]:
    """Yield one row per case, and keep its outcome."""
    for case in cases:
        measured = route_of(route)(case, repeats)
        np.savez(outcomes / f"{_key(case)}-{route}.npz", **measured.pop("outcome"))
        updates = case.synapse_steps
        loop = measured["loop_s"]
        yield {
            "route": route,
            "network": case.network,
            "instances": case.instances,
            "steps": case.steps,
            "rate": case.rate,
            "updates_per_s": updates / loop if loop else None,
            "updates_per_s_with_copies": updates / measured["seconds"] if loop else None,
            **measured,
        }


def _key(case: Case) -> str:
    short = next(key for key, name in NETWORKS.items() if name == case.network)
    return f"{short}-{case.instances}-{case.steps}-{case.rate:g}"


def cases_of(network: str, sizes: list[int], noiseless: bool) -> list[Case]:
    """Return the cases of a network; without noise, routes must give equal numbers."""
    name = NETWORKS[network]
    cases: list[Case] = [LargeCase(name, size, STEPS[name]) for size in sizes]
    if noiseless and name == RECURRENT:
        cases.append(Case(RECURRENT, *NOISELESS, rate=CERTAIN))
    return cases


def agree(outcomes: Path) -> Iterator[dict]:
    """Compare all routes of each case; yield the largest difference, or what disagrees."""
    from agreement import Disagreement, check

    files = sorted(outcomes.glob("*-*.npz"))
    for key, group in groupby(files, key=lambda file: file.stem.rpartition("-")[0]):
        found = {}
        for file in group:
            with np.load(file) as arrays:
                found[file.stem.rpartition("-")[2]] = dict(arrays)
        short, instances, steps, rate = key.split("-")
        case = LargeCase(NETWORKS[short], int(instances), int(steps), rate=float(rate))
        row = {
            "network": case.network,
            "instances": case.instances,
            "rate": case.rate,
            "routes": sorted(found),
        }
        try:
            yield row | {"largest_difference": check(case, found)}
        except Disagreement as problem:
            yield row | {"disagreement": str(problem)}


def generations(device: str, repeats: int) -> Iterator[dict]:
    """Yield what a generation at the paper's size costs, for both cells of the paper."""
    import pdlf_generation

    from neuromodels.simulation import Batch
    from neuromodels.store.provenance import usable_cores

    def on_device(*given, **options) -> Batch:
        return Batch(*given, **{**options, "device": device})

    # The study that is timed runs on the processor: its batch is made on the device instead.
    with patch("neuromodels.experiment.batches.Batch", on_device):
        for length, latency in pdlf_generation.PUBLISHED:
            row = pdlf_generation.row_of(length, latency, usable_cores(), repeats)
            yield {"device": device, **row}


def kernels() -> Iterator[dict]:
    """Yield what the compiler says of the kernel of each network, float32; needs no GPU."""
    from cuda_kernels import NETWORKS, kernel_report

    for name, declared in NETWORKS.items():
        for arch in ("sm_90", "sm_80"):
            yield {"network": name, **kernel_report(declared("float32"), arch=arch)}


def arguments():
    """Read the command line."""
    parser = ArgumentParser(description="One route at several sizes.")
    parser.add_argument("what", choices=(*ROUTES, *OTHERS))
    parser.add_argument("--network", choices=NETWORKS, default="recurrent")
    parser.add_argument("--sizes", default="", help="instances, separated by commas")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--noiseless", action="store_true", help="and a case without noise")
    parser.add_argument("--device", default="cpp", help="of generations")
    parser.add_argument("--outcomes", type=Path, default=Path("."))
    return parser.parse_args()


def main() -> int:
    """Print a JSON object per row; return 1 if routes disagree."""
    given = arguments()
    sizes = [int(size) for size in given.sizes.split(",") if size]
    rows = {
        "agree": lambda: agree(given.outcomes),
        "generations": lambda: generations(given.device, given.repeats),
        "kernels": kernels,
    }.get(
        given.what,
        lambda: measure(
            given.what,
            cases_of(given.network, sizes, given.noiseless),
            given.repeats,
            given.outcomes,
        ),
    )
    bad = False
    for row in rows():
        print(json.dumps(row), flush=True)
        bad |= "disagreement" in row
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
