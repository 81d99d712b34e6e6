"""A network of 400 excitatory and 100 inhibitory neurons that noise keeps active."""

from brian2 import Hz, Network, NeuronGroup, PoissonInput, Synapses, ms, mV


def build():
    """Return the network; `g` says how much stronger inhibition is than excitation."""
    g = 5.0
    cells = NeuronGroup(
        500,
        "dv/dt = (-60*mV - v)/(20*ms) : volt (unless refractory)",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=2 * ms,
        method="exact",
        name="cells",
    )
    exc, inh = cells[:400], cells[400:]
    excitation = Synapses(exc, cells, "w : volt (shared, constant)", on_pre="v_post += w")
    inhibition = Synapses(inh, cells, "w : volt (shared, constant)", on_pre="v_post -= g*w")
    for synapses in (excitation, inhibition):
        synapses.connect(p=0.1)
        synapses.w = 0.5 * mV
    cells.v = "-60*mV + rand()*10*mV"
    noise = PoissonInput(cells, "v", 1000, 3 * Hz, weight=0.2 * mV)
    return Network(cells, excitation, inhibition, noise)
