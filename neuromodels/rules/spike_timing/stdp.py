"""Spike-timing-dependent plasticity of pairs, each spike with all others (Song et al. 2000).

dw = A_plus*exp(-d/tau_plus) for d = t_post - t_pre > 0,  -A_minus*exp(d/tau_minus) for d < 0
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

STDP = PlasticityRule(
    name="stdp",
    summary="pairs of spikes: up if pre leads, down if post leads, exponential windows",
    model="""
        w : 1
        dapre/dt = -apre/tau_plus : 1 (event-driven)
        dapost/dt = -apost/tau_minus : 1 (event-driven)
    """,
    on_pre="""
        apre += 1
        w = clip(w - A_minus*apost, 0, w_max)
    """,
    on_post="""
        apost += 1
        w = clip(w + A_plus*apre, 0, w_max)
    """,
    coefficients=(
        Coefficient("w", default=0.5, low=0, high=1, per="synapse"),
        Coefficient("A_plus", default=0.005, low=0, high=1),
        Coefficient("A_minus", default=0.00525, low=0, high=1),
    ),
    constants={"tau_plus": 20 * ms, "tau_minus": 20 * ms, "w_max": 1.0},
    reference="Song, Miller & Abbott 2000, Nature Neuroscience 3:919",
)
