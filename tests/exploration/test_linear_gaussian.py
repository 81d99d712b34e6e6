"""A linear model with Gaussian noise: its posterior is known, and ranks must be uniform."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms
from scipy import stats

from neuromodels.exploration import infer
from neuromodels.exploration.inference.calibration import calibration_of
from neuromodels.models import Model, Parameter

#: What the measures are of the parameters, before noise of deviation 1.
MATRIX = np.array([[1.0, 1.0, 0.0], [1.0, -0.5, 0.0], [0.5, 0.0, 1.0], [0.0, 0.0, 1.0]])
WIDTH = 8.0
LOOKED = {"w": 1.0, "x": -0.5, "y": 0.7, "z": 0.2}


def weighed():
    a = b = c = 0.0
    cell = NeuronGroup(
        1,
        "k : 1\nl : 1\nm : 1\nn : 1\n"
        "w = a + b + k : 1\nx = a - 0.5*b + l : 1\ny = 0.5*a + c + m : 1\nz = c + n : 1",
        name="cell",
    )
    for noise in "klmn":
        setattr(cell, noise, "randn()")
    return Network(cell)


def model():
    parameters = {name: Parameter(name, -WIDTH / 2, WIDTH / 2) for name in "abc"}
    measures = {name: f"mean(last(cell.{name}))" for name in LOOKED}
    return Model(weighed, 1 * ms, parameters, measures)


def gaussian(looked):
    """Return mean and covariance of the posterior without bounds."""
    covariance = np.linalg.inv(MATRIX.T @ MATRIX)
    return covariance @ MATRIX.T @ looked, covariance


def exact_draws(looked, count, rng):
    """Draw places from the true posterior: a Gaussian, cut at the bounds of the prior."""
    found = np.empty((0, 3))
    while len(found) < count:
        drawn = rng.multivariate_normal(*gaussian(looked), 100 * count) / WIDTH + 0.5
        found = np.concatenate([found, drawn[((drawn > 0) & (drawn < 1)).all(axis=1)]])
    return found[:count]


@pytest.fixture(scope="module")
def posterior():
    pytest.importorskip("sbi", reason="sbi is not installed")
    return infer(model(), LOOKED, 4000, seed=1, report=False)


@pytest.mark.strain
def test_the_posterior_is_the_gaussian_of_the_formula(posterior):
    mean, covariance = gaussian(np.array(list(LOOKED.values())))
    frame = posterior.draw(20_000)
    deviations = np.sqrt(np.diag(covariance))
    assert np.abs((frame.mean() - mean) / deviations).max() < 0.15
    assert frame.std().to_numpy() == pytest.approx(deviations, rel=0.1)
    apart = np.corrcoef(frame.T) - covariance / np.outer(deviations, deviations)
    assert np.abs(apart).max() < 0.1
    density = stats.multivariate_normal(mean, covariance).logpdf(frame) + 3 * np.log(WIDTH)
    assert (density - posterior.log_prob(frame)).std() < 0.5


@pytest.mark.strain
def test_ranks_are_uniform_where_data_are_new(posterior):
    """300 runs, as a user takes them: uniform by the test, as for the true posteriors."""
    found = posterior.calibration(300)
    assert found.is_uniform, found
    assert found.to_dataframe()["inside_95"].to_numpy() == pytest.approx(0.95, abs=0.04)


@pytest.mark.strain
def test_ranks_of_the_true_posteriors_are_uniform(posterior):
    """The same simulations, prior and ranks, without the network."""
    tried = posterior.laboratory.simulations("exact", posterior.laboratory.uniform(300, "exact"))
    rng = np.random.default_rng(0)
    drawn = np.array([exact_draws(row, 99, rng) for row in tried.measured])
    found = calibration_of(list("abc"), tried.places, drawn, 0, rng)
    assert found.is_uniform
