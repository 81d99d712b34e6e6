"""Leaky integrate-and-fire neuron with spikes of both signs (PDLF, arXiv:2308.12063)."""

from brian2.units import ms

from neuromodels.neurons.base import NeuronModel

#: One step of 20 ms is one time constant: v <- v/e + I*(1 - 1/e).
TERNARY_LIF = NeuronModel(
    name="ternary_lif",
    summary="leaky integrate-and-fire, spikes in {-1, 0, +1}, reset to 0",
    equations="""
        dv/dt = (I - v)/tau   : 1
        dtr/dt = -tr/tau      : 1    # trace of the spikes, an exponential average
        I                     : 1
        s                     : 1    # the spike of this step
    """,
    signal="s",
    trace="tr",
    threshold="abs(v) > v_th",
    reset="""
        s = sign(v)
        tr += s*(1 - exp(-dt/tau))
        v = 0
    """,
    before_spikes="s = 0",
    forget="""
        v = 0
        tr = 0
        s = 0
    """,
    constants={"tau": 20 * ms, "v_th": 0.1},
    reference="Shen et al. 2023, arXiv:2308.12063 (released code)",
)
