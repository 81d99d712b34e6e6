"""A network with parts, inputs, clocks of several lengths and silent neurons, to be measured."""

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    second,
)

from neuromodels.models.building import build
from neuromodels.simulation import Batch

#: Size and step of each group, in seconds.
GROUPS = {
    "cells": (30, 1e-4),
    "exc": (20, 1e-4),
    "inh": (10, 1e-4),
    "noise": (10, 2e-4),
    "given": (6, 5e-4),
    "silent": (4, 1e-4),
}
BEGIN, END = 0.053, 0.507
STREAMS = np.arange(3, dtype=np.uint64) + np.uint64(7)


def make():
    cells = NeuronGroup(
        30,
        """dv/dt = (drive - v)/(10*ms) + 0.4*xi/sqrt(10*ms) : 1 (unless refractory)
        drive : 1""",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        method="euler",
        name="cells",
        dt=0.1 * ms,
    )
    exc, inh, silent = cells[:20], cells[20:], cells[:4]
    cells.drive = "1.2*int(i > 3) - 8*int(i <= 3)"
    syn = Synapses(cells, cells, "w : 1", on_pre="v_post += 0.1*w", name="syn")
    syn.connect("i != j", p=0.1)
    syn.w = "j/10.0"
    noise = PoissonGroup(10, 60 * Hz, name="noise", dt=0.2 * ms)
    times = [0, 10, 11, 20, 21, 50, 90, 99.5, 100, 100.5, 250, 251, 252.5] * ms
    who = [0, 0, 0, 1, 1, 2, 0, 1, 3, 3, 3, 3, 3]
    given = SpikeGeneratorGroup(6, who, times, name="given", dt=0.5 * ms)
    cells.v = "rand()"
    parts = {"cells": cells, "exc": exc, "inh": inh, "silent": silent}
    watched = {**parts, "noise": noise, "given": given}
    seen = [SpikeMonitor(group, name=f"seen_{name}") for name, group in watched.items()]
    course = StateMonitor(cells, "v", record=True, dt=1 * ms, name="course")
    return Network(cells, syn, noise, given, seen, course)


def recorded(network, dtype, streams=STREAMS):
    """Return a batch that has run, with everything recorded."""
    batch = Batch(network, len(streams), dtype=dtype, streams=streams, namespace={})
    batch.initialise("cells.v", "rand()")
    batch.record(range(len(streams)))
    batch.run(END * second)
    return batch


def bare(dtype):
    """Return a batch of the network without measures, that has run."""
    return recorded(build(make, 0).network, dtype)


def steps(name):
    """Return where what counts begins and ends, in steps of a group."""
    dt = GROUPS[name][1]
    return int(np.ceil(BEGIN / dt - 1e-4)), int(np.ceil(END / dt - 1e-4))
