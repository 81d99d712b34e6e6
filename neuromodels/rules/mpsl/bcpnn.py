"""Bayesian confidence propagation: weights are log odds of being active together (BCPNN).

    z   = trace/(f_max*20 ms), 1 where a neuron spikes at f_max
    p_x <- p_x + (z_x - p_x)*dt/tau_p,  p_y and p_xy alike, p_xy of z_x*z_y
    w   = w_gain*log((p_xy + floor**2)/((p_x + floor)*(p_y + floor)))

A weight is positive where both neurons are active together more often than by chance, 0 where they
are independent, negative where they exclude each other. No error and no third factor comes in. The
rule of a neuron's bias, log(p_y), and the softmax inside a hypercolumn belong to neurons: see
`examples/features_by_bcpnn.py`, which has both.

Traces, p and the logarithm [P]; time constant of z from the neuron's trace, floor, bounds [I].
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

PROBABILITIES = """
    z_x = x/(f_max*second**-1*tau_z)
    z_y = y/(f_max*second**-1*tau_z)
    p_x += (z_x - p_x)*dt/(tau_p*second)
    p_y += (z_y - p_y)*dt/(tau_p*second)
    p_xy += (z_x*z_y - p_xy)*dt/(tau_p*second)
    w = w_gain*log((p_xy + floor_p**2)/((p_x + floor_p)*(p_y + floor_p)))
"""


def probability(name: str, default: float) -> Coefficient:
    """Return where a probability begins; 1 at a neuron that always spikes at f_max."""
    return Coefficient(name, default=default, low=1e-6, high=1, scale="log", sigma=0.3, frozen=True)


BCPNN = PlasticityRule(
    name="bcpnn",
    summary="w = log(p_xy/(p_x*p_y)): log odds of both neurons being active, without an error",
    model="""
        w : 1
        p_x : 1
        p_y : 1
        p_xy : 1
    """,
    each_step=PROBABILITIES,
    learns=("w", "p_x", "p_y", "p_xy"),
    coefficients=(
        Coefficient("w", default=0.0, low=-20, high=20, per="synapse", sigma=0.1),
        probability("p_x", 0.1),
        probability("p_y", 0.1),
        probability("p_xy", 0.01),
        Coefficient("tau_p", default=1.0, low=0.01, high=100, scale="log", sigma=0.5),
        Coefficient("f_max", default=100.0, low=1, high=1000, scale="log", sigma=0.3),
        Coefficient("w_gain", default=1.0, low=0, high=10, sigma=0.3),
    ),
    constants={"tau_z": 20 * ms, "floor_p": 1e-3},
    reference="Ravichandran, Lansner & Herman 2023, arXiv:2305.03866",
)
