"""Reward-modulated STDP: pairs of spikes leave an eligibility that a third factor applies.

    w    <- clip(w + eta*M*elig, 0, w_max),  M = tanh(m + g_0)
    elig <- elig*exp(-dt/tau_e) + a_plus*x*s_post - a_minus*y'*s_pre

y' is y before the spike of this step.  Traces are those of the neurons (20 ms in `lif`).  It is
`three_factor` with pairs = "spikes" and no contrast, but the window is the same for all synapses
of a projection, and weights are excitatory.

Form and clip at 0 and w_max [P]: R-STDP with eligibility trace of Florian 2007 (MSTDPET) and
Izhikevich 2007; M in place of reward or dopamine, and all numbers [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.third_factor.nm_oja import G_0, MODULATOR

R_STDP = PlasticityRule(
    name="r_stdp",
    summary="STDP whose changes wait in an eligibility trace for a third factor",
    model="""
        w : 1
        elig : 1
    """,
    modulator=MODULATOR,
    forget="elig = 0",
    each_step="""
        w = clip(w + eta*M*elig, 0, w_max)
        elig = elig*exp(-dt/(tau_e*second)) + a_plus*x*abs(sy) - a_minus*(y - abs(sy))*abs(sx)
    """,
    coefficients=(
        Coefficient("w", default=0.1, low=0, high=1, per="synapse", sigma=0.05),
        Coefficient("a_plus", default=1.0, low=-5, high=5, sigma=0.3),
        Coefficient("a_minus", default=0.5, low=-5, high=5, sigma=0.3),
        Coefficient("eta", default=1e-3, low=1e-6, high=0.1, scale="log", sigma=0.5),
        Coefficient("tau_e", default=0.5, low=0.05, high=20, scale="log", sigma=0.2),
        G_0,
    ),
    constants={"w_max": 1.0},
    reference="Florian 2007, Neural Comput 19:1468; Izhikevich 2007, Cereb Cortex 17:2443",
)
