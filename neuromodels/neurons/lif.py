"""Current-driven leaky integrate-and-fire neuron in discrete time (SpikePropamine).

    v <- v*exp(-dt/tau_m) + I + bias;  a spike where v > v_th, which then is subtracted
    tr <- tr*exp(-dt/tau_x) + s

Synapses are deltas: the weight of a spike is added to `v` in the step in which it arrives.  While a
neuron is refractory it leaks and hears nothing; 1 ms is one step at dt = 1 ms and changes nothing.

For rules that need one, the pseudo-derivative of a spike is a triangle, max(0, 1 - |v - v_th|/v_th)
of the membrane before the reset, as in e-prop [C].

Type of neuron, form of the trace and all numbers [I]; tau_m = 20 ms is also that of the public code
of e-prop [C], which has a refractory period of 5 ms.
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.base import NeuronModel

BIAS = Coefficient("bias", default=0.0, low=-1, high=1, per="neuron", sigma=0.03)
"""What is added to the membrane in each step."""

LIF = NeuronModel(
    name="lif",
    summary="leaky integrate-and-fire, spikes in {0, 1}, delta synapses, threshold subtracted",
    equations="""
        dv/dt = -v/tau_m   : 1
        dtr/dt = -tr/tau_x : 1    # trace: 1 per spike
        rest               : 1    # of the refractory period, ms
        I                  : 1
        s                  : 1    # the spike of this step
    """,
    signal="s",
    trace="tr",
    threshold="v > v_th and rest < 0.5*dt/ms",
    reset="""
        s = 1
        tr += 1
        v -= v_th
        rest = t_ref
    """,
    before_spikes="""
        rest = clip(rest - dt/ms, 0, inf)
        v += (I + bias)*int(rest < 0.5*dt/ms)
        s = 0
    """,
    forget="""
        v = 0
        tr = 0
        rest = 0
        s = 0
    """,
    derivative="clip(1 - abs(v + v_th*s - v_th)/v_th, 0, inf)",
    constants={"tau_m": 20 * ms, "tau_x": 20 * ms, "v_th": 1.0},
    coefficients=(
        BIAS,
        Coefficient("t_ref", default=1.0, low=0, high=100, per="population", frozen=True),
    ),
    reference="after Schmidgall et al. 2021, arXiv:2106.02681; form and numbers inferred",
)
