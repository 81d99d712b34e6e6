"""Simulators that move many bodies of one kind at once; MuJoCo is imported when one is opened."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.tasks.bodies.base import Body
from neuromodels.tasks.bodies.novel_worlds import USUAL, Novelty, alter

HOPELESS = 1e10
"""A state beyond this is one that MuJoCo itself calls unstable."""


class World(Protocol):
    """Moves bodies; one state per row, each on its own."""

    def begin(self, streams: np.ndarray) -> np.ndarray:
        """Return the first state of trials (n,), drawn from their noise streams."""
        ...

    def step(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Return the states after one action each."""
        ...


class MujocoWorld:
    """Gymnasium's body, moved by MuJoCo's own pool of threads.

    Only positions and velocities are carried from step to step, so that a state says everything:
    nothing depends on which thread moved a body, or on what it moved before.

    Parameters
    ----------
    body
        Which one.
    threads
        Of the pool.
    novelty
        How its model differs from Gymnasium's.

    Raises
    ------
    DeclarationError
        Where Gymnasium or MuJoCo is missing.
    """

    def __init__(self, body: Body, threads: int = 1, novelty: Novelty = USUAL):
        self._mujoco, gymnasium, rollout = _packages(body)
        # MuJoCo prints what it thinks of Gymnasium's model files, and writes a log where it is run
        # about each body that explodes, which is no news: its trial counts as failed
        self._mujoco.set_mju_user_warning(_silent)
        self._env = gymnasium.make(body.gymnasium, **body.options).unwrapped
        self._model: Any = self._env.model
        alter(self._mujoco, self._model, novelty)
        # without this MuJoCo puts a body that explodes back to where it began
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
        # MuJoCo's own state begins with a time, which moves nothing
        whole = np.column_stack([np.zeros(len(states)), states])
        held = np.repeat(actions[:, None], steps, axis=1)
        moved, _ = self._pool.rollout(self._model, self._data, whole, held)
        return moved[:, -1, 1:].copy()


def open_world(body: Body, threads: int = 1, novelty: Novelty = USUAL) -> World:
    """Return the world of a body of the catalog."""
    return MujocoWorld(body, threads, novelty)


def is_lost(states: np.ndarray) -> np.ndarray:
    """Whether a state is none any more, (n,)."""
    return ~(np.abs(states) < HOPELESS).all(axis=1)


def measured(
    body: Body, world: World, episodes: int = 256, steps: int = 100, hold: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and spread of what a body observes when it acts at random.

    Uniform actions, each held for a while, since a body hardly moves when they change in every
    step.  A speed that is asked for must be seen: the spread of the root's velocities is at least
    a quarter of the fastest goal.
    """
    rng = np.random.default_rng(0)
    states, seen = world.begin(np.arange(episodes)), []
    for step in range(steps):
        if step % hold == 0:
            actions = rng.uniform(-1, 1, (episodes, body.actions))
        states = world.step(states, actions)
        fallen = ~body.is_upright(states)
        seen.append(body.observed(states[~fallen]))
        if fallen.any():
            states[fallen] = world.begin(rng.integers(2**32, size=int(fallen.sum())))
    observed = np.concatenate(seen)
    mean, spread = observed.mean(axis=0), np.maximum(observed.std(axis=0), 1e-3)
    root = slice(body.positions - body.axes, body.positions)
    spread[root] = np.maximum(spread[root], body.goals.fastest / 4)
    return mean, spread


def _silent(text: str) -> None:
    """Take a warning and say nothing."""


def _packages(body: Body) -> tuple[Any, Any, Any]:
    names = ("mujoco", "gymnasium", "mujoco.rollout")
    try:
        return tuple(import_module(name) for name in names)  # type: ignore[return-value]
    except ImportError as error:
        raise DeclarationError(
            f"Body.{body.name}",
            "needs Gymnasium and MuJoCo 3.3 or newer",
            str(error),
            'Install them: pip install "neuromodels[mujoco]".',
        ) from None
