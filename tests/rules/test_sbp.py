"""Self-backpropagation in two phases: a whole network against plain numpy, step by step."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import StateMonitor
from sklearn.datasets import load_digits

from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG, compose
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls
from neuromodels.tasks.arrays import TrialArrays, array_task
from tests.rules.checks import checks
from tests.rules.scripted import DT, SILENCE, TAU, with_values

PHASE, PHASES, CHANNELS, HIDDEN, OUTPUTS = 10, 12, 3, 4, 2
STEPS = PHASE * PHASES
ETA, KAPPA, NUDGE = 0.02, 0.8, 0.5
RNG = np.random.default_rng(8)
SHOWN = np.repeat(RNG.random((PHASES // 2, CHANNELS)), 2 * PHASE, axis=0)
TYPES = np.where(np.arange(STEPS) // PHASE % 2, 1.0, -1.0)
TOLD = np.repeat(1 - 2.0 * (RNG.random((PHASES // 2, OUTPUTS)) < 0.5), 2 * PHASE, axis=0)
TOLD *= TYPES[:, None] > 0
FIRST, SECOND = RNG.uniform(0.1, 0.6, (CHANNELS, HIDDEN)), RNG.normal(0, 0.5, (HIDDEN, OUTPUTS))
TASK = replace(
    SILENCE,
    name="two_phases",
    channels=CHANNELS,
    outputs=OUTPUTS,
    stimulus="u = shown(timestep(t, dt)*second, i)",
    constants={"shown": SHOWN, "types": TYPES, "answers": TOLD},
    typed="types(timestep(t, dt)*second)",
    taught="answers(timestep(t, dt)*second, j)",
    between=f"(timestep(t, dt) + 1) % {PHASE} == 0",
    score="loss = 0*y0",
)
VALUES = {"eta": ETA, "kappa": KAPPA}
PLAIN = with_values(CATALOG["sbp"], VALUES)
COMPOSED = with_values(
    compose({"sbp": CATALOG["sbp"], "oja": CATALOG["oja"]}, shares="free"),
    {**{f"sbp.{name}": value for name, value in VALUES.items()}, "sbp.lambda": 1, "oja.lambda": 0}
    | {"oja.eta": 0.01, "oja.w": 0.1},
)
"""The same rule beside one that adds nothing to the current."""


class Synapses:
    """Weights of a projection, and what their last sample has changed."""

    def __init__(self, w):
        self.w, self.w_0, self.d, self.samples = w.copy(), w.copy(), np.zeros_like(w), 0

    def step(self, x, y, q, step):
        if step % (2 * PHASE) == 0:
            self.d = self.w - self.w_0
            self.w_0 = self.w.copy()
        change = ETA * TYPES[step] * np.outer(x, y * (1 + KAPPA * (q - 1)))
        self.w = np.clip(self.w + change, -2, 2)


def steps_of_numpy(kappa_of_q=1.0):
    """Yield the weights of both projections at the end of each step, and the factor q."""
    first, second, leak = Synapses(FIRST), Synapses(SECOND), np.exp(-DT / TAU)
    for step in range(STEPS):
        if step % PHASE == 0:  # both phases begin alike
            v, tr, rest, er_hidden = np.zeros((4, HIDDEN))
            r, o, er_out, psi_out = np.zeros((4, OUTPUTS))
        back = second.w @ (er_out * psi_out)
        sent = np.abs(second.d).sum(axis=1)
        q = sent / sent.mean() if sent.any() else np.ones(HIDDEN)
        rest = np.clip(rest - 1, 0, None)
        v = v * leak + (SHOWN[step] @ first.w + NUDGE * er_hidden) * (rest < 0.5)
        s = ((v > 1) & (rest < 0.5)).astype(float)
        tr, v, rest = tr * leak + s, v - s, np.where(s > 0, 1.0, rest)
        er_hidden = back
        told = TOLD[step]
        r = r * leak + s @ second.w + NUDGE * (told != 0) * (told - np.tanh(o))
        o = r
        er_out, psi_out = (told != 0) * (told - np.tanh(o)), 1 - np.tanh(o) ** 2
        first.step(SHOWN[step], tr, q, step)
        second.step(tr, np.tanh(o + told), np.ones(OUTPUTS), step)
        yield first.w.ravel(), second.w.ravel(), q


def network(rule, task=TASK, readout="nudged_readout"):
    populations = (
        Population("input", CHANNELS),
        Population("hidden", HIDDEN, MODELS["nudged_lif"]),
        Population("output", OUTPUTS, MODELS[readout]),
    )
    ends = (("input", "hidden"), ("hidden", "output"))
    circuit = Circuit(populations, tuple(Projection(a, b, rule) for a, b in ends))
    return assemble(circuit, task, {"steps": STEPS}, controls=Controls(record=True))


def run_of(rule, weight):
    made = network(rule)
    batch = Batch(made.network, dtype="float64", namespace={})
    batch[f"input_hidden.{weight}"] = FIRST.ravel()
    batch[f"hidden_output.{weight}"] = SECOND.ravel()
    batch.record([0])
    batch.run(made.duration)
    names = ("watch_input_hidden", "watch_hidden_output")
    return [np.asarray(batch.samples(name)[weight]).T for name in names]


@checks("sbp")
@pytest.mark.parametrize(("rule", "weight"), [(PLAIN, "w"), (COMPOSED, "w_sbp")])
def test_both_layers_follow_the_contrast_of_phases_step_by_step(rule, weight):
    found = run_of(rule, weight)
    seen = []
    for step, (*weights, q) in enumerate(steps_of_numpy()):
        for mine, theirs in zip(found, weights, strict=True):
            np.testing.assert_allclose(mine[step], theirs, atol=1e-9)
        seen.append(q)
    assert np.ptp(seen[-1]) > 0.1  # the factor told neurons apart
    assert min(np.abs(each[-1] - each[0]).max() for each in found) > 0.01


def test_a_network_that_nothing_nudges_stays_where_it_is():
    """Both phases begin alike: without an answer, one undoes what the other has done."""
    rule = with_values(CATALOG["sbp"], {**VALUES, "eta": 1e-5})
    made = network(rule, replace(TASK, taught="0*answers(timestep(t, dt)*second, j)"))
    batch = Batch(made.network, dtype="float64", namespace={})
    batch["input_hidden.w"], batch["hidden_output.w"] = FIRST.ravel(), SECOND.ravel()
    batch.run(made.duration)
    moved = np.abs(np.asarray(batch["input_hidden.w"]) - FIRST.ravel()).max()
    assert moved < 1e-12  # one phase alone moves weights by about 1e-5


def test_a_task_without_phases_is_refused():
    with pytest.raises(DeclarationError, match="'sbp' needs the type of each sample"):
        network(PLAIN, task=replace(TASK, typed=""))


def test_neurons_that_are_nudged_need_answers():
    with pytest.raises(DeclarationError, match="'nudged_lif' learns from an error"):
        network(PLAIN, readout="readout")


def test_what_has_changed_must_be_a_variable_of_the_synapse():
    with pytest.raises(DeclarationError, match=r"changed: must name variables of the model"):
        replace(CATALOG["sbp"], changed="delta")


CLASSES, SAMPLES, QUERIES, LAYER, LENGTH = 3, 150, 60, 24, 16


def three_digits():
    """Return a task of one trial: samples in two phases, then queries without plasticity."""
    digits = load_digits()
    kept = np.random.default_rng(1).permutation(np.flatnonzero(digits.target < CLASSES))
    shown, asked = np.split(kept[: SAMPLES + QUERIES], [SAMPLES])
    images, names = digits.data / 16, digits.target
    inputs = np.concatenate([np.repeat(images[shown], 2, axis=0), images[asked]])
    told = np.zeros((1, len(inputs), CLASSES))
    told[0, 1 : 2 * SAMPLES : 2] = 2 * np.eye(CLASSES)[names[shown]] - 1
    types = np.concatenate([np.tile([-1, 1], SAMPLES), np.zeros(QUERIES)])
    labels = names[asked][-1:]
    arrays = TrialArrays(inputs[None], labels=labels, told=told, types=types[None], classes=CLASSES)
    return array_task(arrays, "values", step=LENGTH, substeps=LENGTH), names[asked]


@pytest.mark.strain
def test_two_layers_learn_to_tell_three_digits_apart():
    """Six networks with the rule and the same six without it, on images that none was shown."""
    task, names = three_digits()
    rule, networks = CATALOG["sbp"], 6
    populations = (
        Population("input", task.channels, None, (), task.trace),
        Population("hidden", LAYER, MODELS["nudged_lif"]),
        Population("output", CLASSES, MODELS["nudged_readout"]),
    )
    ends = (("input", "hidden"), ("hidden", "output"))
    circuit = Circuit(populations, tuple(Projection(a, b, rule) for a, b in ends))
    made = assemble(circuit, task, {"restart": 1})
    output = next(each for each in made.network.objects if each.name == "output")
    made.network.add(StateMonitor(output, "o", record=True, name="said", when="start"))
    batch = Batch(made.network, 2 * networks, dtype="float64", namespace={})
    for name, mean, spread in (("input_hidden", 0.02, 0.06), ("hidden_output", 0.0, 0.2)):
        size = np.asarray(batch[f"{name}.w"]).shape[1]
        drawn = np.random.default_rng(len(name)).normal(mean, spread, (networks, size))
        batch[f"{name}.w"] = np.tile(drawn, (2, 1))
        batch[f"{name}.eta"] = np.repeat([1e-4, 0.0], networks)[:, None]
        batch[f"{name}.kappa"] = 0
    batch.record(range(2 * networks))
    batch.run(made.duration)
    said = [np.asarray(batch.samples("said", k)["o"]) for k in range(2 * networks)]
    answers = [
        s.reshape(CLASSES, -1, LENGTH)[:, -QUERIES:].mean(axis=2).argmax(axis=0) for s in said
    ]
    right = np.array([(each == names).mean() for each in answers])
    assert right[:networks].mean() > right[networks:].mean() + 0.25
