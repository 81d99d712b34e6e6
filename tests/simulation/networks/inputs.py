"""A network with spikes and timed arrays that instances may have of their own."""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    TimedArray,
    ms,
    mV,
)

DT, DURATION = 0.5 * ms, 12 * ms
COURSE = np.array([[1, 2, 3, 4], [9, 8, 7, 6], [0, 0, 5, 0]]) * mV
PLACES = np.arange(24.0).reshape(3, 4, 2)
SPIKES = [([0, 1, 1], [1, 2, 4] * ms), ([], [] * ms), ([1, 0, 0, 1, 0], [3, 3, 1, 8, 11] * ms)]


def network_with_inputs(
    course=COURSE[0], places=PLACES[0], spikes=SPIKES[2], period=0 * ms
) -> Network:
    """Return two cells that hear a generator and follow a timed array of each kind."""
    space = {
        "course": TimedArray(course, dt=2 * ms, name="the_course"),
        "places": TimedArray(places, dt=3 * ms, name="the_places"),
        "mV": mV,
        "tau": 5 * ms,
    }
    text = "dv/dt = (course(t) + places(t, i)*mV - v)/tau : volt\nk : 1"
    cells = NeuronGroup(2, text, method="euler", name="cells", dt=DT, namespace=space)
    source = SpikeGeneratorGroup(2, *spikes, name="source", dt=DT, period=period)
    on = Synapses(source, cells, on_pre="v_post += 3*mV*(i + 1)", name="on", namespace=space)
    on.connect()
    return Network(cells, source, on, SpikeMonitor(source, name="seen"))
