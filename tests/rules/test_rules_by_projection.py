"""A rule for each projection of a layered network: plain numpy and stock Brian2 say the same."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import prefs

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Population, layered
from neuromodels.study.conditions import Controls
from tests.rules.scripted import DT, SILENCE, TAU, with_values

STEPS, CHANNELS, HIDDEN, CONTEXT = 150, 4, 5, 2
ETA, ETA_GATE = 0.05, 0.02
TASK = replace(
    SILENCE,
    name="told",
    channels=CHANNELS + CONTEXT,
    context=CONTEXT,
    trace="xt",
    stimulus_model="cue : 1\nu : 1\nxt : 1",
    stimulus=f"""
        seen = int((timestep(t, dt) + i) % (2 + i) == 0)
        told = int((timestep(t, dt) // 50 + i) % 2 == 0)
        u = seen*int(i < {CHANNELS}) + 0.3*told*int(i >= {CHANNELS})
        xt = xt*exp(-dt/(20*ms)) + u
    """,
    taught="1 - 2*int((timestep(t, dt) // 10) % 2 == 0)",
    score="loss = 0*y",
)
RNG = np.random.default_rng(11)
SEEN = RNG.uniform(0.1, 0.6, (CHANNELS, HIDDEN))
GATE = RNG.normal(0.1, 0.4, (CONTEXT, HIDDEN))
LAST = RNG.uniform(-0.4, 0.4, HIDDEN)


def channels_at(step):
    seen = [float((step + i) % (2 + i) == 0) for i in range(CHANNELS)]
    told = [0.3 * ((step // 50 + CHANNELS + k) % 2 == 0) for k in range(CONTEXT)]
    return np.array(seen), np.array(told)


def steps_of_numpy():
    """Yield the weights of the three projections at the end of each step."""
    seen, gate, last = SEEN.copy(), GATE.copy(), LAST.copy()
    v, tr, rest = np.zeros(HIDDEN), np.zeros(HIDDEN), np.zeros(HIDDEN)
    x, x_gate, r, back = np.zeros(CHANNELS), np.zeros(CONTEXT), 0.0, 0.0
    for step in range(STEPS):
        u, u_gate = channels_at(step)
        decay = np.exp(-DT / TAU)
        x, x_gate, error = x * decay + u, x_gate * decay + u_gate, last * back
        rest = np.clip(rest - 1, 0, None)
        v = v * decay + (u @ seen + u_gate @ gate) * (rest < 0.5)
        s = ((v > 1) & (rest < 0.5)).astype(float)
        tr, before_reset = tr * decay + s, v.copy()
        v, rest = v - s, np.where(s > 0, 1.0, rest)
        slope = np.clip(1 - np.abs(before_reset - 1), 0, None)
        r = r * decay + s @ last
        er, psi = 1 - 2 * ((step // 10) % 2 == 0) - np.tanh(r), 1 - np.tanh(r) ** 2
        seen = np.clip(seen + ETA * np.outer(x, slope * error), -2, 2)
        gate = np.clip(gate + ETA_GATE * tr * (x_gate[:, None] - tr * gate), -2, 2)
        last, back = np.clip(last + ETA * tr * psi * er, -2, 2), er * psi
        yield seen, gate, last


def network():
    learn = with_values(CATALOG["error_driven"], {"eta": ETA})
    gate = with_values(CATALOG["oja"], {"eta": ETA_GATE})
    layers = (
        Population("input", TASK.channels, None, (), "xt"),
        Population("hidden", HIDDEN, MODELS["lif"]),
        Population("output", 1, MODELS["leaky_readout"]),
    )
    circuit = layered(layers, learn, learn, named={"context_hidden": gate}, context=CONTEXT)
    return assemble(circuit, TASK, {"steps": STEPS}, controls=Controls(record=True))


STARTS = {"input_hidden": SEEN, "context_hidden": GATE, "hidden_output": LAST}


@pytest.fixture(scope="module")
def of_batch():
    made = network()
    batch = Batch(made.network, dtype="float64", namespace={})
    for name, weights in STARTS.items():
        batch[f"{name}.w"] = weights.ravel()
    batch.record([0])
    batch.run(made.duration)
    return {name: np.asarray(batch.samples(f"watch_{name}")["w"]).T for name in STARTS}


def test_each_projection_follows_its_own_rule_step_by_step(of_batch):
    for step, weights in enumerate(steps_of_numpy()):
        for mine, theirs in zip(of_batch.values(), weights, strict=True):
            np.testing.assert_allclose(mine[step], theirs.ravel(), atol=1e-9)
    moved = {name: np.abs(each[-1] - each[0]).max() for name, each in of_batch.items()}
    assert min(moved.values()) > 0.02, moved


def test_stock_brian2_says_the_same(of_batch):
    made = network()
    objects = {each.name: each for each in made.network.objects}
    for name, weights in STARTS.items():
        objects[name].w = weights.ravel()
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        made.network.run(made.duration, namespace={})
    finally:
        prefs.codegen.target = before
    for name, weights in of_batch.items():
        np.testing.assert_allclose(weights, np.asarray(objects[f"watch_{name}"].w).T, atol=1e-9)
