"""Intervals over searches and their trials, on searches whose truth is known."""

import numpy as np
import pytest

from neuromodels.analysis.nested import nested_interval

RESAMPLES = 100


def study(rng, searches, between, within, trials=50):
    """Return resampled means of searches that scatter around 0, each with noise of its trials."""
    truth = between * rng.normal(size=searches)
    scores = truth[:, None] + within * rng.normal(size=(searches, trials))
    rows = rng.integers(trials, size=(searches, RESAMPLES, trials))
    return [scores[k][rows[k]].mean(axis=1) for k in range(searches)]


def test_without_noise_of_trials_it_is_the_bootstrap_over_searches():
    values = np.random.default_rng(1).normal(size=12)
    found = nested_interval([np.full(RESAMPLES, v) for v in values], np.random.default_rng(2))
    drawn = np.random.default_rng(3).choice(values, size=(20_000, 12)).mean(axis=1)
    assert found.ends == pytest.approx(np.percentile(drawn, (2.5, 97.5)), abs=0.05)


def test_few_searches_and_what_is_not_finite_have_no_interval():
    four = [np.zeros(RESAMPLES)] * 4
    assert nested_interval(four, np.random.default_rng(0)).kind == "none"
    broken = [*four, np.full(RESAMPLES, np.nan)]
    assert nested_interval(broken, np.random.default_rng(0)).kind == "none"


@pytest.mark.strain
@pytest.mark.parametrize("within", [0.0, 1.0, 7.0])
def test_it_holds_the_truth_nearly_as_often_as_it_says(within):
    """Twelve searches: nearly nine times in ten or more, whatever share the trials have."""
    rng, sets = np.random.default_rng(4), 400
    held = 0
    for _ in range(sets):
        low, high = nested_interval(study(rng, 12, 1.0, within), rng, draws=500).ends
        held += low <= 0 <= high
    assert held / sets > 0.87
