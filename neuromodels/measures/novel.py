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

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.recovery import recovered_fraction, recovery_interval
from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import scores_per_trial
from neuromodels.measures.quantities import Examined, Measure, Quantity, Solution, mean_of, within
from neuromodels.seeding import generator
from neuromodels.study.study import Study
from neuromodels.tasks.bodies import USUAL, Novelty, open_world
from neuromodels.tasks.embodied import EMBODIED, EmbodiedTask
from neuromodels.tasks.environment import EnvironmentTask

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


def examine(solution: Solution) -> Examined:
    """Return what a solution earns in every world, and what part of the nominal return that is."""
    trials = trials_of(solution)
    rng = generator(solution.seed, "bootstrap", "novel", solution.condition)
    nominal, *novel = trials.scores[:, :, None]
    name, steps = trials.conditions[0], trials.steps
    quantities: dict[str, Quantity] = {
        f"return, {name}, {steps} steps": mean_of(steps * nominal),
        f"return, {name}, {FULL} steps": mean_of(FULL * trials.full),
    }
    for name, scores in zip(trials.conditions[1:], novel, strict=True):
        quantities[f"return, {name}"] = mean_of(steps * scores)
    for name, scores in zip(trials.conditions[1:], novel, strict=True):
        quantities[f"retention, {name}"] = retention(nominal, scores, rng)
    quantities["retention, mean of all"] = retention(nominal, np.mean(novel, axis=0), rng)
    arrays = {
        "conditions": np.array(trials.conditions),
        "scores": trials.scores,
        "full": trials.full,
        "steps": np.array(steps),
    }
    return arrays, quantities


def retention(nominal: np.ndarray, novel: np.ndarray, rng: np.random.Generator) -> Quantity:
    """Return the part of nominal scores that is left, of (trials, 1).

    The value is None where there was nothing to lose.
    """
    fraction = recovered_fraction(nominal, novel, 0)
    return within(fraction, recovery_interval(nominal, novel, 0, rng))


def conditions_of(study: Study) -> dict[str, tuple[Novelty, ...]]:
    """Return by name what is different under each condition; several are averaged.

    Raises
    ------
    DeclarationError
        When no simulator moves the body of the study's task.
    """
    task = _embodied_task(study)
    dead = tuple(Novelty(dead=motor) for motor in range(task.simulated_body.actions))
    levels = {
        label.format(level): (Novelty(**{name: level}),)  # type: ignore[arg-type]
        for name, (label, several) in LEVELS.items()
        for level in several
    }
    return {NOMINAL: (USUAL,), DEAD: dead, **levels}


def trials_of(solution: Solution) -> Trials:
    """Run a solution under every condition, with noise drawn under the seed of its search."""
    from neuromodels.experiment.embodied import EmbodiedExperiment  # imports Brian2
    from neuromodels.measures.frayed_nerves import FrayedNerves

    study, streams, vectors = solution.study, solution.streams, solution.vector[None]
    novelties = conditions_of(study)
    experiment = EmbodiedExperiment(study, solution.condition)
    opened = cache(partial(open_world, experiment.body, study.device.threads or 1))

    def run(novelty: Novelty) -> np.ndarray:
        experiment.world = opened(novelty.outside)
        experiment.wired_by = partial(FrayedNerves, experiment.body, solution.seed, novelty)
        return scores_per_trial(experiment.evaluate(vectors, streams))[0]

    scores = [np.mean([run(each) for each in several], axis=0) for several in novelties.values()]
    long = EmbodiedExperiment(_with_steps(study, FULL), solution.condition)
    full = scores_per_trial(long.evaluate(vectors, streams))[0]
    steps = _embodied_task(study).number("steps", study.task.parameters)
    return Trials(tuple(novelties), np.array(scores), steps, full)


def _with_steps(study: Study, steps: int) -> Study:
    """Return the study with episodes of another length."""
    parameters = {**study.task.parameters, "steps": steps}
    return replace(study, task=replace(study.task, parameters=parameters))


def _embodied_task(study: Study) -> EmbodiedTask:

    task = study.task_out_of(tasks.CATALOG)
    if not isinstance(task, EmbodiedTask) or isinstance(task, EnvironmentTask):
        bodies = [each.name for each in EMBODIED]
        raise DeclarationError(
            f"Task.{task.name}",
            "must have a body that MuJoCo moves, whose world can be changed",
            cure=f"Tasks that have one: {', '.join(bodies)}.",
        )
    return task


NOVEL = Measure(
    name="novel",
    about="How much reward does a body keep in worlds that no search has seen?",
    note="Return: sum of rewards. Retention: return over that of the nominal world.",
    examine=examine,
    over_seeds=True,
)
