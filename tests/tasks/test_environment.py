"""Environments of Gymnasium, closed loop: networks act, compared with a loop in plain Python."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from neuromodels import tasks
from neuromodels.errors import DeclarationError, SimulationError
from neuromodels.experiment.embodied import experiment_of
from neuromodels.experiment.recording import trial_of
from neuromodels.measures.novel import conditions_of
from neuromodels.study.file import StudyFileError, study_of
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import environment
from neuromodels.tasks.environment import ENVIRONMENT, environment_task

BOX = SimpleNamespace(shape=(2,))


class Walk:
    """A place that actions move, and a goal; ends at the goal or far from it."""

    observation_space = BOX
    action_space = SimpleNamespace(n=3, shape=())

    def reset(self, seed):
        self.rng = np.random.default_rng(seed)
        self.place, self.goal = self.rng.uniform(-3, 3, size=2)
        return self._seen(), {}

    def _seen(self):
        return np.array([self.goal - self.place, 1.0])

    def step(self, action):
        self.place += action - 1 + self.rng.normal(scale=0.1)
        distance = abs(self.goal - self.place)
        return self._seen(), 1 - distance, distance < 0.3, distance > 6, {}


class Push(Walk):
    """The same with two forces within bounds."""

    action_space = SimpleNamespace(
        shape=(1, 2), low=np.array([[-2.0, 0.0]]), high=np.array([[2.0, 4.0]])
    )

    def step(self, action):
        assert action.shape == (1, 2)
        return super().step(1 + action[0, 0] - 0.1 * action[0, 1])


STEPS = 12
STREAMS = np.array([5, 2**40 + 1, 2**63 - 3, 7, 11, 13], dtype=np.uint64)


@pytest.fixture
def study(monkeypatch):
    """Return a function that makes a study whose read-out sees an environment directly."""

    def made(environment, **settings):
        task = environment_task(environment, "walk", steps=STEPS, **settings)
        monkeypatch.setitem(tasks.CATALOG._members, "walk", task)
        return Study(
            name="walk",
            task=TaskChoice("walk", {"slope": 0.7}),
            rule=RuleChoice("fixed", {"normalisation": "none"}, {}),
            circuit=CircuitChoice(hidden=0),
            device=DeviceChoice(dtype="float64", threads=1),
        )

    return made


def reward_of(environment, weights, stream, act):
    """Return the reward over the steps of a trial, and how many it had."""
    seen, _ = environment.reset(seed=int(stream % 2**31))
    total, lived = 0.0, 0
    while lived < STEPS:
        seen, reward, ends, is_cut, _ = environment.step(act(0.7 * seen @ weights))
        total, lived = total + reward, lived + 1
        if ends or is_cut:
            break
    return total / STEPS, lived


def pushed(outputs):
    clipped = np.clip(outputs, -1, 1)
    return np.array([[2 * clipped[0], 2 + 2 * clipped[1]]], dtype=np.float32)


@pytest.mark.parametrize(("kind", "act"), [(Walk, np.argmax), (Push, pushed)])
def test_trials_are_those_of_a_plain_loop(study, kind, act):
    experiment = experiment_of(study(kind), "fixed")
    outputs = experiment.body.actions
    xs = np.random.default_rng(1).normal(size=(4, 2 * outputs))
    assert experiment.dimension == 2 * outputs
    outcome = experiment.evaluate(xs, STREAMS)
    plain = [[reward_of(kind(), x.reshape(2, -1), s, act) for s in STREAMS] for x in xs]
    np.testing.assert_allclose(outcome.scores, [[score for score, _ in row] for row in plain])
    np.testing.assert_array_equal(outcome.losses, -outcome.scores)
    lengths = {steps for row in plain for _, steps in row}
    assert len(lengths) > 3
    again = experiment.evaluate(xs[::-1], STREAMS[::-1])
    np.testing.assert_array_equal(again.scores, outcome.scores[::-1, ::-1])


def test_observations_are_put_on_a_scale(study):
    experiment = experiment_of(study(Walk, mean=(1, 0), spread=(2, 0.5)), "fixed")
    first = experiment.world.begin(STREAMS)
    seen = np.array([Walk().reset(seed=int(s % 2**31))[0] for s in STREAMS])
    inputs = experiment.body.inputs(first, np.zeros(len(STREAMS)))
    np.testing.assert_allclose(inputs, (seen - [1, 0]) / [2, 0.5])


class Rooms:
    """One of three rooms, and a step on to the next."""

    observation_space = SimpleNamespace(n=3)
    action_space = SimpleNamespace(n=2)

    def reset(self, seed):
        self.room = seed % 3
        return self.room, {}

    def step(self, action):
        self.room = (self.room + action) % 3
        return self.room, float(self.room == 2), False, False, {}


def test_one_of_several_observations_has_a_channel_each(study):
    experiment = experiment_of(study(Rooms), "fixed")
    states = experiment.world.begin(STREAMS)
    inputs = experiment.body.inputs(states, np.zeros(len(STREAMS)))
    np.testing.assert_array_equal(inputs, np.eye(3)[(STREAMS % 2**31 % 3).astype(int)])
    stays = np.column_stack([[1, 1, 1], [0, 0, 0]]).ravel()
    moves = np.column_stack([[0, 0, 1], [1, 1, 0]]).ravel()  # until the last room
    scores = experiment.evaluate(np.array([stays, moves], dtype=float), STREAMS).scores
    rooms = (STREAMS % 2**31 % 3).astype(int)
    np.testing.assert_allclose(scores[0], rooms == 2)
    np.testing.assert_allclose(scores[1], (STEPS - np.clip(1 - rooms, 0, None)) / STEPS)


def test_a_trial_is_recorded_to_its_end(study):
    walking = study(Walk)
    vector = np.zeros(6)
    found = trial_of(walking, "fixed", vector, int(STREAMS[0]))
    score, steps = reward_of(Walk(), np.zeros((2, 3)), STREAMS[0], np.argmax)
    assert found["items.reward"].shape == (1, steps)
    assert found["items.reward"].sum() / STEPS == pytest.approx(score)


class Breaks(Walk):
    def step(self, action):
        raise RuntimeError("the door is stuck")


def test_an_environment_that_fails_is_named(study):
    experiment = experiment_of(study(Breaks), "fixed")
    with pytest.raises(SimulationError, match=r"environment walk: must answer .*door is stuck"):
        experiment.evaluate(np.zeros((1, 6)), STREAMS)


def space(**what):
    return lambda: SimpleNamespace(**{"observation_space": BOX, "action_space": BOX, **what})


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (space(observation_space=SimpleNamespace(shape=None)), {}, "observations must be one of"),
        (space(), {}, "actions must be one of several, or an array of numbers with bounds"),
        (
            space(action_space=SimpleNamespace(low=np.array([-np.inf]), high=np.ones(1))),
            {},
            "actions must have bounds",
        ),
        (Walk, {"mean": (1,)}, "mean: there must be 2 numbers"),
        (Walk, {"spread": (1, 0)}, "spread: must be above 0"),
    ],
)
def test_what_cannot_be_acted_in_is_refused(make, settings, message):
    with pytest.raises(DeclarationError, match=message):
        environment_task(make, **settings)


def test_worlds_of_an_environment_are_not_changed(study):
    with pytest.raises(DeclarationError, match="must have a body that MuJoCo moves"):
        conditions_of(study(Walk))


TABLE = {"name": "x", "rule": {"name": "pdlf"}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "task.environment: must name an environment of Gymnasium"),
        ({"environment": "CartPole-v1", "steps": 0}, "task.steps: is not possible"),
        (
            {"environment": "CartPole-v1"},
            r'task.environment: .*install "brian2-neuromodels\[gymnas',
        ),
    ],
)
def test_a_study_names_an_environment(monkeypatch, given, message):

    environment._named.cache_clear()
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    if "steps" in given:
        monkeypatch.setattr(environment, "_named", lambda name: replace(ENVIRONMENT, is_open=False))
    with pytest.raises(StudyFileError, match=message):
        study_of({**TABLE, "task": {"name": "environment", **given}}, "table")


def test_the_cart_of_gymnasium_is_what_the_catalog_says():
    pytest.importorskip("gymnasium", reason="Gymnasium is not installed")
    table = {**TABLE, "task": {"name": "environment", "environment": "CartPole-v1"}}
    study = study_of(table, "table")
    task = study.task_out_of(tasks.CATALOG)
    for name in ("channels", "outputs", "parameters", "steps", "decisions"):
        assert getattr(task, name) == getattr(ENVIRONMENT, name)
    experiment = experiment_of(replace(study, device=DeviceChoice(threads=1)), "plastic")
    outcome = experiment.evaluate(experiment.centre[None], STREAMS)
    assert (outcome.scores > 0).all()
