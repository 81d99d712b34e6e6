"""Any environment of Gymnasium as a body: one environment for each running trial, stepped in turn.

A row of states is the seed of the trial, the number of its environment (-1 before the first step),
the last reward, whether the trial has ended, and the observation.  So a trial depends on nothing
but its seed, as far as the environment keeps Gymnasium's promise on ``reset(seed=...)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, SimulationError, pip_command, said_by
from neuromodels.tasks.bodies.base import Body, Goals

SEED, SLOT, REWARD, ENDED, SEEN = range(5)
"""Columns of a state; the observation begins with the last."""
WIDEST = 1e6
"""Bounds of an action beyond this are none."""
Make = Callable[[], Any]


def made_of(name: str, options: Mapping[str, object] | None = None) -> Any:
    """Return the environment of a name that Gymnasium knows.

    Raises
    ------
    DeclarationError
        Where Gymnasium is not installed, or cannot make it.
    """
    try:
        return import_module("gymnasium").make(name, **(options or {}))
    except ImportError as error:
        raise DeclarationError(
            f"environment {name}",
            "needs Gymnasium",
            str(error),
            f"Install it: {pip_command('gymnasium')}.",
        ) from None
    except Exception as error:  # whatever an environment raises when it is made
        raise DeclarationError(f"environment {name}", "cannot be made", said_by(error)) from None


@dataclass(frozen=True, eq=False)
class Environment(Body):
    """An environment as a body, made by `environment_of`.

    Parameters
    ----------
    make
        Returns a new environment.
    choices
        Number of discrete actions, of which the largest read-out takes one; 0: actions are
        numbers.
    low, high
        Range of each action that is a number, from -1 to 1 of the read-out.
    shape
        Of an action that is a number.
    kinds
        Number of discrete observations, a channel for each; 0: observations are numbers.
    """

    make: Make | None = None
    choices: int = 0
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    shape: tuple[int, ...] = ()
    kinds: int = 0

    @property
    def limit(self) -> float:
        """The largest of several read-outs is told however large it is."""
        return np.inf if self.choices else 1.0

    def observe(self, states: np.ndarray) -> np.ndarray:
        """Return observations, (n, channels)."""
        return states[:, SEEN:]

    def inputs(self, states: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Return inputs (n, channels): observations as they are, over spreads about means."""
        return (self.observe(states) - np.array(self.mean)) / np.array(self.spread)

    def is_upright(self, states: np.ndarray) -> np.ndarray:
        """Whether a trial has not ended, (n,)."""
        return states[:, ENDED] == 0

    def reward(
        self, before: np.ndarray, after: np.ndarray, actions: np.ndarray, goals: np.ndarray
    ) -> np.ndarray:
        """Return the reward of each trial in a step, (n,)."""
        return after[:, REWARD]

    def told(self, actions: np.ndarray) -> Any:
        """Return what the environment is told, of the read-outs of one trial (actions,)."""
        if self.choices:
            return int(np.argmax(actions))
        low, high = np.array(self.low), np.array(self.high)
        return (low + (actions + 1) / 2 * (high - low)).reshape(self.shape).astype(np.float32)

    def seen(self, observation: Any) -> np.ndarray:
        """Return an observation as numbers, (channels,)."""
        if self.kinds:
            return np.eye(self.kinds)[int(observation)]
        return np.asarray(observation, dtype=float).reshape(-1)


def environment_of(
    make: Make,
    name: str,
    seconds: float,
    mean: tuple[float, ...] = (),
    spread: tuple[float, ...] = (),
) -> Environment:
    """Return an environment as a body; it is made once to look at its spaces.

    Raises
    ------
    DeclarationError
        Where observations or actions cannot be channels and read-outs.
    """
    made = make()
    kinds, channels = _observed(made, name)
    choices, low, high, shape = _acted(made, name)
    return Environment(
        name=name,
        gymnasium=name,
        positions=channels,
        velocities=0,
        axes=0,
        actions=choices or len(low),
        seconds=seconds,
        goals=Goals("run", 0, 1),
        effort=0,
        mean=mean or (0.0,) * channels,
        spread=spread or (1.0,) * channels,
        make=make,
        choices=choices,
        low=low,
        high=high,
        shape=shape,
        kinds=kinds,
    )


def _observed(made: Any, name: str) -> tuple[int, int]:
    """Return the number of discrete observations, 0 where they are numbers, and of channels."""
    space = getattr(made, "observation_space", None)
    kinds, shape = getattr(space, "n", None), tuple(getattr(space, "shape", None) or ())
    if kinds is None and not shape:
        must = "observations must be one of several, or an array of numbers"
        raise DeclarationError(f"environment {name}", must, space)
    return (0, int(np.prod(shape))) if kinds is None else (int(kinds), int(kinds))


def _acted(made: Any, name: str) -> tuple[int, tuple, tuple, tuple]:
    """Return the number of discrete actions, or bounds and shape of those that are numbers."""
    space = getattr(made, "action_space", None)
    if (count := getattr(space, "n", None)) is not None and np.ndim(count) == 0:
        return int(count), (), (), ()
    if space is None or not hasattr(space, "low") or not hasattr(space, "high"):
        must = "actions must be one of several, or an array of numbers with bounds"
        raise DeclarationError(f"environment {name}", must, space)
    low, high = (np.asarray(each, dtype=float) for each in (space.low, space.high))
    if not ((low > -WIDEST) & (high < WIDEST)).all():
        raise DeclarationError(f"environment {name}", "actions must have bounds", space)
    return 0, tuple(low.ravel().tolist()), tuple(high.ravel().tolist()), low.shape


class EnvironmentWorld:
    """Environments of one kind, one for each trial that runs.

    Parameters
    ----------
    body
        The environment.
    """

    def __init__(self, body: Environment):
        assert body.make is not None
        self._body, self._make = body, body.make
        self._all: list[Any] = []
        self._free: list[int] = []

    def begin(self, streams: np.ndarray) -> np.ndarray:
        """Return the first states of trials under their noise streams (n,)."""
        self._free = list(range(len(self._all)))
        slot = self._take()
        seeds = (np.asarray(streams, dtype=np.uint64) % np.uint64(2**31)).astype(int)
        seen = [self._reset(slot, int(seed)) for seed in seeds]
        self._free.append(slot)
        fresh = [seeds, np.full(len(seeds), -1), np.zeros(len(seeds)), np.zeros(len(seeds))]
        return np.column_stack([*fresh, np.array(seen)])

    def step(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Return the states (n, 4 + channels) after actions (n, actions)."""
        after = states.copy()
        for row, action in zip(after, actions, strict=True):
            slot = int(row[SLOT])
            if slot < 0:
                slot = self._take()
                self._reset(slot, int(row[SEED]))
            row[SLOT] = slot
            with self._answering():
                seen, reward, ends, is_cut, _ = self._all[slot].step(self._body.told(action))
                row[REWARD], row[ENDED] = float(reward), bool(ends or is_cut)
                row[SEEN:] = self._body.seen(seen)
            if row[ENDED]:
                self._free.append(slot)
        return after

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Say which environment failed, whatever it raises.

        Raises
        ------
        SimulationError
            With what it says.
        """
        try:
            yield
        except Exception as error:
            where = f"environment {self._body.name}"
            raise SimulationError(where, "must answer each action", said_by(error)) from error

    def _take(self) -> int:
        """Return the number of an environment that no trial uses."""
        if not self._free:
            with self._answering():
                self._all.append(self._make())
            self._free.append(len(self._all) - 1)
        return self._free.pop()

    def _reset(self, slot: int, seed: int) -> np.ndarray:
        with self._answering():
            observation, _ = self._all[slot].reset(seed=seed)
            seen = self._body.seen(observation)
            if seen.shape != (self._body.channels,):
                raise ValueError(f"{seen.size} observations, not {self._body.channels}")
        return seen
