"""A user's network with plastic synapses, and studies of it and of a layered circuit like it."""

import textwrap

from neuromodels.study.file import read_study

NETWORK = textwrap.dedent(
    """\
    import numpy as np
    from brian2 import (
        Network, NetworkOperation, NeuronGroup, StateMonitor, Synapses, defaultclock, ms, volt,
    )

    def build():
        tau, limit = 20*ms, 1
        cells = NeuronGroup(7, '''
            dv/dt = -v/tau   : 1
            dtr/dt = -tr/tau : 1
            told             : 1
            heard            : 1
            s                : 1
            ''', threshold="v > limit", reset="s = 1; tr += 1; v -= limit", name="cells")
        cells.run_regularly("v += told + heard; s = 0", when="before_thresholds")
        back = Synapses(cells, cells, '''
            w : 1
            heard_post = w*s_pre : 1 (summed)
            ''', name="back")
        back.connect(CONNECT)
        return Network(cells, back, StateMonitor(cells, "v", record=True))
"""
)
STUDY = """\
    name = "own"
    conditions = ["plastic", "frozen", "halted", "reset", "random"]
    [task]
    name = "sequence_copy"
    latency = 4
    [rule]
    name = "RULE"
    [search]
    candidates = 6
    trials = 3
    generations = 3
    [test]
    trials = 20
    curve_trials = 5
    every = 1
    random_rules = 3
    [device]
    dtype = "float64"
    threads = 1
    [circuit]
"""
OWN = """\
    build = "net.py:build"
    input = "cells.told"
    plastic = "back"
    output = "cells"
"""
LAYERED = """\
    hidden = 7
    neuron = "lif"
    recurrent = true
    plastic = "recurrent"
    coefficients = { "hidden.bias" = { frozen = 0.0, per = "population" } }
"""


def reader(folder):
    """Return a function that reads a study of a circuit and a network, both with changes."""

    def study(circuit=OWN, rule="oja", network=NETWORK, connect="", swaps=(), **more):
        for old, new in swaps:
            assert old in network
            network = network.replace(old, new)
        (folder / "net.py").write_text(network.replace("CONNECT", connect))
        path = folder / "study.toml"
        path.write_text(textwrap.dedent(STUDY).replace("RULE", rule) + textwrap.dedent(circuit))
        return read_study(path, [f"{key}={value}" for key, value in more.items()])

    return study
