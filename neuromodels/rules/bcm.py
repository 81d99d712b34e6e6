"""Bienenstock, Cooper & Munro (1982): the threshold between weakening and strengthening slides.

    dw = eta*x*y*(y - theta),  theta follows the mean of y**2

The threshold is the postsynaptic neuron's; every synapse keeps its own copy, all of them equal.
"""

from brian2.units import second

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

BCM = PlasticityRule(
    name="bcm",
    summary="dw = eta*x*y*(y - theta), theta slides with the mean of y**2: becomes selective",
    model="""
        w : 1
        theta : 1
    """,
    each_step="""
        w = clip(w + eta*x*y*(y - theta), 0, w_max)
        theta += (y**2 - theta)*dt/tau_theta
    """,
    coefficients=(
        Coefficient("w", default=0.5, low=0, high=10, per="synapse"),
        Coefficient("theta", default=0.0, low=0, high=100),
        Coefficient("eta", default=1e-3, low=1e-6, high=0.5, scale="log"),
    ),
    constants={"tau_theta": 1 * second, "w_max": 10.0},
    reference="Bienenstock, Cooper & Munro 1982, J Neurosci 2:32",
)
