"""The copy network in JAX against the compiled one, and its gradient against differences."""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuromodels.experiment.compiled import Experiment
from neuromodels.study.study import DeviceChoice
from neuromodels.tasks.sequence_copy import sequences

jax = pytest.importorskip("jax", reason="the gradient reference needs JAX (extra `bench`)")
FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "gradient"
LENGTH, LATENCY, HIDDEN = 5, 4, 16


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    with jax.enable_x64(True):
        yield importlib.import_module


def drawn(dimension: int, seed: int = 3) -> np.ndarray:
    """Coefficients large enough that neurons fire, change their weights and answer."""
    return 0.5 * np.random.default_rng(seed).standard_normal(dimension)


def test_losses_and_scores_are_those_of_the_compiled_network(module):
    training, network = module("copy_by_gradient"), module("copy_network")
    study = training.study_of(LENGTH, LATENCY, HIDDEN)
    exact = replace(study, device=DeviceChoice(dtype="float64", threads=1))
    experiment = Experiment(exact)
    table = sequences(LENGTH)
    for seed in (3, 4, 5):
        vector = drawn(experiment.dimension, seed)
        found = experiment.evaluate(
            vector[None], np.arange(len(table), dtype=np.uint64), np.arange(len(table))
        )
        rules = training.rules_of(vector, experiment.slices)
        losses, scores = network.losses_and_scores(rules, table.astype(float), LATENCY)
        np.testing.assert_allclose(losses, found.losses[0], rtol=1e-9)
        np.testing.assert_allclose(scores, found.scores[0], rtol=1e-6)
        assert np.ptp(found.losses[0]) > 1e-3
        back = training.vector_of(rules, experiment.slices)
        np.testing.assert_array_equal(back, vector)


def test_the_gradient_is_exact_where_no_spike_changes(module):
    """Read-out coefficients that act after the last spike that they could change."""
    training, network = module("copy_by_gradient"), module("copy_network")
    rng = np.random.default_rng(6)
    shapes = {"input_hidden": (3, HIDDEN), "hidden_output": (HIDDEN, 1)}
    rules = {
        projection: {name: 0.5 * rng.standard_normal(shape) for name in network.COEFFICIENTS}
        for projection, shape in shapes.items()
    }
    bits = sequences(LENGTH)[:8].astype(float)
    loss = jax.jit(lambda rules: training.mean_loss(rules, bits, LATENCY))
    gradient = jax.jit(jax.grad(loss))(rules)
    # the network is feed-forward: nothing of the read-out changes any spike
    for name in network.COEFFICIENTS:
        for place in (0, HIDDEN - 1):
            ends = []
            for sign in (1, -1):
                changed = rules["hidden_output"][name].copy()
                changed[place] += sign * 1e-6
                moved = {**rules, "hidden_output": {**rules["hidden_output"], name: changed}}
                ends.append(float(loss(moved)))
            difference = (ends[0] - ends[1]) / 2e-6
            assert gradient["hidden_output"][name][place, 0] == pytest.approx(
                difference, rel=1e-5, abs=1e-8
            )


def test_the_slope_of_a_spike_is_that_of_a_sigmoid_at_each_threshold(module):
    network = module("copy_network")
    slopes = jax.vmap(jax.grad(network.ternary_spike))(np.array([0.1, -0.1, 0.0, 0.5]))
    far = (1 + 10 * 0.2) ** -2
    np.testing.assert_allclose(slopes, [1 + far, 1 + far, 0.5, 5**-2 + 7**-2], rtol=1e-12)


def test_a_trained_network_loses_less(module):
    training = module("copy_by_gradient")
    network = module("copy_network")
    rng = np.random.default_rng(1)
    shapes = {"input_hidden": (3, HIDDEN), "hidden_output": (HIDDEN, 1)}
    rules = {
        projection: {
            name: np.float32(0.04) * rng.standard_normal(shape).astype("f4") + (name == "eta")
            for name in network.COEFFICIENTS
        }
        for projection, shape in shapes.items()
    }
    rules = jax.tree.map(jax.numpy.float32, rules)
    zeros = jax.tree.map(jax.numpy.zeros_like, rules)
    bits = sequences(2).astype("f4")
    many_steps = training.trainer(bits, 1, 8, 0.01, 300)
    keys = jax.random.split(jax.random.key(0), 300)
    trained, _, steps = many_steps((rules, (zeros, zeros), jax.numpy.float32(0)), keys)
    assert steps == 300
    before, after = (training.mean_loss(each, bits, 1) for each in (rules, trained))
    assert after < 0.5 * before
