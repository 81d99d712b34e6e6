"""The batch that runs a condition's network, and where its coefficients go."""

from __future__ import annotations

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import Assembly
from neuromodels.simulation.network.circuit import Circuit
from neuromodels.study.study import Study


def batch_of(
    assembly: Assembly, study: Study, instances: int = 1, inputs: np.ndarray | None = None
) -> Batch:
    """Return the batch that runs a network, its trials drawn from their streams.

    Parameters
    ----------
    inputs
        Numbers of the inputs that the instances show, (instances,); None: each draws its own.
    """
    device = "cpp" if study.device.name == "batch" else study.device.name
    batch = Batch(
        assembly.network,
        instances,
        dtype=study.device.dtype,
        threads=study.device.threads or None,
        device=device,
        namespace={},
    )
    shown = shown_in(assembly, inputs)
    for address, numbers in shown.items():
        batch[address] = numbers[:, None]
    for address, expression in assembly.initial.items():
        if address not in shown:
            batch.initialise(address, expression)
    return batch


def values_of(circuit: Circuit, assembly: Assembly, xs: np.ndarray) -> dict[str, np.ndarray]:
    """Return the values of all searched coefficients by address, each (candidates, size)."""
    decoded = circuit.coefficients.decode(np.atleast_2d(xs))
    return {assembly.addresses[label]: values for label, values in decoded.items()}


def shown_in(
    assembly: Assembly, inputs: np.ndarray | None, candidates: int = 1
) -> dict[str, np.ndarray]:
    """Return the numbers of the inputs of trials by address, the same for all candidates.

    Parameters
    ----------
    inputs
        (trials,); None: each trial draws its own, and nothing is returned.

    Raises
    ------
    DeclarationError
        Where the inputs of the task cannot be chosen.
    """
    if inputs is None:
        return {}
    if assembly.shown is None:
        raise DeclarationError(
            "Experiment.inputs",
            "the task must have inputs that can be chosen",
            cure="Keep some from searches, by test_share.",
        )
    return {assembly.shown: np.tile(inputs, candidates).astype(float)}
