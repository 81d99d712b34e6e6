"""Contrastive-signal-dependent plasticity: goodness up for real samples, down for false ones.

    G_p = sum_k y_k**2 - theta_z;  p = 1/(1 + exp(-G_p));  d = 2*y*(p - c)
    w   <- clip(w - eta*sx*d - decay*(1 - sx)*sy, -w_max, w_max)

y is the trace of a neuron of the layer, which `saturating_lif` keeps between 0 and 1, and the sum
goes over the whole layer. c is 1 while the sample is real and 0 while it is false, and no weight
moves while the task tells neither. p is the layer's own estimate that the sample is real, and d the
derivative of its cross entropy. So each layer makes its error itself: nothing comes back from later
layers, and no weights of feedback exist. sx and sy are 0 or 1, so the source must spike.

Goodness, modulator, both terms, bounds at 1 [C]. There a resistance R stands beside eta, which has
taken it up, the spike is that of the step before, and Adam takes the steps: here plain descent [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

CSDP = PlasticityRule(
    name="csdp",
    summary="goodness of a layer rises for real samples and falls for false ones; no feedback",
    model="w : 1",
    pooled="y**2",
    each_step="""
        p = 1/(1 + exp(clip(theta_z - pool, -50, 50)))
        d = 2*y*(p - 0.5*(1 + typed))
        w = clip(w - abs(typed)*(eta*sx*d + decay*(1 - sx)*sy), -w_max, w_max)
    """,
    coefficients=(
        Coefficient("w", default=0.1, low=-1, high=1, per="synapse", sigma=0.1),
        Coefficient("eta", default=1e-2, low=1e-5, high=1, scale="log", sigma=0.5),
        Coefficient("theta_z", default=10.0, low=0.1, high=1000, scale="log", sigma=0.5),
        Coefficient("decay", default=1e-4, low=1e-7, high=0.1, scale="log", sigma=0.5),
    ),
    constants={"w_max": 1.0},
    needs_type=True,
    reference="Ororbia 2024, Sci Adv 10:eadn6076, arXiv:2303.18187 (released code)",
)
