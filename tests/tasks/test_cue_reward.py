"""The cue-reward task: what it shows and rewards, and its score, against numpy."""

import numpy as np
import pytest
from recorded_trial import recorded_trial

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import feedforward
from neuromodels.tasks import CATALOG as TASKS
from neuromodels.tasks.cue_reward import BITS, GO, LENGTH, NO, PUNISHED, REWARDED, SLOT, YES

TASK = TASKS["cue_reward"]
TRIALS, SLOPE = 30, 3.0
CERTAIN = {"trials": TRIALS, "slope": SLOPE, "active": 200.0, "noise": 0.0}
"""A spike in every step of a channel that is on, and none in any other."""


@pytest.fixture(scope="module")
def episode():
    """Return the record of one episode of random weights: batch, assembly."""
    return recorded_trial(TASK, CERTAIN)


def channels_of(batch) -> np.ndarray:
    """Return the channels, (trials, slots, steps of a slot, channels)."""
    return np.asarray(batch.samples("watch_input")["u"]).T.reshape(TRIALS, 6, SLOT, -1)


def shown_by(batch) -> np.ndarray:
    """Return which cue each of the four slots of each trial shows, (trials, 4); -1: none."""
    cues = np.array([batch[f"items.bit_{k}"][0] for k in range(BITS)]).T
    seen = channels_of(batch)[:, :4, :, :BITS]
    assert (seen == seen[:, :, :1]).all(), "a slot shows one thing"
    found = np.full((TRIALS, 4), -1)
    for number, cue in enumerate(cues):
        found[(seen[:, :, 0] == cue).all(axis=-1)] = number
    assert (seen[found < 0] == 0).all()
    return found


def answers_of(batch) -> np.ndarray:
    """Return the mean of yes less no during each go signal, (trials,)."""
    said = np.asarray(batch.samples("watch_output")["o"]).reshape(2, TRIALS, LENGTH)
    return (said[0] - said[1])[:, 4 * SLOT : 5 * SLOT].mean(axis=1)


def test_each_trial_shows_two_cues_of_four_in_two_slots_of_four(episode):
    shown = shown_by(episode[0])
    assert ((shown >= 0).sum(axis=1) == 2).all()
    pairs = [tuple(row[row >= 0]) for row in shown]
    assert all(one != other for one, other in pairs)
    assert len(set(pairs)) > 6
    assert len({tuple(np.flatnonzero(row >= 0)) for row in shown}) == 6


def test_go_reward_and_answer_are_told_in_their_slots(episode):
    batch, _ = episode
    told = channels_of(batch)[:, :, :, BITS:]
    here = np.zeros((TRIALS, 6, SLOT, 5))
    here[:, 4, :, GO - BITS] = 1
    answer, present = answers_of(batch), (shown_by(batch) == 0).any(axis=1)
    right = np.where(present, answer, -answer) > 1e-6
    for channel, when in (
        (REWARDED, right),
        (PUNISHED, ~right),
        (YES, answer > 1e-6),
        (NO, answer < -1e-6),
    ):
        here[when, 5, :, channel - BITS] = 1
    np.testing.assert_array_equal(told, here)
    assert right.any()
    assert not right.all()


def test_score_and_loss_are_those_of_the_answers(episode):
    batch, made = episode
    answer, present = answers_of(batch), (shown_by(batch) == 0).any(axis=1)
    margin = np.where(present, answer, -answer)
    assert batch[made.loss][0, 0] == pytest.approx(np.logaddexp(0, -SLOPE * margin).mean())
    right = np.where(np.abs(margin) <= 1e-6, 0.5, margin > 0).mean()
    assert batch[made.accuracy][0, 0] == pytest.approx(right)


def test_a_network_that_cannot_know_is_at_chance():
    circuit = feedforward(TASK.channels, 8, MODELS["ternary_lif"], RULES["pdlf"], TASK.outputs)
    made = assemble(circuit, TASK, CERTAIN)
    batch = Batch(made.network, 4, dtype="float64", threads=1, namespace={}, seed=5)
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    batch.run(made.duration)
    assert batch[made.accuracy] == pytest.approx(0.5)
    assert batch[made.loss] == pytest.approx(np.log(2))
