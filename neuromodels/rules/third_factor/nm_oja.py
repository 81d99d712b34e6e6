"""Neuromodulated Oja's rule with a fixed and a plastic part (SpikePropamine).

    weight = w + alpha*rho,  M = tanh(m + g_0)
    decay = "free"       rho += eta*(M*x - rho)   at a postsynaptic spike
    decay = "modulated"  rho += eta*M*(x - rho)
    dense                rho += eta*y*(M*x - y*rho), or eta*M*y*(x - y*rho), in each step

M is the third factor, m what modulatory neurons send to the postsynaptic neuron.  With a modulated
decay a negative M drives rho away from x until it is clipped; with a free one rho always stays in
reach of M*x.  With M = 1 both are `plastic_oja`; with M = 0 the first forgets, the second stays.

A neuromodulated Oja's rule [P]; m and M of a squashed unit with one weight per neuron [C]; which
part M multiplies, and the event form [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.plastic_oja import ETA, RHO_MAX, SPLIT

G_0 = Coefficient("g_0", default=0.0, low=-5, high=5, sigma=0.1)
"""The third factor's bias."""
MODULATOR = "tanh(m + g_0)"
FREE, MODULATED = ("rho : 1\nkept = rho : 1", "rho : 1\nkept = M*rho : 1")
SPIKES = "rho = clip(rho + eta*(M*x - kept), -rho_max, rho_max)"
STEPS = "rho = clip(rho + eta*y*(M*x - y*kept), -rho_max, rho_max)"

NM_OJA = PlasticityRule(
    name="nm_oja",
    summary="weight w + alpha*rho, rho by Oja's rule with a third factor M",
    model=FREE,
    weight="w + alpha*rho",
    learns=("rho",),
    modulator=MODULATOR,
    on_post=SPIKES,
    coefficients=(*SPLIT, ETA, G_0),
    constants=RHO_MAX,
    choices={
        "form": {
            "event": {"on_post": SPIKES, "each_step": ""},
            "dense": {"on_post": "", "each_step": STEPS},
        },
        "decay": {"free": {"model": FREE}, "modulated": {"model": MODULATED}},
    },
    reference="Schmidgall et al. 2021, arXiv:2106.02681",
)
