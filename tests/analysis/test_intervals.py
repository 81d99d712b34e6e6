"""Intervals against closed forms, scipy, and counts of how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from neuromodels.analysis.effects import cliffs_delta, delta_interval, effect_of
from neuromodels.analysis.intervals import (
    KINDS,
    LEAST_FOR_BCA,
    Interval,
    bca_interval,
    interval_label,
    mean_interval,
    median_interval,
    median_rank,
    row_intervals,
    share_interval,
    trials_interval,
    value_range,
)
from neuromodels.analysis.recovery import recovered_fraction, recovery_interval

RNG = np.random.default_rng(0)


def test_a_mean_has_the_interval_of_student():
    values = RNG.normal(3, 2, 7)
    found = mean_interval(values)
    wanted = stats.t.interval(0.95, 6, values.mean(), stats.sem(values))
    np.testing.assert_allclose(found.ends, wanted)
    assert (found.kind, found.n, found.label) == ("t", 7, "95 % t interval, n = 7")


@pytest.mark.parametrize("interval", [mean_interval, median_interval, trials_interval])
def test_few_values_have_their_range_and_nothing_that_says_95(interval):
    for n in (2, 3, 4):
        values = RNG.normal(size=n)
        found = interval(values)
        assert found.ends == (values.min(), values.max())
        assert found.label == f"range, n = {n}"


@pytest.mark.parametrize("interval", [mean_interval, median_interval, trials_interval, value_range])
def test_what_has_no_interval_says_so(interval):
    for values in ([], [0.5], [0.5, np.nan, 0.7], [0.5, np.inf] * 4):
        found = interval(np.array(values))
        assert found.kind == "none"
        assert np.isnan(found.ends).all()
        assert found.label == f"no interval, n = {len(values)}"
    with pytest.raises(ValueError, match=r"one axis; got shape \(2, 2\)"):
        interval(np.ones((2, 2)))


@pytest.mark.parametrize("interval", [mean_interval, median_interval, trials_interval])
def test_equal_values_claim_nothing(interval):
    found = interval(np.full(12, 0.75))
    assert (found.ends, found.kind) == ((0.75, 0.75), "range")


@pytest.mark.parametrize("n", [6, 8, 9, 12, 20, 30, 101])
def test_a_median_lies_between_the_ranks_that_coins_say(n):
    rank = median_rank(n)
    outside = stats.binom.cdf([rank - 1, rank], n, 0.5)
    assert 2 * outside[0] <= 0.05 < 2 * outside[1], "the narrowest that holds it often enough"
    ordered = np.sort(RNG.normal(size=n))
    found = median_interval(RNG.permutation(ordered))
    assert found.ends == (ordered[rank - 1], ordered[n - rank])
    assert found.label == f"95 % exact median interval, n = {n}"


def test_five_values_cannot_bound_a_median_with_95_percent():
    assert [median_rank(n) for n in range(7)] == [0, 0, 0, 0, 0, 0, 1]
    assert median_interval(RNG.normal(size=5)).kind == "range"


@pytest.mark.parametrize(("count", "n"), [(0, 1), (0, 20), (3, 8), (20, 20), (1, 2000)])
def test_a_share_has_the_interval_of_clopper_and_pearson(count, n):
    found = share_interval(count, n)
    wanted = stats.binomtest(count, n).proportion_ci(0.95, "exact")
    np.testing.assert_allclose(found.ends, wanted, atol=1e-12)
    assert found.label == f"95 % exact binomial interval, n = {n:,}"


@pytest.mark.parametrize(("count", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_a_share_of_nothing_is_refused(count, n):
    with pytest.raises(ValueError, match=f"got {count} of {n}"):
        share_interval(count, n)


def test_trials_that_are_right_or_wrong_are_a_share():
    right = np.array([True] * 17 + [False] * 3)
    assert trials_interval(right) == share_interval(17, 20)
    assert trials_interval(np.ones(50)).low < 0.95, "all right is no proof of never wrong"
    assert trials_interval(np.append(right, 0.5)).kind == "t"


def test_a_ratio_has_the_bca_interval_of_scipy():
    intact, injured = RNG.lognormal(size=(2, 40, 3))
    found = recovery_interval(intact, injured, 1, np.random.default_rng(5))
    rows = injured[:, 1:].mean(axis=1), intact[:, 1:].mean(axis=1)
    wanted = stats.bootstrap(
        rows,
        lambda a, b, axis: a.mean(axis=axis) / b.mean(axis=axis),
        paired=True,
        method="BCa",
        n_resamples=2000,
        rng=np.random.default_rng(6),
    ).confidence_interval
    np.testing.assert_allclose(found.ends, wanted, atol=0.1)
    assert found.low < recovered_fraction(intact, injured, 1) < found.high
    assert found.label == "95 % BCa interval, n = 40"


def test_a_ratio_without_spread_or_without_a_value_has_no_95_percent():
    rng = np.random.default_rng(0)
    same = recovery_interval(np.ones((30, 2)), np.full((30, 2), 0.5), 1, rng)
    assert same == Interval(0.5, 0.5, "range", 30)
    assert recovery_interval(*np.zeros((2, 30, 4)), 1, rng).kind == "none"
    few = np.ones((LEAST_FOR_BCA - 1, 2))
    assert recovery_interval(few, few, 1, rng).kind == "none"


def test_a_skewed_statistic_has_uneven_ends():
    values = np.random.default_rng(3).lognormal(size=200)
    found = bca_interval(np.mean, values, rng=np.random.default_rng(4))
    assert found.high - values.mean() > 1.1 * (values.mean() - found.low)


def test_rows_have_the_intervals_of_their_finite_values():
    values = RNG.normal(3, 2, (6, 6))
    values[1, 3:] = values[2, 1:] = values[3, :] = np.nan
    values[4] = 2.5
    found = row_intervals(values)
    assert found.kinds.tolist() == ["t", "range", "none", "none", "range", "t"]
    for row, *ends, kind in zip(values, found.low, found.high, found.kinds, strict=True):
        one = mean_interval(row[np.isfinite(row)])
        np.testing.assert_allclose(ends, one.ends)
        assert kind == one.kind
    np.testing.assert_allclose(found.means[[0, 1, 2]], np.nanmean(values[:3], axis=1))
    assert np.isnan(found.means[3])
    assert row_intervals(np.zeros((2, 0))).kinds.tolist() == ["none", "none"]


def test_labels_name_what_is_counted():
    assert interval_label("range", 3, "seeds") == "range, n = 3 seeds"
    assert interval_label("t", 10000, "sequences") == "95 % t interval, n = 10,000 sequences"
    assert Interval(0, 1, "t", 9, level=0.9).label == "90 % t interval, n = 9"
    assert all(kind in interval_label(kind, 2) for kind in KINDS if kind != "none")


def test_cliffs_delta_has_the_interval_of_feng_and_cliff():
    """Their formula written out with sums over pairs."""
    a, b = RNG.normal(0.8, 1, 9), RNG.normal(size=7)
    d = [[np.sign(x - y) for y in b] for x in a]
    delta = sum(map(sum, d)) / 63
    rows = sum((sum(each) / 7 - delta) ** 2 for each in d) * 7**2
    columns = sum((sum(d[i][k] for i in range(9)) / 9 - delta) ** 2 for k in range(7)) * 9**2
    pairs = sum((x - delta) ** 2 for each in d for x in each)
    s2 = max((rows + columns - pairs) / (63 * 8 * 6), (1 - delta**2) / 62)
    t = stats.t.ppf(0.975, 14)
    half = t * np.sqrt(s2) * np.sqrt((1 - delta**2) ** 2 + t**2 * s2)
    below = 1 - delta**2 + t**2 * s2
    found = delta_interval(a, b)
    np.testing.assert_allclose(
        found.ends, [(delta - delta**3 - half) / below, (delta - delta**3 + half) / below]
    )
    assert found.label == "95 % Cliff interval, n = 7"


def test_delta_at_its_bound_stays_uncertain():
    found = delta_interval(np.arange(6) + 10.0, np.arange(8.0))
    assert found.high == 1.0
    assert -1 < found.low < 1
    mirrored = delta_interval(np.arange(8.0), np.arange(6) + 10.0)
    assert mirrored.ends == (-found.high, -found.low)
    assert cliffs_delta(np.arange(6) + 10.0, np.arange(8.0)) == 1
    assert delta_interval(np.arange(4.0), np.arange(9.0)).kind == "none"
    assert delta_interval(np.arange(9.0), np.array([np.nan] * 9)).kind == "none"


def test_an_effect_has_the_paired_interval_of_student():
    ours, theirs = RNG.normal(size=(2, 8))
    found = effect_of(ours, theirs)
    wanted = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    np.testing.assert_allclose((found.low, found.high), wanted)
    assert found.interval.kind == "t"
    few = effect_of(ours[:4], theirs[:4])
    assert few.interval.kind == "range"
    assert (few.low, few.high) == (min(ours[:4] - theirs[:4]), max(ours[:4] - theirs[:4]))
