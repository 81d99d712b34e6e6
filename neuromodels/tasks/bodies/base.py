"""Bodies as data: sizes, observations, rewards, and when a body has fallen.

A state is a body's generalised positions, then its velocities.  The first positions, those of the
root along the ground, are never observed: a goal is the same wherever the body is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from neuromodels.errors import DeclarationError

CLIP = 5.0
"""Observations are clipped to this many spreads, as in PDLF (arXiv:2308.12063)."""


@dataclass(frozen=True)
class Goals:
    """The goals that a body may be given.

    Parameters
    ----------
    kind
        ``"direction"``: run that way, an angle in radians.  ``"velocity"``: keep that speed along
        the first axis, in m/s.  ``"run"``: forward, the faster the better; no channel tells it.
    lowest, span
        Start and width of the range of goals, in their unit; for ``"run"``, of observable speeds.
    """

    kind: Literal["direction", "velocity", "run"]
    lowest: float
    span: float

    @property
    def channels(self) -> int:
        """Number of input channels that tell the goal."""
        return {"direction": 2, "velocity": 1, "run": 0}[self.kind]

    @property
    def fastest(self) -> float:
        """The fastest speed that a goal may ask for, m/s; 0 for directions."""
        return 0.0 if self.kind == "direction" else self.lowest + self.span

    def encode(self, goals: np.ndarray) -> np.ndarray:
        """Return the channel values of goals (n,), shape (n, channels).

        A direction becomes its cosine and sine, so that nothing jumps at 180 degrees; a speed
        becomes its share of the fastest.
        """
        if self.kind == "direction":
            return np.column_stack([np.cos(goals), np.sin(goals)])
        return goals[:, None][:, : self.channels] / self.fastest

    def reward(self, velocities: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Return what moving earns beyond standing still, (n,), m/s.

        For directions and ``"run"``: the velocity that way.  For speeds: how much closer the speed
        is to the goal than standing still.

        Parameters
        ----------
        velocities
            Of the root along the ground, shape (n, axes), m/s.
        goals
            Shape (n,).
        """
        if self.kind == "direction":
            return np.einsum("nk,nk->n", velocities, self.encode(goals))
        if self.kind == "run":
            return velocities[:, 0]
        return np.abs(goals) - np.abs(velocities[:, 0] - goals)


@dataclass(frozen=True)
class Body:
    """A body, as data.

    Parameters
    ----------
    name
        Of the body.
    gymnasium, options
        Id of its environment in Gymnasium, and arguments for it.
    positions, velocities
        Number of each in a state.
    axes
        Number of the first positions, which lie along the ground and are not observed.
    actions
        Number of actions, each between -1 and 1.
    seconds
        Time between two actions.
    goals
        The goals that it may be given.
    alive
        Earned in each step in which it has not fallen.
    effort
        Cost of the sum of squared actions.
    upright
        By number of a state's entry: the range outside of which the body has fallen.
    fastest
        Observed velocities are limited to this, as Gymnasium does.
    mean, spread
        Of observations without the goal, under random actions; see
        `mujoco_worlds.measure_observations`.  They are constants: every method, seed and resumed
        run sees the same numbers for the same state.
    """

    name: str
    gymnasium: str
    positions: int
    velocities: int
    axes: int
    actions: int
    seconds: float
    goals: Goals
    effort: float
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    alive: float = 0.0
    upright: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    fastest: float = np.inf
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("mean", "spread"):
            if len(getattr(self, name)) != self.observations:
                raise DeclarationError(
                    f"Body.{self.name}.{name}",
                    f"there must be {self.observations} numbers",
                    len(getattr(self, name)),
                )

    @property
    def limit(self) -> float:
        """How far an action may be from 0."""
        return 1.0

    @property
    def observations(self) -> int:
        """Number of observed entries of a state."""
        return self.positions + self.velocities - self.axes

    @property
    def channels(self) -> int:
        """Number of input channels that a network needs: observations, then the goal."""
        return self.observations + self.goals.channels

    def observe(self, states: np.ndarray) -> np.ndarray:
        """Return observations as the simulator gives them, (n, observations)."""
        limited = np.clip(states[:, self.positions :], -self.fastest, self.fastest)
        return np.column_stack([states[:, self.axes : self.positions], limited])

    def inputs(self, states: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Return inputs (n, channels): observations, normalised and clipped, then the goal."""
        normal = (self.observe(states) - np.array(self.mean)) / np.array(self.spread)
        return np.column_stack([np.clip(normal, -CLIP, CLIP), self.goals.encode(goals)])

    def mean_velocity(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return the root's mean velocity in a step along the ground, (n, axes), m/s."""
        return (after[:, : self.axes] - before[:, : self.axes]) / self.seconds

    def is_upright(self, states: np.ndarray) -> np.ndarray:
        """Whether a body has not fallen, (n,)."""
        standing = np.ones(len(states), dtype=bool)
        for number, (low, high) in self.upright.items():
            standing &= (states[:, number] > low) & (states[:, number] < high)
        return standing

    def reward(
        self, before: np.ndarray, after: np.ndarray, actions: np.ndarray, goals: np.ndarray
    ) -> np.ndarray:
        """Return the reward of each body in a step, (n,): 0 for standing still without effort."""
        earned = self.goals.reward(self.mean_velocity(before, after), goals)
        return earned + self.alive * self.is_upright(after) - self.effort * (actions**2).sum(axis=1)
