"""Measures of the task family: scores by task, and an old task after a new one."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.measures.interference import BLOCK, INTERFERENCE
from neuromodels.measures.members import MEAN_SEARCHED, MEAN_WITHHELD, MEMBERS
from neuromodels.measures.quantities import Solution
from neuromodels.seeding import trial_streams
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.study import Study, TaskChoice
from neuromodels.tasks.family.family import NAMES
from tests.tasks.family.test_family import BY_HAND, study_of


def solution_of(study: Study, episodes: int, numbers=BY_HAND) -> Solution:
    coefficients = circuit_of(study, "plastic").coefficients
    vector = np.zeros(coefficients.dimension)
    for label, value in numbers.items():
        vector[coefficients.slices[label]] = value
    return Solution(study, "plastic", vector, trial_streams(8, episodes), 8)


def test_each_task_has_its_own_score_whether_searched_or_withheld():
    study = study_of(options={"tasks": "go interval", "withheld": "anti_go"})
    arrays, quantities = MEMBERS.examine(solution_of(study, 14 * 16))
    scores = arrays["scores"].mean(axis=1)
    assert arrays["scores"].shape == (14, 16)
    assert min(scores[NAMES.index(name)] for name in ("go", "anti_go", "context_1")) > 0.9
    assert abs(scores[NAMES.index("interval")] - 0.5) < 0.12
    labels = list(quantities)
    assert labels[:3] == ["go (searched)", "anti_go (withheld)", "delayed_go"]
    by_name = dict(zip(NAMES, scores, strict=True))
    mean = (by_name["go"] + by_name["interval"]) / 2
    assert quantities[MEAN_SEARCHED]["value"] == pytest.approx(mean)
    assert quantities[MEAN_WITHHELD]["value"] == pytest.approx(by_name["anti_go"])


def test_interference_reads_the_three_blocks():
    """Weights that never change keep nothing, since nothing was learned."""
    arrays, quantities = INTERFERENCE.examine(solution_of(study_of(), 60))
    right, pairs = arrays["right"], arrays["pairs"]
    assert right.shape == (60, 3 * BLOCK)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    before = quantities["right in 5 trials before the other task"]["value"]
    assert before == pytest.approx(right[:, 15:20].mean())
    after = quantities["right in 5 trials after it"]["value"]
    kept = quantities["kept after another task"]["value"]
    assert kept == pytest.approx((after - 0.5) / (before - 0.5))
    assert before > 0.6
    still = INTERFERENCE.examine(solution_of(study_of(), 60, {}))[1]
    assert still["kept after another task"]["value"] is None


def test_other_tasks_are_refused():
    study = Study(name="b", task=TaskChoice("cue_bandit"), rule=study_of().rule)
    for measure in (MEMBERS, INTERFERENCE):
        with pytest.raises(DeclarationError, match=r"task\.name: must be 'family'"):
            measure.examine(Solution(study, "plastic", np.zeros(1), trial_streams(1, 14), 1))
