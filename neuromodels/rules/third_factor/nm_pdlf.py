"""PDLF's rule with a third factor.

    dw = eta*M*(A*x*(y - C) + B*y + D),  M = tanh(m + g_0)

With M = 1 it is `pdlf`; with M = 0 weights stay as they are, but for the norm.  That M multiplies
the whole change [I], as in `nm_bcm`; the rest as in `pdlf` (arXiv:2308.12063, Fig. 1).
"""

from dataclasses import replace

from neuromodels.rules.pdlf import PDLF
from neuromodels.rules.third_factor.nm_oja import G_0, MODULATOR

POST = "w += eta*M*(A*x*(y - C) + B*y + D)"
PRE = "w += eta*M*(A*x*(y - C) + B*x + D)"

NM_PDLF = replace(
    PDLF,
    name="nm_pdlf",
    summary="pdlf whose whole change a third factor M multiplies",
    each_step=POST,
    modulator=MODULATOR,
    coefficients=(*PDLF.coefficients, G_0),
    choices={**PDLF.choices, "pdp_side": {"post": {"each_step": POST}, "pre": {"each_step": PRE}}},
    reference="after Shen et al. 2023, arXiv:2308.12063; third factor: ours",
)
