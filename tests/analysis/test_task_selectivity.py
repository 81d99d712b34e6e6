"""Selectivity of tasks: numbers by hand, and what chance alone makes of few spikes."""

import numpy as np
import pytest

from neuromodels.analysis.task_selectivity import task_selectivity


def test_it_is_the_mean_over_neurons_that_spike():
    spikes = np.array([[3, 1, 0, 2], [1, 1, 0, 0], [0, 2, 0, 0]])
    # 4 and 0 spikes: 1; 2 and 2: 0; silent: left out; 2 and 0: 1
    assert task_selectivity(spikes, np.array([0, 0, 1])) == pytest.approx(2 / 3)


def test_many_spikes_without_a_preference_come_near_to_0_and_few_do_not():
    rng, tasks = np.random.default_rng(0), np.arange(50) % 2
    many, few = (task_selectivity(rng.poisson(rate, (50, 400)), tasks) for rate in (40.0, 0.1))
    # the mean of |difference|/sum of two Poisson counts: sqrt(2/(pi*n)) with n spikes
    assert many == pytest.approx(np.sqrt(2 / (np.pi * 2000)), rel=0.1)
    assert few > 0.3


def test_silence_has_no_selectivity():
    assert np.isnan(task_selectivity(np.zeros((4, 3)), np.array([0, 1, 0, 1])))


@pytest.mark.parametrize("tasks", [[0, 0], [0, 1, 1], [0, 2]])
def test_what_cannot_be_compared_is_refused(tasks):
    with pytest.raises(ValueError, match="tasks must be"):
        task_selectivity(np.ones((2, 3)), np.array(tasks))
