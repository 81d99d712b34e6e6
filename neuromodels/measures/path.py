"""Agents that are sent along commanded paths (PDLF, arXiv:2308.12063, Fig. 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import KEPT, Examined, Measure, Quantity, Solution, mean_of

Commands = Sequence[tuple[float, float, int]]
"""Heading in degrees at the beginning and at the end of a leg, and its steps."""
PATHS: Mapping[str, Commands] = {
    "triangle": ((90, 90, 180), (-30, -30, 140), (-150, -150, 180)),
    "square": ((-135, -135, 123), (-45, -45, 123), (45, 45, 123), (135, 135, 131)),
    "ramp": ((-144, 36, 290), (135, 135, 210)),
}
"""The paper's commanded paths, 500 steps in place of 1,000; the hand-drawn one is not released."""
NEEDED = ("goal_x", "goal_y", "x", "y", "vx", "vy")
"""What an agent must have to be sent along a path: a goal as a unit vector, place and velocity."""
CLOSE = 30
"""Degrees off the commanded heading that count as following it."""


@dataclass(frozen=True)
class Walk:
    """What an agent did along a commanded path.

    Parameters
    ----------
    places
        Where it was, (trials, steps, 2), m.
    commanded
        Heading that was told in each step, (steps,), rad.
    heading
        Heading in which it moved, (trials, steps), rad.
    """

    places: np.ndarray
    commanded: np.ndarray
    heading: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """How far off its heading was, (trials, steps), rad, 0 to pi."""
        return np.abs(np.angle(np.exp(1j * (self.heading - self.commanded))))


def examine(solution: Solution) -> Examined:
    """Return how far off its command an agent moves on each path, and how often it is close."""
    arrays: dict[str, np.ndarray] = {}
    quantities: dict[str, Quantity] = {}
    for name, commands in PATHS.items():
        walk = walk_of(solution, commands)
        degrees = np.rad2deg(walk.errors)
        arrays |= {f"{name}_places": walk.places[:KEPT], f"{name}_commanded": walk.commanded}
        quantities[f"{name}: degrees off the heading"] = mean_of(degrees.mean(axis=1))
        within = (degrees <= CLOSE).mean(axis=1)
        quantities[f"{name}: part of the time within {CLOSE} degrees"] = mean_of(within)
    return arrays, quantities


def walk_of(solution: Solution, commands: Commands) -> Walk:
    """Send an agent along a path: its goal is another one whenever the command changes.

    Raises
    ------
    DeclarationError
        When the task's agent lacks what a path needs, see `NEEDED`.
    """
    _check_agent(solution)
    trials = solution.episodes()
    places, headings, commanded = [], [], []
    for angle in headings_of(commands):
        for name, value in (("goal_x", np.cos(angle)), ("goal_y", np.sin(angle))):
            trials.batch[f"items.{name}"] = np.full((len(solution.streams), 1), value)
        trials.run()
        x, y, vx, vy = (np.asarray(trials.batch[f"items.{n}"])[:, 0] for n in NEEDED[2:])
        places.append(np.column_stack([x, y]))
        headings.append(np.arctan2(vy, vx))
        commanded.append(angle)
    return Walk(np.stack(places, axis=1), np.array(commanded), np.stack(headings, axis=1))


def headings_of(commands: Commands) -> Iterator[float]:
    """Yield the commanded heading of each step, rad."""
    for begin, end, steps in commands:
        yield from np.deg2rad(np.linspace(begin, end, steps, endpoint=False))


def _check_agent(solution: Solution) -> None:
    task = solution.task
    text = task.item_model + task.dynamics
    if not all(f"{name} " in text or f"d{name}/dt" in text for name in NEEDED):
        raise DeclarationError(
            f"Task.{solution.study.task.name}",
            f"must have the variables {', '.join(NEEDED)}",
            cure="Only tasks with a direction as goal can be sent along a path.",
        )


PATH = Measure(
    name="path",
    about="Does an agent follow a direction that changes?",
    note="The goal is another direction whenever the command changes.",
    examine=examine,
)
