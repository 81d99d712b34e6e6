"""Plasticity rules: one file each, and the catalog of them."""

from neuromodels.catalog import Catalog
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.fixed import FIXED
from neuromodels.rules.pdlf import PDLF

CATALOG = Catalog(PlasticityRule, (PDLF, FIXED))

__all__ = ["CATALOG", "PlasticityRule"]
