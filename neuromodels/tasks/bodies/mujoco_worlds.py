"""Simulators that move many bodies of one kind at once; MuJoCo is imported when one is opened."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np

from neuromodels.errors import DeclarationError, pip_command
from neuromodels.tasks.bodies.base import Body
from neuromodels.tasks.bodies.environments import Environment, EnvironmentWorld
from neuromodels.tasks.bodies.novel_worlds import USUAL, Novelty, alter

HOPELESS = 1e10
"""MuJoCo itself calls a state with an entry beyond this unstable."""


class World(Protocol):
    """Moves bodies, one state per row, independently of each other."""

    def begin(self, streams: np.ndarray) -> np.ndarray:
        """Return the first state of trials (n,), drawn from their noise streams."""
        ...

    def step(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Return the states after one action each."""
        ...


class MujocoWorld:
    """A body of Gymnasium, moved by MuJoCo's own pool of threads.

    Only positions and velocities are carried from step to step.  So a step depends on the state
    alone, not on the thread that computes it or on what that thread computed before.

    Parameters
    ----------
    body
        A body of the catalog.
    threads
        Size of the pool.
    novelty
        How the model differs from Gymnasium's.

    Raises
    ------
    DeclarationError
        Where Gymnasium or MuJoCo is missing.
    """

    def __init__(self, body: Body, threads: int = 1, novelty: Novelty = USUAL):
        self._mujoco, gymnasium, rollout = _packages(body)
        # MuJoCo would warn of Gymnasium's model files, and write a log in the working directory
        # for each body that explodes; such a trial counts as failed anyway
        self._mujoco.set_mju_user_warning(_silent)
        self._env = gymnasium.make(body.gymnasium, **body.options).unwrapped
        self._model: Any = self._env.model
        alter(self._mujoco, self._model, novelty)
        # otherwise MuJoCo resets a body that explodes to its first state
        self._model.opt.disableflags |= self._mujoco.mjtDisableBit.mjDSBL_AUTORESET
        self._pool = rollout.Rollout(nthread=threads if threads > 1 else 0)
        self._data = [self._mujoco.MjData(self._model) for _ in range(threads)]

    def begin(self, streams: np.ndarray) -> np.ndarray:
        """Return the states in which Gymnasium itself begins under seeds (n,)."""
        return np.array([self._first(int(stream)) for stream in streams])

    def _first(self, seed: int) -> np.ndarray:
        self._env.reset(seed=seed)
        return np.concatenate([self._env.data.qpos, self._env.data.qvel])

    def step(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Return the states (n, positions + velocities) after actions (n, actions)."""
        steps = self._env.frame_skip
        # MuJoCo's own state begins with the time, on which nothing depends here
        whole = np.column_stack([np.zeros(len(states)), states])
        held = np.repeat(actions[:, None], steps, axis=1)
        moved, _ = self._pool.rollout(self._model, self._data, whole, held)
        return moved[:, -1, 1:].copy()


def open_world(body: Body, threads: int = 1, novelty: Novelty = USUAL) -> World:
    """Return the world of a body of the catalog, or of an environment."""
    if isinstance(body, Environment):
        return EnvironmentWorld(body)
    return MujocoWorld(body, threads, novelty)


def is_lost(states: np.ndarray) -> np.ndarray:
    """Whether a state is not finite or beyond `HOPELESS`, (n,)."""
    return ~(np.abs(states) < HOPELESS).all(axis=1)


def measure_observations(
    body: Body, world: World, episodes: int = 256, steps: int = 100, hold: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and spread of observations under random actions, each (observations,).

    Actions are uniform and held for `hold` steps: a body hardly moves when they change in every
    step.  The spread of the root's velocities is at least a quarter of the fastest goal, so that
    clipping does not hide the speed that is asked for.
    """
    rng = np.random.default_rng(0)
    states, parts = world.begin(np.arange(episodes)), []
    for step in range(steps):
        if step % hold == 0:
            actions = rng.uniform(-1, 1, (episodes, body.actions))
        states = world.step(states, actions)
        fallen = ~body.is_upright(states)
        parts.append(body.observe(states[~fallen]))
        if fallen.any():
            states[fallen] = world.begin(rng.integers(2**32, size=int(fallen.sum())))
    observed = np.concatenate(parts)
    mean, spread = observed.mean(axis=0), np.maximum(observed.std(axis=0), 1e-3)
    root = slice(body.positions - body.axes, body.positions)
    spread[root] = np.maximum(spread[root], body.goals.fastest / 4)
    return mean, spread


def _silent(text: str) -> None:
    """Ignore a warning."""


def _packages(body: Body) -> tuple[Any, Any, Any]:
    names = ("mujoco", "gymnasium", "mujoco.rollout")
    try:
        return tuple(import_module(name) for name in names)  # type: ignore[return-value]
    except ImportError as error:
        raise DeclarationError(
            f"Body.{body.name}",
            "needs Gymnasium and MuJoCo 3.3 or newer",
            str(error),
            f"Install them: {pip_command('mujoco')}.",
        ) from None
