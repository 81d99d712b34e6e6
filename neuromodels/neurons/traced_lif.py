"""LIF neuron that keeps averages of its membrane and inputs, for rules that depend on them.

    v_slow, c_exc, c_inh follow v, max(I, 0), max(-I, 0) with 100, 10 and 100 ms

Which variables and their time constants [C], the code of Confavreux et al. 2025, where they are
those of conductances; here a step's whole input is either excitatory or inhibitory [I].
"""

from brian2.units import ms

from neuromodels.neurons.base import NeuronModel
from neuromodels.neurons.lif import LIF

TRACED_LIF = NeuronModel(
    name="traced_lif",
    summary="lif that averages its membrane, excitatory and inhibitory input for plasticity",
    equations=f"""{LIF.equations}
        v_slow : 1    # average of the membrane
        c_exc  : 1    # of the excitatory input
        c_inh  : 1    # of the inhibitory input
    """,
    signal=LIF.signal,
    trace=LIF.trace,
    threshold=LIF.threshold,
    reset=LIF.reset,
    before_spikes=LIF.before_spikes,
    each_step="""
        v_slow += (v - v_slow)*dt/tau_v
        c_exc += (clip(I, 0, inf) - c_exc)*dt/tau_exc
        c_inh += (clip(-I, 0, inf) - c_inh)*dt/tau_inh
    """,
    forget=f"""{LIF.forget}
        v_slow = 0
        c_exc = 0
        c_inh = 0
    """,
    derivative=LIF.derivative,
    constants={**LIF.constants, "tau_v": 100 * ms, "tau_exc": 10 * ms, "tau_inh": 100 * ms},
    coefficients=LIF.coefficients,
    reference="after Confavreux et al. 2025, PLoS Comput Biol 21:e1012910 (released code)",
)
