"""Leaky read-out without spikes, which a task may teach (SpikePropamine, e-prop).

    r <- r*exp(-dt/tau_o) + I;  o = r + bias;  z = tanh(o + gain*told)

What a task tells it reaches plasticity through the trace `z` alone: the answer `o` is the network's
own at all times.  tau_o = 20 ms [C], public code of e-prop; bias, squashed and taught trace [I].
Without a bias a silent network ties, and its tie counts as an answer.  For rules that need one, the
error is told - tanh(o) while something is told, the gradient of its square over 2 [I].
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.base import NeuronModel

LEAKY_READOUT = NeuronModel(
    name="leaky_readout",
    summary="sum of its inputs over 20 ms plus a bias; plasticity sees tanh of it and of a teacher",
    equations="""
        dr/dt = -r/tau_o : 1
        I                : 1
        o                : 1    # the answer
        z                : 1    # what plasticity sees
        told             : 1    # by the task
    """,
    signal="o",
    trace="z",
    each_step="""
        r += I
        o = r + bias
        z = tanh(o + gain*told)
    """,
    forget="""
        r = 0
        o = 0
        z = 0
    """,
    constants={"tau_o": 20 * ms},
    taught="told",
    error="int(abs(told) > 0)*(told - tanh(o))",
    derivative="1 - tanh(o)**2",
    coefficients=(
        Coefficient("bias", default=0.0, low=-10, high=10, per="neuron", sigma=0.1),
        Coefficient("gain", default=1.0, low=0, high=10, per="population", frozen=True),
    ),
    reference="Bellec et al. 2020, Nature Communications 11:3625 (released code); trace: ours",
)
