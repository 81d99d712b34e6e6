"""The measure of noise and losses, beside networks that are worked out in numpy."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.measures import Solution
from neuromodels.measures.robustness.noise import NOISE, asked_again, settings_for
from neuromodels.seeding import trial_streams
from neuromodels.study.file import study_of
from neuromodels.tasks.arrays import TrialArrays
from neuromodels.tasks.arrays.lessons import lessons, mixed
from neuromodels.tasks.arrays.npz import write_trial_arrays

CLASSES, FEATURES, TRIALS, ETA = 3, 6, 4, 0.05
DRAWN = np.random.default_rng(8)
LABELS = np.arange(150) % CLASSES
CENTRES = DRAWN.permuted(np.tile([0, 0, 0, 0, 1, 1], (CLASSES, 1)), axis=1)
VALUES = np.clip(CENTRES[LABELS] + DRAWN.normal(0, 0.05, (150, FEATURES)), 0, 1)
MECHANISMS = {
    "error": {
        "rule": "error_driven",
        "coefficients": {"w": {"per": "projection", "frozen": 0.0}, "eta": {"frozen": ETA}},
    },
    "still": {"rule": "fixed", "normalisation": "none"},
}


@pytest.fixture(scope="module")
def made():
    samples = TrialArrays(VALUES[:, None], labels=LABELS, test=np.arange(150) >= 90)
    return lessons(samples, mixed(40), asked=15, searched=3, tested=3)


@pytest.fixture(scope="module")
def solution(made, tmp_path_factory):
    file = tmp_path_factory.mktemp("lessons") / "lessons.npz"
    write_trial_arrays(str(file), made)
    frozen = {"per": "projection", "frozen": 0.0}
    mechanisms = {**MECHANISMS}
    mechanisms["still"] = {**mechanisms["still"], "coefficients": {"w": frozen}}
    study = study_of(
        {
            "name": "noise",
            "task": {
                "name": "arrays",
                "file": str(file),
                "kind": "values",
                "step": 20,
                "substeps": 1,
            },
            "circuit": {
                "hidden": 0,
                "readout": "leaky_readout",
                "coefficients": {"bias": {"per": "population", "frozen": 0.0}},
            },
            "rule": {"name": "synergy", "shares": "free", "mechanisms": mechanisms},
            "device": {"threads": 1, "dtype": "float64"},
        },
        "noise.toml",
    )
    centre = Experiment(study, "plastic").centre
    return Solution(study, "plastic", centre, trial_streams(1, TRIALS), 1)


def taught_weights(shown):
    """Return what a rule that follows the error learns of samples, one step of 20 ms each."""
    weights, readout = np.zeros((FEATURES, CLASSES)), np.zeros(CLASSES)
    for sample in shown:
        readout = readout * np.exp(-1) + VALUES[sample] @ weights
        error = 2 * (np.arange(CLASSES) == LABELS[sample]) - 1 - np.tanh(readout)
        step = ETA * VALUES[sample][:, None] * (1 - np.tanh(readout) ** 2) * error
        weights = np.clip(weights + step, -2, 2)
    return weights


def share_right(weights, inputs, labels):
    readout, right = np.zeros(CLASSES), 0
    for values, label in zip(inputs, labels, strict=True):
        readout = readout * np.exp(-1) + values @ weights
        right += readout.argmax() == label
    return right / len(labels)


def test_clean_and_lost_are_those_of_the_weights_that_were_learned(solution, made):
    arrays, quantities = NOISE.examine(solution)
    assert len(arrays["scores"]) == len(quantities) == len(settings_for(solution.task))
    expected = []
    numbers = lessons_of(solution)
    for lesson in numbers:
        shown, taught = made.shown[lesson].astype(int), made.taught[lesson] == 1
        weights = taught_weights(shown[taught])
        expected.append(share_right(weights, VALUES[shown[~taught]], LABELS[shown[~taught]]))
    np.testing.assert_allclose(arrays["scores"][0], expected, atol=1e-9)
    assert np.mean(expected) > 0.6
    label = list(quantities)
    worst = arrays["scores"][label.index("without 50% of neurons")].mean()
    assert worst < np.mean(expected)
    assert arrays["scores"][label.index("pepper, level 6")].mean() < np.mean(expected)


def lessons_of(solution):
    episodes = solution.episodes()
    episodes.run(1)
    return np.asarray(episodes.batch["items.number"]).reshape(-1).astype(int)


def test_what_is_asked_again_is_the_same_but_for_the_noise(solution, made):
    settings = settings_for(solution.task)
    again = asked_again(made, np.array([2, 5]), settings, np.random.default_rng(1))
    assert again.shown.shape == (2 * len(settings), 15)
    assert not again.taught.any()
    clean = made.shown[2][made.taught[2] == 0].astype(int)
    np.testing.assert_array_equal(again.inputs[again.shown[0].astype(int)], made.inputs[clean])
    for place in range(len(settings)):
        labels = again.labels[again.shown[2 * place].astype(int)]
        np.testing.assert_array_equal(labels, LABELS[clean])
    salted = again.inputs[
        again.shown[2 * [s.label for s in settings].index("salt, level 6")].astype(int)
    ]
    least = made.inputs.min(axis=(0, 1))
    top = (made.inputs - least).max() + least
    changed = salted != made.inputs[clean]
    np.testing.assert_allclose(salted[changed], np.broadcast_to(top, salted.shape)[changed])
    assert 0 < changed.mean() < 0.15


def test_a_task_that_teaches_nothing_is_refused():
    study = study_of(
        {"name": "copy", "task": {"name": "sequence_copy"}, "rule": {"name": "pdlf"}}, "copy.toml"
    )
    solution = Solution(study, "plastic", np.zeros(1), trial_streams(1, 2), 1)
    with pytest.raises(DeclarationError, match="must be tasks from arrays that teach samples"):
        NOISE.examine(solution)
