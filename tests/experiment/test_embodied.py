"""Networks that move bodies: the closed loop, its trials, failures and ends, in an invented world.

The body is one of the catalog, so that sizes, goals and rewards are real; its physics is not.  What
MuJoCo does is in `test_bodies`.
"""

from dataclasses import replace

import numpy as np
import pytest

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment import embodied
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.embodied import EmbodiedExperiment
from neuromodels.experiment.motion import is_embodied
from neuromodels.experiment.recording import embodied_recording
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.objective import FailurePlan
from neuromodels.study.outcome import FAILURES
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks.bodies import CATALOG

RUNNER, HOPPER = CATALOG["halfcheetah"], CATALOG["hopper"]
HIDDEN, STEPS = 6, 12


class Sled:
    """A body that slides: its first action is its speed, the others bend its joints."""

    def __init__(self, body=RUNNER, speed=None):
        self.body, self.speed = body, speed
        self.moved = 0

    def begin(self, streams):
        rng = [np.random.default_rng(int(stream)) for stream in streams]
        size = self.body.positions + self.body.velocities
        return np.array([each.uniform(-0.1, 0.1, size) for each in rng])

    def step(self, states, actions):
        self.moved += len(states)
        after = states.copy()
        speed = actions[:, 0] if self.speed is None else self.speed
        after[:, 0] += self.body.seconds * speed
        after[:, 1 : 1 + self.body.actions] += 0.1 * actions
        after[:, self.body.positions] = speed
        return after


class Treacherous(Sled):
    """Chosen trials, known by their first position, meet their end in the third step."""

    def __init__(self, body, ending, value):
        super().__init__(body, speed=0.0)
        self.ending, self.value = ending, value
        self.steps = 0

    def begin(self, streams):
        self.steps = 0
        states = super().begin(streams)
        states[:, :3] = [0.0, 1.25, 0.0]
        states[:, 0] = np.arange(len(streams))
        return states

    def step(self, states, actions):
        self.steps += 1
        after = super().step(states, 0 * actions)
        if self.steps == 3:
            after[np.isin(after[:, 0].round(), self.ending), 1] = self.value
        return after


def study(name="halfcheetah_velocity", rule="pdlf", options=None, **parameters):
    return Study(
        name="small",
        task=TaskChoice(name, {"steps": STEPS, **parameters}),
        rule=RuleChoice(rule, options or {}),
        circuit=CircuitChoice(hidden=HIDDEN),
        device=DeviceChoice(dtype="float64", threads=2),
    )


def experiment(condition="plastic", world=None, chosen=None):
    return EmbodiedExperiment(chosen or study(), condition, lambda body, threads: world or Sled())


@pytest.fixture(scope="module")
def plastic():
    return experiment()


def vectors(made, count=5, size=0.5):
    return size * generator(1, "vectors").standard_normal((count, made.dimension))


def goals_seen(made, streams):
    """Return the goals of trials, read off the scores of a body that is too fast for all."""
    slow, made.world = made.world, Sled(speed=100.0)
    scores = made.evaluate(np.zeros((1, made.dimension)), streams).scores[0]
    made.world = slow
    return (scores + 100) / 2


def by_hand(weights_in, weights_out, goal, state, slope):
    """Run one trial of fixed weights in the sled's world with numpy; return its score."""
    world, v, gained = Sled(), np.zeros(HIDDEN), 0.0
    for _ in range(STEPS):
        seen = np.concatenate([state[1:9], state[9:]])
        seen = np.clip((seen - RUNNER.mean) / RUNNER.spread, -5, 5)
        current = np.append(seen, goal / 9.4375) @ weights_in
        v = v * np.exp(-1) + current * (1 - np.exp(-1))
        spikes = np.sign(v) * (np.abs(v) > 0.1)
        v[spikes != 0] = 0
        action = np.clip(slope * (spikes @ weights_out), -1, 1)
        after = world.step(state[None], action[None])[0]
        speed = (after[0] - state[0]) / 0.05
        gained += goal - abs(speed - goal) - 0.01 * (action**2).sum()
        state = after
    return gained / STEPS


def test_the_loop_is_that_of_numpy():
    chosen = study(options={"normalisation": "none"}, slope=0.7)
    made = experiment("fixed", chosen=chosen)
    xs, streams = vectors(made, 3), trial_streams(1, 4)
    outcome = made.evaluate(xs, streams)
    first = Sled().begin(streams)
    goals = goals_seen(made, streams)
    for trial, goal in enumerate(goals):
        for x, score in zip(xs, outcome.scores[:, trial], strict=True):
            weights_in = x[: 18 * HIDDEN].reshape(18, HIDDEN)
            weights_out = x[18 * HIDDEN :].reshape(HIDDEN, 6)
            expected = by_hand(weights_in, weights_out, goal, first[trial], 0.7)
            assert score == pytest.approx(expected, abs=1e-9)
    assert len(np.unique(outcome.scores)) == 12


def test_all_candidates_see_the_same_trials(plastic):
    xs = vectors(plastic)
    outcome = plastic.evaluate(np.vstack([xs, xs[::-1]]), trial_streams(1, 6))
    np.testing.assert_array_equal(outcome.scores[:5], outcome.scores[:4:-1])
    assert len(np.unique(outcome.scores)) == 5 * 6
    np.testing.assert_array_equal(outcome.losses, -outcome.scores)


def test_a_plastic_network_changes_its_weights_while_it_acts(plastic):
    record = embodied_recording(
        study(), "plastic", vectors(plastic)[0], 3, lambda body, threads: Sled()
    )
    assert record["input_hidden.w"].shape == (18 * HIDDEN, STEPS)
    assert np.ptp(record["input_hidden.w"], axis=1).min() > 0
    assert record["items.state"].shape == (18, STEPS)
    score = plastic.evaluate(vectors(plastic)[:1], np.array([3], dtype=np.uint64)).scores[0, 0]
    assert record["items.reward"].mean() == pytest.approx(score, abs=1e-12)


def test_neither_company_nor_the_size_of_a_turn_changes_a_number(plastic, monkeypatch):
    xs, streams = vectors(plastic), trial_streams(1, 6)
    together = plastic.evaluate(xs, streams).scores
    for width in (4, 7, 30):
        monkeypatch.setattr(embodied, "MOST_AT_ONCE", width)
        again = experiment().evaluate(xs, streams).scores
        np.testing.assert_array_equal(again, together)
    alone = np.vstack([plastic.evaluate(x[None], streams).scores for x in xs])
    np.testing.assert_array_equal(alone, together)


def goals_of(condition, count=400):
    """Return the different goals of many trials."""
    return np.unique(goals_seen(experiment(condition), trial_streams(5, count)).round(6))


def test_goals_are_the_eight_of_the_paper():
    np.testing.assert_allclose(goals_of("plastic"), 1 + 1.125 * np.arange(8), atol=1e-5)


@pytest.mark.parametrize("condition", ["unseen", "unseen_fixed"])
def test_unseen_goals_are_others(condition):
    trained, others = 1 + 1.125 * np.arange(8), goals_of(condition, 2000)
    assert len(others) == 72
    assert np.abs(others[:, None] - trained).min() > 0.1
    np.testing.assert_allclose([others.min(), others.max()], [0.4375, 9.325])
    assert others.mean() == pytest.approx(trained.mean(), abs=0.07)


def test_a_lost_body_fails_its_trial_and_no_other():
    made = experiment(world=Treacherous(RUNNER, [1, 4], np.nan))
    outcome = made.evaluate(np.zeros((1, made.dimension)), trial_streams(1, 6))
    assert outcome.counts["nan"] == 2
    np.testing.assert_array_equal(np.isnan(outcome.scores[0]), np.isin(np.arange(6), [1, 4]))
    np.testing.assert_allclose(outcome.scores[0, [0, 2, 3, 5]], 0, atol=1e-9)


def test_who_has_fallen_earns_nothing_more_and_is_not_moved():
    world = Treacherous(HOPPER, [2], 0.5)
    made = experiment(world=world, chosen=study("hopper_velocity"))
    outcome = made.evaluate(np.zeros((1, made.dimension)), trial_streams(1, 4))
    assert outcome.failures == 0
    # one per step upright; the step of the fall earns no more than standing
    np.testing.assert_allclose(outcome.scores[0], [1, 1, 2 / STEPS, 1], atol=1e-9)
    assert world.moved == 3 * STEPS + 3


def test_an_infinite_read_out_fails_its_candidate():
    made = experiment("fixed", chosen=study(options={"normalisation": "none"}))
    xs = vectors(made, 2)
    xs[1] = np.inf
    outcome = made.evaluate(xs, trial_streams(1, 3))
    assert outcome.counts == {**dict.fromkeys(FAILURES, 0), "nan": 3}
    assert np.isfinite(outcome.losses[0]).all()
    assert np.isnan(outcome.losses[1]).all()


def test_limits_end_trials_and_rates_are_measured():
    limits = FailurePlan(largest_weight=5.0, lowest_rate=1e-3)
    chosen = replace(study(options={"normalisation": "none"}), failures=limits)
    made = experiment("fixed", chosen=chosen)
    xs = vectors(made, 3, 0.3)
    xs[1], xs[2, -1] = 0, 6.0
    outcome = made.evaluate(xs, trial_streams(1, 3))
    kinds = outcome.failed[:, 0].tolist()
    assert kinds == [0, 3, 2]
    assert outcome.measures["rate"][0].min() > 0
    assert outcome.measures["rate"][1].max() == 0
    assert outcome.measures["silent hidden"].tolist() == [[0, 0, 0], [1, 1, 1], [0, 0, 0]]


def test_what_fires_after_a_body_has_fallen_does_not_count():
    """Its network runs on beside the others: by its bias it fires in the fourth step."""
    neuron = CircuitChoice(
        hidden=HIDDEN, neuron="lif", coefficients={"hidden.bias": {"frozen": 0.66}}
    )
    chosen = replace(study("hopper_velocity"), circuit=neuron)
    made = experiment("fixed", Treacherous(HOPPER, ending=(0, 2), value=0.0), chosen)
    outcome = made.evaluate(np.zeros((1, made.dimension)), trial_streams(1, 4))
    assert outcome.measures["silent hidden"].tolist() == [[1, 0, 1, 0]]


def test_doing_nothing_earns_nothing(plastic):
    outcome = plastic.evaluate(np.zeros((1, plastic.dimension)), trial_streams(1, 20))
    np.testing.assert_allclose(outcome.scores, 0, atol=1e-12)


def test_costs_are_reported(plastic):
    plastic.evaluate(vectors(plastic), trial_streams(1, 4))
    report = plastic.report
    assert 0 < report["world_seconds"] < report["total_seconds"]
    assert report["threads"] == 2


def test_only_tasks_with_a_body_elsewhere_are_embodied():
    assert is_embodied(study())
    assert not is_embodied(Study("x", TaskChoice("sequence_copy"), RuleChoice("pdlf")))


def test_a_task_without_an_end_of_its_own_refuses_to_be_frozen():
    with pytest.raises(DeclarationError, match="frozen"):
        experiment("frozen")


@pytest.mark.parametrize("name", ["swimmer", "halfcheetah", "hopper", "ant"])
def test_every_body_has_a_task_of_its_size(name):
    body = CATALOG[name]
    task = tasks.CATALOG[f"{name}_{body.goals.kind}"]
    assert (task.channels, task.outputs) == (body.channels, body.actions)
    assert issubclass(EmbodiedExperiment, Experiment)
