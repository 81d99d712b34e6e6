"""The digits network: the batch device beside stock Brian2 and a twin written by hand.

    python benchmarks/device/digits.py [--json FILE] [--phases N] [--stock-phases N]

All routes run the equations of ``studies/digits/epochs/network.py`` from the same weights, the same
images and the same order. A candidate-epoch is one network that learns 1,069 images and names 364.
Times are seconds of one core (CPU time of the process), so that other programs on the machine count
as little as they can; `wall` is beside them. Builds are not timed. Stock Brian2 runs fewer phases,
and its time is scaled to an epoch.
"""

import argparse
import json
import platform
import sys
from ctypes import c_int, c_void_p
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import brian2
import numpy as np
from brian2 import ms
from hand_route import SOURCES, compiled

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "studies" / "digits" / "epochs"))

from arms import ARMS, GROUPS  # noqa: E402
from images import images_and_labels  # noqa: E402
from network import CHANNELS, CLASSES, EVALUATED, HIDDEN, PHASE, PHASES, TRAINED, build  # noqa: E402
from trials import DRAWN, firsts  # noqa: E402

from neuromodels.simulation import Batch  # noqa: E402

COPIES = 24
BEGIN = "(0.618*(i % 64)) % 1"
"""How full channels are when a sample begins: in place of a draw, so that all routes agree."""
LAYERS = ("below", "above")
SIZES = {"below": CHANNELS * HIDDEN, "above": HIDDEN * CLASSES}
ORDER = {"stride": 37.0, "offset": 5.0}
PLACES = {"kap": 0.8, "kfb": 0.3}


def numbers():
    """Return the numbers of all routes: address -> value."""
    arm = next(each for each in ARMS if each.name == "searched")
    values = arm.values(np.zeros((1, arm.dimension)))
    found = {address: float(value[0, 0]) for address, value in values.items()} | firsts("test")
    found |= {f"{group}.{name}": value for group in GROUPS for name, value in ORDER.items()}
    return found | {"hidden.kap": PLACES["kap"], "above.kfb": PLACES["kfb"]}


def weights(copies):
    """Return the weights that networks begin with: address -> (copies, synapses)."""
    rng = np.random.default_rng(7)
    fan_in = {"below": CHANNELS, "above": HIDDEN}
    drawn = {}
    for address in DRAWN:
        layer = address.partition(".")[0]
        drawn[address] = rng.normal(size=(copies, SIZES[layer])) / np.sqrt(fan_in[layer])
    return drawn


def timed(action):
    """Return seconds of a core and of the clock that an action takes."""
    wall, cpu = perf_counter(), process_time()
    action()
    return process_time() - cpu, perf_counter() - wall


# -- the batch device ---------------------------------------------------------------------------


def batch_with(copies, dtype, threads):
    """Return a batch with the numbers and weights of the benchmark, already built."""
    network = build(*images_and_labels(), begin=BEGIN)
    batch = Batch(network, copies, dtype=dtype, threads=threads, namespace={})
    for address, value in numbers().items():
        batch[address] = value
    for address, value in weights(copies).items():
        batch[address] = value
    batch.run(0 * ms)
    return batch


def batch_times(copies, phases, threads):
    """Return the times of a run on the batch device."""
    batch = batch_with(copies, "float32", threads)
    return timed(lambda: batch.run(phases * PHASE * ms))


# -- the twin in C++ ----------------------------------------------------------------------------


def flat_numbers(dtype):
    """Return the numbers as the twin reads them."""
    given = numbers()
    names = ("rho", "rr", "aw", "th2", "kap")
    first = [given[f"hidden.{name}"] for name in names]
    first += [given[a] for a in ("channels.gin", "hidden.tgt", "output.gt", "above.kfb")]
    pairs = ("l1", "l2", "l3", "e1", "e2", "e3", "g2")
    both = [given[f"{layer}.{name}"] for name in pairs for layer in LAYERS]
    return np.array([*first, *both, *ORDER.values(), given["output.first"]], dtype)


def twin_run(kernel, copies, phases, dtype):
    """Return times, weights (copies, 3*synapses) and right answers of the twin."""
    images, labels = images_and_labels()
    given, drawn = flat_numbers(dtype), weights(copies)
    w = np.ascontiguousarray(np.hstack([drawn[address] for address in DRAWN]), dtype)
    begin = np.array(0.618 * np.arange(CHANNELS) % 1, dtype)
    pixels, digits = np.ascontiguousarray(images, dtype), labels.astype(np.int32)
    right = np.zeros(copies, np.int32)
    run = kernel.run_double if dtype == np.float64 else kernel.run_float
    arrays = [c_void_p(each.ctypes.data) for each in (given, begin, pixels, digits, w, right)]
    counts = [c_int(each) for each in (copies, phases, TRAINED, EVALUATED)]
    times = timed(lambda: run(*counts, *arrays))
    return times, w, right


# -- stock Brian2 -------------------------------------------------------------------------------


def stock_times(copies, phases):
    """Return the times of a run of stock Brian2 with its cython target, networks side by side."""
    brian2.prefs.codegen.target = "cython"
    network = build(*images_and_labels(), copies=copies, begin=BEGIN)
    groups = {each.name: each for each in network.objects}
    for address, value in numbers().items():
        owner, _, name = address.partition(".")
        setattr(groups[owner], name, value)
    for address, value in weights(copies).items():
        owner, _, name = address.partition(".")
        setattr(groups[owner], name, value.ravel())
    network.run(2 * PHASE * ms, namespace={})  # builds
    times = timed(lambda: network.run(phases * PHASE * ms, namespace={}))
    brian2.prefs.codegen.target = "numpy"
    return times


# -- agreement ----------------------------------------------------------------------------------


def disagreement(kernel, copies=2, phases=80):
    """Return by how much weights of the batch and of the twin differ at most, in float64."""
    batch = batch_with(copies, "float64", 1)
    batch.run(phases * PHASE * ms)
    found = np.hstack([np.asarray(batch[address]) for address in DRAWN])
    before = np.hstack([weights(copies)[address] for address in DRAWN])
    moved = np.abs(found - before).max()
    return np.abs(found - twin_run(kernel, copies, phases, np.float64)[1]).max(), moved


# -- the table ----------------------------------------------------------------------------------


def processor():
    """Return the name of the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def measured(phases, stock_phases, progress=print):
    """Return a row for each route: seconds per candidate-epoch, of a core and of the clock."""
    rows = {}

    def note(name, times, copies, ran):
        cpu, wall = (each / copies * PHASES / ran for each in times)
        rows[name] = {"cpu_s": cpu, "wall_s": wall, "networks": copies, "phases": ran}
        progress(f"{name:32} {cpu:9.4f} s of a core, {wall:9.4f} s of the clock")

    with TemporaryDirectory() as folder:
        kernel = compiled(SOURCES / "digits.cpp", Path(folder))
        difference, moved = disagreement(kernel)
        progress(
            f"twin and batch in float64: weights moved by {moved:.3g}, differ by {difference:.2g}"
        )
        if not difference < 1e-9:
            sys.exit("digits: routes must agree to 1e-9.")
        note("batch, 1 thread", batch_times(COPIES, phases, 1), COPIES, phases)
        same = batch_times(COPIES, stock_phases, 1)
        note(f"batch, 1 thread, {stock_phases} phases", same, COPIES, stock_phases)
        note("batch, 2 threads", batch_times(COPIES, phases, 2), COPIES, phases)
        note(
            "twin in C++, 1 thread", twin_run(kernel, COPIES, phases, np.float32)[0], COPIES, phases
        )
    note("stock cython, one network", stock_times(1, stock_phases), 1, stock_phases)
    note(f"stock cython, {COPIES} in one", stock_times(COPIES, stock_phases), COPIES, stock_phases)
    return {"rows": rows, "moved": moved, "difference": difference}


def main():
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--phases", type=int, default=PHASES)
    parser.add_argument("--stock-phases", type=int, default=200)
    asked = parser.parse_args()
    brian2.prefs.codegen.target = "numpy"  # of set-up alone
    found = measured(asked.phases, asked.stock_phases)
    found |= {"processor": processor(), "load": Path("/proc/loadavg").read_text().split()[:3]}
    ours = found["rows"]["batch, 1 thread"]["cpu_s"]
    same = found["rows"][f"batch, 1 thread, {asked.stock_phases} phases"]["cpu_s"]
    for name, row in found["rows"].items():
        beside = same if row["phases"] == asked.stock_phases else ours
        print(f"{name:32} {row['cpu_s'] / beside:9.2f} times the batch's, over the same phases")
    print(f"batch: {1 / ours:.1f} candidate-epochs per second and core; {found['processor']}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
