"""Fit an adaptive exponential neuron to the spikes that another simulation has recorded.

The record comes from stock Brian2, with another numerical method, a fifth of the time step, and
noise in the membrane. The model that is fitted has no noise: its spikes scatter around the record.
Brette and Gerstner, J. Neurophysiol. 94 (2005), hold the model.

usage: python fit_adaptive_neuron.py [--small]     --small: fewer candidates, to see that it works
"""

import sys

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    TimedArray,
    ms,
    mV,
    nA,
    nS,
    pA,
    pF,
    second,
    seed,
)

from neuromodels import Model, Parameter, fit
from neuromodels.models import SpikeTrainDistance

SECONDS = 4
TRUTH = {"a": 4 * nS, "b": 80 * pA, "tau_w": 140 * ms}
steps = np.random.default_rng(7).uniform(0.3, 1.6, SECONDS * 20)
current = TimedArray(steps * nA, dt=50 * ms)

EQUATIONS = """
dv/dt = (g*(E - v) + g*D*exp((v - V_T)/D) - w + current(t))/C {noise}: volt
dw/dt = (a*(v - E) - w)/tau_w : amp
a : siemens
b : amp
tau_w : second
"""


def network(method="rk4", dt=0.1 * ms, noise=""):
    C, g, E, V_T, D = 281 * pF, 30 * nS, -70.6 * mV, -50.4 * mV, 2 * mV
    names = {"C": C, "g": g, "E": E, "V_T": V_T, "D": D, "current": current}
    cell = NeuronGroup(
        1,
        EQUATIONS.format(noise=noise),
        threshold="v > -40*mV",
        reset="v = E; w += b",
        method=method,
        dt=dt,
        namespace=names,
        name="cell",
    )
    cell.v = E
    return Network(cell)


def record(noise_seed=3):
    """Return the spike times of the true neuron."""
    seed(noise_seed)
    net = network("euler", 0.02 * ms, "+ 0.3*mV/ms**0.5*xi")
    net["cell"].set_states(TRUTH)
    spikes = SpikeMonitor(net["cell"], name="spikes")
    net.add(spikes)
    net.run(SECONDS * second, namespace={})
    return np.array(spikes.t) * second


def main(candidates=64, generations=40, noise_seed=3, folder=None):
    distance = SpikeTrainDistance("cell", record(noise_seed), "van Rossum", tau=20 * ms)
    model = Model(
        network,
        SECONDS * second,
        parameters={
            "a": Parameter("cell.a", 0 * nS, 10 * nS),
            "b": Parameter("cell.b", 10 * pA, 300 * pA, scale="log"),
            "tau_w": Parameter("cell.tau_w", 30 * ms, 500 * ms, scale="log"),
        },
        measures={"distance": distance},
    )
    size = {"candidates": candidates, "generations": generations}
    return fit(model, "distance", **size, seed=1, folder=folder)


if __name__ == "__main__":
    result = main(16, 12) if "--small" in sys.argv else main()
    print(result)
    for name, value in TRUTH.items():
        print(f"  true {name}: {value}")
