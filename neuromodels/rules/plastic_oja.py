"""Fixed and plastic part of a weight, the plastic part by Oja's rule (SpikePropamine).

    weight = w + alpha*rho
    event   rho += eta*(x - rho)      at a postsynaptic spike
    dense   rho += eta*y*(x - y*rho)  in each step

x and y are the traces of the pre- and postsynaptic neuron with the spikes of this step.  The event
form moves rho to the mean of x at postsynaptic spikes; the dense form, with a linear neuron, to the
first principal component.  rho is 0 at the start of an episode, w and alpha do not change in it.

Oja's rule in a spiking network, w and its plasticity learned together [P]; dense form, the split
with one alpha per synapse and one eta per layer, |rho| <= 1 [C]; event form, bounds, starts [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

SPLIT = (
    Coefficient("w", default=0.0, low=-3, high=3, per="synapse", sigma=0.3),
    Coefficient("alpha", default=0.0, low=-3, high=3, per="synapse", sigma=0.3),
)
"""The fixed part of a weight and what multiplies its plastic part."""
ETA = Coefficient("eta", default=0.05, low=1e-4, high=1, scale="log", sigma=0.5)
"""How fast the plastic part changes."""
RHO_MAX = {"rho_max": 1.0}
SPIKES = "rho = clip(rho + eta*(x - rho), -rho_max, rho_max)"
STEPS = "rho = clip(rho + eta*y*(x - y*rho), -rho_max, rho_max)"

PLASTIC_OJA = PlasticityRule(
    name="plastic_oja",
    summary="weight w + alpha*rho, rho by Oja's rule: the trace of inputs that made it spike",
    model="rho : 1",
    weight="w + alpha*rho",
    learns=("rho",),
    on_post=SPIKES,
    coefficients=(*SPLIT, ETA),
    constants=RHO_MAX,
    choices={
        "form": {
            "event": {"on_post": SPIKES, "each_step": ""},
            "dense": {"on_post": "", "each_step": STEPS},
        }
    },
    reference="Schmidgall et al. 2021, arXiv:2106.02681; Oja 1982, J Math Biol 15:267",
)
