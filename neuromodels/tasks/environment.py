"""Act in an environment of Gymnasium, step by step: what it shows are the channels.

The read-out acts: of discrete actions the largest is taken, others are the read-out times
``slope``, whose range from -1 to 1 is that of the actions.  The score is the reward of a trial
over its steps.  A trial that the environment ends earns nothing more.

The environment runs in Python, one for each trial, so that it costs more time than a network does.
For trials that nobody acts on, see `neuromodels.tasks.arrays.environments`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from neuromodels.errors import DeclarationError
from neuromodels.tasks.base import Task
from neuromodels.tasks.bodies import Body
from neuromodels.tasks.bodies.base import Goals
from neuromodels.tasks.bodies.environments import (
    Environment,
    Make,
    environment_of,
    made_of,
)
from neuromodels.tasks.embodied import EmbodiedTask

SUMMARY = "act in an environment of Gymnasium: the more reward the better"


@dataclass(frozen=True, eq=False)
class EnvironmentTask(EmbodiedTask):
    """A task made by `environment_task`.

    Parameters
    ----------
    environment
        What the read-out acts in.
    is_open
        Whether a study names the environment, by the option ``environment``.
    """

    environment: Environment | None = None
    is_open: bool = False

    @property
    def simulated_body(self) -> Body:
        """The environment."""
        assert self.environment is not None
        return self.environment

    @property
    def mover(self) -> str:
        """What the read-out moves, in words."""
        return f"an environment ({self.simulated_body.name})"

    @property
    def action(self) -> str:
        """What follows from the read-out, in words."""
        if self.environment is not None and self.environment.choices:
            return "the one with the largest read-out"
        return "the read-out times slope, clipped and spread over the range of actions"

    @property
    def options(self) -> Mapping[str, tuple[str, ...]]:
        """What a study says beside the parameters."""
        return {"environment": ()} if self.is_open else {}

    def with_options(self, options: Mapping[str, str]) -> Task:
        """Return the task of a named environment.

        Raises
        ------
        DeclarationError
            Where there is no such environment, or its spaces cannot be used.
        """
        if not self.is_open:
            return super().with_options(options)
        named = options.get("environment", "")
        if strange := [name for name in options if name not in self.options]:
            raise DeclarationError(f"Task.{self.name}", "the option is environment", strange[0])
        if not named:
            cure = 'Write environment = "CartPole-v1" under [task].'
            must = "must name an environment of Gymnasium"
            raise DeclarationError(f"Task.{self.name}.environment", must, "nothing", cure)
        try:
            return _named(named)
        except DeclarationError as error:
            text = str(error).rstrip(".")
            raise DeclarationError(f"Task.{self.name}.environment", text) from None

    def step_length(self, parameters: Mapping[str, float]) -> float:
        """Return the length of a step of the network, s."""
        return parameters["step"] / max(parameters["substeps"], 1) / 1000

    def refusal(self, parameters: Mapping[str, float]) -> str:
        """Return why all parameters together are not possible, empty where they are."""
        above = all(parameters[name] > 0 for name in ("steps", "substeps", "step"))
        return "" if above else "steps, substeps and step must be above 0"


def environment_task(
    make: Make | str,
    name: str = "environment",
    *,
    steps: int = 200,
    substeps: int = 1,
    step: float = 20.0,
    mean: Sequence[float] = (),
    spread: Sequence[float] = (),
    summary: str = SUMMARY,
    reference: str = "the environment's own",
) -> EnvironmentTask:
    """Return the task to act in an environment.

    Parameters
    ----------
    make
        Returns a new environment at each call; or its name, for ``gymnasium.make``.
    steps
        Steps of the environment in a trial.
    substeps
        Steps of the network in each of them, in which the observation is held.
    step
        Length of a step of the environment in the network's time, ms.
    mean, spread
        What is subtracted from each observation, and what it is divided by; empty: 0 and 1.

    Raises
    ------
    DeclarationError
        Where it cannot be made, or its spaces cannot be channels and read-outs.
    """
    named = make if isinstance(make, str) else name
    opened = partial(made_of, make) if isinstance(make, str) else make
    for owner, values in (("mean", mean), ("spread", spread)):
        if not all(float(value) == value for value in values):
            raise DeclarationError(f"environment_task.{owner}", "must be finite numbers", values)
    if any(value <= 0 for value in spread):
        raise DeclarationError("environment_task.spread", "must be above 0", spread)
    body = environment_of(opened, named, step / 1000, tuple(mean), tuple(spread))
    return _task_of(body, name, steps, substeps, step, summary, reference)


def _task_of(
    body: Environment,
    name: str,
    steps: int,
    substeps: int,
    step: float,
    summary: str,
    reference: str,
) -> EnvironmentTask:
    return EnvironmentTask(
        name=name,
        summary=summary,
        # of the environment; of the network in each; ms
        parameters={"steps": steps, "substeps": substeps, "step": float(step), "slope": 1.0},
        steps="steps*substeps",
        decisions="steps",
        items="1",
        item_model="goal : 1",
        item_start={"goal": "0"},
        channels=body.channels,
        # `experiment.embodied` sets u between two steps
        stimulus_model="cue : 1\nu : 1",
        stimulus="",
        shown="0",
        asked="0",
        score_model="target : 1\nloss : 1\ngained : 1",
        score="",
        accuracy="gained",
        score_name="Reward over the steps of a trial",
        outputs=body.actions,
        moves=body.name,
        reference=reference,
        environment=body,
    )


@lru_cache(maxsize=8)
def _named(environment: str) -> EnvironmentTask:
    return environment_task(environment)


def _cart() -> Environment:
    """Return Gymnasium's cart and pole as it is known without Gymnasium."""
    return Environment(
        name="CartPole-v1",
        gymnasium="CartPole-v1",
        positions=4,
        velocities=0,
        axes=0,
        actions=2,
        seconds=0.02,
        goals=Goals("run", 0, 1),
        effort=0,
        mean=(0.0,) * 4,
        spread=(1.0,) * 4,
        make=partial(made_of, "CartPole-v1"),
        choices=2,
    )


ENVIRONMENT = replace(
    _task_of(_cart(), "environment", 200, 1, 20.0, SUMMARY, "Towers et al. 2024, arXiv:2407.17032"),
    is_open=True,
)
"""The task of a study that names an environment."""
