"""Gated recurrent unit (Cho et al. 2014), which the released copy network of PDLF has beside it.

    h <- (1 - z)*tanh(n_in + b_n + r*(back + b_back)) + z*h
    r = sigmoid(r_in + b_r),  z = sigmoid(z_in + b_z)

`n_in`, `r_in` and `z_in` are weighted sums of channels, `back`, `r_in` and `z_in` of the units
themselves one step before.  128 of them, three channels and a read-out have 50,944 numbers, one
less than the released network, whose read-out has a bias [C].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.base import NeuronModel

BIASES = ("b_r", "b_z", "b_n", "b_back")

GRU = NeuronModel(
    name="gru",
    summary="gated recurrent unit: a memory in activity, beside or in place of plastic weights",
    equations="""
        r_in : 1
        z_in : 1
        n_in : 1
        back : 1
        h    : 1
    """,
    signal="h",
    trace="h",
    input="n_in",
    each_step="""
        r = 1/(1 + exp(-(r_in + b_r)))
        z = 1/(1 + exp(-(z_in + b_z)))
        h = (1 - z)*tanh(n_in + b_n + r*(back + b_back)) + z*h
    """,
    forget="h = 0",
    coefficients=tuple(Coefficient(name, per="neuron") for name in BIASES),
    reference="Cho et al. 2014, arXiv:1406.1078; beside PDLF: arXiv:2308.12063 (released code)",
)
