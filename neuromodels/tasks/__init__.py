"""Cognitive tasks: one file each, and the catalog of them."""

from neuromodels.catalog import Catalog
from neuromodels.tasks.arrays import ARRAYS
from neuromodels.tasks.base import Task
from neuromodels.tasks.cart_pole import CART_POLE
from neuromodels.tasks.context.blob_choice import BLOB_CHOICE
from neuromodels.tasks.cue_association import CUE_ASSOCIATION
from neuromodels.tasks.cue_label import CUE_LABEL
from neuromodels.tasks.cue_reward import CUE_REWARD
from neuromodels.tasks.embodied import EMBODIED
from neuromodels.tasks.environment import ENVIRONMENT
from neuromodels.tasks.family.family import FAMILY
from neuromodels.tasks.few_shot import FEW_SHOT
from neuromodels.tasks.point_direction import POINT_DIRECTION
from neuromodels.tasks.reacher import REACHER
from neuromodels.tasks.reward.cue_bandit import CUE_BANDIT
from neuromodels.tasks.sequence_copy import SEQUENCE_COPY
from neuromodels.tasks.swimmer import SWIMMER
from neuromodels.tasks.t_maze import T_MAZE
from neuromodels.tasks.target_rate import TARGET_RATE
from neuromodels.tasks.velocity import VELOCITY

WRITTEN = (
    SEQUENCE_COPY,
    POINT_DIRECTION,
    VELOCITY,
    REACHER,
    CART_POLE,
    SWIMMER,
    CUE_ASSOCIATION,
    CUE_LABEL,
    CUE_REWARD,
    CUE_BANDIT,
    FAMILY,
    T_MAZE,
    FEW_SHOT,
    BLOB_CHOICE,
    TARGET_RATE,
    ARRAYS,
)

CATALOG = Catalog(Task, (*WRITTEN, *EMBODIED, ENVIRONMENT))

__all__ = ["CATALOG", "Task"]
