"""Intervals and finalists, against closed forms."""

import numpy as np
import pytest

from neuromodels.experiment.scoring import (
    FAILED_LOSS,
    Finalists,
    losses_per_candidate,
    mean_interval,
    median_interval,
)


def test_mean_interval_agrees_with_the_normal_one():
    values = np.random.default_rng(0).choice([0, 0.25, 0.5, 0.75, 1], size=5000)
    low, high = mean_interval(values, np.random.default_rng(1))
    half = 1.96 * values.std() / np.sqrt(values.size)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_mean_interval_of_a_constant_is_that_constant():
    assert mean_interval(np.full(100, 0.75), np.random.default_rng(0)) == (0.75, 0.75)


def test_median_interval_of_three_seeds_is_their_range():
    assert median_interval(np.array([0.7, 0.9, 0.8]), np.random.default_rng(0)) == (0.7, 0.9)


def test_a_failed_instance_makes_its_candidate_worse_than_any_other():
    losses = losses_per_candidate(np.array([[0.1, np.nan], [9.0, 9.0], [np.inf, np.nan]]))
    assert losses.tolist() == [(0.1 + FAILED_LOSS) / 2, 9.0, FAILED_LOSS]


def test_finalists_are_the_best_and_the_last():
    finalists = Finalists(2, 1)
    for generation, score in enumerate([0.5, 0.9, 0.7, 0.9]):
        finalists.add(np.array([float(generation)]), generation, score)
    assert finalists.generations.tolist() == [3, 1]
    centres, generations = finalists.with_last(np.array([5.0]), 5)
    assert generations.tolist() == [3, 1, 5]
    assert centres.ravel().tolist() == [3, 1, 5]
    assert finalists.with_last(np.array([3.0]), 3)[1].tolist() == [3, 1]
    again = Finalists(2, 1)
    again.load(finalists.dump())
    assert again.generations.tolist() == [3, 1]
