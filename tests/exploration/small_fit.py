"""A fit of one integrate-and-fire neuron, which may end itself in the middle.

usage: python small_fit.py FOLDER LAST     LAST: the generation after which it kills itself
"""

import os
import signal
import sys

from brian2 import Hz, Network, NeuronGroup, ms, second

from neuromodels import fit
from neuromodels.models import IntervalCV, Model, Parameter, Rate

SETTINGS = {
    "candidates": 8,
    "generations": 8,
    "repeats": 2,
    "seed": 3,
    "threads": 1,
    "report": False,
}
TARGETS = {"rate": (60 * Hz, 3 * Hz), "cv": (0.4, 0.1)}


def build():
    cells = NeuronGroup(
        2,
        "dv/dt = (drive - v)/(10*ms) + sigma*xi/sqrt(10*ms) : 1 (unless refractory)\n"
        "drive : 1\nsigma : 1 (shared)",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        method="euler",
        name="cells",
    )
    cells.drive, cells.sigma = 1.5, 0.3
    first, last = cells[:1], cells[1:]
    return Network(cells)


PARAMETERS = {
    "drive": Parameter("cells.drive", 0.5, 4, scale="log"),
    "sigma": Parameter("cells.sigma", 0.05, 1),
}
MEASURES = {
    "rate": Rate("cells"),
    "cv": IntervalCV("cells"),
    "slow": Rate("first"),
    "fast": Rate("last"),
}
MODEL = Model(build, 0.3 * second, PARAMETERS, MEASURES)


def main(folder, last):
    def kill(done, count):
        if done == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    fit(MODEL, TARGETS, folder=folder, **{**SETTINGS, "report": kill})


if __name__ == "__main__":
    main(*sys.argv[1:])
