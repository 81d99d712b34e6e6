"""Bodies that an outside simulator moves: what is seen, told and rewarded, and how they move."""

from neuromodels.bodies.base import Body, Goals
from neuromodels.bodies.gym_bodies import ANT, HALF_CHEETAH, HOPPER, RUNNER, SWIMMER
from neuromodels.bodies.novel import USUAL, Novelty
from neuromodels.bodies.worlds import World, open_world

CATALOG = {body.name: body for body in (SWIMMER, HALF_CHEETAH, RUNNER, HOPPER, ANT)}

__all__ = ["CATALOG", "USUAL", "Body", "Goals", "Novelty", "World", "open_world"]
