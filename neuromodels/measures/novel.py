"""Stored solutions in worlds that no search has seen: dead motors, noise, other physics.

SpikePropamine (arXiv:2106.02681) tests its runner under novel conditions; which ones is not known
to us, and these are the set proposed in their place.  All conditions begin in the same states, and
noise comes from streams named after the study's seed and the trial's, the same for every rule and
level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product

import numpy as np

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.embodied import EmbodiedExperiment
from neuromodels.experiment.motion import Nerves, is_embodied
from neuromodels.experiment.scoring import scores_per_trial
from neuromodels.seeding import generator
from neuromodels.study.study import Study
from neuromodels.tasks.bodies import USUAL, Body, Novelty, open_world
from neuromodels.tasks.embodied import EmbodiedTask

LEVELS: Mapping[str, tuple[str, tuple[float, ...]]] = {
    "seen": ("observation noise {:g}", (0.05, 0.1, 0.2, 0.4)),
    "done": ("action noise {:g}", (0.1, 0.2, 0.4)),
    "friction": ("friction x{:g}", (0.5, 0.75, 1.5, 2.0)),
    "mass": ("torso mass x{:g}", (0.75, 1.25, 1.5)),
    "slope": ("slope {:+g} degrees", (-10.0, -5.0, 5.0, 10.0)),
    "gain": ("actuator gain x{:g}", (0.5, 0.75)),
}
"""Field of a novelty -> what its conditions are called, and their levels."""
NOMINAL, DEAD = "nominal", "one motor dead"
FULL = 1000
"""Steps of an episode in Gymnasium."""
_AHEAD = 64
"""Steps for which noise is drawn at once."""


@dataclass(frozen=True)
class Trials:
    """What one solution earned.

    Parameters
    ----------
    conditions
        Names, the nominal one first.
    scores
        Reward per step, (conditions, trials); 0 where a trial failed.
    steps
        Of a trial.
    full
        Reward per step of nominal trials of `FULL` steps, (trials,).
    """

    conditions: tuple[str, ...]
    scores: np.ndarray
    steps: int
    full: np.ndarray


def conditions_of(study: Study) -> dict[str, tuple[Novelty, ...]]:
    """Return by name what is different under each condition; several are averaged.

    Raises
    ------
    DeclarationError
        When no simulator moves the body of the study's task.
    """
    task = _task_of(study)
    dead = tuple(Novelty(dead=motor) for motor in range(task.simulated_body.actions))
    levels = {
        called.format(level): (Novelty(**{name: level}),)  # type: ignore[arg-type]
        for name, (called, each) in LEVELS.items()
        for level in each
    }
    return {NOMINAL: (USUAL,), DEAD: dead, **levels}


def trials_of(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> Trials:
    """Run a solution under every condition.

    Parameters
    ----------
    condition
        Whose network, ``"plastic"`` or ``"fixed"``.
    vector
        Its coefficients, (d,).
    streams
        Noise streams of fresh trials, (trials,).
    seed
        Of the study, under which noise is drawn.
    """
    novelties = conditions_of(study)
    made = EmbodiedExperiment(study, condition)
    opened = cache(partial(open_world, made.body, study.device.threads or 1))

    def run(novelty: Novelty) -> np.ndarray:
        made.world = opened(novelty.outside)
        made.wired_by = partial(Frayed, made.body, seed, novelty)
        return scores_per_trial(made.evaluate(vector[None], streams))[0]

    scores = [np.mean([run(each) for each in several], axis=0) for several in novelties.values()]
    task = {**study.task.parameters, "steps": FULL}
    long = replace(study, task=replace(study.task, parameters=task))
    full = EmbodiedExperiment(long, condition).evaluate(vector[None], streams)
    steps = _task_of(study).number("steps", study.task.parameters)
    return Trials(tuple(novelties), np.array(scores), steps, scores_per_trial(full)[0])


def _task_of(study: Study) -> EmbodiedTask:
    task = tasks.CATALOG[study.task.name]
    if not is_embodied(study) or not isinstance(task, EmbodiedTask):
        bodies = [name for name, each in tasks.CATALOG.items() if isinstance(each, EmbodiedTask)]
        raise DeclarationError(
            f"Task.{task.name}",
            "must have a body that MuJoCo moves, whose world can be changed",
            cure=f"Tasks that have one: {', '.join(bodies)}.",
        )
    return task


class Frayed(Nerves):
    """Noise on observations and actions, and a dead motor.

    Parameters
    ----------
    body
        Which one.
    seed
        Of the study.
    novelty
        What is different.
    streams
        Noise streams of the trials, (n,): a trial's noise is its own, whoever runs beside it.
    """

    def __init__(self, body: Body, seed: int, novelty: Novelty, streams: np.ndarray):
        self.novelty = novelty
        self._seen = _Noise(body.observations, seed, "seen", streams)
        self._done = _Noise(body.actions, seed, "done", streams)

    def sense(self, shown: np.ndarray) -> np.ndarray:
        """Return what is shown, noise on the observations; a goal is told without."""
        if self.novelty.seen:
            noise = self._seen.next()
            shown = shown.copy()
            shown[:, : noise.shape[1]] += self.novelty.seen * noise
        return shown

    def act(self, actions: np.ndarray) -> np.ndarray:
        """Return actions with noise, clipped to +-1, that of a dead motor 0."""
        if self.novelty.done:
            actions = np.clip(actions + self.novelty.done * self._done.next(), -1, 1)
        if self.novelty.dead is not None:
            actions = actions.copy()
            actions[:, self.novelty.dead] = 0
        return actions


class _Noise:
    """Independent normal numbers, for each trial from a stream of its own."""

    def __init__(self, size: int, seed: int, name: str, streams: np.ndarray):
        self._size = size
        self._named = list(product([seed], ["novel"], [name], [int(each) for each in streams]))
        self._rngs: list[np.random.Generator] = []
        self._drawn = np.zeros((0, 0, 0))
        self._next = 0

    def next(self) -> np.ndarray:
        """Return those of the next step, (n, size)."""
        if self._next == len(self._drawn):
            self._rngs = self._rngs or [generator(*names) for names in self._named]
            several = [rng.standard_normal((_AHEAD, self._size)) for rng in self._rngs]
            self._drawn, self._next = np.stack(several, axis=1), 0
        self._next += 1
        return self._drawn[self._next - 1]
