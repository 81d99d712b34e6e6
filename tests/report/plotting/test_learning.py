"""Learning curves: smoothed and thinned without bending them, over seeds as by hand."""

import numpy as np
import pandas as pd
import pytest

from neuromodels.report.plotting.draw import svg_of
from neuromodels.report.plotting.learning import (
    MOST_POINTS,
    Searches,
    learning_curve,
    limits_of,
    over_seeds,
    running_median,
    window_of,
)


def noisy(generations, seed=1):
    rng = np.random.default_rng(seed)
    number = np.arange(1, generations + 1)
    score = 1 - 0.5 * np.exp(-number / 300) + rng.normal(scale=0.05, size=generations)
    return np.column_stack([number, score])


def points_at(generations, seed=1):
    score = np.random.default_rng(seed).uniform(0.5, 1, len(generations))
    return np.column_stack([generations, score, score - 0.02, score + 0.03])


@pytest.mark.parametrize("generations", [1, 2, 49, 100, 150, 2000, 12345])
def test_smoothing_is_a_running_median(generations):
    curve = noisy(generations)
    window = window_of(curve)
    assert window % 2 == 1
    assert abs(window - generations / 50) <= 2
    expected = pd.Series(curve[:, 1], index=curve[:, 0]).rolling(window, 1, center=True).median()
    found = running_median(curve)
    assert len(found) == min(generations, MOST_POINTS)
    assert found[[0, -1], 0].tolist() == [1, generations]
    np.testing.assert_allclose(found[:, 1], expected[found[:, 0]])


def test_a_short_curve_is_drawn_as_it_is():
    curve = noisy(60)
    np.testing.assert_array_equal(running_median(curve), curve)


def test_generations_without_a_score_are_left_out():
    curve = noisy(2000)
    holes = curve.copy()
    holes[500:505, 1] = np.nan
    holes[1000:1200, 1] = np.nan
    found = running_median(holes)
    inside = (found[:, 0] > 1030) & (found[:, 0] < 1170)
    assert np.isnan(found[inside, 1]).all()
    assert np.isfinite(found[~((found[:, 0] > 1000) & (found[:, 0] < 1201)), 1]).all()


def test_over_seeds_is_median_and_range_where_all_were_tested():
    tests = [
        points_at([50, 100, 150, 200], 1),
        points_at([50, 100, 150], 2),
        points_at([50, 100], 3),
    ]
    found = over_seeds(tests)
    assert found[:, 0].tolist() == [50, 100]
    for row in range(2):
        scores = sorted(each[row, 1] for each in tests)
        assert found[row, 1:].tolist() == [scores[1], scores[0], scores[2]]


def test_one_seed_has_its_own_interval_and_many_points_are_thinned():
    tests = points_at(np.arange(1, 2001))
    found = over_seeds([tests])
    assert len(found) == MOST_POINTS
    assert found[[0, -1], 0].tolist() == [1, 2000]
    assert set(map(tuple, found)) <= set(map(tuple, tests))


def test_limits_hold_everything_that_is_drawn():
    panels = [
        Searches("plastic", [noisy(2000)], [points_at([50, 100])]),
        Searches("fixed", [noisy(2000) * [1, -1]]),
    ]
    low, high = limits_of(panels)
    assert low < running_median(noisy(2000) * [1, -1])[:, 1].min()
    assert high > max(panels[0].tests[0][:, 3])
    assert limits_of([Searches("plastic", [np.array([[1.0, np.nan]])])]) == (0.0, 1.0)


@pytest.mark.parametrize("tests", [[], [points_at([50])], [points_at([50, 100]), points_at([150])]])
def test_whatever_is_there_is_drawn(tests):
    figure = learning_curve(Searches("plastic", [noisy(5)], tests), (0, 1))
    assert "<svg" in svg_of(figure)
