"""Time of a control step of each MuJoCo body: simulator, network, and what lies between.

    python benchmarks/device/bodies.py --threads 1 2 > bodies.json

Beside it, the same bodies stepped by Gymnasium one after the other and in a pool of Python threads.
"""

import json
import os
import platform
import sys
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from neuromodels.experiment.embodied import EmbodiedExperiment
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
)
from neuromodels.tasks.bodies import CATALOG

HIDDEN, CANDIDATES, TRIALS = 32, 64, 8


def network_row(name: str, threads: int, steps: int, repeats: int) -> dict:
    """Return microseconds per body and step of a generation, the fastest of some."""
    task = TaskChoice(f"{name}_{CATALOG[name].goals.kind}", {"steps": steps})
    study = Study(
        "benchmark",
        task,
        RuleChoice("pdlf"),
        circuit=CircuitChoice(HIDDEN),
        device=DeviceChoice(threads=threads),
    )
    made = EmbodiedExperiment(study)
    xs = made.sigma * generator(1, name).standard_normal((CANDIDATES, made.dimension))
    rows = []
    for repeat in range(repeats + 1):  # the first one builds
        before, lived = made.report, made.steps_lived
        made.evaluate(xs, trial_streams(1, TRIALS, repeat))
        after, moved = made.report, made.steps_lived - lived
        spent = [after[key] - before[key] for key in ("total_seconds", "world_seconds", "seconds")]
        rows.append([1e6 * each / moved for each in spent])
    total, world, network = min(rows[1:])
    return {
        "body": name,
        "threads": threads,
        "us_per_step": round(total, 1),
        "simulator": round(world, 1),
        "network": round(network, 1),
        "between": round(total - world - network, 1),
        "steps_per_second": round(1e6 / total),
    }


def gymnasium_row(name: str, threads: int, steps: int, count: int = 64) -> dict:
    """Return microseconds per body and step of Gymnasium's own environments."""
    import gymnasium

    body = CATALOG[name]
    envs = [gymnasium.make(body.gymnasium, **body.options).unwrapped for _ in range(count)]
    for seed, env in enumerate(envs):
        env.reset(seed=seed)
    actions = np.random.default_rng(0).uniform(-1, 1, (steps, count, body.actions))

    def move(part: int, step: int) -> None:
        for env, action in zip(envs[part::threads], actions[step, part::threads], strict=True):
            env.step(action)

    with ThreadPoolExecutor(threads) as pool:
        began = perf_counter()
        for step in range(steps):
            list(pool.map(lambda part, now=step: move(part, now), range(threads)))
        seconds = perf_counter() - began
    each = 1e6 * seconds / steps / count
    return {"body": name, "threads": threads, "gymnasium_us_per_step": round(each, 1)}


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    print(
        json.dumps(
            {
                "network": f"{HIDDEN} hidden neurons, PDLF, "
                f"{CANDIDATES} candidates x {TRIALS} trials",
                "cores": os.cpu_count(),
                "load": os.getloadavg(),
                "machine": platform.processor(),
                "versions": {each: version(each) for each in ("mujoco", "gymnasium", "numpy")},
                "loops": [
                    network_row(name, threads, chosen.steps, chosen.repeats)
                    for name in CATALOG
                    for threads in chosen.threads
                ],
                "gymnasium": [
                    gymnasium_row(name, threads, chosen.steps)
                    for name in CATALOG
                    for threads in chosen.threads
                ],
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
