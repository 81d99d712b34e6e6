"""What an optimizer costs per candidate, and how far it gets under noise.

    python benchmarks/search/optimizers.py            tables
    python benchmarks/search/optimizers.py --json     one JSON object

Keys of the JSON object:

``versions``
    numpy, nevergrad and Python.
``candidates``
    Candidates per generation of the cost table.
``cost``
    Optimizer -> dimension -> CPU microseconds of ask + tell per candidate (median generation), or
    null where the optimizer does not take that many coefficients.
``problem``
    Dimension, candidates per generation, evaluations, noise and seeds of the loss table.
``loss``
    Optimizer -> problem -> noise-free loss at the recommendation, geometric mean over seeds;
    1 is the loss at the start.

Losses are exact for a seed; costs depend on the machine and what else it does.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

from neuromodels.search import OPTIMIZERS, Optimizer, make_optimizer

DIMENSIONS = (10, 50, 1000, 10000)
CANDIDATES = 256
SECONDS = 1.0
"""Time given to each cell of the cost table, after one generation to warm up."""

PROBLEM: dict[str, Any] = {
    "dimension": 40,
    "candidates": 128,
    "evaluations": 5120,
    "noise": 0.1,
    "seeds": [1, 2, 3],
}
# the sphere's distance from start to optimum, per coordinate
SPREAD = 1 / np.sqrt(PROBLEM["dimension"])
OPTIONS = {"pgpe": {"relative_rate": 0.1}, "openai_es": {"relative_rate": 0.1}}


def sphere(xs: np.ndarray) -> np.ndarray:
    """Return squared distances from zero, shape (n,)."""
    return (xs**2).sum(axis=1)


def ellipsoid(xs: np.ndarray) -> np.ndarray:
    """Return squared distances whose axes differ a hundredfold in weight, shape (n,)."""
    weights = np.logspace(0, 2, xs.shape[1])
    return (weights * xs**2).sum(axis=1) / weights.mean()


PROBLEMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sphere": sphere,
    "ellipsoid": ellipsoid,
}


def cost(name: str, dimension: int) -> float | None:
    """Return CPU microseconds of ask + tell per candidate, or None if out of its range."""
    smallest, largest = OPTIMIZERS[name].dimensions
    if not smallest <= dimension <= largest:
        return None
    optimizer = make_optimizer(name, np.ones(dimension), 0.1, CANDIDATES, 1)
    generation_seconds(optimizer)
    seconds: list[float] = []
    while len(seconds) < 3 or sum(seconds) < SECONDS:
        seconds.append(generation_seconds(optimizer))
    return statistics.median(seconds) / CANDIDATES * 1e6


def generation_seconds(optimizer: Optimizer) -> float:
    """Return the optimizer's own CPU seconds in one generation."""
    start = time.process_time()
    xs = optimizer.ask()
    asked = time.process_time()
    losses = sphere(xs)
    told = time.process_time()
    optimizer.tell(xs, losses)
    return time.process_time() - told + asked - start


def final_loss(name: str, problem: str, seed: int) -> float:
    """Return the noise-free loss at the recommendation after the fixed budget."""
    evaluate = PROBLEMS[problem]
    noise = np.random.default_rng(seed)
    start = noise.standard_normal(PROBLEM["dimension"])
    start /= np.sqrt(evaluate(start[None])[0])
    n = PROBLEM["candidates"]
    optimizer = make_optimizer(name, start, SPREAD, n, seed, OPTIONS.get(name))
    for _ in range(PROBLEM["evaluations"] // n):
        xs = optimizer.ask()
        optimizer.tell(xs, evaluate(xs) + PROBLEM["noise"] * noise.standard_normal(n))
    return float(evaluate(optimizer.recommend()[None])[0])


def mean_loss(name: str, problem: str) -> float:
    """Return the geometric mean of the final losses over the seeds."""
    losses = [final_loss(name, problem, seed) for seed in PROBLEM["seeds"]]
    return statistics.geometric_mean(losses)


def measured() -> dict[str, Any]:
    """Run everything, return it under the keys of this module's documentation."""
    return {
        "versions": {
            "python": platform.python_version(),
            "numpy": version("numpy"),
            "nevergrad": version("nevergrad"),
        },
        "candidates": CANDIDATES,
        "cost": {
            name: {str(dimension): cost(name, dimension) for dimension in DIMENSIONS}
            for name in OPTIMIZERS
        },
        "problem": PROBLEM,
        "loss": {
            name: {problem: mean_loss(name, problem) for problem in PROBLEMS} for name in OPTIMIZERS
        },
    }


def shown(microseconds: float | None) -> str:
    """Return a cost with about two digits, a dash where there is none."""
    if microseconds is None:
        return "-"
    return f"{microseconds:,.0f}" if microseconds >= 10 else f"{microseconds:.1f}"


def table(found: dict[str, Any]) -> str:
    """Return both results as one Markdown table."""
    costs = [f"d = {dimension:,}" for dimension in DIMENSIONS]
    lines = [
        f"CPU microseconds of ask + tell per candidate ({CANDIDATES} candidates), and loss after "
        f"{PROBLEM['evaluations']:,} noisy evaluations (d = {PROBLEM['dimension']}, start = 1).",
        "",
        "| optimizer | " + " | ".join([*costs, *PROBLEMS]) + " |",
        "|---|" + "--:|" * (len(costs) + len(PROBLEMS)),
    ]
    for name in found["cost"]:
        cells = [shown(microseconds) for microseconds in found["cost"][name].values()]
        cells += [f"{loss:.3f}" for loss in found["loss"][name].values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    found = measured()
    print(json.dumps(found, indent=2) if as_json else table(found))


if __name__ == "__main__":
    main()
