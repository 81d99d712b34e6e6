"""Criterion, reversal and yoked rewards of solutions whose answers are known."""

import numpy as np
import pytest

from neuromodels.analysis.learning import trials_to_criterion
from neuromodels.errors import DeclarationError
from neuromodels.measures.criterion import CRITERION
from neuromodels.measures.outcomes import counted, outcomes_of
from neuromodels.measures.quantities import Measure, Solution
from neuromodels.measures.reversal import REVERSAL
from neuromodels.measures.yoked import HELD, OWN, YOKED, YOKED_TO
from neuromodels.seeding import trial_streams
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

EPISODES = 24
PARTS = {
    "rule": RuleChoice("three_factor", {"pairs": "rates"}),
    "circuit": CircuitChoice(
        hidden=0, readout="leaky_readout", modulator="reward_modulator", modulated_by="all"
    ),
    "device": DeviceChoice(threads=1),
}
WIDE = {"explore": 1.0}
SHORT = {"trials": 24, "reversal": 12, "noise": 0.0, **WIDE}


def solution_of(bias: float = 0.0, learns: bool = True, **parameters) -> Solution:
    """Return one that learns, see `tests/tasks/test_cue_bandit.py`, or prefers an action."""
    study = Study(name="b", task=TaskChoice("cue_bandit", {**SHORT, **parameters}), **PARTS)
    coefficients = circuit_of(study, "plastic").coefficients
    vector = np.zeros(coefficients.dimension)
    numbers = {
        "input_output.a_lead": float(learns),
        "input_output.eta": np.log(0.03),
        "input_output.tau_e": np.log(0.1),
        "modulators_output.w": 5.0,
        "output.bias": [bias, -bias],
    }
    for label, values in numbers.items():
        vector[coefficients.slices[label]] = values
    return Solution(study, "plastic", vector, trial_streams(4, EPISODES), 4)


def values(measure: Measure, solution: Solution) -> dict[str, float | None]:
    return {k: q["value"] for k, q in measure.examine(solution)[1].items()}


def test_given_rewards_are_heard_in_place_of_the_earned_ones():
    """With the opposite of all rewards it learns the opposite; scores are those of its answers."""
    solution = solution_of()
    own = outcomes_of(solution)
    # at first it answers by chance; who hears -earned moves away from what is right
    given = np.full_like(own.earned, -1.0)
    punished = outcomes_of(solution, given)
    right_alone = outcomes_of(solution, own.earned)
    np.testing.assert_array_equal(right_alone.right, own.right)
    np.testing.assert_array_equal(punished.earned, 2 * punished.right - 1)
    assert not np.array_equal(punished.right, own.right)


def test_who_always_does_the_same_is_right_in_half_of_the_trials_and_loses_nothing():
    solution = solution_of(bias=5.0, learns=False)
    found = values(REVERSAL, solution)
    assert abs(found["cost: before less after"]) < 0.2
    yoked = values(YOKED, solution)
    assert len(set(yoked.values())) == 1, "rewards change nothing"
    assert abs(yoked[OWN] - 0.5) < 0.1


def test_who_learns_reaches_the_criterion_loses_at_the_reversal_and_recovers():
    solution = solution_of(trials=40, reversal=20)
    criterion, reversal = values(CRITERION, solution), values(REVERSAL, solution)
    assert criterion["share of episodes that reach the criterion"] > 0.9
    assert 0 <= criterion["trials until then, of these"] < 6
    assert reversal["right in 5 trials before"] > 0.85
    assert reversal["cost: before less after"] > 0.2
    assert reversal["share of episodes that recover"] > 0.9


def test_criterion_is_that_of_the_stored_outcomes():
    arrays, found = CRITERION.examine(solution_of())
    expected = trials_to_criterion(arrays["right"].astype(float), end=arrays["turn"])
    np.testing.assert_array_equal(arrays["trials"], expected)
    mean = np.nanmean(expected)
    assert found["trials until then, of these"]["value"] == pytest.approx(mean)


def test_yoked_rewards_are_those_of_the_episode_before():
    solution = solution_of()
    arrays, found = YOKED.examine(solution)
    own = outcomes_of(solution)
    np.testing.assert_array_equal(arrays["own"], own.right > 0)
    yoked = outcomes_of(solution, np.roll(own.earned, 1, axis=0))
    np.testing.assert_array_equal(arrays["yoked"], yoked.right > 0)
    np.testing.assert_array_equal(arrays["turn"], own.turn)
    assert list(found) == [OWN, YOKED_TO, *HELD.values()]
    assert found[OWN]["value"] > max(found[name]["value"] for name in list(found)[1:]) + 0.1


def test_what_never_happened_has_no_mean():
    found = counted(np.array([np.nan, np.nan]), "recover")
    assert found["share of episodes that recover"]["value"] == 0
    assert found["trials until then, of these"]["value"] is None
    some = counted(np.array([2.0, np.nan, 4.0]), "recover")
    assert some["share of episodes that recover"]["value"] == pytest.approx(2 / 3)
    assert some["trials until then, of these"]["value"] == 3.0


def test_a_task_without_rewards_is_refused():
    study = Study(name="c", task=TaskChoice("sequence_copy"), rule=RuleChoice("pdlf"))
    solution = Solution(study, "plastic", np.zeros(1), trial_streams(1, 2), 1)
    for measure in (CRITERION, REVERSAL, YOKED):
        with pytest.raises(DeclarationError, match=r"Task\.sequence_copy\.rewarded: must reward"):
            measure.examine(solution)


def test_a_task_without_a_reversal_has_no_cost():
    with pytest.raises(DeclarationError, match=r"task\.reversal: .* must have a reversal"):
        REVERSAL.examine(solution_of(reversal=0, spread=0))
