"""pycma's strategy behind our interface: the same search as pycma's own."""

import math

import cma
import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.search import make_optimizer
from neuromodels.search.pycma_optimizer import DIAGONAL
from neuromodels.seeding import seed_of

NAMES = ["cma_es", "sep_cma_es"]
CENTRE, SIGMA = np.array([0.5, -1.0, 2.0, 0.0]), np.array([0.1, 0.5, 1.0, 2.0])


def losses_of(xs: np.ndarray) -> np.ndarray:
    z = (xs - CENTRE) / SIGMA - 0.5
    return (z**2).sum(axis=1) + 0.9 * z[:, 0] * z[:, 1]


@pytest.mark.parametrize("name", NAMES)
def test_a_search_is_that_of_pycma(name):
    """In its own loop, with the same normal numbers and pycma's own defaults."""
    optimizer = make_optimizer(name, CENTRE, SIGMA, 10, 3)
    random = np.random.RandomState(seed_of(3, "search", name) % 2**32)
    settings = {"CMA_diagonal": DIAGONAL[name], "randn": random.randn, "seed": math.nan}
    stock = cma.CMAEvolutionStrategy(
        np.zeros(4), 1.0, {"popsize": 10, "verbose": -9, "CMA_mirrors": 0, **settings}
    )
    for _ in range(8):
        xs, zs = optimizer.ask(), stock.ask()
        np.testing.assert_array_equal(xs, CENTRE + SIGMA * np.array(zs))
        optimizer.tell(xs, losses_of(xs))
        stock.tell(zs, losses_of(CENTRE + SIGMA * np.array(zs)).tolist())
    np.testing.assert_array_equal(optimizer.recommend(), CENTRE + SIGMA * stock.mean)


@pytest.mark.parametrize("name", NAMES)
def test_a_rosenbrock_valley_without_noise(name):
    """Only the covariance of pairs lets a search follow the valley quickly."""
    optimizer = make_optimizer(name, np.zeros(4), 0.3, 16, 1)
    for _ in range(150):
        xs = optimizer.ask()
        valley = 100 * (xs[:, 1:] - xs[:, :-1] ** 2) ** 2 + (1 - xs[:, :-1]) ** 2
        optimizer.tell(xs, valley.sum(axis=1))
    missed = np.abs(optimizer.recommend() - 1).max()
    assert missed < 0.01 if name == "cma_es" else missed > 0.01


def test_losses_are_kept_until_a_generation_is_there():
    optimizer, whole = (make_optimizer("cma_es", CENTRE, SIGMA, 8, 1) for _ in range(2))
    xs = optimizer.ask()
    whole.ask()
    optimizer.tell(xs[:3], losses_of(xs[:3]))
    np.testing.assert_array_equal(optimizer.recommend(), CENTRE)
    optimizer.tell(xs[3:], losses_of(xs[3:]))
    whole.tell(xs, losses_of(xs))
    np.testing.assert_array_equal(optimizer.recommend(), whole.recommend())


def test_candidates_that_were_not_asked_are_refused():
    optimizer = make_optimizer("cma_es", CENTRE, SIGMA, 8, 1)
    xs = optimizer.ask()
    with pytest.raises(DeclarationError, match="xs must be candidates that ask returned"):
        optimizer.tell(xs + 1e-9, losses_of(xs))
