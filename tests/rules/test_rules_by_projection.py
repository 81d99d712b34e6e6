"""A rule for each projection of a layered network: plain numpy and stock Brian2 say the same.

The channels' weights follow `dpap`, so that its mask, its BCM sum and its error are checked too.
"""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import prefs

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG
from neuromodels.rules.mpsl.dpap import survival_after
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Population, layered
from neuromodels.study.conditions import Controls
from tests.rules.checks import checks
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
ALIVE = np.ones((CHANNELS, HIDDEN))
ALIVE[:, 3] = 0.0
GATE = RNG.normal(0.1, 0.4, (CONTEXT, HIDDEN))
LAST = RNG.uniform(-0.4, 0.4, HIDDEN)


def channels_at(step):
    seen = [float((step + i) % (2 + i) == 0) for i in range(CHANNELS)]
    told = [0.3 * ((step // 50 + CHANNELS + k) % 2 == 0) for k in range(CONTEXT)]
    return np.array(seen), np.array(told)


def steps_of_numpy():
    """Yield what the three projections learn, at the end of each step."""
    seen, gate, last = SEEN.copy(), GATE.copy(), LAST.copy()
    v, tr, rest = np.zeros(HIDDEN), np.zeros(HIDDEN), np.zeros(HIDDEN)
    theta, m = np.zeros(HIDDEN), np.zeros((CHANNELS, HIDDEN))
    x, x_gate, r, back = np.zeros(CHANNELS), np.zeros(CONTEXT), 0.0, 0.0
    for step in range(STEPS):
        u, u_gate = channels_at(step)
        decay = np.exp(-DT / TAU)
        x, x_gate, error = x * decay + u, x_gate * decay + u_gate, last * back
        rest = np.clip(rest - 1, 0, None)
        v = v * decay + (u @ (seen * ALIVE) + u_gate @ gate) * (rest < 0.5)
        s = ((v > 1) & (rest < 0.5)).astype(float)
        tr, before_reset = tr * decay + s, v.copy()
        v, rest = v - s, np.where(s > 0, 1.0, rest)
        slope = np.clip(1 - np.abs(before_reset - 1), 0, None)
        r = r * decay + s @ last
        er, psi = 1 - 2 * ((step // 10) % 2 == 0) - np.tanh(r), 1 - np.tanh(r) ** 2
        seen = np.clip(seen + ETA * np.outer(x, slope * error), -2, 2)
        gate = np.clip(gate + ETA_GATE * tr * (x_gate[:, None] - tr * gate), -2, 2)
        theta = theta + (tr - theta) * DT
        m = m + np.outer(x, tr * (tr - theta)) * DT
        last, back = np.clip(last + ETA * tr * psi * er, -2, 2), er * psi
        yield seen, gate, last, m


def network():
    pruned = with_values(CATALOG["dpap"], {"eta": ETA})
    learn = with_values(CATALOG["error_driven"], {"eta": ETA})
    gate = with_values(CATALOG["oja"], {"eta": ETA_GATE})
    layers = (
        Population("input", TASK.channels, None, (), "xt"),
        Population("hidden", HIDDEN, MODELS["lif"]),
        Population("output", 1, MODELS["leaky_readout"]),
    )
    circuit = layered(
        layers,
        learn,
        learn,
        named={"context_hidden": gate, "input_hidden": pruned},
        context=CONTEXT,
    )
    return assemble(circuit, TASK, {"steps": STEPS}, controls=Controls(record=True))


STARTS = {"input_hidden": SEEN, "context_hidden": GATE, "hidden_output": LAST}


@pytest.fixture(scope="module")
def of_batch():
    made = network()
    batch = Batch(made.network, dtype="float64", namespace={})
    for name, weights in STARTS.items():
        batch[f"{name}.w"] = weights.ravel()
    batch["input_hidden.alive"] = ALIVE.ravel()
    batch.record([0])
    batch.run(made.duration)
    seen = {f"{name}.w": batch.samples(f"watch_{name}")["w"] for name in STARTS}
    seen["input_hidden.m"] = batch.samples("watch_input_hidden")["m"]
    return {label: np.asarray(samples).T for label, samples in seen.items()}


@checks("dpap")
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
    objects["input_hidden"].alive = ALIVE.ravel()
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        made.network.run(made.duration, namespace={})
    finally:
        prefs.codegen.target = before
    for label, values in of_batch.items():
        name, _, variable = label.partition(".")
        stock = np.asarray(getattr(objects[f"watch_{name}"], variable)).T
        np.testing.assert_allclose(values, stock, atol=1e-9)


def test_quiet_neurons_lose_survival_and_the_dead_stay_dead():
    survival = np.array([1.0, 1.0, 1.0, 1.0, -0.5])
    score = np.array([0.0, 1.0, 2.0, 2.0, 9.0])
    # of the living: lowest 0, 75th percentile 2; u = 0, .5, 1, 1; D = -1.5, -.5, 2.5, 2.5
    found = survival_after(survival, score, epoch=3, first=3)
    np.testing.assert_allclose(found, [-0.501, 0.499, 3.499, 3.499, -0.5])
    later = survival_after(survival, score, epoch=16, first=3)
    np.testing.assert_allclose(later[:2], 0.999 - np.array([1.5, 0.5]) * np.exp(-1))
