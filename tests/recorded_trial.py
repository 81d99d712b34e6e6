"""One trial of a task with random PDLF coefficients, recorded step by step."""

from collections.abc import Mapping

import numpy as np

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import Assembly, assemble
from neuromodels.simulation.network.circuit import feedforward
from neuromodels.study.conditions import Controls
from neuromodels.tasks.base import Task


def recorded_trial(task: Task, parameters: Mapping[str, float]) -> tuple[Batch, Assembly]:
    """Run eight hidden neurons through one trial, and return what holds its record."""
    circuit = feedforward(task.channels, 8, MODELS["ternary_lif"], RULES["pdlf"], task.outputs)
    made = assemble(circuit, task, parameters, controls=Controls(record=True))
    batch = Batch(made.network, 1, dtype="float64", threads=1, namespace={}, seed=5)
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    drawn = 0.3 * np.random.default_rng(0).normal(size=(1, circuit.coefficients.dimension))
    for label, values in circuit.coefficients.decode(drawn).items():
        batch[made.addresses[label]] = values[0]
    batch.run(made.duration)
    return batch, made
