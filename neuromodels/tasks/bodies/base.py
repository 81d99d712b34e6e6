"""What a body is: its sizes, what it observes, what a step earns, and when it has fallen.

A state is a body's generalised positions, then its velocities.  The first positions, of the root
along the ground, are never observed: a goal is the same wherever the body is.
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
    """What a body may be told to do.

    Parameters
    ----------
    kind
        ``"direction"``: run that way, an angle in radians.  ``"velocity"``: keep that speed along
        the first axis, in m/s.  ``"run"``: forward, the faster the better; nothing is told.
    lowest, span
        Of the range of goals, in their unit; of ``"run"``, of speeds that are to be seen.
    """

    kind: Literal["direction", "velocity", "run"]
    lowest: float
    span: float

    @property
    def channels(self) -> int:
        """How many input channels tell the goal."""
        return {"direction": 2, "velocity": 1, "run": 0}[self.kind]

    @property
    def fastest(self) -> float:
        """The fastest speed that may be asked for, m/s; 0 where none is."""
        return 0.0 if self.kind == "direction" else self.lowest + self.span

    def told(self, goals: np.ndarray) -> np.ndarray:
        """Return what the channels tell of goals (n,), shape (n, channels).

        A direction is told as cosine and sine, so that nothing jumps at 180 degrees; a speed as
        its share of the fastest.
        """
        if self.kind == "direction":
            return np.column_stack([np.cos(goals), np.sin(goals)])
        return goals[:, None][:, : self.channels] / self.fastest

    def reward(self, velocities: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Return what moving earns beyond standing still, (n,), m/s.

        The velocity along the told direction or forward, or by how much the speed is closer to the
        told one than standing is.

        Parameters
        ----------
        velocities
            Of the root along the ground, shape (n, axes), m/s.
        goals
            Shape (n,).
        """
        if self.kind == "direction":
            return np.einsum("nk,nk->n", velocities, self.told(goals))
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
        How many a state has.
    axes
        How many of the first positions lie along the ground and are not observed.
    actions
        How many, each between -1 and 1.
    seconds
        Between two actions.
    goals
        What it may be told.
    alive
        Earned in each step in which it has not fallen.
    effort
        Cost of the sum of squared actions.
    upright
        By number of a state's entry: the range outside of which the body has fallen.
    fastest
        Observed velocities are limited to this, as Gymnasium does.
    mean, spread
        Of observations without the goal, under random actions; see `worlds.measured`.  They are
        constants: every method, seed and resumed run sees the same numbers for the same state.
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
    def observations(self) -> int:
        """How many numbers of a state are observed."""
        return self.positions + self.velocities - self.axes

    @property
    def channels(self) -> int:
        """How many input channels a network needs: observations, then the goal."""
        return self.observations + self.goals.channels

    def observed(self, states: np.ndarray) -> np.ndarray:
        """Return observations as the simulator gives them, (n, observations)."""
        limited = np.clip(states[:, self.positions :], -self.fastest, self.fastest)
        return np.column_stack([states[:, self.axes : self.positions], limited])

    def shown(self, states: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Return what the input channels show, (n, channels): normalised, clipped, and the goal."""
        normal = (self.observed(states) - np.array(self.mean)) / np.array(self.spread)
        return np.column_stack([np.clip(normal, -CLIP, CLIP), self.goals.told(goals)])

    def moved(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
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
        """Return what each body earned in a step, (n,): 0 is standing still without effort."""
        earned = self.goals.reward(self.moved(before, after), goals)
        return earned + self.alive * self.is_upright(after) - self.effort * (actions**2).sum(axis=1)
