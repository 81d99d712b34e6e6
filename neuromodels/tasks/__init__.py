"""Cognitive tasks: one file each, and the catalog of them."""

from neuromodels.catalog import Catalog
from neuromodels.tasks.base import Task
from neuromodels.tasks.cart_pole import CART_POLE
from neuromodels.tasks.embodied import EMBODIED
from neuromodels.tasks.point_direction import POINT_DIRECTION
from neuromodels.tasks.reacher import REACHER
from neuromodels.tasks.sequence_copy import SEQUENCE_COPY
from neuromodels.tasks.swimmer import SWIMMER
from neuromodels.tasks.velocity import VELOCITY

WRITTEN = (SEQUENCE_COPY, POINT_DIRECTION, VELOCITY, REACHER, CART_POLE, SWIMMER)

CATALOG = Catalog(Task, (*WRITTEN, *EMBODIED))

__all__ = ["CATALOG", "Task"]
