"""Plasticity rules: one file each, and the catalog of them."""

from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.fixed import FIXED
from neuromodels.rules.pdlf import PDLF

CATALOG: dict[str, PlasticityRule] = {rule.name: rule for rule in (PDLF, FIXED)}

__all__ = ["CATALOG", "PlasticityRule"]
