"""Agents that are told where to go: their score for every goal, and along commanded paths.

PDLF, arXiv:2308.12063, Figs. 5a and 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.episodes import Episodes
from neuromodels.study.study import Study

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


def scores_by_goal(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the goal of each trial, its place in the full range, and the trial's score.

    Parameters
    ----------
    condition
        ``"plastic"`` or ``"fixed"`` for trained goals, ``"unseen"`` or ``"unseen_fixed"``.

    Returns
    -------
    shares, scores
        (trials,) each; a share lies in [0, 1).
    """
    task = tasks.CATALOG[study.task.name]
    if "share" not in task.item_start:
        raise DeclarationError(f"Task.{task.name}", "must draw goals, with their `share`")
    trials = Episodes(study, condition, vector, streams)
    trials.run(trials.steps)
    return np.asarray(trials.batch["items.share"])[:, 0], trials.score()


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


def walk_of(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, commands: Commands
) -> Walk:
    """Send an agent along a path: its goal is another one whenever the command changes.

    Raises
    ------
    DeclarationError
        When the task's agent lacks what a path needs, see `NEEDED`.
    """
    _check(study)
    trials = Episodes(study, condition, vector, streams)
    places, headings, commanded = [], [], []
    for angle in headings_of(commands):
        for name, value in (("goal_x", np.cos(angle)), ("goal_y", np.sin(angle))):
            trials.batch[f"items.{name}"] = np.full((len(streams), 1), value)
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


def can_walk(study: Study) -> bool:
    """Whether the task's agent has what a path needs."""
    model = tasks.CATALOG[study.task.name]
    text = model.item_model + model.dynamics
    return all(f"{name} " in text or f"d{name}/dt" in text for name in NEEDED)


def _check(study: Study) -> None:
    if not can_walk(study):
        raise DeclarationError(
            f"Task.{study.task.name}",
            f"must have the variables {', '.join(NEEDED)}",
            cure="Only tasks with a direction as goal can be sent along a path.",
        )
