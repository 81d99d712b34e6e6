"""Several goals: the front against a brute-force one, and a problem whose front is known."""

import sys

import nevergrad
import numpy as np
import pytest
from nevergrad.optimization.multiobjective.core import HypervolumePareto

from neuromodels.errors import DeclarationError
from neuromodels.search.optimizers import OPTIMIZERS, make_optimizer
from neuromodels.search.pareto import ParetoSearch, nondominated, spread


def brute_force(values):
    """Return which rows are beaten by no other."""

    def beats(a, b):
        return all(x <= y for x, y in zip(a, b, strict=True)) and any(a < b)

    return np.array([not any(beats(a, b) for a in values) for b in values])


@pytest.mark.parametrize("goals", [2, 3])
def test_nondominated_equals_brute_force(goals):
    values = np.random.default_rng(goals).integers(0, 6, size=(60, goals)).astype(float)
    np.testing.assert_array_equal(nondominated(values), brute_force(values))


@pytest.mark.parametrize("goals", [2, 3])
def test_losses_and_front_are_those_of_nevergrad(goals):
    rng = np.random.default_rng(goals)
    bounds = np.full(goals, 0.875)
    theirs, ours = HypervolumePareto(upper_bounds=bounds, seed=0), ParetoSearch(1, goals)
    ours.load({"bounds": bounds, "volume": -np.inf, "xs": [], "values": []})
    told = []
    for number in range(150):
        # Beyond the bounds first. On a grid some are equal, or on the edge; in sixteenths volumes
        # are exact. Where they are not, nevergrad takes what is rounded up for what is gained.
        values = rng.integers(1, 16, size=goals) / 16 + (1 if number < 5 else 0)
        member = nevergrad.p.Scalar(init=float(number))
        member._losses = values
        loss = ours.losses(np.full((1, 1), number), values[None], np.ones(1, dtype=bool))[0]
        told.append((loss, theirs.add(member)))
    np.testing.assert_allclose(*zip(*told, strict=True), rtol=1e-12, atol=1e-12)
    front = sorted(tuple(each.losses) for each in theirs.pareto_front())
    np.testing.assert_array_equal(ours.front()[1], front)


def test_the_front_is_that_of_all_candidates_within_the_first_bounds():
    rng = np.random.default_rng(3)
    search = ParetoSearch(4, 2)
    told_xs, told = [np.zeros((1, 4))], [np.ones((1, 2))]
    search.losses(told_xs[0], told[0], np.array([True]))
    for _ in range(6):
        xs, values = rng.normal(size=(20, 4)), rng.uniform(size=(20, 2))
        search.losses(xs, values, np.ones(20, dtype=bool))
        told_xs.append(xs)
        told.append(values)
    xs, values = np.vstack(told_xs), np.vstack(told)
    kept = brute_force(values)
    order = np.lexsort(values[kept].T[::-1])
    front, goals = search.front()
    np.testing.assert_array_equal(goals, values[kept][order])
    np.testing.assert_array_equal(front, xs[kept][order])


def test_a_candidate_that_widens_the_front_has_a_lower_loss():
    search = ParetoSearch(1, 2)
    ran = np.ones(1, dtype=bool)
    first = search.losses(np.zeros((1, 1)), np.array([[1.0, 1.0]]), ran)
    wider = search.losses(np.ones((1, 1)), np.array([[0.5, 0.5]]), ran)
    beaten = search.losses(np.ones((1, 1)), np.array([[0.8, 0.8]]), ran)
    assert wider < first
    assert wider < beaten
    assert wider == pytest.approx(-0.25), "the square between it and the reference point"


def test_whoever_did_not_run_gets_no_number():
    search = ParetoSearch(1, 2)
    nobody = search.losses(np.zeros((2, 1)), np.full((2, 2), 1e6), np.zeros(2, dtype=bool))
    assert np.isnan(nobody).all()
    values = np.array([[0.2, 0.3], [1e6, 1e6]])
    found = search.losses(np.zeros((2, 1)), values, np.array([True, False]))
    assert np.isfinite(found[0])
    assert np.isnan(found[1])
    assert len(search.front()[0]) == 1


def test_the_state_comes_back():
    rng = np.random.default_rng(5)
    one, again = ParetoSearch(3, 2), ParetoSearch(3, 2)
    again.load(one.dump())
    for k in range(4):
        xs, values = rng.normal(size=(12, 3)), rng.uniform(size=(12, 2))
        first = one.losses(xs, values, np.ones(12, dtype=bool))
        second = again.losses(xs, values, np.ones(12, dtype=bool))
        np.testing.assert_array_equal(first, second)
        fresh = ParetoSearch(3, 2)
        fresh.load(one.dump())
        again = fresh if k % 2 else again
    for found, expected in zip(again.front(), one.front(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_known_front_is_found():
    """Two parabolas (Schaffer's problem): exactly the points between 0 and 2 are beaten by none."""
    optimizer = make_optimizer("TwoPointsDE", np.array([5.0]), np.array([2.0]), 20, seed=1)
    search = ParetoSearch(1, 2)
    for _ in range(20):
        xs = optimizer.ask()
        values = np.column_stack([xs[:, 0] ** 2, (xs[:, 0] - 2) ** 2])
        optimizer.tell(xs, search.losses(xs, values, np.ones(len(xs), dtype=bool)))
    front, values = search.front()
    assert len(front) > 20
    assert ((front > -0.05) & (front < 2.05)).all()
    assert np.ptp(front) > 1.8
    chosen = spread(values, 5)
    assert len(chosen) == 5
    assert {0, len(values) - 1} <= set(chosen), "both ends"


def test_nothing_but_its_own_optimizers_needs_nevergrad(monkeypatch):
    monkeypatch.setitem(sys.modules, "nevergrad", None)  # an import of it fails
    for name, info in OPTIMIZERS.items():
        start = name, np.zeros(3), 1.0, 8, 1
        if info.source == "nevergrad":
            with pytest.raises(DeclarationError, match=r"cannot be imported; .* pgpe, snes"):
                make_optimizer(*start)
        else:
            assert make_optimizer(*start).ask().shape == (8, 3)
    search = ParetoSearch(3, 2)
    assert np.isfinite(search.losses(np.zeros((2, 3)), np.eye(2), np.ones(2, bool))).any()


def test_few_members_are_all_taken():
    np.testing.assert_array_equal(spread(np.ones((3, 2)), 5), [0, 1, 2])
