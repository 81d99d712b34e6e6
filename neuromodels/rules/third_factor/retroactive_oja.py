"""Oja's rule that a third factor applies later, through an eligibility trace (SpikePropamine).

    weight = w + alpha*rho,  M = tanh(m + g_0)
    rho  <- clip(rho + M*elig)
    elig <- (1 - eta_e)*elig + eta_e*H
    event   H = x - rho at a postsynaptic spike, else 0
    dense   H = y*(x - y*rho)

In this order: rho changes by the eligibility of the step before. A change of H that M = 1 meets in
all later steps is carried out in full.

Both lines and their order [C], the predecessor's and the extended works' code; whether the paper
modulates at once or in retrospect is not known to us. Event form, eta_e = 0.002 [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.plastic_oja import RHO_MAX, SPLIT
from neuromodels.rules.third_factor.nm_oja import G_0, MODULATOR

ETA_E = Coefficient("eta_e", default=2e-3, low=1e-5, high=1, scale="log", sigma=0.5)
"""Part of the eligibility that is replaced in a step."""
APPLIED = "rho = clip(rho + M*elig, -rho_max, rho_max)"
FADING = f"{APPLIED}\nelig = (1 - eta_e)*elig"
SPIKES = "elig += eta_e*(x - rho)"
STEPS = f"{APPLIED}\nelig = (1 - eta_e)*elig + eta_e*y*(x - y*rho)"

RETROACTIVE_OJA = PlasticityRule(
    name="retroactive_oja",
    summary="nm_oja whose changes wait in an eligibility trace for the third factor",
    model="""
        rho : 1
        elig : 1
    """,
    weight="w + alpha*rho",
    learns=("rho",),
    modulator=MODULATOR,
    forget="elig = 0",
    each_step=FADING,
    on_post=SPIKES,
    coefficients=(*SPLIT, ETA_E, G_0),
    constants=RHO_MAX,
    choices={
        "form": {
            "event": {"on_post": SPIKES, "each_step": FADING},
            "dense": {"on_post": "", "each_step": STEPS},
        }
    },
    reference="Schmidgall et al. 2021, arXiv:2106.02681; Miconi et al. 2019, ICLR (released code)",
)
