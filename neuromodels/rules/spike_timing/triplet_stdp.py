"""Triplets of spikes (Pfister & Gerstner 2006): what a pair does depends on the spike before it.

Every spike acts with all others. The numbers are those of the full model for visual cortex (their
table 4); potentiation comes from triplets alone, so that pairs at low frequency only depress.
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

TRIPLET_STDP = PlasticityRule(
    name="triplet_stdp",
    summary="pairs and triplets of spikes: potentiation grows with frequency",
    model="""
        w : 1
        dr1/dt = -r1/tau_plus : 1 (event-driven)
        dr2/dt = -r2/tau_x : 1 (event-driven)
        do1/dt = -o1/tau_minus : 1 (event-driven)
        do2/dt = -o2/tau_y : 1 (event-driven)
    """,
    on_pre="""
        w = clip(w - o1*(A2_minus + A3_minus*r2), 0, w_max)
        r1 += 1
        r2 += 1
    """,
    on_post="""
        w = clip(w + r1*(A2_plus + A3_plus*o2), 0, w_max)
        o1 += 1
        o2 += 1
    """,
    coefficients=(
        Coefficient("w", default=0.5, low=0, high=1, per="synapse"),
        Coefficient("A2_plus", default=5e-10, low=0, high=1),
        Coefficient("A3_plus", default=6.2e-3, low=0, high=1),
        Coefficient("A2_minus", default=7e-3, low=0, high=1),
        Coefficient("A3_minus", default=2.3e-4, low=0, high=1),
    ),
    constants={
        "tau_plus": 16.8 * ms,
        "tau_x": 101 * ms,
        "tau_minus": 33.7 * ms,
        "tau_y": 125 * ms,
        "w_max": 1.0,
    },
    reference="Pfister & Gerstner 2006, J Neurosci 26:9673",
)
