"""Plasticity rules: one file each, and the catalog of them."""

from neuromodels.catalog import Catalog
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.fixed import FIXED
from neuromodels.rules.pdlf import PDLF
from neuromodels.rules.pdlf_terms import PARTS

CATALOG = Catalog(PlasticityRule, (PDLF, *PARTS, FIXED))

__all__ = ["CATALOG", "PlasticityRule"]
