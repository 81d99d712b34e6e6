"""Rules that act at spikes inside a declared circuit, against the same events added up in numpy."""

import numpy as np
import pytest
from brian2.units import ms

from neuromodels import neurons, rules, tasks
from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls

NEURON, STDP = neurons.CATALOG["ternary_lif"], rules.CATALOG["stdp"]
FIXED = rules.CATALOG["fixed"].with_options({"normalisation": "none"})
STEPS = 16


def circuit(rule=STDP, source="first"):
    """Return channels -> first -> second -> read-out, with a rule between the two in the middle."""
    populations = (
        Population("input", 3),
        Population("first", 5, NEURON),
        Population("second", 4, NEURON),
        Population("output", 1, neurons.CATALOG["readout"]),
    )
    projections = (
        Projection("input", "first", FIXED),
        Projection(source, "second", rule),
        Projection("second", "output", FIXED),
    )
    return Circuit(populations, projections)


def ran(**controls):
    """Return spikes (steps, neurons) of both populations and the weights after each step."""
    task = tasks.CATALOG["sequence_copy"]
    made = assemble(circuit(), task, {"length": 5, "latency": 6}, controls=Controls(**controls))
    batch = Batch(made.network, 1, seed=2, dtype="float64", namespace={})
    batch.initialise("items.bit", made.initial["items.bit"])
    rng = np.random.default_rng(3)
    batch["input_first.w"] = rng.normal(0.5, 1, size=15)
    batch["first_second.w"] = 0.5
    first, second, weights = [], [], [np.full(20, 0.5)]
    for _ in range(STEPS):
        batch.run(20 * ms)
        first.append(np.asarray(batch["first.s"])[0] != 0)
        second.append(np.asarray(batch["second.s"])[0] != 0)
        weights.append(np.asarray(batch["first_second.w"])[0])
    return np.array(first), np.array(second), np.array(weights)


def summed(first, second):
    """Add up the pairs of Song et al. with one spike per step of 20 ms, presynaptic ones first."""
    decay = np.exp(-1.0)
    apre, apost, w = np.zeros((5, 1)), np.zeros((1, 4)), np.full((5, 4), 0.5)
    history = [w]
    for pre, post in zip(first[:, :, None], second[:, None, :], strict=True):
        apre, apost = apre * decay + pre, apost * decay
        w = np.clip(w - pre * 0.00525 * apost, 0, 1)
        apost = apost + post
        w = np.clip(w + post * 0.005 * apre, 0, 1)
        history.append(w)
    return np.array(history).reshape(STEPS + 1, 20)


def test_stdp_in_a_circuit_is_the_sum_of_its_pairs():
    first, second, weights = ran()
    assert first.any()
    assert second.any()
    np.testing.assert_allclose(weights, summed(first, second), rtol=1e-10)
    assert np.ptp(weights[-1]) > 0


def test_a_rule_that_is_switched_off_changes_nothing_at_spikes():
    _, _, weights = ran(freeze_at=6)
    assert not np.array_equal(weights[6], weights[0])
    np.testing.assert_array_equal(weights[6:], weights[6][None].repeat(STEPS - 5, axis=0))


@pytest.mark.parametrize(("source", "name"), [("input", "'input'")])
def test_a_rule_at_spikes_wants_neurons_that_spike(source, name):
    with pytest.raises(DeclarationError, match=f"'stdp' acts at spikes of {name}, which has none"):
        circuit(source=source)
