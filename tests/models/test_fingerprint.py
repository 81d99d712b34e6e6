"""A digest tells networks apart by what they are, not by how they are built or named."""

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    ms,
)
from brian2.units import Hz

from neuromodels.models import Model, Rate
from neuromodels.models.compiled import Compiled

FOUND = {
    "weights": np.arange(4.0),
    "course": [1, 2],
    "tau": 10 * ms,
    "reset": "v = 0",
    "spikes": [1, 2],
    "pre": [0, 1, 2, 3],
    "rate": 5 * Hz,
    "equation": "dv/dt = (drive(t) - v)/tau : 1\nu : 1",
    "on_pre": "v_post += w",
    "start": 0.5,
    "target": "v",
}


def build():
    drive, tau = TimedArray(FOUND["course"], dt=5 * ms), FOUND["tau"]
    cells = NeuronGroup(
        4, FOUND["equation"], threshold="v > 1", reset=FOUND["reset"], method="euler"
    )
    cells.v = FOUND["start"]
    given = SpikeGeneratorGroup(2, [0, 1], FOUND["spikes"] * ms)
    syn = Synapses(cells, cells, "w : 1", on_pre=FOUND["on_pre"])
    syn.connect(i=FOUND["pre"], j=[1, 2, 3, 0])
    syn.w = FOUND["weights"]
    noise = PoissonInput(cells, FOUND["target"], 10, FOUND["rate"], weight=0.1)
    return Network(cells, given, syn, noise)


def fingerprint():
    return Compiled(Model(build, 5 * ms, {}, {"rate": Rate("cells")})).fingerprint


def test_a_network_that_is_built_again_is_the_same():
    """Brian2 gives its objects other names, and its random numbers go on."""
    others = [NeuronGroup(1, "x : 1") for _ in range(12)]
    first = fingerprint()
    assert fingerprint() == first
    for other in others:
        other._network = "discarded"


CHANGES = {
    "weights": np.array([0, 1, 2, 3.5]),
    "course": [1, 3],
    "tau": 11 * ms,
    "reset": "v = 0.1",
    "spikes": [1, 3],
    "pre": [0, 1, 2, 0],
    "rate": 6 * Hz,
    "equation": "dv/dt = (2*drive(t) - v)/tau : 1\nu : 1",
    "on_pre": "v_post += 2*w",
    "start": 0.6,
    "target": "u",
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_read_from_outside_changes_it(name, monkeypatch):
    before = fingerprint()
    monkeypatch.setitem(FOUND, name, CHANGES[name])
    assert fingerprint() != before
