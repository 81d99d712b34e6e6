"""Trials to criterion and the cost of a reversal, on outcomes whose answers are known."""

import numpy as np
import pytest

from neuromodels.analysis.learning import means_around, shares_around, trials_to_criterion


def outcomes(*rows: str) -> np.ndarray:
    return np.array([[int(digit) for digit in row] for row in rows], dtype=float)


def test_the_criterion_is_met_where_the_first_good_row_begins():
    right = outcomes("000111111111", "101010101010", "111111111111", "011011110000")
    found = trials_to_criterion(right, enough=4, among=5)
    # the second never has 4 of 5; in the fourth "11011" is the first row with four
    np.testing.assert_array_equal(found, [2, np.nan, 0, 1])


def test_rows_must_lie_between_first_and_end():
    right = outcomes("111110000011111", "111111111111111")
    first, end = np.array([3, 5]), np.array([15, 9])
    found = trials_to_criterion(right, first, end, enough=5, among=5)
    np.testing.assert_array_equal(found, [7, np.nan])


def test_too_few_trials_meet_no_criterion():
    assert np.isnan(trials_to_criterion(np.ones((2, 9)))).all()


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_trials_to_criterion_of_coin_throws_are_those_of_a_markov_chain(share):
    """Three right in a row: the mean number of throws until then is (1 - p**3)/(p**3*(1 - p))."""
    right = (np.random.default_rng(4).random((4000, 200)) < share).astype(float)
    found = trials_to_criterion(right, enough=3, among=3)
    expected = (1 - share**3) / (share**3 * (1 - share)) - 3
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / np.sqrt(4000))


def test_shares_around_a_reversal():
    right = outcomes("1111100010", "0110111111", "1111111111")
    before, after = means_around(right, np.array([5, 4, 10]), window=4)
    np.testing.assert_allclose(before, [1.0, 0.5, np.nan])
    np.testing.assert_allclose(after, [0.25, 1.0, np.nan])


def test_a_short_side_counts_what_it_has():
    before, after = means_around(outcomes("10011"), np.array([1]), window=3)
    assert (before[0], after[0]) == (1.0, pytest.approx(1 / 3))


def test_shares_in_each_trial_around_a_reversal():
    """Episodes are laid over each other at their reversals."""
    right = outcomes("110100", "011001")
    found = shares_around(right, np.array([2, 4]), reach=3)
    # from the first: -, 1, 1 | 0, 1, 0; from the second: 1, 1, 0 | 0, 1, -
    np.testing.assert_allclose(found, [1.0, 1.0, 0.5, 0.0, 1.0, 0.0])
    assert np.isnan(shares_around(right, np.array([2, 4]), reach=5)[[0, 9]]).all()
