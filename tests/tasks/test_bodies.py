"""Bodies as data, and the real ones beside Gymnasium's own steps, rewards and ends."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.embodied import EmbodiedExperiment, experiment_of
from neuromodels.measures import Solution
from neuromodels.measures.goals import scores_by_goal
from neuromodels.measures.injury import rewards_of
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks.bodies import CATALOG, Body, Goals, open_world
from neuromodels.tasks.bodies.mujoco_worlds import is_lost, measure_observations

DIRECTIONS = Goals("direction", lowest=-1.125 * np.pi, span=2 * np.pi)
SPEEDS = Goals("velocity", lowest=0.5, span=4.0)
NAMES = sorted(CATALOG)


@pytest.fixture
def gymnasium():
    pytest.importorskip("mujoco", reason="MuJoCo is not installed")
    return pytest.importorskip("gymnasium", reason="Gymnasium is not installed")


def opened(gymnasium, body):
    """Return Gymnasium's own environment, and the world."""
    world = open_world(body)  # first: it keeps MuJoCo from writing a log
    return gymnasium.make(body.gymnasium, **body.options).unwrapped, world


def wandering(body, world, count=6, steps=15):
    """Return states in which bodies are after some random actions, and actions from there."""
    rng = generator(3, body.name)
    states = world.begin(np.arange(count))
    for _ in range(steps):
        states = world.step(states, rng.uniform(-1, 1, (count, body.actions)))
    return states, rng.uniform(-1, 1, (count, body.actions))


# -- as data --------------------------------------------------------------------------------------


def test_a_direction_is_told_as_a_unit_vector_and_paid_along_it():
    goals = np.array([0.0, np.pi / 2, -np.pi])
    np.testing.assert_allclose(DIRECTIONS.encode(goals), [[1, 0], [0, 1], [-1, 0]], atol=1e-12)
    velocities = np.array([[2.0, 5.0], [2.0, 5.0], [2.0, 5.0]])
    np.testing.assert_allclose(DIRECTIONS.reward(velocities, goals), [2, 5, -2])


def test_a_speed_is_paid_by_how_much_closer_it_is_than_standing():
    speeds, goals = np.array([[0.0], [3.0], [2.0], [6.0], [-1.0]]), np.full(5, 3.0)
    np.testing.assert_allclose(SPEEDS.reward(speeds, goals), [0, 3, 2, 0, -1])
    np.testing.assert_allclose(SPEEDS.encode(np.array([4.5, 0.45])), [[1], [0.1]])


def test_a_body_needs_a_number_for_each_observation():
    with pytest.raises(DeclarationError, match=r"ant\.mean: there must be 27 numbers"):
        replace(CATALOG["ant"], mean=(0.0,))


def test_observations_are_normalised_and_clipped_and_hide_the_place():
    body = Body(
        name="b",
        gymnasium="",
        positions=2,
        velocities=2,
        axes=1,
        actions=1,
        seconds=0.1,
        goals=SPEEDS,
        effort=0.5,
        mean=(1.0, 0.0, 0.0),
        spread=(2.0, 1.0, 1.0),
        fastest=4.0,
        alive=1.0,
        upright={1: (0.0, 9.0)},
    )
    before = np.array([[7.0, 3.0, -99.0, 0.5], [8.0, -99.0, 1.0, 0.0]])
    np.testing.assert_allclose(
        body.inputs(before, np.array([4.5, 0.0])), [[1, -4, 0.5, 1], [-5, 1, 0, 0]]
    )
    after = before + np.array([0.2, 0, 0, 0])
    # 2 m/s of 3, upright and then not, an effort of 0.5*0.2**2
    reward = body.reward(before, after, np.full((2, 1), 0.2), np.array([3.0, 3.0]))
    np.testing.assert_allclose(reward, [2 + 1 - 0.02, 2 - 0.02])


def test_lost_states_are_those_beyond_all_numbers():
    states = np.array([[0, 1.0], [0, np.nan], [np.inf, 0], [0, -1e11], [1e9, 0]])
    np.testing.assert_array_equal(is_lost(states), [False, True, True, True, False])


def test_without_the_simulator_one_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    chosen = Study("x", TaskChoice("ant_direction"), RuleChoice("pdlf"))
    with pytest.raises(DeclarationError, match=r'pip install "brian2-neuromodels\[mujoco\]"'):
        experiment_of(chosen, "plastic")


# -- beside Gymnasium -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_those_of_gymnasium(gymnasium, name):
    body = CATALOG[name]
    env, _ = opened(gymnasium, body)
    assert (env.model.nq, env.model.nv) == (body.positions, body.velocities)
    assert env.observation_space.shape == (body.observations,)
    assert env.action_space.shape == (body.actions,)
    np.testing.assert_array_equal(env.action_space.low, -1)
    np.testing.assert_array_equal(env.action_space.high, 1)
    assert env.dt == pytest.approx(body.seconds)


@pytest.mark.parametrize("name", NAMES)
def test_trials_begin_as_in_gymnasium(gymnasium, name):
    body = CATALOG[name]
    env, world = opened(gymnasium, body)
    observed = [env.reset(seed=seed)[0] for seed in (5, 6, 2**63 - 1)]
    states = world.begin(np.array([5, 6, 2**63 - 1], dtype=np.uint64))
    np.testing.assert_array_equal(body.observe(states), observed)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_that_of_gymnasium(gymnasium, name):
    body = CATALOG[name]
    env, world = opened(gymnasium, body)
    states, actions = wandering(body, world)
    after = world.step(states, actions)
    moved, upright = body.mean_velocity(states, after), body.is_upright(after)
    for k, action in enumerate(actions):
        env.reset(seed=0)
        env.set_state(*np.split(states[k], [body.positions]))
        env.data.qacc_warmstart[:] = 0
        place = env.data.qpos[: body.axes].copy()
        observed, _, terminated, _, info = env.step(action)
        np.testing.assert_allclose(body.observe(after)[k], observed, rtol=1e-9, atol=1e-9)
        velocity = (env.data.qpos[: body.axes] - place) / env.dt
        if name != "ant":  # whose velocity in Gymnasium lags behind by a part of the step
            told = [info[f"{axis}_velocity"] for axis in "xy"[: body.axes]]
            np.testing.assert_allclose(velocity, told, atol=1e-9)
        np.testing.assert_allclose(moved[k], velocity, atol=1e-7)
        assert upright[k] != terminated
        cost = body.effort * (action**2).sum()
        assert info["reward_ctrl"] == pytest.approx(-cost)
        assert info.get("reward_survive", 0) == pytest.approx(body.alive * upright[k])


@pytest.mark.parametrize("name", ["hopper", "ant"])
def test_bodies_fall_when_gymnasium_says_so(gymnasium, name):
    body = CATALOG[name]
    env, _ = opened(gymnasium, body)
    rng, seen = generator(1, name), set()
    for _ in range(200):
        state = np.concatenate([env.init_qpos, env.init_qvel])
        state[1:4] += rng.uniform(-0.6, 0.6, 3)
        env.set_state(*np.split(state, [body.positions]))
        assert body.is_upright(state[None])[0] == env.is_healthy
        seen.add(bool(env.is_healthy))
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["halfcheetah", "ant"])
def test_neither_threads_nor_company_change_a_bit(gymnasium, name):
    body = CATALOG[name]
    states, actions = wandering(body, open_world(body, 1), count=20)
    alone = np.vstack(
        [
            open_world(body, 1).step(*each)
            for each in zip(np.split(states, 4), np.split(actions, 4), strict=True)
        ]
    )
    for threads in (2, 3):
        world = open_world(body, threads)
        world.step(states[::-1], -actions)
        np.testing.assert_array_equal(world.step(states, actions), alone)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_body_that_explodes_is_lost_and_no_other(gymnasium, threads, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = CATALOG["halfcheetah"]
    world = open_world(body, threads)
    states, actions = wandering(body, world)
    expected = world.step(states, actions)
    states[2, body.positions + 3] = 1e9
    after = world.step(states, actions)
    np.testing.assert_array_equal(is_lost(after), np.arange(6) == 2)
    others = np.arange(6) != 2
    np.testing.assert_array_equal(after[others], expected[others])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["swimmer", "halfcheetah"])
def test_the_stored_normalisation_is_what_is_measured(gymnasium, name):
    body = CATALOG[name]
    mean, spread = measure_observations(body, open_world(body, 2))
    assert np.abs((mean - body.mean) / body.spread).max() < 0.3
    assert np.abs(spread / body.spread - 1).max() < 0.3


def study(name, steps=20):
    return Study(
        name="small",
        task=TaskChoice(name, {"steps": steps}),
        rule=RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=8),
        device=DeviceChoice(threads=2),
    )


def test_doing_nothing_scores_what_gymnasium_pays_for_it(gymnasium):
    body, steps, streams = CATALOG["hopper"], 60, trial_streams(1, 5)
    made = EmbodiedExperiment(study("hopper_velocity", steps), "plastic")
    scores = made.evaluate(np.zeros((1, made.dimension)), streams).scores[0]
    env, _ = opened(gymnasium, body)
    for stream, score in zip(streams, scores, strict=True):
        env.reset(seed=int(stream))
        paid, speeds, terminated = 0.0, [], False
        while not terminated and len(speeds) < steps:
            _, _, terminated, _, info = env.step(np.zeros(3))
            paid += info["reward_survive"]
            speeds.append(info["x_velocity"])
        goals = [0.2625 * k for k in range(8)]
        speeds = np.array(speeds)
        possible = [(paid + np.sum(g - np.abs(speeds - g))) / steps for g in goals]
        assert np.abs(np.array(possible) - score).min() < 1e-3


@pytest.mark.parametrize("name", ["swimmer_direction", "ant_direction", "halfcheetah_velocity"])
def test_real_bodies_are_moved_alike_whatever_the_threads(gymnasium, name):
    chosen = study(name)
    xs, streams = None, trial_streams(2, 3)
    found = []
    for threads in (1, 2):
        made = EmbodiedExperiment(replace(chosen, device=DeviceChoice(threads=threads)), "plastic")
        xs = generator(1, name).standard_normal((4, made.dimension)) if xs is None else xs
        found += [made.evaluate(xs, streams), made.evaluate(xs, streams)]
    for outcome in found[1:]:
        np.testing.assert_array_equal(outcome.scores, found[0].scores)
    assert np.unique(found[0].scores).size == 12
    assert not found[0].failures


def test_what_looks_into_trials_moves_the_same_bodies(gymnasium):
    chosen, streams = study("hopper_velocity", 40), trial_streams(4, 6)
    made = EmbodiedExperiment(chosen, "plastic")
    x = generator(1, "looked into").standard_normal(made.dimension)
    expected = made.evaluate(x[None], streams).scores[0]
    shares, scores = scores_by_goal(Solution(chosen, "plastic", x, streams, 1))
    np.testing.assert_array_equal(scores, expected)
    assert set(np.round(shares * 80) % 10) == {5}
    rewards = rewards_of(Solution(chosen, "plastic", x, streams, 1))
    assert rewards.shape == (6, 40)
    np.testing.assert_allclose(rewards.sum(axis=1), expected, atol=1e-12)
