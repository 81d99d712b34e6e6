"""The sweep of ``examples/sweep_stdp_network.py`` as one writes it for plain Brian2 and joblib."""

# The lines from here to the end of `swept` are what a user writes beside the model itself.
import gc
import itertools

import numpy as np
import pandas as pd
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, second, seed
from brian2.codegen.translation import make_statements
from joblib import Parallel, delayed


def one(build, g, w, repeat, length):
    """Build, run and measure one network."""
    make_statements._cache.clear()  # else Brian2 keeps the last network's noise alive, and
    gc.collect()  # compiles it under a new name; now all names are free again
    seed(repeat)
    network = build()
    cells = next(each for each in network.objects if isinstance(each, NeuronGroup))
    plastic = next(s for s in network.objects if isinstance(s, Synapses) and "w" in s.variables)
    plastic.w = w
    spikes = SpikeMonitor(cells[:400])
    network = Network(*network.objects, spikes)
    network.run(length * second, namespace={"g": g})
    begin, times, who = length / 4, np.asarray(spikes.t), np.asarray(spikes.i)
    trains = [times[(who == k) & (times >= begin)] for k in range(400)]
    intervals = [np.diff(train) for train in trains if len(train) > 2]
    bins = np.arange(begin, length + 1e-9, 0.005)
    counts = np.array([np.histogram(train, bins)[0] for train in trains])
    return {
        "g": g,
        "w": w,
        "rate": np.mean([len(train) for train in trains]) / (length - begin),
        "cv": np.mean([gaps.std() / gaps.mean() for gaps in intervals]),
        "synchrony": counts.mean(axis=0).var() / counts.var(axis=1).mean(),
        "weight": np.mean(plastic.w[:]),
    }


def swept(build, gs, ws, repeats, length, cores):
    """Run the grid on some processes."""
    points = itertools.product(gs, ws, range(repeats))
    rows = Parallel(cores)(delayed(one)(build, g, w, k, length) for g, w, k in points)
    return pd.DataFrame(rows).groupby(["g", "w"]).mean()
