"""Stock Brian2 `cpp_standalone` on one example network: one program, run again and again."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from brian2 import Network, device, prefs, second, set_device
from brian2.core.variables import ArrayVariable
from example_networks import Example
from stock_route import FLAGS

from neuromodels.simulation.device.library import core_count


def measure(example: Example, runs: int, seconds: float, repeats: int) -> dict:
    """Build, run alone `repeats` times, then `runs` times as many at once as there are cores.

    ``loop_s`` is Brian2's own time of the simulation loop, the best of the runs alone;
    ``wall_s`` is the time from the start of the first of all `runs` processes to the end of the
    last one.  The program is not built again: with no seed set, Brian2's generator takes a fresh
    one from the operating system in every process, so that the runs differ.
    """
    with TemporaryDirectory() as folder:
        network, build = _built(example, seconds, folder)
        alone = [_loop_seconds(_run(folder, "alone")) for _ in range(repeats)]
        start = perf_counter()
        with ThreadPoolExecutor(core_count()) as pool:
            results = list(pool.map(lambda k: _run(folder, f"run_{k}"), range(runs)))
        wall = perf_counter() - start
        each = [_summary(example, network, result, seconds) for result in results]
    outcome = {name: np.array([one[name] for one in each]) for name in each[0]}
    return {"build_s": build, "loop_s": min(alone), "wall_s": wall, "outcome": outcome}


def _built(example: Example, seconds: float, folder: str) -> tuple[Network, float]:
    """Declare and compile; return the network and the seconds of generating and compiling."""
    prefs.codegen.cpp.extra_compile_args_gcc = FLAGS
    prefs.devices.cpp_standalone.openmp_threads = 0
    set_device("cpp_standalone", directory=folder, build_on_run=False)
    network = example.declare()
    for address, expression in example.start.items():
        group, _, variable = address.partition(".")
        setattr(network[group], variable, expression)
    start = perf_counter()
    network.run(seconds * second, namespace={})
    device.build(directory=folder, compile=True, run=False)
    return network, perf_counter() - start


def _run(folder: str, name: str) -> Path:
    """Run the program with results in a folder of its own."""
    results = Path(folder, name)
    results.mkdir(exist_ok=True)
    command = ["./main", "--results_dir", f"{results}/"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return results


def _loop_seconds(results: Path) -> float:
    return float((results / "last_run_info.txt").read_text().split()[0])


def _summary(example: Example, network: Network, results: Path, seconds: float) -> dict:
    neurons, times = (_values(network["spikes"].variables[name], results) for name in "it")
    weights = None
    if example.weight is not None:
        group, _, variable = example.weight.partition(".")
        weights = _values(network[group].variables[variable], results)
    return example.summary(neurons, times, weights, seconds)


def _values(variable: ArrayVariable, results: Path) -> np.ndarray:
    """Read an array as the program wrote it."""
    return np.fromfile(results / device.get_array_filename(variable), dtype=variable.dtype)
