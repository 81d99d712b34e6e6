"""No plasticity: the weights themselves are searched, the control of every plastic rule."""

from neuromodels.coefficients import FIXED_WEIGHT
from neuromodels.rules.base import PlasticityRule

FIXED = PlasticityRule(
    name="fixed",
    summary="weights that do not change, normalised like a plastic rule's",
    model="w : 1",
    each_step="",
    coefficients=(FIXED_WEIGHT,),
    normalisation="p8",
    choices={
        "normalisation": {"p8": {"normalisation": "p8"}, "none": {"normalisation": "none"}},
    },
    reference="matched baseline; compare arXiv:2308.12063, section on evolved weights",
)
