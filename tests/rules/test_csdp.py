"""Contrastive-signal-dependent plasticity in a network: numpy and stock Brian2 say the same."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import prefs

from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG, PlasticityRule, compose
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls
from tests.rules.checks import checks
from tests.rules.scripted import DT, SILENCE, TAU, with_values

STEPS, CHANNELS, LAYER = 120, 4, 5
VALUES = {"eta": 0.05, "theta_z": 1.5, "decay": 0.01}
RNG = np.random.default_rng(6)
SHOWN = (RNG.random((STEPS, CHANNELS)) < 0.3).astype(float)
TYPES = np.array([1, -1, 0])[np.arange(STEPS) // 20 % 3]
WEIGHTS = RNG.uniform(-0.2, 0.9, (CHANNELS, LAYER))
TASK = replace(
    SILENCE,
    name="typed",
    channels=CHANNELS,
    stimulus="u = shown(timestep(t, dt)*second, i)",
    constants={"shown": SHOWN, "types": TYPES.astype(float)},
    typed="types(timestep(t, dt)*second)",
)
PLAIN = with_values(CATALOG["csdp"], VALUES)
COMPOSED = compose({"csdp": CATALOG["csdp"], "oja": CATALOG["oja"]}, shares="free")
COMPOSED = with_values(
    COMPOSED,
    {**{f"csdp.{name}": value for name, value in VALUES.items()}, "csdp.lambda": 1, "oja.lambda": 0}
    | {"oja.eta": 0.01, "oja.w": 0.1},
)
"""The same rule beside one that adds nothing to the current."""


def network(rules, task=TASK, neuron="saturating_lif"):
    layers = [Population(name, LAYER, MODELS[neuron]) for name in rules]
    circuit = Circuit(
        (Population("input", CHANNELS), *layers, Population("output", 1, MODELS["readout"])),
        tuple(Projection("input", name, rule) for name, rule in rules.items()),
    )
    return assemble(circuit, task, {"steps": STEPS}, controls=Controls(record=True))


def start(place):
    place["input_plain.w"] = WEIGHTS.ravel()
    place["input_composed.w_csdp"] = WEIGHTS.ravel()


@pytest.fixture(scope="module")
def of_batch():
    made = network({"plain": PLAIN, "composed": COMPOSED})
    batch = Batch(made.network, dtype="float64", namespace={})
    start(batch)
    batch.record([0])
    batch.run(made.duration)
    plain, composed = (batch.samples(f"watch_input_{name}") for name in ("plain", "composed"))
    spikes = np.asarray(batch.samples("watch_plain")["s"]).T
    return np.asarray(plain["w"]).T, np.asarray(composed["w_csdp"]).T, spikes


def steps_of_numpy():
    """Yield weights and spikes at the end of each step."""
    w = WEIGHTS.copy()
    v, z, rest = np.zeros(LAYER), np.zeros(LAYER), np.zeros(LAYER)
    for s_pre, kind in zip(SHOWN, TYPES, strict=True):
        rest = np.clip(rest - 1, 0, None)
        v = v * np.exp(-DT / TAU) + (s_pre @ w) * (rest < 0.5)
        s = ((v > 1) & (rest < 0.5)).astype(float)
        v, rest = v - s, np.where(s > 0, 1.0, rest)
        z = z * np.exp(-DT / TAU) * (1 - s) + s
        goodness = (z**2).sum() - VALUES["theta_z"]
        if kind:
            d = 2 * z * (1 / (1 + np.exp(-goodness)) - (kind > 0))
            w = w - VALUES["eta"] * np.outer(s_pre, d) - VALUES["decay"] * np.outer(1 - s_pre, s)
            w = np.clip(w, -1, 1)
        yield w, s


@checks("csdp")
@pytest.mark.parametrize("which", ["plain", "composed"])
def test_weights_follow_goodness_step_by_step(of_batch, which):
    found = of_batch[("plain", "composed").index(which)]
    for step, (weights, _) in enumerate(steps_of_numpy()):
        np.testing.assert_allclose(found[step], weights.ravel(), atol=1e-9)
    resting = found[40:60]
    assert (resting == resting[0]).all()
    assert np.abs(found[-1] - found[0]).max() > 0.1


def test_stock_brian2_says_the_same(of_batch):
    made = network({"plain": PLAIN, "composed": COMPOSED})
    objects = {each.name: each for each in made.network.objects}
    objects["input_plain"].w = WEIGHTS.ravel()
    objects["input_composed"].w_csdp = WEIGHTS.ravel()
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        made.network.run(made.duration, namespace={})
    finally:
        prefs.codegen.target = before
    np.testing.assert_allclose(objects["watch_input_plain"].w.T, of_batch[0], atol=1e-9)
    np.testing.assert_allclose(objects["watch_input_composed"].w_csdp.T, of_batch[1], atol=1e-9)


def test_the_modulator_is_the_gradient_of_the_cross_entropy_of_a_layer():
    """d_i = d/dz_i of -c*log(p) - (1 - c)*log(1 - p), p the sigmoid of the goodness."""
    z, step = np.array([0.9, 0.2, 0.6]), 1e-6

    def entropy(z, c):
        p = 1 / (1 + np.exp(-((z**2).sum() - 1.5)))
        return -c * np.log(p) - (1 - c) * np.log(1 - p)

    for c in (0, 1):
        slopes = [
            (entropy(z + step * e, c) - entropy(z - step * e, c)) / (2 * step) for e in np.eye(3)
        ]
        seen = {"y": z, "pool": (z**2).sum(), "theta_z": 1.5, "typed": 2 * c - 1}
        seen |= {"exp": np.exp, "clip": np.clip}
        exec("\n".join(x.strip() for x in CATALOG["csdp"].each_step.splitlines()[:3]), seen)
        np.testing.assert_allclose(seen["d"], slopes, rtol=1e-6)


def test_a_task_that_tells_no_type_is_refused():
    with pytest.raises(DeclarationError, match="'csdp' needs the type of each sample"):
        network({"plain": PLAIN}, task=replace(TASK, typed=""))


@pytest.mark.parametrize("pooled", ["x**2", "y*eta", "3"])
def test_a_sum_over_a_population_reads_its_traces_and_signals_alone(pooled):
    with pytest.raises(DeclarationError, match="pooled: must be an expression of y and sy"):
        PlasticityRule(
            "own", "", "w : 1", CATALOG["oja"].coefficients, each_step="w += pool", pooled=pooled
        )


def test_names_that_the_network_gives_are_taken():
    coefficients = (
        *CATALOG["csdp"].coefficients,
        replace(CATALOG["oja"].coefficients[1], name="typed"),
    )
    with pytest.raises(DeclarationError, match="must not have a name of Brian2's"):
        replace(CATALOG["csdp"], coefficients=coefficients)
