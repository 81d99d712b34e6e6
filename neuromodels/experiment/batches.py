"""The batch that runs a condition's network, and where its coefficients go."""

from __future__ import annotations

import numpy as np

from neuromodels import tasks
from neuromodels.coefficients import CoefficientVector
from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch
from neuromodels.simulation.device.library import core_count
from neuromodels.simulation.network.assembly import Assembly
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.simulation.network.circuit import Circuit, Projection
from neuromodels.simulation.network.equations import assigned
from neuromodels.study.limits.demand import NetworkSize, check_demand
from neuromodels.study.study import Study
from neuromodels.tasks.embodied import EmbodiedTask

MOST_AT_ONCE = 1024
"""Networks that move bodies of a simulator at the same time; further trials run after these."""


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
    found = {assembly.addresses[label]: values for label, values in decoded.items()}
    return found | {a: found[a] * unit for a, unit in assembly.text.units.items() if a in found}


def coefficients_of(study: Study, condition: str) -> CoefficientVector:
    """Return what the numbers of a solution of a condition stand for."""
    return circuit_of(study, condition).coefficients


def readouts_of(batch: Batch, name: str, signal: str) -> np.ndarray:
    """Return the signal of a population of read-outs in the last step.

    Parameters
    ----------
    name
        Of the population.
    signal
        Of its variables. Of a read-out without dynamics that hears several populations it is a sum
        of one variable for each, which the batch does not store.

    Returns
    -------
    ndarray
        (instances, outputs).
    """
    equation = batch.groups[name].equations[signal]
    names = sorted(equation.identifiers) if equation.type == "subexpression" else [signal]
    return np.sum([np.asarray(batch[f"{name}.{each}"]) for each in names], axis=0)


def shown_in(assembly: Assembly, inputs: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the numbers of the inputs of instances by address.

    Parameters
    ----------
    inputs
        (instances,); None: each instance draws its own, and nothing is returned.

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
    return {assembly.shown: np.asarray(inputs, dtype=float)}


def check_size(study: Study, circuit: Circuit, assembly: Assembly, batch: Batch) -> None:
    """Refuse a network of one's own that is too large for this machine; others were checked.

    Raises
    ------
    DeclarationError
        With bytes and seconds.
    """
    if circuit.own is not None:
        size = size_of(study, circuit, assembly, batch)
        check_demand(study, study.task_out_of(tasks.CATALOG), size)


def size_of(study: Study, circuit: Circuit, assembly: Assembly, batch: Batch) -> NetworkSize:
    """Return what a network of one's own takes, from what was laid out; nothing is compiled."""
    own = [population for population in circuit.populations if population.is_own]
    neurons = sum(population.size for population in own)
    steps = assembly.text.steps if "plastic" in study.conditions else 0  # only these are recorded
    return NetworkSize(
        neurons=neurons,
        synapses=assembly.synapses,
        updates=neurons + sum(_pairs(p, circuit) for p in circuit.projections if _each_step(p)),
        numbers=circuit.coefficients.dimension,
        shared=batch.bytes_shared,
        each=batch.bytes_each,
        at_once=_at_once(study),
        candidate=_numbers_of_candidate(circuit) * np.dtype(study.device.dtype).itemsize,
        recorded=steps * _numbers_of_step(circuit) * np.dtype(batch.dtype).itemsize,
    )


def _at_once(study: Study) -> int:
    """Return how many instances hold their state at the same time."""
    if isinstance(study.task_out_of(tasks.CATALOG), EmbodiedTask):
        instances = study.search.candidates * study.search.trials
        return min(max(instances, study.test.trials), MOST_AT_ONCE)
    return (study.device.threads or core_count()) if study.device.name == "batch" else 1


def _each_step(projection: Projection) -> bool:
    """Whether synapses are updated in each step; others of the user's may act at spikes only."""
    return not projection.own or bool(projection.rule.each_step.strip())


def _pairs(projection: Projection, circuit: Circuit) -> int:
    if projection.pairs is not None:
        return int(projection.pairs.shape[1])
    source, target = circuit.sides(projection)
    return source.size * target.size


def _numbers_of_candidate(circuit: Circuit) -> int:
    """Return how many numbers the variables of an instance take from a candidate."""
    blocks = circuit.coefficients.blocks
    return sum(block.used for block in blocks)


def _numbers_of_step(circuit: Circuit) -> int:
    """Return how many numbers the monitors of a recorded trial collect in a step."""
    neurons = sum(p.size * len({p.signal, p.trace} - {""}) for p in circuit.populations)
    return neurons + sum(
        _pairs(p, circuit) * len({*p.rule.learns, *assigned(p.rule.forget)})
        for p in circuit.projections
    )
