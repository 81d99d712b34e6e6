"""One condition of a study as a function from vectors to losses and scores."""

from dataclasses import replace

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.recording import recording_of
from neuromodels.rules import CATALOG as RULES
from neuromodels.seeding import generator, trial_streams
from neuromodels.simulation.network.builder import rule_of
from neuromodels.study.conditions import BUILT, CONDITIONS
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import CATALOG as TASKS

TASK, RULE = TASKS["sequence_copy"], RULES["pdlf"]
DECLARED = [name for name in BUILT if not CONDITIONS[name].problem(task=TASK, rule=RULE)]
HIDDEN, SYNAPSES = 8, 3 * 8 + 8


def study(rule: RuleChoice | None = None, **parameters: float) -> Study:
    return Study(
        name="small",
        task=TaskChoice("sequence_copy", {"length": 3, "latency": 2, **parameters}),
        rule=rule or RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=HIDDEN),
        device=DeviceChoice(threads=2),
    )


@pytest.fixture(scope="module")
def experiments() -> dict[str, Experiment]:
    return {condition: Experiment(study(), condition) for condition in DECLARED}


def vectors(experiment: Experiment, count: int = 5) -> np.ndarray:
    return 0.5 * generator(1, "vectors").standard_normal((count, experiment.dimension))


@pytest.mark.parametrize(("condition", "numbers"), [("plastic", 5), ("fixed", 1), ("reset", 5)])
def test_dimension_is_numbers_per_synapse(experiments, condition, numbers):
    assert experiments[condition].dimension == numbers * SYNAPSES


@pytest.mark.parametrize("condition", DECLARED)
def test_scores_are_fractions_of_the_bits(experiments, condition):
    outcome = experiments[condition].evaluate(vectors(experiments[condition]), trial_streams(1, 40))
    assert outcome.losses.shape == outcome.scores.shape == (5, 40)
    thirds = outcome.scores * 3
    np.testing.assert_allclose(thirds, thirds.round(), atol=1e-5)
    assert outcome.failures == 0


def test_equal_candidates_get_equal_losses_on_common_trials(experiments):
    xs = vectors(experiments["plastic"])
    outcome = experiments["plastic"].evaluate(np.vstack([xs, xs[::-1]]), trial_streams(1, 16))
    np.testing.assert_array_equal(outcome.losses[:5], outcome.losses[:4:-1])
    assert len(np.unique(outcome.losses[0])) > 1


def test_a_candidate_does_not_depend_on_its_company(experiments):
    xs, streams = vectors(experiments["plastic"]), trial_streams(1, 16)
    together = experiments["plastic"].evaluate(xs, streams)
    alone = [experiments["plastic"].evaluate(x[None], streams).losses[0] for x in xs]
    np.testing.assert_array_equal(together.losses, alone)


def test_the_rules_own_start_is_silent(experiments):
    """All coefficients 0: no weight, no output, and a sigmoid of 1/2."""
    experiment = experiments["plastic"]
    outcome = experiment.evaluate(experiment.centre[None], trial_streams(2, 200))
    np.testing.assert_allclose(outcome.losses, 0.25)
    assert abs(outcome.scores.mean() - 0.5) < 0.1


def test_numbers_that_are_not_finite_are_failures(experiments):
    xs = vectors(experiments["plastic"])
    xs[2, 0] = np.nan
    outcome = experiments["plastic"].evaluate(xs, trial_streams(1, 16))
    assert outcome.failures > 0
    assert np.isnan(outcome.losses[2]).any()
    assert np.isfinite(outcome.losses[[0, 1, 3, 4]]).all()


def test_nothing_is_built_for_new_numbers(experiments):
    experiment = experiments["plastic"]
    before = experiment.report["builds"] + experiment.report["cache_hits"]
    experiment.evaluate(vectors(experiment, 9), trial_streams(5, 3))
    assert experiment.report["builds"] + experiment.report["cache_hits"] == before


def test_fixed_shares_the_options_it_has():
    chosen = RuleChoice("pdlf", {"normalisation": "none", "pdp_side": "pre"})
    assert rule_of(study(chosen).rule, "fixed").normalisation == "none"


def test_a_lower_slope_leaves_scores_and_changes_losses():
    steep, flat = Experiment(study()), Experiment(study(slope=0.1))
    xs, streams = vectors(steep), trial_streams(1, 16)
    one, other = steep.evaluate(xs, streams), flat.evaluate(xs, streams)
    np.testing.assert_array_equal(one.scores, other.scores)
    assert not np.array_equal(one.losses, other.losses)


def test_a_recording_agrees_with_the_trial(experiments):
    experiment = experiments["plastic"]
    x, streams = vectors(experiment)[0], trial_streams(3, 1)
    seen = recording_of(study(), "plastic", x, int(streams[0]))
    assert seen["t"].shape == (8,)
    assert seen["input_hidden.w"].shape == (3 * HIDDEN, 8)
    np.testing.assert_array_equal(seen["input.u"][0, :3], seen["items"])
    answers = (seen["output.o"][0, -3:] > 0) == (seen["items"] > 0.5)
    outcome = experiment.evaluate(x[None], streams)
    assert outcome.scores[0, 0] == pytest.approx(answers.mean(), abs=1e-6)


@pytest.fixture(scope="module")
def steering() -> Study:
    return replace(study(), task=TaskChoice("velocity"))


def test_the_recording_of_a_body_adds_up_to_its_score(steering):
    experiment = Experiment(steering)
    x, streams = vectors(experiment)[0], trial_streams(3, 1)
    seen = recording_of(steering, "plastic", x, int(streams[0]))
    assert seen["items.v"].shape == seen["items.reward"].shape == (1, 150)
    np.testing.assert_array_equal(seen["items.a0"], seen["output.o"])
    np.testing.assert_allclose(seen["input.u"][1, 1:], seen["items.v"][0, :-1] / 2.5, rtol=1e-5)
    outcome = experiment.evaluate(x[None], streams)
    assert outcome.scores[0, 0] == pytest.approx(seen["items.reward"].mean(), abs=1e-5)
    assert outcome.losses[0, 0] == pytest.approx(1 - outcome.scores[0, 0], abs=1e-5)


def test_fixed_weights_meet_unseen_goals_with_their_own_coefficients(steering):
    seen, new = (Experiment(steering, condition) for condition in ("fixed", "unseen_fixed"))
    assert seen.dimension == new.dimension == 3 * HIDDEN
    x, streams = vectors(seen), trial_streams(3, 20)
    scores = [each.evaluate(x, streams).scores for each in (seen, new)]
    assert (scores[0] != scores[1]).mean() > 0.9


def test_unknown_conditions_are_refused():
    with pytest.raises(DeclarationError, match="must be one of"):
        Experiment(study(), "elastic")
