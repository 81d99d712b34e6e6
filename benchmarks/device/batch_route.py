"""The batch device: one declared network, many instances in one compiled run."""

from time import perf_counter

import numpy as np
from brian2 import Network, Quantity, ms, prefs
from cases import PDLF_COEFFICIENTS, RATE, RECURRENT, Case, codes, pdlf_outcome, recurrent_outcome
from networks import RECURRENT_PROJECTIONS, RECURRENT_SIZES, pdlf_copy, poisson_recurrent

from neuromodels.simulation import Batch
from neuromodels.simulation.tiled.tiled import Tiled


def measure(case: Case, repeats: int, threads: int | None, device: str = "cpp") -> dict:
    """Build and run one case; return seconds of a run, of the first run, report and outcome.

    The first run builds and is not counted. State is set back before every run.
    """
    constants, start_values = values_of(case)
    start = perf_counter()
    batch = whole_batch(case, threads, device)
    put(batch, constants)
    batch.run(0 * ms)
    build = perf_counter() - start
    seconds = [
        _seconds_of_one_run(batch, start_values, duration_of(case)) for _ in range(repeats + 1)
    ]
    report = batch.report.as_dict()
    return {
        "seconds": min(seconds[1:]),
        "build_s": build,
        "outcome": outcome_of(case, batch),
        "report": report,
    }


def whole_batch(case: Case, threads: int | None, device: str = "cpp") -> Batch:
    """Return all instances of a case, in single precision."""
    return Batch(
        network_of(case.network, case.rate),
        instances=case.instances,
        seed=case.seed,
        dtype="float32",
        threads=threads,
        device=device,
    )


def duration_of(case: Case) -> Quantity:
    """Return the simulated time of a case."""
    return case.steps * (1 if case.network == RECURRENT else 20) * ms


def values_of(case: Case) -> tuple[dict, dict]:
    """Return constants and initial values by address, each (instances, size)."""
    return (_recurrent_values if case.network == RECURRENT else _pdlf_values)(case)


def outcome_of(case: Case, copies: Batch | Tiled) -> dict[str, np.ndarray]:
    """Read what is compared from all instances."""
    if case.network == RECURRENT:
        return _recurrent_outcome(case, copies)
    return pdlf_outcome(copies["output.loss"], copies["output.correct"])


def measure_build(network: str) -> float:
    """Return the seconds from `Batch(...)` to the end of a one-step run of 64 instances."""
    declared = network_of(network, RATE)
    start = perf_counter()
    Batch(declared, instances=64, seed=1, dtype="float32", threads=1).run(1 * ms)
    return perf_counter() - start


def network_of(name: str, rate: float) -> Network:
    """Return one copy of a network, to be multiplied."""
    prefs.codegen.target = "numpy"  # set-up code only: connecting 6,400 synapses
    return poisson_recurrent(rate=rate) if name == RECURRENT else pdlf_copy()


def put(batch: Batch, values: dict[str, np.ndarray]) -> None:
    """Give every instance its values."""
    for address, value in values.items():
        batch[address] = value


def _seconds_of_one_run(batch: Batch, values: dict[str, np.ndarray], duration) -> float:
    put(batch, values)
    start = perf_counter()
    batch.run(duration)
    return perf_counter() - start


def _recurrent_values(case: Case) -> tuple[dict, dict]:
    values = case.values()
    constants = {address: value for address, value in values.items() if value.ndim == 1}
    start = {
        address: value.reshape(case.instances, -1)
        for address, value in values.items()
        if value.ndim > 1
    }
    for name, size in RECURRENT_SIZES.items():
        for state in ("tr", "n_spikes") if name == "inputs" else ("v", "I", "tr", "n_spikes"):
            start[f"{name}.{state}"] = np.zeros((case.instances, size), np.float32)
    return constants, start


def _pdlf_values(case: Case) -> tuple[dict, dict]:
    values = case.values()
    n = case.instances
    constants = {
        f"{name}.{x}": values[f"{name}.{x}"].reshape(n, -1)
        for name in case.shape.projections
        for x in PDLF_COEFFICIENTS
    }
    each = codes(values["bits"])[:, None]
    hidden = case.shape.projections["input_hidden"][1]
    sizes = {"source.k": 3, "output.k": 1, "output.loss": 1, "output.correct": 1}
    sizes |= {"hidden.v": hidden, "hidden.tr": hidden}
    sizes |= {f"{name}.w": pre * post for name, (pre, post) in case.shape.projections.items()}
    start = {address: np.zeros((n, size), np.float32) for address, size in sizes.items()}
    return constants, start | {"source.code": np.repeat(each, 3, axis=1), "output.code": each}


def _recurrent_outcome(case: Case, batch: Batch | Tiled) -> dict[str, np.ndarray]:
    counts = {name: np.asarray(batch[f"{name}.n_spikes"]) for name in RECURRENT_SIZES}
    weights = {name: np.asarray(batch[f"{name}.w"]) for name in RECURRENT_PROJECTIONS}
    return recurrent_outcome(case, counts, weights)
