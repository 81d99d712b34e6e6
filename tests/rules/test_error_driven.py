"""The error-driven rule in a whole network against plain numpy, and the gradient it stands for."""

from dataclasses import replace

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG, compose
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls
from tests.rules.checks import checks
from tests.rules.scripted import DT, SILENCE, TAU, with_values

STEPS, CHANNELS, HIDDEN, OUTPUTS, ETA = 120, 3, 4, 2, 0.05
TOLD_UNTIL = 80
TASK = replace(
    SILENCE,
    name="told",
    channels=CHANNELS,
    outputs=OUTPUTS,
    stimulus="u = int((timestep(t, dt) + i) % (2 + i) == 0)",
    taught=f"int(timestep(t, dt) < {TOLD_UNTIL})*(1 - 2*int((timestep(t, dt) // 10 + j) % 2 == 0))",
    score="loss = 0*y0",
)
FIRST = np.random.default_rng(3).uniform(0.1, 0.6, (CHANNELS, HIDDEN))
SECOND = np.random.default_rng(4).uniform(-0.4, 0.4, (HIDDEN, OUTPUTS))


def steps_of_numpy():
    """Yield the weights of both projections at the end of each step."""
    first, second = FIRST.copy(), SECOND.copy()
    v, tr, rest = np.zeros(HIDDEN), np.zeros(HIDDEN), np.zeros(HIDDEN)
    r, er_out, psi_out = np.zeros(OUTPUTS), np.zeros(OUTPUTS), np.zeros(OUTPUTS)
    for step in range(STEPS):
        u = np.array([float((step + i) % (2 + i) == 0) for i in range(CHANNELS)])
        er_hidden = second @ (er_out * psi_out)  # of the step before
        rest = np.clip(rest - 1, 0, None)
        v = v * np.exp(-DT / TAU) + (u @ first) * (rest < 0.5)
        s = ((v > 1) & (rest < 0.5)).astype(float)
        tr, before_reset = tr * np.exp(-DT / TAU) + s, v.copy()
        v, rest = v - s, np.where(s > 0, 1.0, rest)
        psi_hidden = np.clip(1 - np.abs(before_reset - 1), 0, None)
        o = r = r * np.exp(-DT / TAU) + s @ second
        told = np.array([1 - 2 * ((step // 10 + j) % 2 == 0) for j in range(OUTPUTS)])
        er_out = (told - np.tanh(o)) * (step < TOLD_UNTIL)
        psi_out = 1 - np.tanh(o) ** 2
        first = np.clip(first + ETA * np.outer(u, psi_hidden * er_hidden), -2, 2)
        second = np.clip(second + ETA * np.outer(tr, psi_out * er_out), -2, 2)
        yield first, second


def network(rule, readout="leaky_readout", hidden="lif", task=TASK):
    populations = (
        Population("input", CHANNELS),
        Population("hidden", HIDDEN, MODELS[hidden]),
        Population("output", task.outputs, MODELS[readout]),
    )
    ends = (("input", "hidden"), ("hidden", "output"))
    circuit = Circuit(populations, tuple(Projection(a, b, rule) for a, b in ends))
    return assemble(circuit, task, {"steps": STEPS}, controls=Controls(record=True))


@pytest.fixture(scope="module")
def found():
    made = network(with_values(CATALOG["error_driven"], {"eta": ETA}))
    batch = Batch(made.network, dtype="float64", namespace={})
    batch["input_hidden.w"], batch["hidden_output.w"] = FIRST.ravel(), SECOND.ravel()
    batch.record([0])
    batch.run(made.duration)
    names = ("watch_input_hidden", "watch_hidden_output")
    return [np.asarray(batch.samples(name)["w"]).T for name in names]


@checks("error_driven")
def test_both_layers_follow_their_errors_step_by_step(found):
    for step, weights in enumerate(steps_of_numpy()):
        for mine, theirs in zip(found, weights, strict=True):
            np.testing.assert_allclose(mine[step], theirs.ravel(), atol=1e-9)
    moved = [np.abs(each[TOLD_UNTIL] - each[0]).max() for each in found]
    assert min(moved) > 0.01


def test_nothing_changes_once_nothing_is_told(found):
    for weights in found:
        assert (weights[TOLD_UNTIL + 1 :] == weights[TOLD_UNTIL + 1]).all()


def test_the_error_of_a_read_out_is_the_gradient_of_what_it_is_told():
    """er*psi = -d/do of (told - tanh(o))**2/2, and the rule multiplies it with x."""
    x, w, told, step = np.array([0.3, 0.8, 0.1]), np.array([0.5, -0.2, 0.9]), 1.0, 1e-6

    def loss(weights):
        return (told - np.tanh(x @ weights)) ** 2 / 2

    slopes = [(loss(w + step * e) - loss(w - step * e)) / (2 * step) for e in np.eye(3)]
    seen = {"o": x @ w, "told": told, "tanh": np.tanh, "abs": abs, "int": int}
    readout = MODELS["leaky_readout"]
    er, psi = eval(readout.error, seen), eval(readout.derivative, seen)
    assert "eta*x*psi*er" in CATALOG["error_driven"].each_step
    assert np.allclose(-np.array(slopes), x * psi * er)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"readout": "readout"}, "readout = 'leaky_readout'"),
        ({"hidden": "ternary_lif"}, "neuron = 'lif'"),
        ({"task": replace(TASK, taught="")}, "tells the read-out nothing"),
    ],
)
def test_a_network_without_an_error_is_refused(given, said):
    rule = compose({"error": CATALOG["error_driven"], "oja": CATALOG["oja"]})
    with pytest.raises(DeclarationError, match="needs an error") as refused:
        network(rule, **given)
    assert said in str(refused.value)
