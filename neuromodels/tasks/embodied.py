"""Tasks of bodies that an outside simulator moves (PDLF, arXiv:2308.12063, Figs. 3 and 5).

The network draws the goal of a trial.  Between two steps `experiment.embodied` sets the input
channels and reads the action from the read-out.  Trained and unseen goals, and the ranges of
actions and observations, are those of all control tasks.  The runner without a goal is that of
SpikePropamine (arXiv:2106.02681).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuromodels.tasks.base import Task
from neuromodels.tasks.bodies import CATALOG, Body
from neuromodels.tasks.goals import NUMBER, SHARE


@dataclass(frozen=True)
class EmbodiedTask(Task):
    """A task whose body lives in another simulator.

    Parameters
    ----------
    moves
        Name of the body, see `neuromodels.tasks.bodies`.
    decisions
        Steps of the body in a trial, an expression of the parameters; ``steps`` are the network's.
    """

    moves: str = ""
    decisions: str = "steps"

    @property
    def acts(self) -> bool:
        """Whether the read-out moves a body: always."""
        return True

    @property
    def mover(self) -> str:
        """What the read-out moves, in words."""
        return f"a body ({self.moves}) that MuJoCo simulates"

    @property
    def action(self) -> str:
        """What follows from the read-out, in words."""
        return "the read-out times slope, clipped to the body's range"

    @property
    def simulated_body(self) -> Body:
        """The body that the read-out moves."""
        return CATALOG[self.moves]


def _steering_fields(body: Body) -> dict[str, Any]:
    """Return the fields that all tasks share in which the read-out steers a body."""
    return {
        "channels": body.channels,
        # `experiment.embodied` sets u between two steps
        "stimulus_model": "cue : 1\nu : 1",
        "stimulus": "",
        "shown": "0",
        "asked": "0",
        "score_model": "target : 1\nloss : 1\ngained : 1",
        "score": "",
        "accuracy": "gained",
        "score_name": "Reward per step beyond standing still (m/s)",
        "chance": 0.0,
        "moves": body.name,
    }


def embodied_task(body: Body, summary: str) -> EmbodiedTask:
    """Return the task to steer a body towards its goal."""
    goals = body.goals
    start = {"number": NUMBER, "share": SHARE, "goal": f"{goals.lowest} + {goals.span}*share"}
    return EmbodiedTask(
        name=f"{body.name}_{goals.kind}",
        summary=summary,
        parameters={"steps": 1000, "unseen": 0, "slope": 1.0},
        steps="steps",
        items="1",
        item_model="number : 1\nshare : 1\ngoal : 1",
        item_start={name: " ".join(text.split()) for name, text in start.items()},
        outputs=body.actions,
        unseen={"unseen": 1},
        reference=f"Shen et al. 2023, arXiv:2308.12063; body: Gymnasium's {body.gymnasium}",
        **_steering_fields(body),
    )


SWIMMER_DIRECTION = embodied_task(
    CATALOG["swimmer"], "swim in the told direction with three links (MuJoCo)"
)
HALFCHEETAH_VELOCITY = embodied_task(
    CATALOG["halfcheetah"], "run at the told speed on two planar legs (MuJoCo)"
)
HOPPER_VELOCITY = embodied_task(
    CATALOG["hopper"], "hop at the told speed on one leg without falling (MuJoCo)"
)
ANT_DIRECTION = embodied_task(
    CATALOG["ant"], "run in the told direction on four legs without falling (MuJoCo)"
)

SUBSTEPS = 5
"""Steps of the network in a step of the runner: 5 of 10 ms in 50 ms."""

HALFCHEETAH_RUN = EmbodiedTask(
    name="halfcheetah_run",
    summary="run forward on two planar legs, as far as they go (MuJoCo)",
    parameters={"steps": 1000, "substeps": SUBSTEPS, "slope": 1.0},
    steps="steps*substeps",
    decisions="steps",
    requires="steps > 0 and substeps > 0",
    items="1",
    item_model="goal : 1",
    item_start={"goal": "0"},
    outputs=CATALOG["halfcheetah_runner"].actions,
    step=CATALOG["halfcheetah_runner"].seconds / SUBSTEPS,
    reference="Schmidgall et al. 2021, arXiv:2106.02681; body: Gymnasium's HalfCheetah-v5",
    **_steering_fields(CATALOG["halfcheetah_runner"]),
)

EMBODIED = (
    SWIMMER_DIRECTION,
    HALFCHEETAH_VELOCITY,
    HOPPER_VELOCITY,
    ANT_DIRECTION,
    HALFCHEETAH_RUN,
)
