"""Rules with coefficients set by hand solve what they were made for; their controls do not.

SpikePropamine: left and right cues drive separate halves of the hidden layer; each spike moves what
noise channels may say to that half, and the noise of the recall says it back.
Meta-SpikePropamine: a presynaptic eligibility, a third factor from the teacher with one sign per
answer, and the mean over the sensory neurons subtracted.
"""

import numpy as np
import pytest

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.tasks.cue_association import CUE_ASSOCIATION
from neuromodels.tasks.t_maze import T_MAZE

EPISODES = 128
LOUD = CATALOG["fixed"].with_options({"normalisation": "none"})
HALVES = (12, 12)


def scores(circuit, task, values, parameters):
    """Return the accuracy of each candidate; `values` are (candidates, size) by coefficient.

    All candidates see the same episodes.
    """
    assembly = assemble(circuit, task, parameters)
    candidates = len(next(iter(values.values())))
    streams = np.tile(np.arange(EPISODES, dtype=np.uint64), candidates)
    batch = Batch(
        assembly.network,
        instances=len(streams),
        streams=streams,
        dtype="float32",
        threads=1,
        namespace={},
    )
    for label, given in values.items():
        batch[assembly.addresses[label]] = np.repeat(given, EPISODES, axis=0)
    for address, expression in assembly.initial.items():
        batch.initialise(address, expression)
    batch.run(assembly.duration)
    return np.asarray(batch[assembly.accuracy]).reshape(candidates, EPISODES).mean(axis=1)


def blocks(task, numbers, halves=(1,)):
    """Return one number per synapse from one per source group and target group."""
    sources = np.repeat(np.arange(len(task.groups)), task.groups)
    targets = np.repeat(np.arange(len(halves)), halves)
    return np.asarray(numbers, dtype=float)[sources][:, targets].reshape(-1)


def noise_speaks(strength):
    """Return the coefficients of a circuit whose noise channels say what they were taught.

    Weights of the go signal differ a little: two halves that answer alike to the last bit would
    leave the decision to what the read-out remembers of the last cue, 1e-23 of it.
    """
    w = blocks(CUE_ASSOCIATION, [[0.25, 0], [0, 0.25], [0.2, 0.2], [0, 0]], HALVES)
    differing = blocks(CUE_ASSOCIATION, [[0, 0], [0, 0], [0.02, 0.02], [0, 0]], HALVES)
    w = w + differing * np.random.default_rng(0).normal(size=len(w))
    alpha = blocks(CUE_ASSOCIATION, [[0, 0], [0, 0], [0, 0], [1, 1]], HALVES)
    return w, strength * alpha, np.repeat([1.0, -1.0], HALVES)


def test_event_oja_carries_a_cue_over_a_delay_of_a_second():
    circuit = Circuit(
        (
            Population("input", 40, None, CUE_ASSOCIATION.groups, CUE_ASSOCIATION.trace),
            Population("hidden", 24, MODELS["lif"], HALVES),
            Population("output", 1, MODELS["leaky_readout"]),
        ),
        (
            Projection("input", "hidden", CATALOG["plastic_oja"]),
            Projection("hidden", "output", LOUD),
        ),
    )
    solutions = [noise_speaks(2.0), noise_speaks(0.0)]
    w, alpha, out = (np.array(each) for each in zip(*solutions, strict=True))
    values = {
        "input_hidden.w": w,
        "input_hidden.alpha": alpha,
        "hidden_output.w": out,
        "input_hidden.eta": np.full(2, 0.02),
    }
    plastic, not_plastic = scores(circuit, CUE_ASSOCIATION, values, {"delay": 1050})
    assert plastic > 0.85
    assert not_plastic == pytest.approx(0.5, abs=0.1)


def test_one_shot_learning_needs_a_contrast():
    rule = CATALOG["three_factor"].with_options({"pairs": "rates", "contrast": "group"})
    per = {"contrasted": {"frozen": False}}
    circuit = Circuit(
        (
            Population("input", T_MAZE.channels, None, T_MAZE.groups, T_MAZE.trace),
            Population("modulator", 1, MODELS["modulator"]),
            Population("output", 2, MODELS["leaky_readout"]),
        ),
        (
            Projection("input", "modulator", LOUD, carries="trace"),
            Projection("modulator", "output", LOUD, into="modulation"),
            Projection("input", "output", rule.with_coefficients(per)),
        ),
    )
    sensory = blocks(T_MAZE, [[1], [0], [0], [0], [0]], (2,))
    values = {
        "input_modulator.w": np.array([blocks(T_MAZE, [[0], [0], [0], [5], [-5]])] * 3),
        "modulator_output.w": np.array([[2.0, -2.0], [2.0, -2.0], [0.0, 0.0]]),
        "input_output.a_lag": np.array([-sensory] * 3),
        "input_output.a_lead": np.zeros((3, len(sensory))),
        "input_output.contrasted": np.array([1.0, 0.0, 1.0]),
    }
    contrasted, plain, unmodulated = scores(circuit, T_MAZE, values, {"training": 1, "whole": 1})
    assert contrasted > 0.93
    assert plain < 0.62
    assert unmodulated == pytest.approx(0.5, abs=0.1)
