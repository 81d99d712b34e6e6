"""Tables, environments and data sets become trials, compared with what they come from."""

import io
import sys
import wave
from types import SimpleNamespace
from zipfile import ZipFile

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.study.file import StudyFileError, study_of
from neuromodels.tasks import characters
from neuromodels.tasks.arrays import TrialArrays, array_task, from_environment, from_X_y
from neuromodels.tasks.arrays.data_sets import band_levels, braille, omniglot, spoken_digits
from neuromodels.tasks.characters import data_folder, features

# -- tables ---------------------------------------------------------------------------------------

X = np.array([[0.0, 5, 1], [2, 5, 3], [4, 5, 2], [9, 6, -1]])
WORDS = np.array(["dog", "cat", "dog", "eel"])


def test_features_go_to_rates_over_the_range_of_what_searches_see():
    arrays = from_X_y(X, WORDS, steps=3, lowest=10, highest=50, test=[0, 0, 0, 1])
    assert arrays.shape == (4, 3, 3)
    assert (arrays.inputs == arrays.inputs[:, :1]).all()
    expected = [[10, 10, 10], [30, 10, 50], [50, 10, 30], [50, 10, 10]]
    np.testing.assert_allclose(arrays.inputs[:, 0], expected)
    np.testing.assert_array_equal(arrays.labels, [1, 0, 1, 2])
    assert (arrays.classes, arrays.marked) == (3, 1)


def test_numbers_to_tell_are_targets_in_each_step():
    arrays = from_X_y(X, X[:, :2], steps=2, regression=True)
    np.testing.assert_array_equal(arrays.targets, np.repeat(X[:, None, :2], 2, axis=1))
    assert from_X_y(X, X[:, 0], regression=True).outputs == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X": X[0]}, r"X: must be numbers, \(trials, features\)"),
        ({"X": X.astype(object)}, "X: must be numbers"),
        ({"X": np.where(X == 9, np.nan, X)}, "X: must be finite"),
        ({"y": WORDS[:3]}, "labels: must have as many trials as the inputs, 4; got '3'"),
        ({"y": ["dog"] * 4}, "labels: must name from 2 to"),
        ({"y": [None, 1, 2, 3]}, "y: must be numbers or words"),
        ({"steps": 0}, "steps: must be a whole number > 0"),
        ({"lowest": 100.0}, "lowest: must be below highest"),
        ({"test": [1, 1, 1, 1]}, "test: must mark some of the 4 rows"),
        ({"test": [1, 0]}, "test: must mark some of the 4 rows"),
    ],
)
def test_bad_tables_are_refused(given, message):
    with pytest.raises(DeclarationError, match=message):
        from_X_y(**{"X": X, "y": WORDS, **given})


# -- environments ---------------------------------------------------------------------------------


class Countdown:
    """Shows how many steps are left, 3 to 5 of them, and the last action."""

    action_space = SimpleNamespace(n=3, shape=())

    def reset(self, seed):
        self.left = 3 + np.random.default_rng(seed).integers(3)
        return np.array([self.left, -1.0]), {}

    def step(self, action):
        self.left -= 1
        return np.array([self.left, action]), 0.0, self.left == 0, False, {}


def test_a_policy_acts_and_is_the_target():
    arrays = from_environment(Countdown(), 20, policy=lambda seen: int(seen[0] % 3), seed=4)
    lengths = arrays.inputs[:, 0, 0].astype(int)
    assert set(lengths) == {3, 4, 5}
    for trial, length in enumerate(lengths):
        left = length - np.arange(length)
        np.testing.assert_array_equal(arrays.inputs[trial, :length, 0], left)
        np.testing.assert_array_equal(arrays.inputs[trial, 1:length, 1], left[:-1] % 3)
        np.testing.assert_array_equal(arrays.targets[trial, :length], np.eye(3)[left % 3])
        np.testing.assert_array_equal(arrays.mask[trial], np.arange(5) < length)
    again = from_environment(Countdown(), 20, policy=lambda seen: int(seen[0] % 3), seed=4)
    assert again.content == arrays.content


class Decision:
    """Trials with a ground truth: 0 while one waits, then the side, for one or two steps.

    As in NeuroGym, its trials follow `seed` and not `reset`.
    """

    action_space = SimpleNamespace(n=3, shape=())

    def reset(self, seed):
        self.rng = np.random.default_rng()

    def seed(self, seed):
        self.rng = np.random.default_rng(seed)

    def new_trial(self):
        side, asked = self.rng.integers(1, 3, size=2)
        self.gt = np.array([0, 0, 0] + [side] * asked)
        self.ob = np.column_stack([self.gt == 0, np.full(3 + asked, side)])


def test_a_ground_truth_is_the_target_or_the_label():
    told = from_environment(Decision(), 30, seed=2)
    named = from_environment(Decision(), 30, seed=2, answers="labels")
    np.testing.assert_array_equal(named.inputs, told.inputs)
    np.testing.assert_array_equal(named.labels, told.inputs[:, 0, 1])
    assert set(named.labels) == {1, 2}
    assert named.classes == 3
    ends = told.mask.sum(axis=1)
    np.testing.assert_array_equal(named.mask.sum(axis=1), ends - 3)
    assert set(ends) == {4, 5}
    assert not named.mask[:, :3].any()


BOX = SimpleNamespace(shape=(2,))


@pytest.mark.parametrize(
    ("environment", "settings", "message"),
    [
        (Countdown(), {}, "policy: must say what is right; got 'nothing'. Give a policy"),
        (SimpleNamespace(action_space=BOX), {"answers": "labels"}, "need discrete actions"),
        (SimpleNamespace(), {}, "actions must be one of several, or a list of numbers"),
        (Decision(), {"trials": 0}, "trials: must be a whole number > 0"),
        (Decision(), {"answers": "both"}, "answers: must be targets or labels"),
    ],
)
def test_bad_environments_are_refused(environment, settings, message):
    with pytest.raises(DeclarationError, match=message):
        from_environment(environment, **{"trials": 3, **settings})


def test_an_environment_of_gymnasium_is_sampled():
    pytest.importorskip("gymnasium", reason="Gymnasium is not installed")
    arrays = from_environment("CartPole-v1", 5, policy=lambda seen: int(seen[2] > 0), steps=30)
    assert arrays.shape[0] == 5
    assert arrays.outputs == 2
    pushed = arrays.targets[..., 1][arrays.mask == 1] if arrays.mask is not None else None
    expected = arrays.inputs[..., 2] > 0
    if pushed is None:
        np.testing.assert_array_equal(arrays.targets[..., 1], expected)
    else:
        np.testing.assert_array_equal(pushed, expected[arrays.mask == 1])


def test_without_gymnasium_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(DeclarationError, match=r'pip install "brian2-neuromodels\[gymnasium\]"'):
        from_environment("CartPole-v1", 5, policy=lambda seen: 0)


# -- data sets ------------------------------------------------------------------------------------


def needs(folder):
    there = any((data_folder() / folder).glob("*"))
    return pytest.mark.skipif(not there, reason=f"{folder} is not in the data folder")


@needs("braille")
def test_braille_letters_are_told_apart_by_their_means():
    arrays = braille()
    assert arrays.shape == (1350, 77, 12)
    assert (arrays.classes, arrays.marked) == (27, 270)
    assert (arrays.inputs[:, 0] == 0).all()
    assert arrays.inputs.max() == pytest.approx(100)
    courses, seen = arrays.inputs.reshape(1350, -1), arrays.test == 0
    means = np.array([courses[seen & (arrays.labels == k)].mean(axis=0) for k in range(27)])
    distances = ((courses[~seen][:, None] - means) ** 2).sum(axis=-1)
    assert (distances.argmin(axis=1) == arrays.labels[~seen]).mean() > 0.95


@needs("fsdd")
def test_spoken_digits_are_what_their_names_say():
    arrays = spoken_digits()
    assert arrays.shape == (3000, 46, 32)
    np.testing.assert_array_equal(np.bincount(arrays.labels.astype(int)), np.full(10, 300))
    assert arrays.marked == 300
    with ZipFile(data_folder() / "fsdd" / "fsdd_recordings.zip") as archive:
        name = sorted(n for n in archive.namelist() if n.endswith(".wav"))[777]
        with wave.open(io.BytesIO(archive.read(name))) as recording:
            frames = recording.getnframes()
    assert arrays.labels[777] == int(name.split("/")[-1][0])
    assert arrays.mask[777].sum() == min((frames - 256) // 160 + 1, 46)
    assert not arrays.inputs[arrays.mask == 0].any()


def test_a_tone_is_loudest_in_its_band():
    time = np.arange(8000) / 8000
    for tone in (300.0, 1000.0, 3000.0):
        levels = band_levels(np.sin(2 * np.pi * tone * time)).mean(axis=0)
        edges = np.linspace(*(2595 * np.log10(1 + np.array([100, 4000]) / 700)), 34)
        centres = 700 * (10 ** (edges[1:-1] / 2595) - 1)
        assert levels.argmax() == np.abs(centres - tone).argmin()
        assert levels.max() == pytest.approx(1, abs=1e-3)
    # 20 dB less is 1/3 of 60 dB less
    quiet = band_levels(
        np.concatenate([np.sin(2000 * np.pi * time), 0.1 * np.sin(2000 * np.pi * time)])
    )
    assert quiet[10].max() - quiet[80].max() == pytest.approx(1 / 3, abs=0.01)


@needs("omniglot")
def test_characters_of_an_alphabet_are_rows_of_the_bank():
    arrays = omniglot("Greek")
    assert arrays.shape == (480, 10, 64)
    assert (arrays.classes, arrays.marked) == (24, 120)
    bank = features()[:136].reshape(-1, 64) * 100
    rows = [np.nonzero((bank == trial).all(axis=1))[0] for trial in arrays.inputs[::60, 3]]
    assert all(len(found) == 1 for found in rows)
    assert np.ptp([found[0] for found in rows]) < 480
    with pytest.raises(DeclarationError, match="alphabet: must be one of Balinese"):
        omniglot("Tagalog")


TABLE = {"name": "x", "rule": {"name": "hebb", "form": "dense"}}


@needs("braille")
def test_a_study_names_a_data_set():
    study = study_of({**TABLE, "task": {"name": "arrays", "data": "braille"}}, "table")
    assert study.contents == {"task.arrays": braille().content}
    other = study_of({**TABLE, "task": {"name": "arrays", "data": "omniglot"}}, "table")
    assert other.digest != study.digest


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"data": "braille"}, "task.data: needs a file that is not here"),
        ({"data": "spoken_digits"}, "task.data: needs a file that is not here"),
        ({"data": "omniglot"}, "task.data: .*needs the characters of Omniglot"),
        ({"data": "mnist"}, "task.data: must be one of file, braille, spoken_digits, omniglot"),
        ({"data": "braille", "file": "x.npz"}, "task.file: means nothing with data = 'braille'"),
    ],
)
def test_a_data_set_that_is_not_here_is_named(monkeypatch, tmp_path, task, message):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    for read in (braille, spoken_digits, omniglot):
        read.cache_clear()
    for read in (characters.images, characters.alphabets, characters.features):
        read.cache_clear()
    with pytest.raises(StudyFileError, match=message):
        study_of({**TABLE, "task": {"name": "arrays", **task}}, "table")


def test_what_adapters_give_is_a_task():
    for arrays in (from_X_y(X, WORDS), from_environment(Decision(), 4)):
        assert isinstance(arrays, TrialArrays)
        assert array_task(arrays, "values").outputs == arrays.outputs
