"""BCM rule that a third factor applies later, through an eligibility trace (SpikePropamine).

    weight = w + alpha*rho,  M = tanh(m + g_0)
    rho  <- clip(rho + M*elig)
    elig <- (1 - eta_e)*elig + eta_e*H
    event   H = x*(y' - theta) at a postsynaptic spike, else 0; y' is y before that spike
    dense   H = x*y*(y - theta)
    theta  += (y**2/y_0 - theta)*dt/tau_theta  in each step, last

Marks as in `retroactive_oja` and `plastic_bcm`.
"""

from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.plastic_bcm import SLIDING, THRESHOLD, Y_0
from neuromodels.rules.plastic_oja import SPLIT
from neuromodels.rules.third_factor.nm_oja import G_0, MODULATOR
from neuromodels.rules.third_factor.retroactive_oja import APPLIED, ETA_E, FADING

FADING_AND_THRESHOLD = f"{FADING}\n{THRESHOLD}"
SPIKES = "elig += eta_e*x*(y - 1 - theta)"
STEPS = f"{APPLIED}\nelig = (1 - eta_e)*elig + eta_e*x*y*(y - theta)\n{THRESHOLD}"

RETROACTIVE_BCM = PlasticityRule(
    name="retroactive_bcm",
    summary="nm_bcm whose changes wait in an eligibility trace for the third factor",
    model="""
        rho : 1
        theta : 1
        elig : 1
    """,
    weight="w + alpha*rho",
    learns=("rho",),
    modulator=MODULATOR,
    forget="elig = 0",
    each_step=FADING_AND_THRESHOLD,
    on_post=SPIKES,
    coefficients=(*SPLIT, ETA_E, Y_0, G_0),
    constants=SLIDING,
    choices={
        "form": {
            "event": {"on_post": SPIKES, "each_step": FADING_AND_THRESHOLD},
            "dense": {"on_post": "", "each_step": STEPS},
        }
    },
    reference="Schmidgall et al. 2021, arXiv:2106.02681; Miconi et al. 2019, ICLR (released code)",
)
