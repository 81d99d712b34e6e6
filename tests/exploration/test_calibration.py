"""Ranks of right posteriors pass the test, those of wrong ones do not."""

import numpy as np
import pytest

from neuromodels.exploration.inference.calibration import calibration_of

RUNS, DRAWS = 400, 99


def ranks(width=1.0, shift=0.0, seed=0):
    """Calibrate a Gaussian posterior of a flat prior that is too wide, too narrow, or shifted."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 100, (RUNS, 2))
    looked = truth + rng.normal(0, 1, truth.shape)
    noise = rng.normal(0, 1, (RUNS, DRAWS, 2))
    draws = looked[:, None, :] + noise * [1.0, width] + [0.0, shift]
    return calibration_of(["a", "b"], truth, draws, 3, rng)


def test_right_posteriors_pass_at_their_level():
    passed = [ranks(seed=seed).is_uniform for seed in range(30)]
    assert sum(passed) >= 26
    frame = ranks().to_dataframe()
    assert frame["inside_50"].to_numpy() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    "wrong", [{"width": 0.6}, {"width": 0.8}, {"width": 1.3}, {"width": 1.7}, {"shift": 0.5}]
)
def test_wrong_posteriors_do_not(wrong):
    found = ranks(**wrong)
    assert not found.is_uniform
    assert found.p_values["b"] < 0.01 < found.p_values["a"]
    assert found.corrected["b"] == pytest.approx(2 * found.p_values["b"])
    assert found.p == found.to_dataframe().loc["b", "p_holm"]
    assert "do not pass" in repr(found)
    assert "3 left out" in repr(found)
    shown = found._repr_html_()
    assert "do not pass" in shown
    assert "<td>" in shown


def test_the_number_of_runs_tells_what_can_be_seen():
    assert ranks().least_deviation == pytest.approx(1.358 / 20)
