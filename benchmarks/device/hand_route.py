"""Compile the hand-written C++ kernels and run them on one thread."""

from ctypes import CDLL, c_float, c_int, c_uint64, c_void_p
from pathlib import Path
from subprocess import run as run_process
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from cases import PDLF_COEFFICIENTS, RECURRENT, Case, pdlf_outcome, recurrent_outcome
from networks import RECURRENT_PROJECTIONS, RECURRENT_SIZES

SOURCES = Path(__file__).parent / "hand_written"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512")
LIBRARY = ("-std=c++17", "-shared", "-fPIC")


def measure(case: Case, repeats: int) -> dict:
    """Compile and run one case; return seconds of the kernel, of the build, and outcome."""
    name = "poisson_recurrent" if case.network == RECURRENT else "pdlf_copy"
    run_once = _recurrent if case.network == RECURRENT else _pdlf
    with TemporaryDirectory() as folder:
        start = perf_counter()
        kernel = compiled(SOURCES / f"{name}.cpp", Path(folder))
        build = perf_counter() - start
        values = case.values()
        runs = [run_once(kernel, case, values) for _ in range(repeats)]
    return {"seconds": min(s for s, _ in runs), "build_s": build, "outcome": runs[-1][1]}


def compiled(source: Path, folder: Path) -> CDLL:
    """Compile one kernel into `folder` and load it."""
    library = folder / f"{source.stem}.so"
    run_process(["g++", *FLAGS, *LIBRARY, str(source), "-o", str(library)], check=True)
    return CDLL(str(library))


def _address(array: np.ndarray) -> c_void_p:
    if array.dtype != np.float32 or not array.flags.c_contiguous:
        raise TypeError(f"hand_route: arrays must be contiguous float32; got {array.dtype}.")
    return c_void_p(array.ctypes.data)


def _recurrent(kernel: CDLL, case: Case, values: dict[str, np.ndarray]) -> tuple[float, dict]:
    weights = {name: values[f"{name}.w"].copy() for name in RECURRENT_PROJECTIONS}
    rules = [np.stack([values[f"{name}.{x}"] for x in "abc"]) for name in RECURRENT_PROJECTIONS]
    counts = {
        name: np.zeros((case.instances, size), np.float32) for name, size in RECURRENT_SIZES.items()
    }
    arrays = [*weights.values(), *rules, *counts.values()]
    start = perf_counter()
    kernel.run(
        case.instances,
        case.steps,
        c_uint64(case.seed),
        c_float(case.rate * 1e-3),
        *map(_address, arrays),
    )
    seconds = perf_counter() - start
    return seconds, recurrent_outcome(case, counts, weights)


def _pdlf(kernel: CDLL, case: Case, values: dict[str, np.ndarray]) -> tuple[float, dict]:
    rules = [
        np.stack([values[f"{name}.{x}"] for x in PDLF_COEFFICIENTS])
        for name in ("input_hidden", "hidden_output")
    ]
    scores = np.zeros((2, case.instances), np.float32)
    arrays = [values["bits"], *rules, scores[0], scores[1]]
    start = perf_counter()
    kernel.run(c_int(case.instances), *map(_address, arrays))
    seconds = perf_counter() - start
    return seconds, pdlf_outcome(*scores)
