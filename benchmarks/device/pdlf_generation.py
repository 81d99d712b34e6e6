"""One generation of the PDLF copy task at the size of the paper, timed.

256 candidates on 512 fresh sequences each, 128 hidden neurons, every synapse with five
coefficients: the size of Shen et al. 2023 (arXiv:2308.12063), whose logs say 39 ms (length 8,
latency 0) and 0.37 s (length 64, latency 32) on a GPU. Ask, evaluate and tell with PGPE; best of
some generations after one that is not counted. Nothing else should run on the machine.

    python benchmarks/device/pdlf_generation.py [--json]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from time import perf_counter

from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.scoring import losses_per_candidate
from neuromodels.search.optimizers import make_optimizer
from neuromodels.seeding import trial_streams
from neuromodels.store.provenance import cpu, usable_cores
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

PUBLISHED = {(8, 0): 0.039, (64, 32): 0.37}
"""(length, latency) -> seconds per generation in the authors' logs, on a GPU, with a GRU beside."""
CANDIDATES, TRIALS, HIDDEN = 256, 512, 128


def experiment_of(length: int, latency: int, threads: int) -> Experiment:
    """Return the compiled network of a cell."""
    return Experiment(
        Study(
            name="generation",
            task=TaskChoice("sequence_copy", {"length": length, "latency": latency}),
            rule=RuleChoice("pdlf"),
            circuit=CircuitChoice(hidden=HIDDEN),
            device=DeviceChoice(threads=threads),
        )
    )


def row_of(length: int, latency: int, threads: int, repeats: int) -> dict[str, object]:
    """Return what generations of a cell cost."""
    experiment = experiment_of(length, latency, threads)
    optimizer = make_optimizer("pgpe", experiment.centre, experiment.sigma, CANDIDATES, seed=1)
    seconds, shares = [], []
    for generation in range(repeats + 1):
        start = perf_counter()
        xs = optimizer.ask()
        asked = perf_counter()
        streams = trial_streams(1, TRIALS, "search", generation)
        losses = losses_per_candidate(experiment.evaluate(xs, streams).losses)
        evaluated = perf_counter()
        optimizer.tell(xs, losses)
        end = perf_counter()
        seconds.append(end - start)
        shares.append((asked - start + end - evaluated) / (end - start))
    best = min(seconds[1:])
    return {
        "length": length,
        "latency": latency,
        "steps": 2 * length + latency,
        "threads": threads,
        "seconds_per_generation": best,
        "published_seconds": PUBLISHED[length, latency],
        "ours_over_published": best / PUBLISHED[length, latency],
        "instances_per_second": CANDIDATES * TRIALS / best,
        "optimizer_share": min(shares[1:]),
    }


def table_of(rows: list[dict[str, object]]) -> str:
    """Return the rows as text."""
    lines = ["length  latency  threads  s/generation  published (GPU)  ours/published  instances/s"]
    for row in rows:
        lines.append(
            f"{row['length']:>6}{row['latency']:>9}{row['threads']:>9}"
            f"{row['seconds_per_generation']:>14.3f}{row['published_seconds']:>17.3f}"
            f"{row['ours_over_published']:>16.1f}{row['instances_per_second']:>13,.0f}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time generations of the paper's size.")
    parser.add_argument("--repeats", type=int, default=5, help="generations that count (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    cores = usable_cores()
    rows = [
        row_of(length, latency, threads, options.repeats)
        for length, latency in PUBLISHED
        for threads in sorted({1, cores})
    ]
    machine = {"processor": cpu(), "cores": cores, "system": platform.platform()}
    found = {"machine": machine, "candidates": CANDIDATES, "trials": TRIALS, "rows": rows}
    print(json.dumps(found, indent=2) if options.json else table_of(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
