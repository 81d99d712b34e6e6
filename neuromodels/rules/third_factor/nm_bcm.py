"""Neuromodulated BCM rule with a fixed and a plastic part (SpikePropamine).

    weight = w + alpha*rho,  M = tanh(m + g_0)
    event   rho += eta*M*x*(y' - theta)   at a postsynaptic spike; y' is y before that spike
    dense   rho += eta*M*x*y*(y - theta)  in each step
    theta  += (y**2/y_0 - theta)*dt/tau_theta  in each step, whatever M is

With M = 1 it is `plastic_bcm`; with M = 0 rho stays where it is.

A neuromodulated BCM rule [P]; that M multiplies the whole change and not the threshold's [I]; the
rest as in `plastic_bcm` and `nm_oja`.
"""

from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.plastic_bcm import SLIDING, THRESHOLD, Y_0
from neuromodels.rules.plastic_oja import ETA, SPLIT
from neuromodels.rules.third_factor.nm_oja import G_0, MODULATOR

SPIKES = "rho = clip(rho + eta*M*x*(y - 1 - theta), -rho_max, rho_max)"
STEPS = f"""
    rho = clip(rho + eta*M*x*y*(y - theta), -rho_max, rho_max)
    {THRESHOLD}
"""

NM_BCM = PlasticityRule(
    name="nm_bcm",
    summary="weight w + alpha*rho, rho by the BCM rule with a third factor M",
    model="""
        rho : 1
        theta : 1
    """,
    weight="w + alpha*rho",
    learns=("rho",),
    modulator=MODULATOR,
    each_step=THRESHOLD,
    on_post=SPIKES,
    coefficients=(*SPLIT, ETA, Y_0, G_0),
    constants=SLIDING,
    choices={
        "form": {
            "event": {"on_post": SPIKES, "each_step": THRESHOLD},
            "dense": {"on_post": "", "each_step": STEPS},
        }
    },
    reference="Schmidgall et al. 2021, arXiv:2106.02681",
)
