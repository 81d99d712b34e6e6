"""Oja's rule on traces: Hebb with a decay that keeps the weights' length at 1 (Oja 1982).

With a linear neuron the weights become the first principal component of its inputs.
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

OJA = PlasticityRule(
    name="oja",
    summary="dw = eta*y*(x - y*w): finds the first principal component",
    model="w : 1",
    each_step="w = clip(w + eta*y*(x - y*w), -w_max, w_max)",
    coefficients=(
        Coefficient("w", default=0.1, low=-2, high=2, per="synapse"),
        Coefficient("eta", default=1e-3, low=1e-6, high=0.5, scale="log"),
    ),
    constants={"w_max": 2.0},
    reference="Oja 1982, J Math Biol 15:267",
)
