"""Losses of candidates whose trials failed; scoring in parts."""

import numpy as np
from experiment.test_runner import numbers, run

from neuromodels.experiment import scoring
from neuromodels.experiment.events import Scoring
from neuromodels.experiment.scoring import FAILED_TRIAL_LOSS, losses_per_candidate


def test_a_failed_instance_makes_its_candidate_worse_than_any_other():
    losses = losses_per_candidate(np.array([[0.1, np.nan], [9.0, 9.0], [np.inf, np.nan]]))
    assert losses.tolist() == [(0.1 + FAILED_TRIAL_LOSS) / 2, 9.0, FAILED_TRIAL_LOSS]


def test_a_long_scoring_tells_how_far_it_is_and_can_be_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "MOST_INSTANCES", 80)
    few = {"seeds": [1], "conditions": ["plastic", "frozen", "random"]}
    _, events = run(tmp_path / "run", **few)
    told = [each for each in events if isinstance(each, Scoring)]
    frozen = [(each.done, each.of) for each in told if each.condition == "frozen"]
    assert frozen == [(0, 0), (80, 200), (160, 200)]
    assert [each.done for each in told if each.condition == "random"][:3] == [0, 16, 32]
    parts = []
    finished, events = run(
        tmp_path / "cut",
        listener=lambda event: parts.append(event) if getattr(event, "done", 0) else None,
        stop=lambda: bool(parts),
        **few,
    )
    assert not finished
    assert len(parts) == 1
    assert events[-1] == parts[0], "between two parts"
    monkeypatch.undo()
    _, events = run(tmp_path / "whole", **few)
    assert all(each.done == 0 for each in events if isinstance(each, Scoring)), "one part is silent"
    assert numbers(tmp_path / "run") == numbers(tmp_path / "whole")
