"""Gated recurrent units beside a plastic network, against numpy."""

import numpy as np
import pytest

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.simulation.network.circuit import Population, layered
from neuromodels.study.conditions import Controls
from neuromodels.study.file import study_of
from neuromodels.tasks import CATALOG as TASKS

TASK = TASKS["sequence_copy"]
UNITS = 5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_a_gated_unit_is_that_of_numpy():
    """Only the units reach the read-out: the hidden layer's coefficients are zero."""
    layers = (
        Population("input", 3),
        Population("hidden", 4, MODELS["ternary_lif"]),
        Population("output", 1, MODELS["readout"]),
    )
    gru = Population("gru", UNITS, MODELS["gru"])
    circuit = layered(layers, RULES["pdlf"], RULES["fixed"], beside=gru)
    vector = np.random.default_rng(1).normal(size=circuit.coefficients.dimension)
    numbers = {k: v[0] for k, v in circuit.coefficients.decode(vector[None]).items()}
    numbers = {
        k: 0 * v if k.startswith(("input_hidden", "hidden_")) else v for k, v in numbers.items()
    }
    made = assemble(circuit, TASK, {"length": 3, "latency": 2}, controls=Controls(record=True))
    batch = Batch(made.network, 1, dtype="float64", threads=1, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    for label, values in numbers.items():
        batch[made.addresses[label]] = values
    batch.run(made.duration)
    inputs = np.asarray(batch.samples("watch_input")["u"]).T
    h, said = np.zeros(UNITS), []
    w = {k.split(".")[0]: v for k, v in numbers.items() if k.endswith(".w")}
    table = {k: w[k].reshape(-1, UNITS) for k in w if k != "gru_output"}
    bias = {k.split(".b_")[1]: v for k, v in numbers.items() if k.startswith("gru.b_")}
    for u in inputs:
        r, z = (
            sigmoid(u @ table[f"input_gru_{g}_in"] + h @ table[f"gru_gru_{g}_in"] + bias[g])
            for g in ("r", "z")
        )
        new = np.tanh(
            u @ table["input_gru_n_in"] + bias["n"] + r * (h @ table["gru_gru_back"] + bias["back"])
        )
        h = (1 - z) * new + z * h
        said.append(h @ w["gru_output"])
    np.testing.assert_allclose(np.asarray(batch.samples("watch_output")["o"])[0], said, atol=1e-12)


@pytest.mark.parametrize("condition", ["plastic", "fixed"])
def test_the_released_copy_network_has_as_many_numbers(condition):
    """Released: 50,945 of GRU and read-out, one of them a bias that ours lacks, 2,560 of PDLF."""
    table = {
        "name": "released",
        "task": {"name": "sequence_copy"},
        "rule": {"name": "pdlf"},
        "circuit": {"hidden": 128, "gru": 128},
        "conditions": [condition],
    }
    dimension = circuit_of(study_of(table, "table"), condition).coefficients.dimension
    assert dimension == 50_944 + (2_560 if condition == "plastic" else 512)
