"""Third factors, blocks, several inputs, teaching and erasure in circuits, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.neurons import NeuronModel
from neuromodels.rules import CATALOG as RULES
from neuromodels.rules import PlasticityRule
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, layered
from neuromodels.study.conditions import Controls
from neuromodels.tasks import Task

STEPS = 12
LINEAR = NeuronModel(
    name="linear",
    summary="",
    equations="I : 1\no : 1\nz : 1",
    signal="o",
    trace="z",
    each_step="o = I\nz = 0.5*z + o",
    forget="z = 0",
)
TAUGHT = NeuronModel(
    name="taught",
    summary="",
    equations="I : 1\no : 1\nz : 1\ntold : 1",
    signal="o",
    trace="z",
    each_step="o = I + bias\nz = o + told",
    forget="z = 0",
    taught="told",
    coefficients=(Coefficient("bias", default=0.1, per="neuron"),),
)
GATED = PlasticityRule(
    name="gated",
    summary="",
    model="rho : 1\nelig : 1",
    weight="w + alpha*rho",
    learns=("rho",),
    modulator="tanh(m + g_0)",
    centred="elig",
    forget="elig = 0",
    each_step="rho += eta*M*(elig - centre)\nelig = 0.9*elig + x*y + 0.1*sx*sy",
    coefficients=(
        Coefficient("w", default=0.3, per="synapse"),
        Coefficient("alpha", default=0.5, per="block"),
        Coefficient("eta", default=0.2),
        Coefficient("g_0", default=0.1, per="post"),
    ),
)
FIXED = RULES["fixed"].with_options({"normalisation": "none"})


def task_of(**changes) -> Task:
    """Return two channels that show numbers of the step, and a teacher of two neurons."""
    settings = {
        "name": "shown",
        "summary": "",
        "parameters": {"steps": STEPS},
        "steps": "steps",
        "items": "1",
        "item_model": "number : 1",
        "item_start": {"number": "0.5"},
        "channels": 4,
        "stimulus_model": "cue : 1\nu : 1\nxt : 1",
        "stimulus": "u = sin(0.7*timestep(t, dt) + i) + cue\nxt = 0.8*xt + u",
        "shown": "0*number_pre",
        "asked": "number_pre",
        "taught": "0.2*(j + 1)*number_pre",
        "score_model": "target : 1\nloss : 1\ncorrect : 1",
        "score": "loss += y0 - 2*y1\ncorrect = target",
        "outputs": 2,
        "groups": (1, 3),
        "trace": "xt",
        "between": "timestep(t, dt) == 5",
        "step": 0.005,
    }
    return Task(**{**settings, **changes})


def circuit_of(task: Task, **changes) -> Circuit:
    layers = (
        Population("input", task.channels, None, task.groups, task.trace),
        Population("hidden", 4, LINEAR, (2, 2)),
        Population("output", task.outputs, TAUGHT),
    )
    settings = {
        "plastic": "input",
        "recurrent": True,
        "modulators": Population("modulators", 2, LINEAR),
        "modulated_by": "all",
    }
    return layered(layers, GATED, FIXED, **{**settings, **changes})


def numbers(circuit: Circuit, seed: int = 3) -> np.ndarray:
    return 0.15 * np.random.default_rng(seed).normal(size=circuit.coefficients.dimension)


def run(circuit: Circuit, task: Task, vector: np.ndarray, controls: Controls | None = None):
    made = assemble(circuit, task, {}, controls=controls or Controls(record=True))
    batch = Batch(made.network, 1, dtype="float64", threads=1, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    for label, values in circuit.coefficients.decode(vector[None]).items():
        batch[made.addresses[label]] = values[0]
    batch.run(made.duration)
    return made, batch


class Reference:
    """The same circuit in numpy, one step after the other, every sum written out."""

    def __init__(self, circuit: Circuit, vector: np.ndarray, held: float | None = None):
        found = circuit.coefficients.decode(vector[None])
        shapes = {p.name: tuple(s.size for s in circuit.sides(p)) for p in circuit.projections}
        self.w = {
            name: found[f"{name}.w"][0].reshape(shape)
            for name, shape in shapes.items()
            if f"{name}.w" in found
        }
        self.alpha, self.eta, self.g_0 = (
            {n: found[f"{n}.{c}"][0] for n in ("input_hidden", "hidden_hidden")}
            for c in ("alpha", "eta", "g_0")
        )
        self.bias, self.held, self.shapes = found["output.bias"][0], held, shapes
        self.rho = {n: np.zeros(shapes[n]) for n in self.alpha}
        self.elig = {n: np.zeros(shapes[n]) for n in self.alpha}

    def weights(self, name: str) -> np.ndarray:
        return self.w[name] + self.alpha[name].reshape(self.shapes[name]) * self.rho[name]

    def loss(self) -> float:
        trace_u, h, zh = np.zeros(4), np.zeros(4), np.zeros(4)
        mod, zmod, zo, loss = np.zeros(2), np.zeros(2), np.zeros(2), 0.0
        for step in range(STEPS):
            u = np.sin(0.7 * step + np.arange(4))
            trace_u = 0.8 * trace_u + u
            m = mod @ self.w["modulators_hidden"]
            h = u @ self.weights("input_hidden") + h @ self.weights("hidden_hidden")
            centre = {n: e.mean(axis=0) for n, e in self.elig.items()}
            zh = 0.5 * zh + h
            mod = trace_u @ self.w["input_modulators"] + zh @ self.w["hidden_modulators"]
            zmod = 0.5 * zmod + mod
            out = h @ self.w["hidden_output"] + self.bias
            zo = out + 0.5 * np.array([0.2, 0.4])
            for name, x, sx in (("input_hidden", trace_u, u), ("hidden_hidden", zh, h)):
                third = np.tanh(m + self.g_0[name]) if self.held is None else self.held
                e = self.elig[name]
                self.rho[name] = self.rho[name] + self.eta[name] * third * (e - centre[name])
                self.elig[name] = 0.9 * e + np.outer(x, zh) + 0.1 * np.outer(sx, h)
                if step == 5:
                    self.elig[name] = 0 * self.elig[name]
            if step == 5:
                zh, zmod, zo = 0 * zh, 0 * zmod, 0 * zo
            loss += out[0] - 2 * out[1]
        return float(loss)


@pytest.mark.parametrize("held", [None, 0.0, 1.0])
def test_a_modulated_recurrent_circuit_is_that_of_numpy(held):
    task = task_of()
    circuit = circuit_of(task)
    vector = numbers(circuit)
    made, batch = run(circuit, task, vector, Controls(modulation=held))
    reference = Reference(circuit, vector, held)
    assert batch[made.loss][0, 0] == pytest.approx(reference.loss(), rel=1e-9)
    for name, rho in reference.rho.items():
        np.testing.assert_allclose(batch[f"{name}.rho"][0], rho.reshape(-1), rtol=1e-9, atol=1e-12)
    assert (np.abs(rho).max() == 0) == (held == 0.0)


def test_blocks_are_shared_and_groups_spread():
    task = task_of()
    circuit = circuit_of(task)
    sizes = {block.label: block.size for block in circuit.coefficients.blocks}
    assert sizes["input_hidden.alpha"] == 4
    assert sizes["hidden_hidden.alpha"] == 4
    vector = np.arange(circuit.coefficients.dimension, dtype=float)
    table = circuit.coefficients.decode(vector[None])["input_hidden.alpha"][0].reshape(4, 4)
    first = vector[circuit.coefficients.slices["input_hidden.alpha"]][0]
    expected = first + np.array([[0, 0, 1, 1], *[[2, 2, 3, 3]] * 3])
    np.testing.assert_array_equal(table, expected)


def test_step_of_the_task():
    made, batch = run(circuit_of(task_of()), task_of(), numbers(circuit_of(task_of())))
    assert made.duration / ms == pytest.approx(STEPS * 5)
    assert batch.samples("watch_hidden")["t"][1] == pytest.approx(0.005)


def test_a_rule_without_modulators_is_refused():
    with pytest.raises(DeclarationError, match="needs modulatory neurons that project to 'hidden'"):
        circuit_of(task_of(), modulators=None)


def test_a_readout_that_cannot_be_taught_is_refused():
    task = task_of(outputs=1, score="loss = y")
    layers = (Population("input", 4), Population("output", 1, MODELS["readout"]))
    with pytest.raises(DeclarationError, match="can teach; got 'readout'"):
        assemble(layered(layers, FIXED, FIXED), task, {})


def test_groups_must_divide():
    with pytest.raises(DeclarationError, match="sizes must sum to the 4 channels"):
        task_of(groups=(1, 2))
    with pytest.raises(DeclarationError, match=r"Population.hidden.groups: must divide"):
        Population("hidden", 4, LINEAR, (2, 1))
