"""Decoding that can fail: what is known is read, what is not stays at chance, controls always."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut
from sklearn.preprocessing import StandardScaler

from neuromodels.analysis.decoding import HASHED, SHUFFLED, decode
from neuromodels.seeding import generator


def stream(*names):
    return generator(7, "tests", *names)


def sequences(length, trials, rng):
    return rng.random((trials, length)) < 0.5


def hashed(bits, size, rng):
    """Return a random vector for each trial that depends on its bits alone."""
    distinct, groups = np.unique(bits, axis=0, return_inverse=True)
    return rng.normal(size=(len(distinct), size))[groups.reshape(-1)]


def near_chance(read, chance=0.5, sds=4.5):
    """Whether a mean over inputs and targets lies as near to chance as guesses would."""
    return abs(read.mean() - chance) < sds * np.sqrt(chance * (1 - chance) / read.size)


@pytest.mark.parametrize("decoder", ["ridge", "logistic", "nearest_mean"])
def test_bits_that_lie_in_a_state_are_read_of_sequences_left_out(decoder):
    rng = stream("linear", decoder)
    bits = sequences(4, 150, rng)
    states = (2.0 * bits - 1) @ rng.normal(size=(4, 30)) + 0.05 * rng.normal(size=(150, 30))
    found = decode(states, bits, bits, rng, decoder, draws=1)
    assert (found.inputs, found.folds, found.trials) == (16, 4, 150)
    assert found.accuracy.min() > 0.9
    assert found.hashed.mean() < 0.8
    assert found.shuffled.mean() < 0.8


@pytest.mark.parametrize(
    ("length", "trials"),
    [
        (4, 1000),
        pytest.param(8, 1000, marks=pytest.mark.strain),
        pytest.param(16, 200, marks=pytest.mark.strain),
        (8, 700),
        (16, 80),
    ],
)
def test_a_random_vector_for_each_sequence_says_nothing_of_others(length, trials):
    """By halves of trials the same decoder reads nearly all four and eight bits from them."""
    rng = stream("hash", length)
    bits = sequences(length, trials, rng)
    states = hashed(bits, 300, rng)
    found = decode(states, bits, bits, rng, draws=1)
    assert near_chance(found.read)
    assert near_chance(found.hashed)
    assert near_chance(found.shuffled)
    half = trials // 2
    scale = StandardScaler().fit(states[:half])
    by_halves = np.mean(
        [
            RidgeClassifier()
            .fit(scale.transform(states[:half]), column[:half])
            .score(scale.transform(states[half:]), column[half:])
            for column in bits.T[:4]
        ]
    )
    assert by_halves > {4: 0.999, 8: 0.8, 16: 0.4}[length]
    assert (by_halves > 0.6) == (length < 16), "hardly any sequence of 16 bits comes twice"


@pytest.mark.strain
@pytest.mark.parametrize(("length", "size"), [(4, 500), (4, 4), (8, 500), (8, 20)])
def test_chance_is_one_half_on_average_also_of_few_sequences(length, size):
    """Folds that are dealt without regard to the bits read random vectors below chance."""
    rng = stream("average", length, size)
    bits = np.array([[k >> b & 1 for b in range(length)] for k in range(2**length)], dtype=bool)
    reads = [
        decode(hashed(bits, size, rng), bits, bits, rng, draws=1).read for _ in range(60 // length)
    ]
    assert near_chance(np.concatenate(reads), sds=4)


def test_folds_without_regard_to_classes_fall_below_chance():
    rng = stream("below")
    bits = np.array([[k >> b & 1 for b in range(4)] for k in range(16)], dtype=bool)
    few = [
        decode(hashed(bits, 300, rng), bits, bits, rng, folds=GroupKFold(4), draws=1)
        for _ in range(4)
    ]
    assert np.mean([(each.read, each.hashed) for each in few]) < 0.45


def test_more_trials_of_the_same_inputs_change_nothing():
    """A network without noise: what counts are inputs, not how often each of them was drawn."""
    rng = stream("repeats")
    bits = np.array([[k >> b & 1 for b in range(4)] for k in range(16)], dtype=bool)
    states = (2.0 * bits - 1) @ rng.normal(size=(4, 6)) + rng.normal(size=(16, 6))
    drawn = np.concatenate([np.arange(16), rng.integers(16, size=200)])
    once = decode(states, bits, bits, stream("same"), draws=1)
    often = decode(states[drawn], bits[drawn], bits[drawn], stream("same"), draws=1)
    np.testing.assert_allclose(often.read, once.read)


def test_a_reading_is_that_of_plain_scikit_learn():
    rng = stream("plain")
    bits = sequences(6, 60, rng)
    states = bits @ rng.normal(size=(6, 20)) + rng.normal(size=(60, 20))
    inputs = np.arange(60)
    found = decode(states, bits[:, 0], inputs, rng, folds=GroupKFold(5))
    right = np.zeros(60)
    for fit, test in GroupKFold(5).split(states, bits[:, 0], inputs):
        scale = StandardScaler().fit(states[fit])
        model = RidgeClassifier(class_weight="balanced")
        model.fit(scale.transform(states[fit]), bits[fit, 0])
        right[test] = model.predict(scale.transform(states[test])) == bits[test, 0]
    np.testing.assert_array_equal(found.read[:, 0], right)
    assert found.folds == 5
    assert decode(states[:9], bits[:9, :1], np.arange(9), rng, folds=LeaveOneGroupOut()).folds == 9


def test_classes_beyond_two_have_their_own_chance():
    rng = stream("eight")
    goals = rng.integers(8, size=400)
    found = decode(rng.normal(size=(400, 5)), goals, np.arange(400), rng, "nearest_mean")
    assert near_chance(found.read, chance=1 / 8)
    apart = 10 * rng.normal(size=(8, 5))[goals] + rng.normal(size=(400, 5))
    assert decode(apart, goals, np.arange(400), rng, "nearest_mean").accuracy[0] > 0.99


# -- what cannot be decoded ---------------------------------------------------------------------


def test_what_cannot_be_decoded_is_nan_with_its_number_and_reason():
    rng = stream("undecodable")
    bits = sequences(3, 100, rng)
    bits[:, 1] = True
    found = decode(rng.normal(size=(100, 4)), bits, bits, rng, folds=2)
    assert np.isnan(found.accuracy).tolist() == [False, True, False]
    assert found.reason == "1 of 3 not decoded: one class only"
    rows = found.rows("read")
    assert all(row["reason"] == found.reason for row in rows.values())
    assert rows["read"]["value"] == pytest.approx(found.accuracy[[0, 2]].mean())


@pytest.mark.parametrize(
    ("states", "inputs", "reason"),
    [
        (np.ones((40, 3)), np.arange(40), "the states never differ"),
        (np.arange(40.0), np.arange(40) % 2, "2 inputs for 4 folds"),
        (np.arange(40.0), np.minimum(2 * (np.arange(40) // 2), 10) + np.arange(40) % 2, ""),
        (np.arange(40.0), np.arange(40) % 2 * np.arange(40), "one input only shows a class"),
        (np.full((40, 2), np.nan), np.arange(40), "one class only"),
    ],
)
def test_states_or_inputs_that_do_not_suffice_have_no_number(states, inputs, reason):
    found = decode(states, np.arange(40) % 2, inputs, stream("few"))
    if not reason:
        assert np.isfinite(found.accuracy).all()
        return
    assert found.reason == f"1 of 1 not decoded: {reason}"
    assert found.rows("read")["read"]["value"] is None


def test_too_few_inputs_for_a_splitter_are_its_reason():
    found = decode(np.eye(4), [0, 1, 0, 1], np.arange(4), stream(), folds=GroupKFold(9))
    assert "not decoded: Cannot have number of splits n_splits=9" in found.reason


def test_states_that_are_not_finite_are_left_out_and_counted():
    rng = stream("finite")
    goals = np.arange(80) % 2
    states = rng.normal(size=(80, 3)) + 9 * goals[:, None]
    states[:7, 1] = np.inf
    found = decode(states, goals, np.arange(80), rng)
    assert (found.left_out, found.trials, found.inputs) == (7, 73, 73)
    assert found.accuracy[0] == 1


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder": "deep"}, r"decoder: must be one of ridge, logistic, nearest_mean; got 'deep'"),
        ({"folds": KFold(3, shuffle=True)}, r"folds: must keep the trials of an input together"),
        ({"targets": np.arange(12)}, r"targets: must be the same in all trials of an input"),
        ({"targets": np.arange(11)}, r"must be of one length; got 12, 11 and 12"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    asked = {"targets": np.arange(12) % 6 % 2, "inputs": np.arange(12) % 6, "folds": 2, **change}
    with pytest.raises(ValueError, match=message):
        decode(np.arange(12.0), rng=stream(), **asked)


# -- never without its controls -----------------------------------------------------------------


def test_no_row_and_no_array_comes_without_its_controls():
    rng = stream("rows")
    bits = sequences(4, 200, rng)
    found = decode(bits + rng.normal(size=bits.shape), bits[:, :2], bits, rng, draws=2)
    rows = found.rows("read")
    assert list(rows) == ["read", f"read, {HASHED}", f"read, {SHUFFLED}"]
    for row, part in zip(rows.values(), (found.read, found.hashed, found.shuffled), strict=True):
        assert row["low"] <= row["value"] <= row["high"]
        assert row["value"] == pytest.approx(part.mean())
        assert (row["inputs"], row["folds"], row["decoder"]) == (16, 4, "ridge")
    arrays = found.arrays("w")
    assert {"w", "w_hashed", "w_shuffled", "w_inputs", "w_folds"} <= set(arrays)
    assert not hasattr(found, "__float__")
    assert not hasattr(found, "__array__")


def test_the_same_stream_gives_the_same_numbers():
    bits = sequences(5, 40, stream("a"))
    first, second = (decode(bits * 1.0, bits[:, :2], bits, stream("b")) for _ in range(2))
    for name in ("read", "hashed", "shuffled"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
