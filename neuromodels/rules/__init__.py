"""Plasticity rules: one file each, and the catalog of them."""

from neuromodels.catalog import Catalog
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.bcm import BCM
from neuromodels.rules.fixed import FIXED
from neuromodels.rules.inhibitory_stdp import INHIBITORY_STDP
from neuromodels.rules.oja import OJA
from neuromodels.rules.pdlf import PDLF
from neuromodels.rules.pdlf_terms import PARTS
from neuromodels.rules.scaling import SCALING
from neuromodels.rules.stdp import STDP
from neuromodels.rules.triplet_stdp import TRIPLET_STDP

CATALOG = Catalog(
    PlasticityRule,
    (PDLF, *PARTS, FIXED, OJA, BCM, SCALING, STDP, TRIPLET_STDP, INHIBITORY_STDP),
)

__all__ = ["CATALOG", "PlasticityRule"]
