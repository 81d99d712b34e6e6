"""The T-maze with a group of sensors for each wall, which stands beside the studies."""

from pathlib import Path

import numpy as np
import pytest

from neuromodels.experiment.compiled import Experiment
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import CATALOG

TASK = f"{Path(__file__).parents[2] / 'studies/tasks/told_walls.py'}:T_MAZE_WALLS"
STREAMS = np.arange(200, dtype=np.uint64)
EACH_WALL_TO_ITS_SIDE = [1, 0, 0, 1] + [0, 0] * 4
"""Weights from six groups of channels to two read-outs, as blocks."""


def experiment(condition, parameters):
    study = Study(
        name="maze",
        task=TaskChoice(TASK, parameters),
        rule=RuleChoice("fixed", {"normalisation": "none"}, {"w": {"per": "block"}}),
        circuit=CircuitChoice(hidden=0, readout="leaky_readout"),
        device=DeviceChoice(threads=1),
    )
    return Experiment(study, condition)


def score(condition="plastic", **parameters):
    tested = experiment(condition, parameters)
    vector = np.zeros(tested.dimension)
    vector[tested.slices["input_output.w"]] = EACH_WALL_TO_ITS_SIDE
    return tested.evaluate(vector[None], STREAMS).scores.mean()


def test_fixed_weights_can_tell_the_walls_apart_only_where_sensors_are_not_permuted():
    assert score(permuted=0) > 0.95
    assert score(permuted=1) == pytest.approx(0.5, abs=0.15)


def test_at_the_junction_a_readout_that_forgets_says_nothing():
    assert score(permuted=0, whole=0) == pytest.approx(0.5, abs=1e-12)


def test_activity_is_erased_between_the_last_cue_of_the_test_and_the_junction():
    """Without a delay that forgets, the last cue alone would be heard; `reset` takes it away."""
    short = {"permuted": 0, "whole": 0, "cues": 1, "delay": 5}
    assert score(**short) > 0.9
    assert score("reset", **short) == pytest.approx(0.5, abs=1e-12)


def test_the_delay_is_that_of_the_last_trial():
    task = CATALOG[TASK]
    numbers = task.with_defaults({})
    first, last = (task.number(each, numbers) for each in task.delay)
    assert (first, last) == (450 + 210, 450 + 420)  # steps of 5 ms; of trials, cues and delay
    assert task.number(task.steps, numbers) == last + 150 // 5
