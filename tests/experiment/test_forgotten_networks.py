"""What built a network lets go of it: a process that builds many does not grow.

Brian2 asks all living objects for their names whenever it makes another one. So what is kept also
makes each network slower to build than the one before.
"""

import gc

import brian2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms
from brian2.core.names import Nameable
from plastic_network import LAYERED, OWN, reader

import neuromodels.simulation  # noqa: F401  makes the device known to Brian2
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.experiment.recording import trial_of
from neuromodels.exploration.sweep import sweep
from neuromodels.models import Model, Rate

EQUATION = "dv/dt = (2 - v)/(10*ms) : 1"


def build():
    cells = NeuronGroup(3, EQUATION, threshold="v > 1", reset="v = 0", method="exact", name="cells")
    return Network(cells)


def sweep_own():
    sweep(Model(build, 5 * ms, {"v": "cells.v"}, {"rate": Rate("cells")}), {"v": [0, 0.5]})


def run_device():
    brian2.set_device("batch")
    try:
        build().run(5 * ms, namespace={})
    finally:
        brian2.set_device("runtime")


def experiment(study):
    return Experiment(study, "plastic")


def episodes(study):
    return Episodes(study, "plastic", experiment(study).centre, np.arange(2, dtype=np.uint64))


def recording(study):
    return trial_of(study, "plastic", experiment(study).centre, 1)


def living():
    """Return how many of Brian2's objects somebody can still reach."""
    gc.collect()
    return sum(reference() is not None for reference in Nameable.__instances__())


def grown_by(make, times=2):
    """Return how many more objects there are after more of the same."""
    make()
    before = living()
    for _ in range(times):
        make()
    return living() - before


@pytest.mark.parametrize("circuit", [LAYERED, OWN], ids=["layered", "own"])
@pytest.mark.parametrize("make", [experiment, episodes, recording])
def test_a_trial_forgets_its_network(make, circuit, tmp_path):
    study = reader(tmp_path)(circuit)
    assert grown_by(lambda: make(study)) == 0


@pytest.mark.parametrize("make", [sweep_own, run_device])
def test_a_run_forgets_its_network(make):
    assert grown_by(make) == 0
