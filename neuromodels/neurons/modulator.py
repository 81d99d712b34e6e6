"""Squashed modulatory unit: one number for a layer (SpikePropamine, predecessor's code).

    o = tanh(sum of f*x + f_0),  x the traces of the neurons that drive it

One unit that reads the traces of a layer and fans out with one weight per neuron [C], the first
author's earlier code for rate networks.  Whether the paper's modulators spike is not known to us.
"""

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.base import NeuronModel

MODULATOR = NeuronModel(
    name="modulator",
    summary="tanh of the weighted traces that drive it and of a bias, no dynamics",
    equations="""
        I : 1
        o : 1
    """,
    signal="o",
    trace="o",
    each_step="o = tanh(I + f_0)",
    forget="o = 0",
    coefficients=(Coefficient("f_0", default=0.0, low=-10, high=10, per="neuron", sigma=0.1),),
    reference="form of Schmidgall 2020, arXiv:2006.05832 (released code)",
)
