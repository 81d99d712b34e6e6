"""The network by hand of studies/starts infers the rewarded cue from rewards that are input spikes.

Searches of studies/cue_reward_mended.toml begin at it, disturbed.
"""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from neuromodels.experiment.compiled import Experiment
from neuromodels.seeding import trial_streams
from neuromodels.study.file import read_study

STUDIES = Path(__file__).parents[2] / "studies"
STARTS = run_path(str(STUDIES / "starts" / "cue_reward_by_hand.py"))
STUDY = read_study(STUDIES / "cue_reward_mended.toml")
"""Its channels are certain: a spike in every step of one that is on, and none in any other."""


@pytest.mark.parametrize(("condition", "low", "high"), [("plastic", 0.7, 0.9), ("M0", 0.45, 0.55)])
def test_it_finds_the_rewarded_cue_if_channels_are_certain(condition, low, high):
    """Of 20 trials .76 are right, the first ones among them. With M = 0 it always says yes."""
    experiment = Experiment(STUDY, condition)
    outcome = experiment.evaluate(STARTS["by_hand"](experiment)[None], trial_streams(2, 100))
    assert low < outcome.scores.mean() < high


def test_a_start_is_that_network_with_noise_of_its_seed():
    experiment = Experiment(STUDY, "plastic")
    first, again, other = (STARTS["disturbed"](experiment, seed) for seed in (11, 11, 12))
    noise = first - STARTS["by_hand"](experiment)
    assert np.array_equal(first, again)
    assert abs(noise.std() - 0.1) < 0.01
    assert abs(np.corrcoef(noise, other - STARTS["by_hand"](experiment))[0, 1]) < 0.1
