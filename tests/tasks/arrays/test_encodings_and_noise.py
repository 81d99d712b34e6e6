"""Encodings, noise and orders, each beside what is known without them."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.tasks.arrays import TrialArrays
from neuromodels.tasks.arrays.data_sets import digits
from neuromodels.tasks.arrays.encodings import (
    as_events,
    as_latencies,
    as_rates,
    as_regular_spikes,
    on_and_off,
    saccades,
)
from neuromodels.tasks.arrays.lessons import few_shot, in_blocks, lessons, mixed
from neuromodels.tasks.arrays.noise import KINDS, LEVELS, noisy

# -- encodings ------------------------------------------------------------------------------------


def test_rates_are_held():
    rates = as_rates(np.array([[0.0, 0.5, 1.0]]), steps=3, highest=80)
    np.testing.assert_array_equal(rates, np.tile([[0, 40, 80]], (1, 3, 1)))


def test_the_largest_feature_spikes_first_and_small_ones_never():
    spikes = as_latencies(np.array([[1.0, 0.55, 0.1, 0.05, 0.0]]), steps=10)
    assert spikes.shape == (1, 10, 5)
    assert spikes.sum(axis=(0, 1)).tolist() == [1, 1, 1, 0, 0]
    assert spikes[0].argmax(axis=0)[:3].tolist() == [0, 4, 9]


def test_regular_spikes_are_within_one_of_the_rate_at_all_times():
    rates = np.random.default_rng(1).uniform(0, 100, (5, 40, 3))
    spikes = as_regular_spikes(rates, step=40.0)
    assert (spikes >= 0).all()
    apart = np.cumsum(spikes, axis=1) - np.cumsum(rates * 0.04, axis=1)
    assert np.abs(apart).max() <= 0.5 + 1e-9
    assert (as_regular_spikes(np.full((1, 10, 1), 25.0), step=40.0) == 1).all()


def test_on_and_off_channels_differ_by_the_value():
    values = np.array([[1.5, -2.0, 0.0]])
    channels = on_and_off(values)
    assert channels.tolist() == [[1.5, 0, 0, 0, 2, 0]]
    np.testing.assert_array_equal(channels[:, :3] - channels[:, 3:], values)


def test_events_are_rises_and_falls_since_the_last_event():
    frames = np.array([[[0.5], [0.55], [0.6], [0.6], [0.2], [0.25]]])
    events = as_events(frames, threshold=0.1 - 1e-9)
    assert events.shape == (1, 5, 2)
    assert events[0, :, 0].tolist() == [0, 1, 0, 0, 0]
    assert events[0, :, 1].tolist() == [0, 0, 0, 1, 0]


def test_a_saccade_moves_a_point_round_a_triangle_and_back():
    image = np.zeros((1, 9, 9))
    image[0, 4, 4] = 1
    seen = saccades(image, length=2).reshape(7, 9, 9)
    places = [tuple(int(k) for k in np.argwhere(frame)[0]) for frame in seen]
    assert places == [(4, 4), (4, 5), (4, 6), (5, 5), (6, 4), (5, 4), (4, 4)]
    assert (seen.sum(axis=(1, 2)) == 1).all()
    events = as_events(saccades(image, length=2))
    # each move ends an event of brightness in one pixel and begins one in another
    assert events[0, :, :81].sum(axis=1).tolist() == [1] * 6
    assert events[0, :, 81:].sum(axis=1).tolist() == [1] * 6


def test_what_leaves_the_sight_is_gone():
    image = np.zeros((1, 3, 3))
    image[0, 1, 2] = 1
    seen = saccades(image, length=1).reshape(4, 3, 3)
    assert seen.sum(axis=(1, 2)).tolist() == [1, 0, 1, 1]


# -- noise ----------------------------------------------------------------------------------------

GREY = np.full((200, 500), 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_level_0_is_no_noise(kind):
    same = noisy(GREY, kind, 0, np.random.default_rng(2))
    np.testing.assert_array_equal(same, GREY)


@pytest.mark.parametrize("level", LEVELS)
def test_amounts_are_those_of_the_released_code(level):
    rng, count = np.random.default_rng(3), GREY.size
    amount = 0.01 * level
    normal = noisy(GREY, "gaussian", level, rng) - 0.5
    # half of the range is two standard deviations and more away
    assert np.abs(normal).max() <= 0.5
    assert normal[np.abs(normal) < 0.5].size / count > 0.95
    inner = np.sort(np.abs(normal).ravel())[int(0.6827 * count)]
    assert inner == pytest.approx(np.sqrt(amount), rel=0.02, abs=1e-12)
    for kind, white, black in (
        ("salt", amount, 0),
        ("pepper", 0, 6 * amount),
        ("salt and pepper", amount, amount),
    ):
        found = noisy(GREY, kind, level, rng)
        spread = 4 * np.sqrt(0.25 / count)
        assert (found == 1).mean() == pytest.approx(white, abs=spread)
        assert (found == 0).mean() == pytest.approx(black, abs=spread)
        assert set(np.unique(found)) <= {0, 0.5, 1}


def test_noise_is_on_the_scale_of_the_inputs():
    found = noisy(100 * GREY, "salt", 6, np.random.default_rng(4), highest=100)
    assert set(np.unique(found)) == {50, 100}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "snow"}, "kind: must be one of gaussian, salt"),
        ({"level": 7}, "level: must be from 0 to 6"),
        ({"inputs": 100 * GREY}, "inputs: must lie from 0 to 1; got '50 to 50'. Give `highest`"),
    ],
)
def test_noise_that_is_none_of_the_menu_is_refused(given, message):
    with pytest.raises(DeclarationError, match=message):
        noisy(**{"inputs": GREY, "kind": "salt", "level": 1, "rng": None, **given})


# -- orders ---------------------------------------------------------------------------------------

LABELS = np.arange(300) % 5
TEST = np.arange(300) >= 200


def samples(**changes):
    return TrialArrays(LABELS[:, None, None], **{"labels": LABELS, "test": TEST, **changes})


def parts_of(made, part):
    """Return the samples taught and asked in the lessons of a part, 0 for searches."""
    rows = made.shown[made.test == part].astype(int)
    taught = made.taught[made.test == part] == 1
    return [(row[t], row[~t]) for row, t in zip(rows, taught, strict=True)]


def test_no_lesson_teaches_what_any_asks_and_tests_ask_for_tests_alone():
    made = lessons(samples(), mixed(50), asked=25, searched=6, tested=4)
    taught = np.unique(np.concatenate([t for part in (0, 1) for t, _ in parts_of(made, part)]))
    validated = np.unique(np.concatenate([asked for _, asked in parts_of(made, 0)]))
    tested = np.unique(np.concatenate([asked for _, asked in parts_of(made, 1)]))
    assert not TEST[taught].any()
    assert not TEST[validated].any()
    assert TEST[tested].all()
    assert not set(taught) & set(validated)
    for part in (0, 1):
        for taught_now, asked in parts_of(made, part):
            assert len(set(taught_now)) == 50
            assert np.bincount(LABELS[asked]).tolist() == [5] * 5
    again = lessons(samples(), mixed(50), asked=25, searched=6, tested=4)
    np.testing.assert_array_equal(made.shown, again.shown)
    assert (made.shown[0] != made.shown[1]).any()


def test_few_shots_teach_each_class_in_turn():
    made = lessons(samples(), few_shot(3), asked=10, searched=2, tested=2)
    for taught, _ in parts_of(made, 0):
        turns = LABELS[taught].reshape(3, 5)
        assert all(sorted(turn) == [0, 1, 2, 3, 4] for turn in turns.tolist())
        assert len(set(taught)) == 15


def test_blocks_come_one_after_the_other_and_their_control_is_mixed():
    tasks = ((0, 1), (2, 3, 4))
    blocked = lessons(samples(), in_blocks(tasks, 20), asked=10, searched=2, tested=2)
    for taught, _ in parts_of(blocked, 0):
        assert set(LABELS[taught[:20]]) == {0, 1}
        assert set(LABELS[taught[20:]]) == {2, 3, 4}
    same = {"asked": 10, "searched": 2, "tested": 2, "classes": (0, 1)}
    control = lessons(samples(), in_blocks(tasks, 20, interleaved=True), **same)
    for taught, asked in parts_of(control, 0):
        assert (LABELS[taught] < 2).sum() == 20
        assert set(LABELS[taught[:20]]) == {0, 1, 2, 3, 4}
        assert set(LABELS[asked]) == {0, 1}


def test_a_sample_comes_again_after_all_have_come():
    made = lessons(samples(), mixed(200), asked=10, searched=1, tested=1)
    ((taught, _),) = parts_of(made, 0)
    counts = np.bincount(taught, minlength=300)
    known = counts[counts > 0]
    assert (len(known), known.min(), known.max()) == (160, 1, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"samples": samples(test=None)}, "samples: must be a data set with labels and with marks"),
        ({"asked": 41}, "asked: must be at most the samples for validation and for tests, 40"),
        ({"asked": 0}, "asked: must be a whole number > 0"),
        ({"validation": 0.0}, "validation: must be a share that leaves samples on both sides"),
        ({"order": in_blocks(((7,),), 3)}, "samples: must have a sample of each class"),
    ],
)
def test_lessons_that_cannot_be_are_refused(given, message):
    with pytest.raises(DeclarationError, match=message):
        lessons(**{"samples": samples(), "order": mixed(5), "asked": 5, **given})


def test_digits_of_scikit_learn_are_rates_of_64_pixels():
    arrays = digits()
    assert arrays.shape == (1797, 1, 64)
    assert (arrays.inputs.min(), arrays.inputs.max(), arrays.classes) == (0, 100, 10)
    assert arrays.marked == 359
    assert np.bincount(arrays.labels[arrays.test == 1].astype(int)).min() >= 25
