"""Homeostatic scaling: all weights of a neuron by the same factor (Turrigiano et al. 1998).

    dw = eta*w*(y_0 - y),  y the slow trace of the neuron

Relative differences between a neuron's synapses stay as they are.
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

SCALING = PlasticityRule(
    name="scaling",
    summary="dw = eta*w*(y_0 - y): keeps a neuron's activity, multiplies all its weights",
    model="w : 1",
    each_step="w = clip(w + eta*w*(y_0 - y), 0, w_max)",
    coefficients=(
        Coefficient("w", default=0.5, low=0, high=10, per="synapse"),
        Coefficient("eta", default=1e-3, low=1e-6, high=0.5, scale="log"),
        Coefficient("y_0", default=0.5, low=0, high=100),
    ),
    constants={"w_max": 10.0},
    reference="Turrigiano et al. 1998, Nature 391:892; form of van Rossum, Bi & Turrigiano 2000",
)
