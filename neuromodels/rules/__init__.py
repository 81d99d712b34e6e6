"""Plasticity rules: one file each, and the catalog of them.

In docstrings, [P] is published, [C] is in released code, [I] is inferred or chosen by us.
"""

from neuromodels.catalog import Catalog
from neuromodels.errors import keep_own_tracebacks
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.bcm import BCM
from neuromodels.rules.contrastive.csdp import CSDP
from neuromodels.rules.fixed import FIXED
from neuromodels.rules.hebb import HEBB
from neuromodels.rules.mpsl.bcpnn import BCPNN
from neuromodels.rules.mpsl.dpap import DPAP
from neuromodels.rules.mpsl.error_driven import ERROR_DRIVEN
from neuromodels.rules.mpsl.leaky_hebb import LEAKY_HEBB
from neuromodels.rules.mpsl.sbp import SBP
from neuromodels.rules.oja import OJA
from neuromodels.rules.pdlf import PDLF
from neuromodels.rules.pdlf_terms import PARTS
from neuromodels.rules.plastic_bcm import PLASTIC_BCM
from neuromodels.rules.plastic_oja import PLASTIC_OJA
from neuromodels.rules.polynomial import POLYNOMIAL
from neuromodels.rules.scaling import SCALING
from neuromodels.rules.spike_timing.doublet import DOUBLET
from neuromodels.rules.spike_timing.inhibitory_stdp import INHIBITORY_STDP
from neuromodels.rules.spike_timing.stdp import STDP
from neuromodels.rules.spike_timing.triplet_stdp import TRIPLET_STDP
from neuromodels.rules.synergy.composition import compose
from neuromodels.rules.synergy.default import SYNERGY
from neuromodels.rules.taylor import TAYLOR
from neuromodels.rules.taylor_modulated import TAYLOR_MODULATED
from neuromodels.rules.third_factor.nm_bcm import NM_BCM
from neuromodels.rules.third_factor.nm_oja import NM_OJA
from neuromodels.rules.third_factor.nm_pdlf import NM_PDLF
from neuromodels.rules.third_factor.r_stdp import R_STDP
from neuromodels.rules.third_factor.retroactive_bcm import RETROACTIVE_BCM
from neuromodels.rules.third_factor.retroactive_oja import RETROACTIVE_OJA
from neuromodels.rules.third_factor.three_factor import THREE_FACTOR, THREE_FACTOR_SPLIT

CATALOG = Catalog(
    PlasticityRule,
    (
        PDLF,
        *PARTS,
        FIXED,
        OJA,
        BCM,
        SCALING,
        STDP,
        TRIPLET_STDP,
        INHIBITORY_STDP,
        PLASTIC_OJA,
        PLASTIC_BCM,
        NM_OJA,
        NM_BCM,
        HEBB,
        RETROACTIVE_OJA,
        RETROACTIVE_BCM,
        THREE_FACTOR,
        THREE_FACTOR_SPLIT,
        R_STDP,
        NM_PDLF,
        DOUBLET,
        POLYNOMIAL,
        TAYLOR,
        TAYLOR_MODULATED,
        ERROR_DRIVEN,
        LEAKY_HEBB,
        BCPNN,
        SBP,
        CSDP,
        DPAP,
        SYNERGY,
    ),
)

__all__ = ["CATALOG", "PlasticityRule", "compose"]

keep_own_tracebacks()
