"""Trials of many samples, some taught and some asked, beside a step-by-step account in numpy."""

from dataclasses import replace

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.file import StudyFileError, read_study
from neuromodels.tasks.arrays import TrialArrays, array_task
from neuromodels.tasks.arrays.npz import read_trial_arrays, write_trial_arrays

SAMPLES, STEPS, CHANNELS, CLASSES, SUBSTEPS, STEP = 7, 3, 4, 3, 2, 10.0
DRAWN = np.random.default_rng(5)
INPUTS = DRAWN.uniform(size=(SAMPLES, STEPS, CHANNELS))
LABELS = np.arange(SAMPLES) % CLASSES
MASK = np.ones((SAMPLES, STEPS))
MASK[::2, 2] = 0
SHOWN = np.array([[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [1, 1, 0, 2, 3, 3, 5]])
TAUGHT = np.array([[1, 1, 1, 1, 0, 0, 0], [1, 0, 1, 0, 1, 1, 0], [1, 1, 1, 0, 0, 1, 0]])
ETA, SLOPE = 0.3, 1.0
STUDY = """
name = "lessons"
task = { name = "arrays", file = "lessons.npz" }
circuit = { hidden = 0, readout = "leaky_readout" }
rule = { name = "error_driven" }
"""


def arrays(**changes):
    given = {"labels": LABELS, "mask": MASK, "shown": SHOWN, "taught": TAUGHT}
    return TrialArrays(INPUTS, **{**given, **changes})


def account(trial):
    """Return weights, score and loss of one trial, from the papers' equations alone."""
    decay = np.exp(-STEP / SUBSTEPS / 20)
    weights, readout = np.full((CHANNELS, CLASSES), 0.1), np.zeros(CLASSES)
    score = loss = 0.0
    asked = (TAUGHT[trial] == 0).sum()
    for sample, taught in zip(SHOWN[trial], TAUGHT[trial], strict=True):
        mean = np.zeros(CLASSES)
        for step in range(STEPS):
            for _ in range(SUBSTEPS):
                x, counts = INPUTS[sample, step], MASK[sample, step]
                readout = readout * decay + x @ weights
                mean += counts * readout / (MASK[sample].sum() * SUBSTEPS)
                told = counts * taught * (2 * (np.arange(CLASSES) == LABELS[sample]) - 1)
                error = (np.abs(told) > 0) * (told - np.tanh(readout))
                slope = 1 - np.tanh(readout) ** 2
                weights = np.clip(weights + ETA * x[:, None] * slope * error, -2, 2)
        if not taught:
            score += (mean.argmax() == LABELS[sample]) / asked
            own = mean[LABELS[sample]]
            loss += (np.log(np.exp(SLOPE * (mean - own)).sum())) / asked
    return weights, score, loss


def run(task, trials):
    rule = RULES["error_driven"].with_coefficients(
        {"w": {"per": "projection", "frozen": 0.1}, "eta": {"frozen": ETA}}
    )
    bias = {"bias": {"frozen": 0.0, "per": "population"}}
    layers = (
        Population("input", CHANNELS, None, (), task.trace),
        Population("output", CLASSES, MODELS["leaky_readout"].with_coefficients(bias)),
    )
    made = assemble(Circuit(layers, (Projection("input", "output", rule),)), task, {})
    batch = Batch(made.network, trials, dtype="float64", threads=1, namespace={})
    batch.streams = np.arange(trials, dtype=np.uint64)
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    batch.run(made.duration)
    return made, batch


def test_weights_score_and_loss_are_those_of_the_account():
    task = array_task(arrays(), "values", step=STEP, substeps=SUBSTEPS)
    made, batch = run(task, 12)
    numbers = np.asarray(batch["items.number"]).reshape(-1).astype(int)
    assert set(numbers) == {0, 1, 2}
    weights = np.asarray(batch["input_output.w"]).reshape(12, CHANNELS, CLASSES)
    for place, trial in enumerate(numbers):
        expected, score, loss = account(trial)
        np.testing.assert_allclose(weights[place], expected, rtol=1e-9)
        np.testing.assert_allclose(np.ravel(batch[made.accuracy])[place], score, atol=1e-12)
        np.testing.assert_allclose(np.ravel(batch[made.loss])[place], loss, rtol=1e-9)
    assert len({account(trial)[1] for trial in range(3)}) > 1


def test_a_file_holds_lessons_and_their_digest(tmp_path):
    made = arrays(
        test=[0, 0, 1],
        shown=np.array([[0, 1, 2], [1, 0, 3], [0, 1, 4]]),
        taught=np.array([[1, 1, 0]] * 3),
    )
    write_trial_arrays(str(tmp_path / "lessons.npz"), made)
    found = read_trial_arrays(str(tmp_path / "lessons.npz"))
    np.testing.assert_array_equal(found.shown, made.shown)
    np.testing.assert_allclose(found.inputs, made.inputs, rtol=1e-6)
    assert (found.trials, found.presentations, found.classes) == (3, 3, CLASSES)
    others = [replace(made, taught=1 - made.taught, test=None), replace(made, origin="a")]
    others.append(replace(others[1], shown=made.shown[:, [1, 0, 2]]))
    assert len({made.content, *(each.content for each in others)}) == 4


def test_a_study_with_a_rule_that_needs_an_error_takes_lessons(tmp_path):
    (tmp_path / "lessons.toml").write_text(STUDY)
    write_trial_arrays(str(tmp_path / "lessons.npz"), arrays())
    assert read_study(tmp_path / "lessons.toml").rule.name == "error_driven"
    np.savez(tmp_path / "lessons.npz", inputs=INPUTS, labels=LABELS, shown=SHOWN)
    with pytest.raises(StudyFileError, match="taught: goes with an array `shown`"):
        read_study(tmp_path / "lessons.toml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"taught": None}, "taught: goes with an array `shown`; got 'only shown'"),
        ({"shown": None}, "taught: goes with an array `shown`; got 'only taught'"),
        ({"taught": TAUGHT[:2]}, "taught: must have the shape of `shown`, 3 and 7"),
        ({"taught": 2 * TAUGHT}, "taught: must be true or false"),
        ({"shown": SHOWN + 1}, "shown: must be whole numbers from 0 to 6; got 7.0"),
        ({"shown": SHOWN - 0.5}, "shown: must be whole numbers"),
        ({"taught": TAUGHT | 1}, "taught: must leave a sample to ask for in each trial"),
        ({"test": [0, 0, 1]}, "test: samples that test trials ask for must be in no other"),
        ({"test": [0] * 6 + [1]}, "test: must have as many trials as the inputs, 3"),
        ({"told": np.zeros((7, 3, 3))}, "told: mean nothing beside `shown`"),
    ],
)
def test_presentations_that_fit_nothing_are_refused(changes, message):
    with pytest.raises(DeclarationError, match=message):
        arrays(**changes)
