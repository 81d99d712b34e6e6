"""Tests of few searches against scipy, against lists by hand, and at their limits."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from neuromodels.analysis.comparisons import (
    brunner_munzel,
    paired_permutation,
    sign_flip,
    stuck_shares,
    unpaired_permutation,
)
from neuromodels.analysis.corrections import holm, max_t
from neuromodels.analysis.equivalence import paired_equivalence, unpaired_equivalence

RNG = np.random.default_rng(1)


def of_mean(x, axis):
    return np.mean(x, axis=axis)


def of_difference(x, y, axis):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 12])
def test_flips_of_signs_are_those_of_scipy(n):
    values = RNG.normal(0.4, 1, n).round(1)  # ties among them
    found = sign_flip(values)
    wanted = stats.permutation_test(
        (values,), of_mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert found.p == pytest.approx(wanted.pvalue, abs=1e-12)
    assert found.statistic == pytest.approx(values.mean())


def test_five_pairs_cannot_reach_5_percent_and_six_can():
    assert sign_flip(np.arange(5) + 1.0).p == 2 / 2**5
    assert sign_flip(np.arange(6) + 1.0).p == 2 / 2**6
    assert paired_permutation(np.arange(6) + 1.0, np.zeros(6)).p == 2 / 2**6
    assert sign_flip(np.zeros(6)).p == 1.0


def test_many_pairs_are_flipped_at_random_and_alike():
    values = np.random.default_rng(2).normal(0.4, 1, 30)
    found = sign_flip(values)
    assert found.p == sign_flip(values).p
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.015)
    assert sign_flip(np.arange(30) + 1.0).p == 1 / 10001, "never 0"


@pytest.mark.parametrize(("n", "m"), [(2, 3), (5, 5), (8, 6)])
def test_splits_are_those_of_scipy(n, m):
    ours, theirs = RNG.normal(0.7, 1, n).round(1), RNG.normal(size=m).round(1)
    found = unpaired_permutation(ours, theirs)
    pooled = np.concatenate([ours, theirs])
    groups = (ours, theirs)
    wanted = stats.permutation_test(groups, of_difference, n_resamples=np.inf, vectorized=True)
    by_size = np.abs(wanted.null_distribution) >= abs(wanted.statistic) - 1e-9
    assert found.p == pytest.approx(by_size.mean(), abs=1e-12)
    assert found.statistic == pytest.approx(wanted.statistic)
    assert pooled.size == found.n + found.m


def test_large_groups_are_split_at_random():
    ours, theirs = np.random.default_rng(3).normal([[0.5], [0.0]], 1, (2, 20))
    found = unpaired_permutation(ours, theirs)
    assert found.p == pytest.approx(stats.ttest_ind(ours, theirs).pvalue, abs=0.015)


def statistic_of(x, y):
    """Return the statistic of Brunner and Munzel by scipy, infinite for groups apart."""
    if min(x) > max(y) or min(y) > max(x):
        return np.inf
    found = stats.brunnermunzel(x, y).statistic
    return abs(found)


def test_brunner_munzel_of_few_is_its_permutation_test():
    ours, theirs = np.array([0.1, 0.4, 0.8, 0.9]), np.array([0.2, 0.3, 0.35, 0.5, 0.7])
    pooled = np.concatenate([ours, theirs])
    seen, sizes = statistic_of(ours, theirs), []
    for mask in product([True, False], repeat=9):
        if sum(mask) == 4:
            mask = np.array(mask)
            sizes.append(statistic_of(pooled[mask], pooled[~mask]))
    found = brunner_munzel(ours, theirs)
    assert found.p == pytest.approx(np.mean(np.array(sizes) >= seen - 1e-9))
    u = stats.mannwhitneyu(ours, theirs).statistic
    assert found.statistic == pytest.approx(u / 20)


def test_brunner_munzel_of_many_is_that_of_scipy():
    ours, theirs = RNG.normal(0.5, 1, 15), RNG.normal(0, 3, 20)
    assert brunner_munzel(ours, theirs).p == stats.brunnermunzel(ours, theirs).pvalue


@pytest.mark.parametrize("n", [5, 20])
def test_groups_that_are_apart_or_equal_have_a_p(n):
    apart = brunner_munzel(np.arange(n) + 100.0, np.arange(float(n)))
    assert apart.statistic == 1.0
    assert 0 < apart.p <= 2 / 252
    equal = brunner_munzel(np.ones(n), np.ones(n))
    assert (equal.statistic, equal.p) == (0.5, 1.0)


def test_stuck_searches_do_not_hide_a_difference_from_a_rank_test():
    ours, theirs = RNG.normal([[1.5], [0.0]], 1, (2, 12))
    ours[0] = -50.0
    assert brunner_munzel(ours, theirs).p < 0.05 < stats.ttest_ind(ours, theirs).pvalue


def test_shares_are_compared_by_boschloo():
    found = stuck_shares(1, 20, 8, 20)
    assert found.p == pytest.approx(stats.boschloo_exact([[1, 8], [19, 12]]).pvalue)
    assert found.p < stats.fisher_exact([[1, 8], [19, 12]])[1]
    assert found.statistic == pytest.approx(-0.35)
    assert found.second.low < 0.4 < found.second.high
    assert stuck_shares(0, 5, 0, 9).p == stuck_shares(5, 5, 9, 9).p == 1.0


@pytest.mark.parametrize("test", [sign_flip, lambda x: brunner_munzel(x, np.arange(3.0))])
@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_bad_samples_are_refused(test, values):
    with pytest.raises(ValueError, match="two finite numbers or more along one axis; got"):
        test(np.array(values))


# -- several contrasts ----------------------------------------------------------------------------


def test_max_t_is_what_a_loop_over_flips_says():
    values = RNG.normal([0.9, 0.0, 0.3], 1, (7, 3))

    def t_of(x):
        return np.abs(stats.ttest_1samp(x, 0).statistic)

    seen, order = t_of(values), np.argsort(-t_of(values))
    flipped = np.array([t_of(values * np.array(s)[:, None]) for s in product([1, -1], repeat=7)])
    wanted, running = np.empty(3), 0.0
    for step, k in enumerate(order):
        running = max(running, (flipped[:, order[step:]].max(axis=1) >= seen[k] - 1e-9).mean())
        wanted[k] = running
    found = max_t(values)
    np.testing.assert_allclose(found.p, wanted)
    np.testing.assert_allclose(np.abs(found.t), seen)
    np.testing.assert_allclose(found.differences, values.mean(axis=0))


def test_max_t_of_copies_costs_nothing_where_holm_pays_for_each():
    values = np.repeat(RNG.normal(0.9, 1, (9, 1)), 12, axis=1)
    one = max_t(values[:, :1]).p
    np.testing.assert_allclose(max_t(values).p, one[0])
    assert holm([float(one[0])] * 12)[0] == pytest.approx(min(12 * one[0], 1))


def test_max_t_of_one_contrast_is_the_sign_flip():
    values = RNG.normal(0.5, 1, (10, 1))
    assert max_t(values).p[0] == pytest.approx(sign_flip(values[:, 0]).p)


def test_contrasts_without_spread_have_a_p():
    values = np.zeros((6, 3))
    values[:, 1], values[:, 2] = 1.0, RNG.normal(size=6)
    found = max_t(values)
    assert found.p[0] == 1.0
    assert found.p[1] == 2 / 2**6
    assert np.isinf(found.t[1])


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((1, 3)), np.full((3, 2), np.nan)])
def test_bad_contrasts_are_refused(values):
    with pytest.raises(ValueError, match="must be finite"):
        max_t(values)


# -- equivalence ----------------------------------------------------------------------------------


def test_equivalence_is_two_one_sided_t_tests():
    ours, theirs = RNG.normal(0.1, 0.3, (2, 14))
    found = paired_equivalence(ours, theirs, 0.4)
    d = ours - theirs
    sides = [
        stats.ttest_1samp(d, edge, alternative=side).pvalue
        for edge, side in ((-0.4, "greater"), (0.4, "less"))
    ]
    assert found.p == pytest.approx(max(sides))
    wanted = stats.ttest_1samp(d, 0).confidence_interval(0.9)
    np.testing.assert_allclose(found.interval.ends, wanted)
    assert found.interval.label == "90 % t interval, n = 14"


def test_equivalence_of_groups_uses_welch():
    ours, theirs = RNG.normal(0, 0.3, 14), RNG.normal(0, 1, 20)
    found = unpaired_equivalence(ours, theirs, 0.6)
    sides = [
        stats.ttest_ind(ours + shift, theirs, equal_var=False, alternative=side).pvalue
        for shift, side in ((0.6, "greater"), (-0.6, "less"))
    ]
    assert found.p == pytest.approx(max(sides))


@pytest.mark.parametrize("margin", [0.05, 0.2, 0.3, 0.5, 1.0])
def test_equivalence_is_shown_where_the_interval_lies_within_the_margin(margin):
    ours, theirs = np.random.default_rng(8).normal(0, 0.3, (2, 14))
    found = paired_equivalence(ours, theirs, margin)
    low, high = found.interval.ends
    assert found.is_shown == (-margin < low and high < margin)


def test_values_without_spread_show_nothing():
    found = paired_equivalence(np.ones(6), np.ones(6), 0.1)
    assert np.isnan(found.p)
    assert not found.is_shown
    assert found.interval.kind == "none"


@pytest.mark.parametrize("margin", [0, -1, np.nan, np.inf])
def test_a_margin_must_be_above_0(margin):
    with pytest.raises(ValueError, match="margin must be above 0; got"):
        paired_equivalence(np.arange(3.0), np.zeros(3), margin)
