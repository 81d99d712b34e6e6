"""Coordinates of a network: what is Gaussian in them, and that they lose nothing."""

import numpy as np
import pytest
from scipy import stats

from neuromodels.exploration.inference.coordinates import LAWS, coordinates_of

RNG = np.random.default_rng(0)
MEASURED = np.stack([RNG.lognormal(0, 2, 4000), RNG.poisson(2, 4000) * 1e-12], axis=1)


@pytest.mark.parametrize("law", LAWS)
def test_places_come_back(law):
    coordinates = coordinates_of(MEASURED, law)
    places = RNG.random((500, 3))
    quantiles = coordinates.of_places(places)
    np.testing.assert_allclose(coordinates.places(quantiles), places)
    assert np.isfinite(coordinates.of_places(np.array([[0.0, 1.0]]))).all()


@pytest.mark.parametrize("law", LAWS)
def test_the_prior_is_uniform_in_places(law):
    """By the change of variables: its density over quantiles is dplace/dquantile."""
    coordinates = coordinates_of(MEASURED, law)
    quantiles, step = RNG.normal(size=(50, 1)), 1e-5
    ends = coordinates.places(quantiles + np.array([-step, step]))
    slope = (ends[:, 1] - ends[:, 0]) / (2 * step)
    np.testing.assert_allclose(coordinates.log_prior(quantiles), np.log(slope), atol=1e-5)


def test_scores_of_simulations_are_gaussian_and_keep_their_order():
    scores = coordinates_of(MEASURED).measures(MEASURED)
    assert stats.kstest(scores[:, 0], "norm").statistic < 1e-3
    assert (np.diff(scores[MEASURED[:, 0].argsort(), 0]) > 0).all()
    assert len(np.unique(scores[:, 1])) == len(np.unique(MEASURED[:, 1]))
    # a tie has the mean rank of those that it is made of
    zero = (MEASURED[:, 1] == 0).mean()
    assert scores[MEASURED[:, 1] == 0, 1] == pytest.approx(stats.norm.ppf(zero / 2))


def test_between_simulations_scores_grow_and_beyond_them_they_stay():
    measures = coordinates_of(MEASURED).measures
    low, high = MEASURED.min(axis=0), MEASURED.max(axis=0)
    between = measures(np.linspace(low, high, 50))
    assert (np.diff(between, axis=0) > 0).all()
    far = measures(np.array([low - 1, high + 1]))
    np.testing.assert_array_equal(far, measures(np.array([low, high])))
