"""Tasks of bodies that an outside simulator moves (PDLF, arXiv:2308.12063, Figs. 3 and 5).

The network draws the goal of a trial; its channels show what `neuromodels.embodiment` puts there
between two steps, and its read-out is the action.  Goals that are trained and goals that are not
are split as in all control tasks, and so are the ranges of actions and observations.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuromodels.bodies import CATALOG, Body
from neuromodels.tasks.base import Task
from neuromodels.tasks.control import NUMBER, SHARE


@dataclass(frozen=True)
class EmbodiedTask(Task):
    """A task whose body lives in another simulator.

    Parameters
    ----------
    moves
        Name of the body, see `neuromodels.bodies`.
    """

    moves: str = ""

    @property
    def acts(self) -> bool:
        """Whether the read-out moves a body: always."""
        return True

    @property
    def moved(self) -> Body:
        """The body."""
        return CATALOG[self.moves]


def embodied_task(body: Body, summary: str) -> EmbodiedTask:
    """Return the task to steer a body towards what it is told."""
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
        channels=body.channels,
        outputs=body.actions,
        # between two steps the signal is put there
        stimulus_model="cue : 1\nu : 1",
        stimulus="",
        shown="0",
        asked="0",
        score_model="target : 1\nloss : 1\ngained : 1",
        score="",
        accuracy="gained",
        unseen={"unseen": 1},
        score_name="Reward per step beyond standing still (m/s)",
        chance=0.0,
        reference=f"Shen et al. 2023, arXiv:2308.12063; body: Gymnasium's {body.gymnasium}",
        moves=body.name,
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

EMBODIED = (SWIMMER_DIRECTION, HALFCHEETAH_VELOCITY, HOPPER_VELOCITY, ANT_DIRECTION)
