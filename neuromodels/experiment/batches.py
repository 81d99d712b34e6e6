"""The batch that runs a condition's network, and where its coefficients go."""

from __future__ import annotations

import numpy as np

from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import Assembly
from neuromodels.simulation.network.circuit import Circuit
from neuromodels.study.study import Study


def batch_of(assembly: Assembly, study: Study, instances: int = 1) -> Batch:
    """Return the batch that runs a network, its trials drawn from their streams."""
    device = "cpp" if study.device.name == "batch" else study.device.name
    batch = Batch(
        assembly.network,
        instances,
        dtype=study.device.dtype,
        threads=study.device.threads or None,
        device=device,
        namespace={},
    )
    for address, expression in assembly.initial.items():
        batch.initialise(address, expression)
    return batch


def values_of(circuit: Circuit, assembly: Assembly, xs: np.ndarray) -> dict[str, np.ndarray]:
    """Return the values of all searched coefficients by address, each (candidates, size)."""
    decoded = circuit.coefficients.decode(np.atleast_2d(xs))
    return {assembly.addresses[label]: values for label, values in decoded.items()}
