"""Hebb's rule with decay, fixed and plastic part: the control of Oja's rule (SpikePropamine).

    weight = w + alpha*rho
    event   rho <- (1 - eta)*rho + eta*x*s  in each step, s the postsynaptic spike
    dense   rho <- (1 - eta)*rho + eta*x*y  in each step

rho is the mean of what it is driven with over the last 1/eta steps: it forgets whether or not the
neuron is active, which Oja's does not.

Equation, split and clip at 1 [C], code of the works that the paper extends; event form [I].
"""

from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.plastic_oja import ETA, RHO_MAX, SPLIT

DECAY = "rho = (1 - eta)*rho"
SPIKES = "rho = clip(rho + eta*x, -rho_max, rho_max)"
STEPS = "rho = clip((1 - eta)*rho + eta*x*y, -rho_max, rho_max)"

HEBB = PlasticityRule(
    name="hebb",
    summary="weight w + alpha*rho, rho the running mean of what both sides do together",
    model="rho : 1",
    weight="w + alpha*rho",
    learns=("rho",),
    each_step=DECAY,
    on_post=SPIKES,
    coefficients=(*SPLIT, ETA),
    constants=RHO_MAX,
    choices={
        "form": {
            "event": {"on_post": SPIKES, "each_step": DECAY},
            "dense": {"on_post": "", "each_step": STEPS},
        }
    },
    reference="control of Schmidgall et al. 2021, arXiv:2106.02681; Miconi et al. 2018, ICML"
    " (released code)",
)
