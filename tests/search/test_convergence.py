"""Noisy problems that a search must solve and random search must not."""

import numpy as np
import pytest

from neuromodels.search import make_optimizer

DIMENSION = 20
START = np.full(DIMENSION, 1 / np.sqrt(DIMENSION))
RATES = {"pgpe": {"relative_rate": 0.1}, "openai_es": {"relative_rate": 0.1}}
OWN = ("pgpe", "snes", "openai_es")
BORROWED = ("OldCMA", "DiagonalCMA", "TBPSA")
MISSED = 0.25
"""What a search gets below within 2,400 evaluations, and random search does not."""


def sphere(xs: np.ndarray) -> np.ndarray:
    return (xs**2).sum(axis=-1)


def ellipsoid(xs: np.ndarray) -> np.ndarray:
    weights = np.logspace(0, 2, DIMENSION)
    return (weights * xs**2).sum(axis=-1) / weights.mean()


def final_loss(name: str, problem, noise: float = 0.1, evaluations: int = 2400) -> float:
    """Loss at the recommendation; 1 at the start."""
    optimizer = make_optimizer(name, START, 0.15, 60, 5, RATES.get(name))
    random = np.random.default_rng(6)
    for _ in range(evaluations // 60):
        xs = optimizer.ask()
        optimizer.tell(xs, problem(xs) + noise * random.standard_normal(60))
    return float(problem(optimizer.recommend()))


@pytest.mark.parametrize("problem", [sphere, ellipsoid])
@pytest.mark.parametrize("name", [*OWN, *BORROWED])
def test_noisy_problem_is_solved(name, problem):
    assert final_loss(name, problem) < MISSED / 2


@pytest.mark.parametrize("problem", [sphere, ellipsoid])
def test_random_search_misses(problem):
    assert final_loss("RandomSearch", problem) > MISSED


@pytest.mark.parametrize("problem", [sphere, ellipsoid])
@pytest.mark.parametrize("name", OWN)
def test_longer_search_comes_closer_in_spite_of_noise(name, problem):
    assert final_loss(name, problem, evaluations=12000) < 0.04


@pytest.mark.parametrize("name", ["snes", "OldCMA", "DiagonalCMA", "TwoPointsDE", "PSO"])
def test_sphere_without_noise(name):
    assert final_loss(name, sphere, noise=0.0) < MISSED


def test_thousand_dimensions():
    start = np.full(1000, 1 / np.sqrt(1000))
    optimizer = make_optimizer("pgpe", start, 0.03, 256, 1, {"relative_rate": 0.1})
    for _ in range(80):
        xs = optimizer.ask()
        optimizer.tell(xs, sphere(xs))
    assert sphere(optimizer.recommend()) < 0.3
