"""Losses to utilities."""

import numpy as np
import pytest

from neuromodels.search.ranking import centred_ranks, is_informative, log_utilities

SHAPINGS = (centred_ranks, log_utilities)


def test_ranks_run_linearly_from_best_to_worst():
    np.testing.assert_allclose(centred_ranks(np.array([3.0, -1.0, 2.0])), [-0.5, 0.5, 0.0])


def test_log_utilities_against_the_paper_term_by_term():
    n = 7
    losses = np.array([0.3, 2.0, -1.0, 5.0, 4.0, 0.1, 9.0])
    raw = [max(0.0, np.log(n / 2 + 1) - np.log(k)) for k in range(1, n + 1)]
    by_rank = [r / sum(raw) - 1 / n for r in raw]
    expected = [by_rank[sorted(losses).index(loss)] for loss in losses]
    np.testing.assert_allclose(log_utilities(losses), expected, atol=1e-15)


@pytest.mark.parametrize("shaping", SHAPINGS)
def test_ties_share_the_mean_of_their_places(shaping):
    apart = shaping(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    tied = shaping(np.array([1.0, 2.0, 2.0, 2.0, 5.0]))
    np.testing.assert_allclose(tied[1:4], apart[1:4].mean(), atol=1e-15)
    np.testing.assert_allclose(tied[[0, 4]], apart[[0, 4]], atol=1e-15)


@pytest.mark.parametrize("shaping", SHAPINGS)
def test_order_of_candidates_does_not_matter(shaping):
    random = np.random.default_rng(1)
    losses = random.integers(6, size=40).astype(float)
    losses[::7] = np.nan
    order = random.permutation(40)
    np.testing.assert_array_equal(shaping(losses[order]), shaping(losses)[order])


@pytest.mark.parametrize("shaping", SHAPINGS)
def test_failures_tie_for_the_last_place(shaping):
    utilities = shaping(np.array([np.nan, 1.0, -np.inf, 2.0, np.inf, 1e300]))
    assert utilities[0] == utilities[2] == utilities[4]
    assert utilities[0] <= utilities[[1, 3, 5]].min()
    assert utilities[1] == utilities.max()


@pytest.mark.parametrize("shaping", SHAPINGS)
@pytest.mark.parametrize("n", [1, 2, 3, 256])
def test_utilities_sum_to_zero(shaping, n):
    losses = np.random.default_rng(n).integers(4, size=n).astype(float)
    if shaping is log_utilities or n > 1:
        np.testing.assert_allclose(shaping(losses).sum(), 0, atol=1e-12)


def test_what_carries_information():
    assert is_informative(np.array([1.0, np.nan]))
    assert not is_informative(np.array([2.0, 2.0]))
    assert not is_informative(np.array([np.nan, np.inf, -np.inf]))
    assert not is_informative(np.array([1.0]))
    assert not is_informative(np.array([]))
