"""Excitatory neurons with sparse synapses to each other, held in check by inhibitory ones."""

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, ms, mV

NEURONS = """
    dv/dt = (drive + (told + heard - feared)*mV - v)/(20*ms) : volt
    dtr/dt = -tr/(40*ms) : 1             # trace: 1 per spike
    drive                : volt (constant)
    told                 : 1             # from the channels of the task
    heard                : 1             # from excitatory neurons
    feared               : 1             # from inhibitory neurons
    s                    : 1             # the spike of this step
"""


def neurons(name: str, size: int) -> NeuronGroup:
    """Return neurons of which some fire without input, and some do not."""
    group = NeuronGroup(
        size,
        NEURONS,
        threshold="v > 1*mV",
        reset="v = 0*mV; tr += 1; s = 1",
        method="exact",
        name=name,
    )
    group.run_regularly("s = 0", when="before_thresholds")
    group.drive = np.linspace(0.7, 1.4, size) * mV
    return group


def build() -> Network:
    """Return the network; a study makes its synapses `back` plastic."""
    cells, guards = neurons("cells", 24), neurons("guards", 6)
    back = Synapses(cells, cells, "w : 1\nheard_post = w*s_pre : 1 (summed)", name="back")
    back.connect(condition="i != j", p=0.3)
    rousing = Synapses(cells, guards, on_pre="v_post += 0.1*mV", name="rousing")
    rousing.connect()
    calming = Synapses(guards, cells, on_pre="v_post -= 0.2*mV", delay=20 * ms, name="calming")
    calming.connect()
    return Network(cells, guards, back, rousing, calming)
