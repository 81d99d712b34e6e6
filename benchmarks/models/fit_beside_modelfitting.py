"""The same fit by this package and by brian2modelfitting: error and time, as one JSON object.

usage: python benchmarks/models/fit_beside_modelfitting.py [--other PYTHON] [--seeds N] [--quick]
                                                         [--out FILE]

Each package runs with the optimizer that it takes where none is named, and with CMA, from each of
N seeds (5).  PYTHON is the interpreter of an environment with brian2 2.10, brian2modelfitting 0.4,
nevergrad 0.3 and bayesian-optimization below 2. Without it only this package is measured, and the
reason is told.  brian2modelfitting 0.4 uses names that numpy has removed; they are put back in its
process.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

CANDIDATES, GENERATIONS, SECONDS, DT = 64, 30, 2.0, 1e-4
OURS = ("TwoPointsDE", "OldCMA")
THEIRS = ("DE", "CMA")
TRUTH = {"g": 1.3, "b": 0.15, "tau_w": 0.12}
BOUNDS = {"g": (0.5, 3.0), "b": (0.0, 0.5), "tau_w": (0.03, 0.5)}
WINDOW = 0.004
EQUATIONS = """
dv/dt = (g*I - v - w)/(20*ms) : 1
dw/dt = -w/tau_w : 1
g : 1 (constant)
b : 1 (constant)
tau_w : second (constant)
"""
REMOVED = {"NaN": np.nan, "float": float, "int": int, "bool": bool, "object": object}


@dataclass(frozen=True)
class Data:
    """What is fitted: the input in each step, and the times of the recorded spikes."""

    steps: np.ndarray
    times: np.ndarray


def current(seed: int = 4) -> np.ndarray:
    """Return the input in each step: a new level every 50 ms."""
    levels = np.random.default_rng(seed).uniform(0.6, 2.5, round(SECONDS / 0.05))
    return np.repeat(levels, round(0.05 / DT))


def recorded(steps: np.ndarray) -> np.ndarray:
    """Return the spikes of the true neuron, by stock Brian2 with a fifth of the time step."""
    from brian2 import Network, NeuronGroup, SpikeMonitor, TimedArray, ms, second

    course = TimedArray(steps, dt=DT * second, name="course")
    cell = NeuronGroup(
        1,
        EQUATIONS.replace("g*I", "g*course(t)"),
        threshold="v > 1",
        reset="v = 0; w += b",
        method="euler",
        dt=DT / 5 * second,
        namespace={"course": course, "ms": ms},
        name="cell",
    )
    cell.g, cell.b, cell.tau_w = TRUTH["g"], TRUTH["b"], TRUTH["tau_w"] * second
    spikes = SpikeMonitor(cell, name="spikes")
    Network(cell, spikes).run(SECONDS * second, namespace={})
    return np.array(spikes.t)


# --------------------------------------------------------------------------------------- both ways


def by_this_package(data: Data, optimizer: str, seed: int, generations: int) -> dict:
    """Fit with `neuromodels.fit`."""
    from neuromodels import fit

    begun = time.perf_counter()
    result = fit(
        our_model(data),
        our_loss(data),
        optimizer=optimizer,
        candidates=CANDIDATES,
        generations=generations,
        seed=seed,
        report=False,
    )
    found = {name: float(value) for name, value in result.best.items()}
    return {"found": found, "seconds": time.perf_counter() - begun}


def our_model(data: Data):
    """Return the model with one minus the coincidence factor, and the rate."""
    from brian2 import Network, NeuronGroup, TimedArray, ms, second

    from neuromodels import Model, Parameter
    from neuromodels.models import Rate, SpikeTrainDistance

    def build():
        course = TimedArray(data.steps, dt=DT * second, name="course")
        cell = NeuronGroup(
            1,
            EQUATIONS.replace("g*I", "g*course(t)"),
            threshold="v > 1",
            reset="v = 0; w += b",
            method="exponential_euler",
            dt=DT * second,
            namespace={"course": course, "ms": ms},
            name="cell",
        )
        return Network(cell)

    units = {"g": 1, "b": 1, "tau_w": second}
    parameters = {
        name: Parameter(f"cell.{name}", low * units[name], high * units[name])
        for name, (low, high) in BOUNDS.items()
    }
    far = SpikeTrainDistance("cell", data.times * second, "gamma", window=WINDOW * second)
    return Model(build, SECONDS * second, parameters, {"far": far, "rate": Rate("cell")})


def our_loss(data: Data) -> str:
    """Return the loss of brian2modelfitting's `GammaFactor`, which has a term for the rate."""
    return f"far + 2*abs(rate/({len(data.times) / SECONDS}*Hz) - 1)"


def by_modelfitting(folder: Path, optimizer: str, seed: int, generations: int) -> None:
    """Fit with brian2modelfitting; runs in its own environment and writes ``theirs.json``."""
    for name, value in REMOVED.items():
        if name not in vars(np):
            setattr(np, name, value)
    from brian2 import Equations, prefs, second
    from brian2modelfitting import GammaFactor, NevergradOptimizer, SpikeFitter

    prefs.codegen.target = "cython"
    stored = np.load(folder / "data.npz")
    np.random.seed(seed)  # noqa: NPY002  (nevergrad 0.3 draws from there)
    begun = time.perf_counter()
    fitter = SpikeFitter(
        model=Equations(EQUATIONS),
        input_var="I",
        dt=DT * second,
        input=stored["steps"][np.newaxis],
        output=[stored["times"] * second],
        n_samples=CANDIDATES,
        threshold="v > 1",
        reset="v = 0; w += b",
        method="exponential_euler",
    )
    best, error = fitter.fit(
        n_rounds=generations,
        optimizer=NevergradOptimizer(optimizer),
        metric=GammaFactor(time=SECONDS * second, delta=WINDOW * second),
        callback=None,
        **{n: list(b) if n != "tau_w" else list(b) * second for n, b in BOUNDS.items()},
    )
    found = {name: float(value) for name, value in best.items()}
    seconds = time.perf_counter() - begun
    answer = {"found": found, "seconds": seconds, "own_error": float(error)}
    (folder / "theirs.json").write_text(json.dumps(answer))


def theirs(python: str, data: Data, optimizer: str, seed: int, generations: int) -> dict:
    """Run brian2modelfitting in its environment; return what it found, or why it did not."""
    if not python:
        return {"skipped": "no environment with brian2modelfitting was named (--other PYTHON)"}
    with TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "data.npz", steps=data.steps, times=data.times)
        task = ["--inside", name, "--optimizer", optimizer, "--seed", str(seed)]
        command = [python, __file__, *task, "--generations", str(generations)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not (folder / "theirs.json").exists():
            return {"skipped": (done.stderr.strip().splitlines() or ["no reason given"])[-1]}
        return json.loads((folder / "theirs.json").read_text())


def judged(row: dict, data: Data) -> dict:
    """Add the loss by one judge, and the largest relative error of a parameter."""
    from neuromodels.models.compiled import Compiled

    if "found" not in row:
        return row
    points = {name: np.array([[row["found"][name]]]) for name in TRUTH}
    far = Compiled(our_model(data)).run(points, np.zeros(1, int), np.zeros(1, np.uint64))
    errors = [abs(row["found"][name] / truth - 1) for name, truth in TRUTH.items()]
    return {**row, "loss": float(far["far"][0]), "largest_error": max(errors)}


def fits(data: Data, given: argparse.Namespace, generations: int) -> dict[str, list[dict]]:
    """Return the fits of both packages, by package and optimizer, a row for each seed."""
    seeds = range(1, given.seeds + 1)
    rows = {}
    for name in OURS:
        own = [by_this_package(data, name, seed, generations) for seed in seeds]
        rows[f"neuromodels {name}"] = [judged(row, data) for row in own]
    for name in THEIRS:
        other = [theirs(given.other, data, name, seed, generations) for seed in seeds]
        rows[f"brian2modelfitting {name}"] = [judged(row, data) for row in other]
    return rows


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--other", default="", metavar="PYTHON")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--optimizer", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--generations", type=int, default=GENERATIONS)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    generations = 3 if given.quick else given.generations
    if given.inside:
        by_modelfitting(given.inside, given.optimizer, given.seed, generations)
        return
    from neuromodels.simulation.build.cache import processor

    steps = current()
    data = Data(steps, recorded(steps))
    result = {
        "processor": next(
            filter(re.compile("model name").match, processor().split("\n")), platform.machine()
        ),
        "spikes": len(data.times),
        "truth": TRUTH,
        "candidates": CANDIDATES,
        "generations": generations,
        "fits": fits(data, given, generations),
    }
    text = json.dumps(result, indent=1)
    if given.out:
        given.out.write_text(text + "\n")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
