"""pymoo's algorithms behind our interface: the same searches as pymoo's own, and good fronts."""

import sys

import numpy as np
import pytest
from pymoo.core.problem import Problem
from pymoo.core.termination import NoTermination

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.search import OPTIMIZERS, make_optimizer, pymoo_optimizer
from neuromodels.search.pareto import nondominated

NAMES = [name for name, info in OPTIMIZERS.items() if info.source == "pymoo"]
CENTRE, SIGMA = np.array([0.5, -1.0, 2.0]), np.array([0.1, 0.5, 1.0])


def two_goals(xs: np.ndarray) -> np.ndarray:
    """Squared distances from two points: the front is the line between them (Schaffer 1985)."""
    z = (xs - CENTRE) / SIGMA
    return np.column_stack([((z - 1) ** 2).sum(axis=1), ((z + 1) ** 2).sum(axis=1)])


def searched(optimizer, generations: int) -> np.ndarray:
    for _ in range(generations):
        xs = optimizer.ask()
        optimizer.tell(xs, two_goals(xs))
    return optimizer.ask()


def by_pymoo_itself(name: str, first: np.ndarray, candidates: int, generations: int) -> np.ndarray:
    """Return what pymoo asks for next, in its own loop, from the same first generation."""
    optimizer = make_optimizer(name, CENTRE, SIGMA, candidates, 3)
    optimizer.ask()  # so that its generator stands where ours does

    class Distances(Problem):
        def _evaluate(self, z, out, *args, **kwargs):
            out["F"] = two_goals(CENTRE + SIGMA * z)

    reach = optimizer.options["reach"]
    problem = Distances(n_var=3, n_obj=2, xl=-reach, xu=reach)
    stock = pymoo_optimizer.ALGORITHMS[name](2, candidates, optimizer.options)
    stock.initialization.sampling = (first - CENTRE) / SIGMA
    stock.setup(problem, termination=NoTermination())
    stock.random_state = optimizer.generator
    for _ in range(generations):
        stock.next()
    return CENTRE + SIGMA * stock.ask().get("X").astype(float)


@pytest.mark.parametrize("name", NAMES)
def test_a_search_is_that_of_pymoo(name):
    optimizer = make_optimizer(name, CENTRE, SIGMA, 12, 3)
    first = optimizer.ask()
    stock = by_pymoo_itself(name, first, 12, 6)
    optimizer.tell(first, two_goals(first))
    np.testing.assert_allclose(searched(optimizer, 5), stock, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_front_between_two_points_is_found(name):
    """On it all coordinates are equal, and the roots of both goals sum to the points' distance."""
    optimizer = make_optimizer(name, CENTRE + 3 * SIGMA, SIGMA, 24, 1)
    searched(optimizer, 60)
    xs, goals = optimizer._members()
    xs = xs + 3  # in sigmas around CENTRE
    goals = goals[nondominated(goals)]
    apart = np.sqrt(goals).sum(axis=1) - np.sqrt(12)
    assert np.median(apart) < 0.1 * np.sqrt(12)
    assert np.ptp(goals[:, 0]) > 6
    best = two_goals(optimizer.recommend()[None])[0]
    assert best.sum() < 1.3 * 6  # the middle of the front has 3 and 3


@pytest.mark.parametrize("name", NAMES)
def test_failed_candidates_never_join(name):
    optimizer = make_optimizer(name, CENTRE, SIGMA, 12, 3)
    for _ in range(5):
        xs = optimizer.ask()
        goals = two_goals(xs)
        goals[::3, 1] = np.nan
        optimizer.tell(xs, goals)
        assert np.isfinite(optimizer._members()[1]).all()


@pytest.mark.parametrize("name", NAMES)
def test_candidates_stay_within_reach(name):
    optimizer = make_optimizer(name, CENTRE, SIGMA, 12, 3, {"reach": 2.0})
    for _ in range(8):
        xs = optimizer.ask()
        assert (np.abs(xs - CENTRE) <= 2 * SIGMA * (1 + 1e-12)).all()
        optimizer.tell(xs, -((xs - CENTRE) ** 2) @ np.array([[1.0, 0], [0, 1.0], [1.0, 1.0]]))


@pytest.mark.parametrize("name", NAMES)
def test_three_goals(name):
    optimizer = make_optimizer(name, CENTRE, SIGMA, 20, 3)
    for _ in range(4):
        xs = optimizer.ask()
        assert xs.shape == (20, 3)
        apart = (xs - CENTRE)[:, None] / SIGMA - np.eye(3)
        optimizer.tell(xs, (apart**2).sum(axis=2))
    resumed = make_optimizer(name, CENTRE, SIGMA, 20, 9)
    resumed.load(optimizer.dump())
    np.testing.assert_array_equal(resumed.ask(), optimizer.ask())


@pytest.mark.parametrize(
    ("goals", "most", "count"), [(2, 12, 12), (3, 20, 15), (3, 15, 15), (4, 20, 20)]
)
def test_directions_are_as_many_as_fit(goals, most, count):
    found = pymoo_optimizer.directions(goals, most)
    assert found.shape == (count, goals)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_candidates_that_were_not_asked_are_refused():
    optimizer = make_optimizer("nsga2", CENTRE, SIGMA, 6, 1)
    xs = optimizer.ask()
    with pytest.raises(DeclarationError, match="xs must be candidates that ask returned"):
        optimizer.tell(xs + 1e-9, two_goals(xs))
    optimizer.tell(xs, two_goals(xs))
    with pytest.raises(DeclarationError, match="each told once"):
        optimizer.tell(xs[:1], two_goals(xs[:1]))


def test_a_state_of_another_algorithm_is_refused():
    optimizer = make_optimizer("nsga2", CENTRE, SIGMA, 6, 1)
    with pytest.raises(StorageError, match="must be one of nsga2"):
        optimizer.load(make_optimizer("nsga3", CENTRE, SIGMA, 6, 1).dump())


def test_too_few_candidates_are_refused():
    with pytest.raises(DeclarationError, match=r"candidates: must be a whole number from 6 on"):
        make_optimizer("moead", CENTRE, SIGMA, 5, 1)


@pytest.mark.parametrize(("package", "name"), [("pymoo", "nsga2"), ("cma", "cma_es")])
def test_a_missing_package_is_one_message_with_its_cure(monkeypatch, package, name):
    monkeypatch.setitem(sys.modules, package, None)  # an import of it fails
    with pytest.raises(DeclarationError, match=rf"{package} cannot be imported.*\[optimizers\]"):
        make_optimizer(name, CENTRE, SIGMA, 6, 1)
    assert make_optimizer("pgpe", CENTRE, SIGMA, 6, 1).ask().shape == (6, 3)
