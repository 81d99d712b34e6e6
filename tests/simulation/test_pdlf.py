"""The compiled PDLF network against the plain numpy one, every variable, step by step."""

import numpy as np
import pytest
from brian2.units import ms
from references.pdlf_numpy import COEFFICIENTS, PdlfCopy, p8_norm

from neuromodels import neurons, rules, tasks
from neuromodels.experiment.batches import values_of
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import Assembly, assemble
from neuromodels.simulation.network.circuit import (
    Circuit,
    feedforward,
    layered,
)
from neuromodels.study.conditions import controlled

HIDDEN, LENGTH, LATENCY, TRIALS = 32, 8, 34, 16
STEPS = 2 * LENGTH + LATENCY

#: Name in the reference -> address in the batch.
STATES = {
    "x": "input.u",
    "I": "hidden.I",
    "v": "hidden.v",
    "s": "hidden.s",
    "tr": "hidden.tr",
    "yo": "output.o",
    "z": "output.z",
    "loss": "score.loss",
    "correct": "score.correct",
    "w1": "input_hidden.w",
    "w2": "hidden_output.w",
}


def declared(options: dict[str, str]) -> Circuit:
    rule = rules.CATALOG["pdlf"].with_options(options)
    return feedforward(3, HIDDEN, neurons.CATALOG["ternary_lif"], rule)


def batch_of(made: Assembly, dtype: str = "float64", instances: int = TRIALS) -> Batch:
    batch = Batch(made.network, instances, seed=3, dtype=dtype, namespace={})
    batch.initialise("items.bit", made.initial["items.bit"])
    return batch


def reference(batch: Batch, vector: np.ndarray, circuit: Circuit, options: dict) -> PdlfCopy:
    """The numpy network with the same bits and coefficients."""
    values = circuit.coefficients.decode(vector[None])
    shapes = {"input_hidden": (3, HIDDEN), "hidden_output": (HIDDEN, 1)}
    rule = {
        name: {c: values[f"{name}.{c}"].reshape(shape) for c in COEFFICIENTS}
        for name, shape in shapes.items()
    }
    return PdlfCopy(
        np.asarray(batch["items.bit"]),
        rule["input_hidden"],
        rule["hidden_output"],
        HIDDEN,
        LATENCY,
        norm=options["normalisation"],
        pdp_side=options["pdp_side"],
    )


@pytest.mark.parametrize("normalisation", ["p8", "none"])
@pytest.mark.parametrize("pdp_side", ["post", "pre"])
def test_every_state_follows_the_reference_for_50_steps(normalisation, pdp_side):
    options = {"normalisation": normalisation, "pdp_side": pdp_side}
    circuit = declared(options)
    made = assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": LENGTH, "latency": LATENCY})
    batch = batch_of(made)
    vector = 0.3 * np.random.default_rng(7).standard_normal(circuit.coefficients.dimension)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    judge = reference(batch, vector, circuit, options)
    assert np.abs(judge.bits.mean() - 0.5) < 0.25
    for _ in range(STEPS):
        batch.run(20 * ms)
        judge.step()
        for name, address in STATES.items():
            found, wanted = np.asarray(batch[address]), getattr(judge, name)
            scale = np.abs(wanted).max()
            error = np.abs(found.ravel() - wanted.ravel()).max()
            assert error <= 1e-10 * max(scale, 1e-30), (name, judge.k)


class RecurrentCopy(PdlfCopy):
    """The same network whose hidden neurons project to each other, one step later."""

    def __init__(self, *arguments, back_rule, **more):
        super().__init__(*arguments, **more)
        self.back_rule = back_rule
        self.w_back = np.zeros((self.trials, HIDDEN, HIDDEN))

    def step(self):
        self.w_back = self._normalised(self.w_back)
        super().step()

    def _hidden_neurons(self):
        current = np.einsum("ni,nij->nj", self.x, self.w1)
        self.I = current + np.einsum("ni,nij->nj", self.s, self.w_back)
        v = self.I + (self.v - self.I) * np.exp(-1.0)
        self.s = np.sign(v) * (np.abs(v) > 0.1)
        self.v = np.where(self.s != 0, 0.0, v)

    def _plasticity(self):
        super()._plasticity()
        pre, post = self.tr[:, :, None], self.tr[:, None, :]
        self.w_back = self.w_back + self._change(self.back_rule, pre, post)


@pytest.mark.parametrize("normalisation", ["p8", "none"])
@pytest.mark.parametrize("granularity", ["synapse", "pre"])
def test_recurrent_weights_follow_the_reference(normalisation, granularity):
    options = {"normalisation": normalisation, "pdp_side": "post"}
    settings = {name: {"per": granularity} for name in COEFFICIENTS}
    rule = rules.CATALOG["pdlf"].with_options(options).with_coefficients(settings)
    layers = feedforward(3, HIDDEN, neurons.CATALOG["ternary_lif"], rule).populations
    circuit = layered(layers, rule, rule, recurrent=True)
    made = assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": LENGTH, "latency": 9})
    batch = batch_of(made)
    vector = 0.3 * np.random.default_rng(7).standard_normal(circuit.coefficients.dimension)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    found = circuit.coefficients.decode(vector[None])
    shapes = {"input_hidden": (3, 1), "hidden_output": (HIDDEN, 1), "hidden_hidden": (HIDDEN, 1)}
    if granularity == "synapse":
        shapes |= {"input_hidden": (3, HIDDEN), "hidden_hidden": (HIDDEN, HIDDEN)}
    each = {
        name: {c: found[f"{name}.{c}"].reshape(shape) for c in COEFFICIENTS}
        for name, shape in shapes.items()
    }
    judge = RecurrentCopy(
        np.asarray(batch["items.bit"]),
        each["input_hidden"],
        each["hidden_output"],
        HIDDEN,
        9,
        norm=normalisation,
        back_rule=each["hidden_hidden"],
    )
    # what arrives from two sides is summed in an expression, which nothing stores
    states = {**STATES, "w_back": "hidden_hidden.w"}
    del states["I"]
    for _ in range(2 * LENGTH + 9):
        batch.run(20 * ms)
        judge.step()
        for name, address in states.items():
            told, wanted = np.asarray(batch[address]), getattr(judge, name)
            scale = np.abs(wanted).max()
            error = np.abs(told.ravel() - wanted.ravel()).max()
            assert error <= 1e-10 * max(scale, 1e-30), (name, judge.k)
    assert np.abs(judge.w_back).max() > 0.1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_summed_8_norm_lies_close_above_the_exact_maximum(dtype):
    circuit = declared({})
    made = assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": LENGTH, "latency": 0})
    batch = batch_of(made, dtype)
    draws = np.random.default_rng(5).standard_normal((TRIALS, circuit.coefficients.dimension))
    for address, values in values_of(circuit, made, 0.3 * draws).items():
        batch[address] = values
    for _ in range(LENGTH):
        batch.run(20 * ms)
        w = np.asarray(batch["input_hidden.w"])
        batch.run(20 * ms)
        norm = 1 / np.asarray(batch["norm_input_hidden.scale"])[:, 0]
        exact = np.abs(w).max(axis=1)
        assert np.all(norm >= exact * (1 - 1e-6))
        assert np.all(norm <= exact * (3 * HIDDEN) ** (1 / 8))
        np.testing.assert_allclose(norm, p8_norm(w[:, :, None]).ravel(), rtol=1e-5)


def test_trials_give_what_run_gives():
    circuit = declared({})
    made = assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": 4, "latency": 3})
    xs = 0.3 * np.random.default_rng(2).standard_normal((5, circuit.coefficients.dimension))
    batch, streams = batch_of(made, instances=10), np.tile(np.arange(2, dtype=np.uint64), 5)
    rows = np.repeat(np.arange(5), 2)
    found = batch.trials(
        made.duration, [made.loss], streams=streams, values=values_of(circuit, made, xs), rows=rows
    )
    again = Batch(made.network, 10, seed=3, dtype="float64", streams=streams, namespace={})
    again.initialise("items.bit", made.initial["items.bit"])
    for address, values in values_of(circuit, made, xs).items():
        again[address] = values[rows]
    again.run(made.duration)
    assert np.array_equal(found[made.loss], np.asarray(again[made.loss]))


@pytest.mark.parametrize("per", ["pre", "post", "projection", "pre + post"])
def test_coarser_coefficients_equal_repeated_ones(per):
    settings = {name: {"per": per} for name in COEFFICIENTS}
    coarse = feedforward(
        3, 8, neurons.CATALOG["ternary_lif"], rules.CATALOG["pdlf"].with_coefficients(settings)
    )
    fine = feedforward(3, 8, neurons.CATALOG["ternary_lif"], rules.CATALOG["pdlf"])
    x = 0.5 * np.random.default_rng(4).standard_normal(coarse.coefficients.dimension)
    spread = np.zeros(fine.coefficients.dimension)
    for label, part in fine.coefficients.slices.items():
        pre, post = (3, 8) if label.startswith("input") else (8, 1)
        numbers = x[coarse.coefficients.slices[label]]
        if per == "pre + post":
            table = numbers[:pre, None] + numbers[None, pre:]
        else:
            shape = {"pre": (pre, 1), "post": (1, post), "projection": (1, 1)}[per]
            table = np.broadcast_to(numbers.reshape(shape), (pre, post))
        spread[part] = table.ravel()
    losses = []
    for circuit, vector in ((coarse, x), (fine, spread)):
        made = assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": 3, "latency": 1})
        found = batch_of(made).trials(
            made.duration,
            [made.loss],
            streams=np.arange(9, dtype=np.uint64),
            values=values_of(circuit, made, vector),
        )
        losses.append(found[made.loss])
    np.testing.assert_allclose(*losses, rtol=1e-9)


def watched(condition: str, names: dict[str, str]) -> dict[str, np.ndarray]:
    """States after each step of one trial under a control."""
    task = tasks.CATALOG["sequence_copy"]
    parameters, controls = controlled(task, {"length": 4, "latency": 4}, condition)
    circuit = declared({})
    made = assemble(circuit, task, parameters, controls=controls)
    batch = batch_of(made, instances=1)
    vector = 0.3 * np.random.default_rng(7).standard_normal(circuit.coefficients.dimension)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    seen: dict[str, list] = {name: [] for name in names}
    for _ in range(round(float(made.duration / (20 * ms)))):
        batch.run(20 * ms)
        for name, address in names.items():
            seen[name].append(np.asarray(batch[address])[0])
    return {name: np.array(values) for name, values in seen.items()}


def test_reset_erases_state_and_keeps_weights_in_every_step_of_the_delay():
    names = {"v": "hidden.v", "tr": "hidden.tr", "w": "hidden_output.w"}
    plain, reset = watched("plastic", names), watched("reset", names)
    first, recall = 4, 4 + 4
    assert np.array_equal(plain["v"][:first], reset["v"][:first])
    assert not reset["v"][first:recall].any()
    assert not reset["tr"][first:recall].any()
    assert plain["tr"][recall - 1].any()
    assert np.array_equal(plain["w"][: first + 1], reset["w"][: first + 1])
    assert reset["w"][recall - 1].any()


def test_frozen_weights_only_rescale_after_the_prelude():
    w = watched("frozen", {"w": "hidden_output.w"})["w"]
    assert w[3].any()
    unit = w / np.linalg.norm(w, axis=1, keepdims=True)
    assert np.allclose(unit[4:], unit[4], atol=1e-12)


def test_halted_weights_only_rescale_once_the_delay_has_begun():
    names = {"w": "hidden_output.w", "x": "input_hidden.w"}
    plain, halted = watched("plastic", names), watched("halted", names)
    for name in names:
        assert np.array_equal(plain[name][:4], halted[name][:4]), "the same presentation"
        assert not np.allclose(plain[name][5], halted[name][5])
        unit = halted[name] / np.linalg.norm(halted[name], axis=1, keepdims=True)
        assert np.allclose(unit[4:], unit[3], atol=1e-12)


@pytest.mark.parametrize(
    ("name", "gone", "pdp_side"),
    [
        ("pdlf_scp", "BD", "post"),
        ("pdlf_pdp_post", "AC", "post"),
        ("pdlf_pdp_pre", "AC", "pre"),
        ("pdlf_drift", "ABC", "post"),
    ],
)
def test_a_part_of_the_rule_is_the_rule_without_the_other_terms(name, gone, pdp_side):
    part = rules.CATALOG[name]
    circuit = feedforward(3, HIDDEN, neurons.CATALOG["ternary_lif"], part)
    made = assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": LENGTH, "latency": LATENCY})
    batch = batch_of(made)
    vector = 0.3 * np.random.default_rng(8).standard_normal(circuit.coefficients.dimension)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    values = circuit.coefficients.decode(vector[None])
    shapes = {"input_hidden": (3, HIDDEN), "hidden_output": (HIDDEN, 1)}
    full = {
        projection: {
            c: np.zeros(shape) if c in gone else values[f"{projection}.{c}"].reshape(shape)
            for c in COEFFICIENTS
        }
        for projection, shape in shapes.items()
    }
    network = PdlfCopy(
        np.asarray(batch["items.bit"]),
        full["input_hidden"],
        full["hidden_output"],
        HIDDEN,
        LATENCY,
        norm="p8",
        pdp_side=pdp_side,
    )
    for _ in range(STEPS):
        network.step()
    batch.run(made.duration)
    assert np.abs(network.w2).max() > 0
    for state in ("w1", "w2", "loss", "correct"):
        expected = getattr(network, state)
        found = np.asarray(batch[STATES[state]]).reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
