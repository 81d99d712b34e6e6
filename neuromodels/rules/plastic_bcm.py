"""Fixed and plastic part of a weight, the plastic part by the BCM rule (SpikePropamine).

    weight = w + alpha*rho
    event   rho += eta*x*(y' - theta)   at a postsynaptic spike; y' is y before that spike
    dense   rho += eta*x*y*(y - theta)  in each step
    theta  += (y**2/y_0 - theta)*dt/tau_theta  in each step

The threshold is the postsynaptic neuron's; every synapse keeps its own copy, all of them equal.
The event form takes y' = y - 1: it is for neurons whose trace a spike raises by 1 (lif, alif).

BCM's rule in a spiking network [P]; its equations [I], the textbook's with y_0 = 1 (Intrator and
Cooper 1992); a smaller y_0 lets a neuron rest at a lower rate.  tau_theta = 1 s, event form [I].
"""

from brian2.units import second

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.plastic_oja import ETA, RHO_MAX, SPLIT

THRESHOLD = "theta += (y**2/y_0 - theta)*dt/tau_theta"
SPIKES = "rho = clip(rho + eta*x*(y - 1 - theta), -rho_max, rho_max)"
STEPS = f"""
    rho = clip(rho + eta*x*y*(y - theta), -rho_max, rho_max)
    {THRESHOLD}
"""
Y_0 = Coefficient("y_0", default=1.0, low=0.01, high=10, scale="log", sigma=0.3, frozen=True)
"""Activity at which the threshold rests."""
SLIDING = {**RHO_MAX, "tau_theta": 1 * second}

PLASTIC_BCM = PlasticityRule(
    name="plastic_bcm",
    summary="weight w + alpha*rho, rho by the BCM rule: its threshold slides with the mean of y**2",
    model="""
        rho : 1
        theta : 1
    """,
    weight="w + alpha*rho",
    learns=("rho",),
    each_step=THRESHOLD,
    on_post=SPIKES,
    coefficients=(*SPLIT, ETA, Y_0),
    constants=SLIDING,
    choices={
        "form": {
            "event": {"on_post": SPIKES, "each_step": THRESHOLD},
            "dense": {"on_post": "", "each_step": STEPS},
        }
    },
    reference="Schmidgall et al. 2021, arXiv:2106.02681; Bienenstock, Cooper & Munro 1982,"
    " J Neurosci 2:32",
)
