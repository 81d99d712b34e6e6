"""Neurons that learn their thresholds from errors: numpy and stock Brian2 say the same."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import prefs

from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.neurons import NeuronModel
from neuromodels.rules import CATALOG
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls
from tests.rules.scripted import DT, TAU, with_values
from tests.rules.test_error_driven import CHANNELS, ETA, FIRST, HIDDEN, OUTPUTS, SECOND, STEPS, TASK

ETA_TH, FREEZE = 0.04, 50
LEARNING = with_values(CATALOG["error_driven"], {"eta": ETA})
FIXED = CATALOG["fixed"].with_options({"normalisation": "none"})


def network(rule, freeze_at=None, readout="leaky_readout", task=TASK):
    """Return the network of the error-driven rule with neurons that learn thresholds."""
    neurons = MODELS["stl_lif"].with_coefficients({"eta_theta": {"default": ETA_TH}})
    populations = (
        Population("input", CHANNELS),
        Population("hidden", HIDDEN, neurons),
        Population("output", task.outputs, MODELS[readout]),
    )
    ends = (("input", "hidden"), ("hidden", "output"))
    circuit = Circuit(populations, tuple(Projection(a, b, rule) for a, b in ends))
    controls = Controls(record=True, freeze_at=freeze_at)
    return assemble(circuit, task, {"steps": STEPS}, controls=controls)


def run(made):
    """Return thresholds, spikes and first weights in each step, by the batch device."""
    batch = Batch(made.network, dtype="float64", namespace={})
    batch["input_hidden.w"], batch["hidden_output.w"] = FIRST.ravel(), SECOND.ravel()
    batch.record([0])
    batch.run(made.duration)
    seen = batch.samples("watch_hidden")
    weights = np.asarray(batch.samples("watch_input_hidden")["w"]).T
    return np.asarray(seen["theta"]).T, np.asarray(seen["s"]).T, weights


def steps_of_numpy(learns_weights=True):
    """Yield thresholds, spikes and first weights at the end of each step."""
    first, second, theta = FIRST.copy(), SECOND.copy(), np.zeros(HIDDEN)
    v, tr, rest = np.zeros(HIDDEN), np.zeros(HIDDEN), np.zeros(HIDDEN)
    r, sent_back = np.zeros(OUTPUTS), np.zeros(OUTPUTS)
    for step in range(STEPS):
        u = np.array([float((step + i) % (2 + i) == 0) for i in range(CHANNELS)])
        er = second @ sent_back  # of the step before
        rest = np.clip(rest - 1, 0, None)
        v = v * np.exp(-DT / TAU) + (u @ first) * (rest < 0.5)
        s = ((v > 1 + theta) & (rest < 0.5)).astype(float)
        psi = np.clip(1 - np.abs(v - 1 - theta), 0, None)
        tr, v, rest = tr * np.exp(-DT / TAU) + s, v - s * (1 + theta), np.where(s > 0, 1.0, rest)
        r = r * np.exp(-DT / TAU) + s @ second
        told = np.array([1 - 2 * ((step // 10 + j) % 2 == 0) for j in range(OUTPUTS)])
        sent_back = (told - np.tanh(r)) * (step < 80) * (1 - np.tanh(r) ** 2)
        theta = np.clip(theta - ETA_TH * psi * er, -0.9, 20)
        if learns_weights:
            first = np.clip(first + ETA * np.outer(u, psi * er), -2, 2)
            second = np.clip(second + ETA * np.outer(tr, sent_back), -2, 2)
        yield theta, s, first.ravel()


@pytest.fixture(scope="module")
def both():
    return run(network(LEARNING))


@pytest.mark.parametrize("learns_weights", [True, False])
def test_thresholds_follow_their_errors_step_by_step(both, learns_weights):
    theta, fired, weights = both if learns_weights else run(network(FIXED))
    for step, (bound, s, w) in enumerate(steps_of_numpy(learns_weights)):
        np.testing.assert_allclose(theta[step], bound, atol=1e-9)
        np.testing.assert_array_equal(fired[step], s)
        np.testing.assert_allclose(weights[step], w, atol=1e-9)
    assert np.abs(theta[-1]).max() > 0.02
    assert fired.sum() > 10


def test_stock_brian2_says_the_same(both):
    made = network(LEARNING)
    objects = {each.name: each for each in made.network.objects}
    objects["input_hidden"].w, objects["hidden_output"].w = FIRST.ravel(), SECOND.ravel()
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        made.network.run(made.duration, namespace={})
    finally:
        prefs.codegen.target = before
    np.testing.assert_allclose(objects["watch_hidden"].theta.T, both[0], atol=1e-9)
    np.testing.assert_allclose(objects["watch_input_hidden"].w.T, both[2], atol=1e-9)


def test_a_control_that_freezes_the_rule_freezes_thresholds(both):
    theta, _, weights = run(network(LEARNING, freeze_at=FREEZE))
    np.testing.assert_allclose(theta[:FREEZE], both[0][:FREEZE], atol=1e-12)
    assert (theta[FREEZE:] == theta[FREEZE]).all()
    assert (weights[FREEZE:] == weights[FREEZE]).all()


def test_a_threshold_moves_down_the_gradient_of_its_error():
    """Where the spike is its triangle's integral, -er*dS/dtheta is what the rule subtracts."""
    neuron, step = MODELS["stl_lif"], 1e-6
    for v, theta in ((0.7, 0.1), (1.3, 0.1), (0.2, -0.3)):

        def soft_spike(bound, v=v):
            """Return the integral of max(0, 1 - |v - bound|) up to v, from 0 to 1."""
            x = np.clip(v - bound, -1, 1)
            return 0.5 + x - x * abs(x) / 2

        slope = (soft_spike(1 + theta + step) - soft_spike(1 + theta - step)) / (2 * step)
        seen = {"v": v, "theta": theta, "v_th": 1.0, "s": 0.0, "inf": np.inf}
        psi = eval(neuron.derivative, seen | {"clip": np.clip, "abs": abs})
        np.testing.assert_allclose(slope, -psi, atol=1e-6)
    assert "theta - eta_theta*psi*er" in neuron.plasticity


def test_fixed_neurons_learn_nothing_and_search_no_rate():
    still = MODELS["stl_lif"].unlearning
    assert not still.plasticity
    assert not still.learns
    assert [each.name for each in still.coefficients] == ["bias", "t_ref"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"readout": "readout"}, "Choose readout = 'leaky_readout'"),
        ({"task": replace(TASK, taught="")}, "circuit.neuron: 'stl_lif' needs an error, and"),
    ],
)
def test_neurons_without_an_error_are_refused(given, said):
    with pytest.raises(DeclarationError) as refused:
        network(FIXED, **given)
    assert said in str(refused.value)


def test_what_neurons_learn_is_set_by_their_plasticity():
    with pytest.raises(DeclarationError, match="learns: must name variables that its plasticity"):
        NeuronModel("own", "", "I : 1\no : 1\nz : 1", "o", "o", plasticity="z = o", learns=("o",))
