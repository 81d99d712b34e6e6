"""Leaky Hebbian rule with a threshold per neuron: the local part of HP (Wu et al. 2022).

    w <- clip(w + eta*(beta*x*tanh(y - theta) - w), -w_max, w_max)

HP has h <- clip(0.95*h + beta*x*tanh(u/u_th - theta), -4, 4). That is this line with eta = 0.05 and
20 times its beta, with the trace y in place of the membrane u. beta is one number per presynaptic
neuron. theta, the threshold between weakening and strengthening, is one per postsynaptic neuron. An
outer loop sets both.

Form, clip at 4, beta and theta from an outer loop [C]; the average, y for u, bounds [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

LEAKY_HEBB = PlasticityRule(
    name="leaky_hebb",
    summary="w follows beta*x*tanh(y - theta): Hebb with a threshold per neuron, forgets",
    model="w : 1",
    each_step="w = clip(w + eta*(beta*x*tanh(y - theta) - w), -w_max, w_max)",
    coefficients=(
        Coefficient("w", default=0.0, low=-4, high=4, per="synapse", sigma=0.1),
        Coefficient("eta", default=1e-2, low=1e-5, high=0.5, scale="log", sigma=0.5),
        Coefficient("beta", default=1.0, low=-5, high=5, per="pre", sigma=0.3),
        Coefficient("theta", default=0.5, low=-5, high=5, per="post", sigma=0.3),
    ),
    constants={"w_max": 4.0},
    reference="after Wu et al. 2022, Nat Commun 13:65, arXiv:2006.03226 (released code)",
)
