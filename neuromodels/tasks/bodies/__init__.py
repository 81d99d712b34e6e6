"""Bodies that an outside simulator moves: what is seen, told and rewarded, and how they move."""

from neuromodels.tasks.bodies.base import Body, Goals
from neuromodels.tasks.bodies.gymnasium_bodies import ANT, HALF_CHEETAH, HOPPER, RUNNER, SWIMMER
from neuromodels.tasks.bodies.mujoco_worlds import World, open_world
from neuromodels.tasks.bodies.novel_worlds import USUAL, Novelty

CATALOG = {body.name: body for body in (SWIMMER, HALF_CHEETAH, RUNNER, HOPPER, ANT)}

__all__ = ["CATALOG", "USUAL", "Body", "Goals", "Novelty", "World", "open_world"]
