"""Agents along commanded paths and for every goal, with a circuit that steers by hand."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.measures import Solution
from neuromodels.measures.goals import scores_by_goal
from neuromodels.measures.path import PATHS, Walk, headings_of, walk_of
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

STUDY = Study(
    name="small",
    task=TaskChoice("point_direction", {"steps": 40}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=8),
    device=DeviceChoice(dtype="float64", threads=1),
)
STREAMS = trial_streams(4, 200)


def vector_of(condition):
    dimension = Experiment(STUDY, condition).dimension
    return 0.5 * generator(1, "vectors").standard_normal(dimension)


def steering():
    """Return fixed weights whose hidden neurons pass the goal on: the agent pushes towards it."""
    experiment = Experiment(STUDY, "fixed")
    vector = np.zeros(experiment.dimension)
    inward = vector[experiment.slices["input_hidden.w"]].reshape(-1, 8)
    outward = vector[experiment.slices["hidden_output.w"]].reshape(8, -1)
    inward[0, 0] = inward[1, 1] = 1.0
    outward[0, 0] = outward[1, 1] = 1.0
    return vector


@pytest.mark.parametrize("condition", ["plastic", "unseen"])
def test_scores_by_goal_are_those_of_the_experiment(condition):
    vector = vector_of("plastic")
    shares, scores = scores_by_goal(Solution(STUDY, condition, vector, STREAMS, 1))
    expected = Experiment(STUDY, condition).evaluate(vector[None], STREAMS).scores[0]
    np.testing.assert_allclose(scores, expected)
    assert ((shares >= 0) & (shares < 1)).all()


def test_no_goal_is_both_trained_and_unseen():
    vector, streams = vector_of("fixed"), trial_streams(5, 1500)
    trained, _ = scores_by_goal(Solution(STUDY, "fixed", vector, streams, 1))
    unseen, _ = scores_by_goal(Solution(STUDY, "unseen_fixed", vector, streams, 1))
    assert len(np.unique(trained)) == 8
    assert len(np.unique(unseen)) == 72
    assert not set(trained) & set(unseen)


def test_an_agent_that_pushes_towards_its_goal_follows_every_path():
    vector = steering()
    for commands in PATHS.values():
        walk = walk_of(Solution(STUDY, "fixed", vector, STREAMS[:3], 1), commands)
        steps = sum(steps for _, _, steps in commands)
        assert walk.places.shape == (3, steps, 2)
        # neurons say -1, 0 or 1, so eight directions can be taken; turning takes time
        assert np.rad2deg(np.median(walk.errors)) < 25


def test_places_are_velocities_summed():
    walk = walk_of(Solution(STUDY, "fixed", steering(), STREAMS[:1], 1), ((0, 0, 60),))
    assert walk.places[0, -1, 0] > 0.5, "eastwards"
    assert abs(walk.places[0, -1, 1]) < 0.1 * walk.places[0, -1, 0]


def test_commands_turn_as_they_say():
    legs = list(headings_of(((90, 90, 3), (0, 180, 4))))
    np.testing.assert_allclose(np.rad2deg(legs), [90, 90, 90, 0, 45, 90, 135])


def test_errors_are_the_shorter_way_round():
    walk = Walk(np.zeros((1, 2, 2)), np.deg2rad([170.0, -90]), np.deg2rad([[-170.0, 90]]))
    np.testing.assert_allclose(np.rad2deg(walk.errors), [[20, 180]])


def test_a_task_without_a_direction_is_refused():
    copy = Study("copy", TaskChoice("sequence_copy"), RuleChoice("pdlf"))
    with pytest.raises(DeclarationError, match="must have the variables goal_x"):
        walk_of(Solution(copy, "fixed", np.zeros(3), STREAMS, 1), PATHS["square"])
    with pytest.raises(DeclarationError, match="must draw goals"):
        scores_by_goal(Solution(copy, "fixed", np.zeros(3), STREAMS, 1))


def test_trials_can_be_run_in_parts():
    whole, parts = (Episodes(STUDY, "plastic", vector_of("plastic"), STREAMS) for _ in range(2))
    whole.run(whole.steps)
    for _ in range(4):
        parts.run(10)
    np.testing.assert_array_equal(whole.score(), parts.score())
