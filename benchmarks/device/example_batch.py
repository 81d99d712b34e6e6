"""The batch device on one example network."""

from time import perf_counter

import numpy as np
from brian2 import Network, ms, prefs, second
from example_networks import Example

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation import Batch


def measure(
    example: Example, instances: int, dtype: str, threads: int | None, seconds: float, repeats: int
) -> dict:
    """Build once, run `repeats` times; return the best times and every instance's summary.

    ``loop_s`` is the time inside the compiled program; ``wall_s`` is everything after the network
    was declared, from `Batch(...)` to the last spike in a numpy array, with the program in the
    cache.  A network that the device refuses gives ``refused`` instead.
    """
    prefs.codegen.target = "numpy"  # set-up code only: connecting the synapses
    network = example.declare()
    try:
        build = _build_seconds(example, network, instances, dtype, threads)
    except UnsupportedFeature as problem:
        return {"refused": str(problem)}
    times = []
    for repeat in range(repeats):
        start = perf_counter()
        batch = _batch(example, network, instances, dtype, threads, seed=repeat)
        prepared = batch.report.seconds
        batch.run(seconds * second)
        spikes = [batch.spikes("spikes", k) for k in range(instances)]
        times.append((batch.report.seconds - prepared, perf_counter() - start))
    loop, wall = np.min(times, axis=0)
    outcome = _outcome(example, batch, spikes, seconds)
    return {"build_s": build, "loop_s": loop, "wall_s": wall, "outcome": outcome}


def _build_seconds(
    example: Example, network: Network, instances: int, dtype: str, threads: int | None
) -> float:
    """Return the seconds from `Batch(...)` to a program that is loaded and ready."""
    start = perf_counter()
    _batch(example, network, instances, dtype, threads, seed=0)
    return perf_counter() - start


def _batch(
    example: Example, network: Network, instances: int, dtype: str, threads: int | None, seed: int
) -> Batch:
    """Return a batch that is compiled and whose initial values are drawn."""
    batch = Batch(
        network, instances=instances, seed=seed, dtype=dtype, threads=threads, namespace={}
    )
    for address, expression in example.start.items():
        batch.initialise(address, expression)
    batch.record(range(instances))
    batch.run(0 * ms)
    return batch


def _outcome(example: Example, batch: Batch, spikes: list, seconds: float) -> dict:
    """Return quantity -> one number per instance."""
    none = [None] * len(spikes)
    weights = none if example.weight is None else np.asarray(batch[example.weight])
    each = [
        example.summary(seen["i"], np.asarray(seen["t"]), w, seconds)
        for seen, w in zip(spikes, weights, strict=True)
    ]
    return {name: np.array([one[name] for one in each]) for name in each[0]}
