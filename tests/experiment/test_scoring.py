"""Losses of candidates whose trials failed."""

import numpy as np

from neuromodels.experiment.scoring import FAILED_TRIAL_LOSS, losses_per_candidate


def test_a_failed_instance_makes_its_candidate_worse_than_any_other():
    losses = losses_per_candidate(np.array([[0.1, np.nan], [9.0, 9.0], [np.inf, np.nan]]))
    assert losses.tolist() == [(0.1 + FAILED_TRIAL_LOSS) / 2, 9.0, FAILED_TRIAL_LOSS]
