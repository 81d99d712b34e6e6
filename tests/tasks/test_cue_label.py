"""The cue-label task: what it shows, and its score against scipy."""

import numpy as np
import pytest
from recorded_trial import recorded_trial
from scipy.special import log_softmax

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import feedforward
from neuromodels.tasks import CATALOG as TASKS

STEPS, SLOPE = 41, 0.3
TASK = TASKS["cue_label"]
HALF = (STEPS + 1) // 2


def trial_of(**parameters):
    """Return the record of one trial of random PDLF coefficients: batch, assembly."""
    return recorded_trial(TASK, {"steps": STEPS, "slope": SLOPE, **parameters})


@pytest.fixture(scope="module")
def trial():
    return trial_of()


def cues_of(batch) -> np.ndarray:
    return np.array([batch[f"items.bit_{k}"][0] for k in range(14)]).T


def shown_by(batch) -> tuple[np.ndarray, np.ndarray]:
    """Return the channels (steps, channels) and which of the four cues each step shows."""
    channels = np.asarray(batch.samples("watch_input")["u"]).T
    apart = np.abs(channels[:, None, :14] - cues_of(batch)[None]).sum(axis=2)
    return channels, apart.argmin(axis=1)


def test_cues_are_those_that_were_drawn_and_labels_their_numbers(trial):
    batch, _ = trial
    channels, cue = shown_by(batch)
    np.testing.assert_array_equal(channels[:, :14], cues_of(batch)[cue])
    labels = channels[:, 14:18]
    np.testing.assert_array_equal(labels[:HALF], np.eye(4)[cue[:HALF]])
    assert not labels[HALF:].any()
    np.testing.assert_array_equal(channels[:, 18], np.arange(STEPS) >= HALF)
    assert len(set(cue)) == 4


def test_score_is_that_of_scipy(trial):
    batch, made = trial
    _, cue = shown_by(batch)
    said = np.asarray(batch.samples("watch_output")["o"]).T[HALF:]
    rows = np.arange(STEPS - HALF)
    loss = -log_softmax(SLOPE * said, axis=1)[rows, cue[HALF:]].mean()
    assert batch[made.loss][0, 0] == pytest.approx(loss, rel=1e-12)
    right = (said.argmax(axis=1) == cue[HALF:]).mean()
    assert batch[made.accuracy][0, 0] == pytest.approx(right, rel=1e-12)


def test_a_silent_network_is_at_chance():
    circuit = feedforward(TASK.channels, 4, MODELS["ternary_lif"], RULES["pdlf"], TASK.outputs)
    made = assemble(circuit, TASK, {"steps": 8})
    found = Batch(made.network, 2, dtype="float32", threads=1, namespace={}).trials(
        made.duration, [made.loss, made.accuracy], streams=np.arange(2, dtype=np.uint64)
    )
    np.testing.assert_allclose(found[made.accuracy].ravel(), 0.25)
    np.testing.assert_allclose(found[made.loss].ravel(), np.log(4), rtol=1e-6)


def test_noise_flips_features_as_often_as_the_normal_distribution_says():
    """A standard deviation of 0.59 flips a fifth: P(noise > 0.5) = 0.198."""
    batch, _ = trial_of(noise=0.59, steps=400)
    channels, _ = shown_by(batch)
    named = channels[:200, 14:18].argmax(axis=1)
    flips = (channels[:200, :14] != cues_of(batch)[named]).mean()
    assert flips == pytest.approx(0.198, abs=4 * np.sqrt(0.198 * 0.802 / 2800))
