"""Stock Brian2 `cpp_standalone`: all copies side by side in one large network."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from brian2 import Network, device, ms, prefs, set_device
from cases import PDLF_COEFFICIENTS, RECURRENT, Case, codes, pdlf_outcome, recurrent_outcome
from networks import (
    RECURRENT_PROJECTIONS,
    RECURRENT_SIZES,
    pdlf_copy,
    poisson_recurrent,
    single_precision,
)

FLAGS = ["-w", "-O3", "-march=native", "-ffast-math", "-std=c++17"]


def measure(case: Case, repeats: int, where: str = "post") -> dict:
    """Build and run one case; return seconds of the loop, of the build, and outcome.

    The seconds are Brian2's own measurement of its simulation loop, so reading the
    initial values from disk and writing the results are left out. `where` says whether
    network 1 holds a, b, c per "synapse" or per "post"synaptic neuron.
    """
    with TemporaryDirectory() as folder:
        _use_standalone(folder)
        network, duration = _network(case, where)
        start = perf_counter()
        network.run(duration, namespace={})
        device.build(directory=folder, compile=True, run=False)
        build = perf_counter() - start
        seconds = [_seconds_of_one_run(folder) for _ in range(repeats)]
        return {"seconds": min(seconds), "build_s": build, "outcome": _outcome(case, network)}


def _use_standalone(folder: str) -> None:
    single_precision()
    prefs.codegen.cpp.extra_compile_args_gcc = FLAGS
    prefs.devices.cpp_standalone.openmp_threads = 0
    set_device("cpp_standalone", directory=folder, build_on_run=False)


def _seconds_of_one_run(folder: str) -> float:
    device.run(directory=folder, with_output=False)
    return float(Path(folder, "results", "last_run_info.txt").read_text().split()[0])


def _network(case: Case, where: str) -> tuple[Network, object]:
    values = case.values()
    if case.network == RECURRENT:
        network = poisson_recurrent(case.instances, where, case.rate)
        set_recurrent(network, values, where)
        return network, case.steps * ms
    network = pdlf_copy(case.instances)
    _set_pdlf(network, values)
    return network, 20 * case.steps * ms


def set_recurrent(network: Network, values: dict[str, np.ndarray], where: str) -> None:
    """Give every copy of the tiled network its own weights and coefficients."""
    for name, (_, post) in RECURRENT_PROJECTIONS.items():
        weights = values[f"{name}.w"]
        network[name].w = weights.ravel()
        for x in "abc":
            each = values[f"{name}.{x}"]
            if where == "post":
                setattr(network[post], f"{x}_{name}", np.repeat(each, RECURRENT_SIZES[post]))
            else:
                setattr(network[name], x, np.repeat(each, weights[0].size))


def _set_pdlf(network: Network, values: dict[str, np.ndarray]) -> None:
    each = codes(values["bits"])
    network["source"].code = np.repeat(each, 3)
    network["output"].code = each
    for name in ("input_hidden", "hidden_output"):
        for x in PDLF_COEFFICIENTS:
            value = values[f"{name}.{x}"]
            if name == "input_hidden":  # stored with the presynaptic index fastest
                value = value.swapaxes(1, 2)
            setattr(network[name], x, value.ravel())


def _outcome(case: Case, network: Network) -> dict[str, np.ndarray]:
    if case.network == RECURRENT:
        counts = {name: network[name].n_spikes[:] for name in RECURRENT_SIZES}
        weights = {name: network[name].w[:] for name in RECURRENT_PROJECTIONS}
        return recurrent_outcome(case, counts, weights)
    return pdlf_outcome(network["output"].loss[:], network["output"].correct[:])
