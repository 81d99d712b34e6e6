"""Bits of information against published and exact values, and intervals against repetition."""

import numpy as np
import pytest
from scipy.stats import entropy

from neuromodels.analysis.capacity import (
    binary_entropy,
    capacity_bounds,
    capacity_of,
    resampled_bits,
)
from neuromodels.seeding import generator

LENGTH = 8


def stream(*names):
    return generator(7, "tests", *names)


def all_sequences(length):
    return np.array([[k >> b & 1 for b in range(length)] for k in range(2**length)], dtype=bool)


def test_the_entropy_is_that_of_scipy():
    p = np.array([0.0, 0.01, 0.11, 0.5, 0.93, 1.0])
    np.testing.assert_allclose(binary_entropy(p), entropy([p, 1 - p], base=2), atol=1e-12)
    assert 1 - binary_entropy(np.array(0.11)) == pytest.approx(0.5, abs=2e-4)  # Shannon's example


def test_half_the_bits_certain_and_half_guessed_are_half_the_bits():
    shown = all_sequences(4)
    answers = shown.copy()
    answers[:, 2:] = True
    found = capacity_of(answers == shown, shown, stream())
    assert (found.bits, found.bias, found.inputs) == (pytest.approx(2), 0, 16)
    assert found.interval.kind == "none"


def test_a_constant_answer_holds_nothing_and_a_right_one_all():
    shown = all_sequences(4)
    assert capacity_of(shown, shown, stream()).bits == pytest.approx(0)
    assert capacity_of(np.ones_like(shown), shown, stream()).bits == pytest.approx(4)


def test_a_sequence_counts_once_however_often_it_was_drawn():
    shown = np.repeat(all_sequences(3), [1, 1, 1, 1, 1, 1, 1, 50], axis=0)
    right = np.column_stack([shown[:, 0], np.ones(len(shown)), shown[:, 1] | shown[:, 2]])
    found = capacity_of(right, shown, stream())
    assert found.bits == pytest.approx(1 + 1 - entropy([0.75, 0.25], base=2))


@pytest.mark.parametrize("shares", [[0.5] * 8, [0.99, 0.97, 0.9, 0.8, 0.6, 0.6, 0.7, 0.8]])
def test_few_inputs_do_not_make_more_bits_of_it(shares):
    rng, p = stream("few", *shares), np.array(shares)
    true = float((1 - binary_entropy(p)).sum())
    found = []
    for _ in range(40):
        shown = rng.random((48, 20)) < 0.5
        found.append(capacity_of(rng.random((48, LENGTH)) < p, shown, rng))
    corrected = np.array([each.bits for each in found])
    assert corrected.mean() == pytest.approx(true, abs=0.15)
    assert found[0].bias == pytest.approx(LENGTH / (2 * 48 * np.log(2)), rel=0.3)
    assert sum(each.interval.low <= true <= each.interval.high for each in found) >= 34


def test_bits_on_resampled_inputs_spread_as_those_of_new_inputs_do():
    rng, p = stream("resampled"), np.array([0.95, 0.8, 0.6, 0.6])

    def seen(trials):
        return rng.random((trials, 4)) < p, rng.random((trials, 20)) < 0.5

    anew = [capacity_of(*seen(60), rng).bits for _ in range(150)]
    again = np.array([resampled_bits(*seen(60), rng, 200) for _ in range(30)])
    assert again.std(axis=1).mean() == pytest.approx(np.std(anew), rel=0.25)
    assert again.mean() == pytest.approx(np.mean(anew), abs=0.1)
    assert again.min() >= 0


def test_bits_of_all_sequences_are_alike_in_every_resample():
    shown = all_sequences(4)
    answers = shown.copy()
    answers[:, 2:] = True
    np.testing.assert_allclose(resampled_bits(answers == shown, shown, stream(), 5), np.full(5, 2))


def test_a_mean_score_alone_gives_bounds_that_hold():
    rng = stream("bounds")
    for _ in range(50):
        p = 0.5 + 0.5 * rng.random(LENGTH)
        least, most = capacity_bounds(LENGTH, p.mean())
        assert least <= (1 - binary_entropy(p)).sum() <= most
    assert capacity_bounds(8, 1.0) == pytest.approx((8, 8))
    assert capacity_bounds(8, 0.796) == pytest.approx((2.16, 4.74), abs=0.01)
