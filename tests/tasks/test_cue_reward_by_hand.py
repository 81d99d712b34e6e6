"""A network by hand that infers the rewarded cue from rewards that are input spikes.

    channels -> 20 hidden neurons, one per bit, which excite themselves: a bit that was shown stays
        on until reward or punishment, whose spikes inhibit them all
    four modulatory neurons, each a conjunction: (reward, yes), (punishment, no) say that the
        target was there, (reward, no), (punishment, yes) that it was not
    hidden -> actions, plastic: an eligibility of 0.1 s of the bits of the trial, less its mean over
        the bits, is added to "yes" or taken from it

A small bias makes it say yes at first: who says nothing hears no answer of its own, and then the
reward tells nothing. The rest of the weights starts at 0.
"""

import numpy as np
import pytest

from neuromodels.experiment.compiled import Experiment
from neuromodels.seeding import trial_streams
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks.cue_reward import BITS, NO, PUNISHED, REWARDED, YES

CERTAIN = {"active": 200.0, "noise": 0.0}
"""A spike in every step of a channel that is on, and none in any other."""
TRACE = 1 / (1 - np.exp(-0.25))
"""Trace of a channel that is on in every step of 5 ms."""


def study_of(**parameters) -> Study:
    return Study(
        name="cue_reward",
        task=TaskChoice("cue_reward", parameters),
        rule=RuleChoice("three_factor", {"pairs": "rates", "contrast": "mean"}),
        circuit=CircuitChoice(
            hidden=BITS,
            neuron="lif",
            readout="leaky_readout",
            recurrent=True,
            plastic="output",
            modulators=4,
            modulated_by="all",
        ),
        device=DeviceChoice(threads=1),
    )


def by_hand(experiment: Experiment) -> np.ndarray:
    """Return the searched numbers of the network above."""
    shown = np.vstack([1.2 * np.eye(BITS), np.zeros((5, BITS))])
    shown[[REWARDED, PUNISHED]] = -3.0
    pairs = np.zeros((BITS + 5, 4))
    for unit, both in enumerate(((REWARDED, YES), (PUNISHED, NO), (REWARDED, NO), (PUNISHED, YES))):
        pairs[both, unit] = 2.0 / TRACE
    was_there = np.array([1.0, 1.0, -1.0, -1.0])
    numbers = {
        "input_hidden.w": shown,
        "hidden_hidden.w": 1.3 * np.eye(BITS),
        "input_modulators.w": pairs,
        "modulators.f_0": -3.0,
        "modulators_output.w": 2.0 * np.outer(was_there, [1, -1]),
        "hidden_output.a_lag": -1.0,
        "hidden_output.eta": np.log(5e-4),
        "hidden_output.tau_e": np.log(0.1),
        "output.bias": [0.05, -0.05],
    }
    found = np.zeros(experiment.dimension)
    for label, values in numbers.items():
        found[experiment.slices[label]] = np.ravel(values)
    return found


@pytest.mark.parametrize(("condition", "low", "high"), [("plastic", 0.7, 0.9), ("M0", 0.45, 0.55)])
def test_it_finds_the_rewarded_cue_if_channels_are_certain(condition, low, high):
    """Of 20 trials .76 are right, the first ones among them. With M = 0 it always says yes."""
    experiment = Experiment(study_of(**CERTAIN), condition)
    outcome = experiment.evaluate(by_hand(experiment)[None], trial_streams(2, 100))
    assert low < outcome.scores.mean() < high
