"""Inhibitory plasticity that balances a neuron (Vogels et al. 2011).

Near spikes of both sides strengthen, every presynaptic spike weakens: the weight rests where the
postsynaptic neuron fires at `rate`, since the mean change is eta*r_pre*2*tau*(r_post - rate).
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

INHIBITORY_STDP = PlasticityRule(
    name="inhibitory_stdp",
    summary="symmetric window minus a constant per presynaptic spike: keeps a target rate",
    model="""
        w : 1
        dnear_i/dt = -near_i/tau : 1 (event-driven)
        dnear_e/dt = -near_e/tau : 1 (event-driven)
    """,
    on_pre="""
        near_i += 1
        w = clip(w + eta*(near_e - 2*rate*hertz*tau), 0, w_max)
    """,
    on_post="""
        near_e += 1
        w = clip(w + eta*near_i, 0, w_max)
    """,
    coefficients=(
        Coefficient("w", default=0.5, low=0, high=10, per="synapse"),
        Coefficient("eta", default=0.005, low=1e-6, high=1, scale="log"),
        Coefficient("rate", default=3.0, low=0, high=100),
    ),
    constants={"tau": 20 * ms, "w_max": 10.0},
    reference="Vogels, Sprekeler, Zenke, Clopath & Gerstner 2011, Science 334:1569",
)
