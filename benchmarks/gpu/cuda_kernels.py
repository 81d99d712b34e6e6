"""Registers, shared memory and spills of the kernels of the two benchmark networks.

Needs nvcc and no GPU. Each network is compiled for sm_80 and sm_90, in both precisions; the PDLF
network once as written by hand and once as a study assembles it.

    python benchmarks/gpu/cuda_kernels.py [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "device"))  # networks

from networks import pdlf_copy, poisson_recurrent

from neuromodels import neurons, rules, tasks
from neuromodels.simulation import Batch
from neuromodels.simulation.device.occupancy import kernel_report
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import feedforward

HIDDEN = 128
COLUMNS = {
    "network": "network",
    "dtype": "dtype",
    "arch": "arch",
    "threads": "threads",
    "registers": "registers",
    "spill_store_bytes": "spilled",
    "stack_bytes": "stack",
    "block_bytes": "state",
    "shared_bytes": "shared",
    "blocks_per_multiprocessor": "blocks",
    "barriers": "barriers",
    "compile_seconds": "seconds",
}


def by_hand(build: Callable, dtype: str) -> Batch:
    """Return a batch of a network of `networks.py`."""
    return Batch(build(), 1, dtype=dtype, namespace={})


def as_assembled(dtype: str) -> Batch:
    """Return the copy task (length 8, latency 0) with 128 neurons as a study makes it."""
    circuit = feedforward(3, HIDDEN, neurons.CATALOG["ternary_lif"], rules.CATALOG["pdlf"])
    made = assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": 8, "latency": 0})
    batch = Batch(made.network, 1, dtype=dtype, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    return batch


NETWORKS = {
    "32-64-4": partial(by_hand, poisson_recurrent),
    "PDLF copy": partial(by_hand, pdlf_copy),
    "PDLF copy of a study": as_assembled,
}


def rows() -> list[dict]:
    """Compile every kernel and return what it needs."""
    return [
        {"network": name, **kernel_report(make(dtype), arch=arch)}
        for name, make in NETWORKS.items()
        for dtype in ("float32", "float64")
        for arch in ("sm_80", "sm_90")
    ]


def text(found: list[dict]) -> str:
    """Return the rows as a table."""
    lines = ["| " + " | ".join(COLUMNS.values()) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(str(row[key]) for key in COLUMNS) + " |" for row in found]
    return "\n".join(lines)


def main() -> None:
    """Print the table, or everything as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = rows()
    sys.stdout.write((json.dumps(found, indent=1) if options.json else text(found)) + "\n")


if __name__ == "__main__":
    main()
