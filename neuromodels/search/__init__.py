"""The outer loop: which vector to try next. Knows vectors and losses, nothing about neurons."""

from neuromodels.search.interface import Optimizer, OptimizerInfo, Option
from neuromodels.search.optimizers import OPTIMIZERS, make_optimizer
from neuromodels.search.plan import SearchPlan

__all__ = [
    "OPTIMIZERS",
    "Optimizer",
    "OptimizerInfo",
    "Option",
    "SearchPlan",
    "make_optimizer",
    "register_with_nevergrad",
]


def register_with_nevergrad() -> None:
    """Enter PGPE, SNES and OpenAI-ES in nevergrad's registry; imports nevergrad."""
    from neuromodels.search.inside_nevergrad import register_with_nevergrad as register

    register()
