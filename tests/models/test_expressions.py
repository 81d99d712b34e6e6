"""Measures that are written as text, beside what stock Brian2 records."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, StateMonitor, Synapses, ms, mV, second

from neuromodels.errors import DeclarationError
from neuromodels.models import Histogram, Model, Rate, Reduced
from neuromodels.models.compiled import Compiled
from neuromodels.simulation import Batch

EQUATIONS = "dv/dt = (20*mV*(1 + 0.1*i) - v)/(10*ms) : volt"


def build():
    cells = NeuronGroup(
        6, EQUATIONS, threshold="v > 15*mV", reset="v = 0*mV", method="exact", namespace={}
    )
    syn = Synapses(cells, cells, "w : 1", on_pre="w += 0.01*(1 - w)", namespace={})
    syn.connect("i != j")
    syn.w = "0.1*i"
    return Network(cells, syn)


@pytest.fixture(scope="module")
def recorded():
    """Return v, (neurons, samples), and w, (synapses, samples), each ms from 30 ms on."""
    network = build()
    cells = next(each for each in network.objects if isinstance(each, NeuronGroup))
    syn = next(each for each in network.objects if isinstance(each, Synapses))
    v, w = (StateMonitor(g, n, record=True, dt=1 * ms) for g, n in ((cells, "v"), (syn, "w")))
    network.add(v, w)
    network.run(100 * ms)
    return np.asarray(v.v)[:, 30:], np.asarray(w.w)[:, 30:], np.asarray(syn.w[:])


def measured(**measures):
    model = Model(build, 100 * ms, {}, measures, 30 * ms, dtype="float64")
    found = Compiled(model).run({}, np.zeros(1, dtype=int), np.zeros(1, dtype=np.uint64))
    return {name: found[name][0] for name in measures}


TEXTS = {
    "mean(cells.v)": lambda v, w, end: v.mean(),
    "std(cells.v)": lambda v, w, end: v.std(),
    "min(cells.v)": lambda v, w, end: v.min(),
    "max(cells.v) - 2*min(cells.v)": lambda v, w, end: v.max() - 2 * v.min(),
    "mean(cells.v**2)/mean(cells.v)**2": lambda v, w, end: (v**2).mean() / v.mean() ** 2,
    "std(time_mean(cells.v))": lambda v, w, end: v.mean(axis=1).std(),
    "max(time_std(cells.v))": lambda v, w, end: v.std(axis=1).max(),
    "mean(time_max(cells.v/mV))": lambda v, w, end: v.max(axis=1).mean() * 1e3,
    "sum(syn.w)": lambda v, w, end: w.mean(axis=1).sum(),
    "mean(last(syn.w))": lambda v, w, end: end.mean(),
    "-max(last(exp(syn.w)))": lambda v, w, end: -np.exp(end).max(),
    "mean(cells.v*int(cells.v > 5*mV))": lambda v, w, end: (v * (v > 0.005)).mean(),
}


def test_what_is_written_is_what_was_recorded(recorded):
    found = measured(**{f"m{k}": text for k, text in enumerate(TEXTS)})
    for k, (text, of) in enumerate(TEXTS.items()):
        np.testing.assert_allclose(found[f"m{k}"], of(*recorded), rtol=1e-9, err_msg=text)


def test_a_histogram_is_that_of_the_end(recorded):
    found = measured(h=Histogram("syn.w", 0, 1, 10))["h"]
    np.testing.assert_array_equal(found, np.histogram(recorded[2], 10, (0, 1))[0])


def test_samples_may_be_rarer(recorded):
    found = measured(v=Reduced("mean(cells.v)", every=10 * ms))["v"]
    np.testing.assert_allclose(found, recorded[0][:, ::10].mean(), rtol=1e-9)


BAD = {
    "mean(cell.v)": "Did you mean 'cells'?",
    "mean(cells.x)": "readable",
    "cells.v": "must be a number for each instance",
    "3": "must be a number for each instance",
    "2*(1 + 3)": "must be a number for each instance",
    "median(cells.v)": "must be a reduction",
    "mean(cells.v": "must be an expression",
    "mean(cells.v + syn.w)": "variables of one group",
    "mean(cells.v) + mean(syn.w)": "one unit",
    "mean(cells.v + 1)": "units must agree",
    "mean(3)": "variables of one group",
    "mean(cells.v, cells.v)": "takes one expression",
    "mean(cells.v)**mean(syn.w)": "exponent",
    "__import__('os')": "must be a reduction",
}


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_measured_is_refused(text):
    with pytest.raises(DeclarationError, match=r"Model\.measures") as error:
        measured(m=text)
    assert BAD[text] in str(error.value)


def noisy():
    cells = NeuronGroup(
        9, "dv/dt = -v/(10*ms) + xi/sqrt(10*ms) : 1", threshold="v > 1", reset="v = 0",
        method="euler", name="cells", namespace={},
    )  # fmt: skip
    syn = Synapses(cells, cells, on_pre="v_post += 0.1*rand()", name="syn", namespace={})
    syn.connect("i != j")
    cells.v = "rand()"
    return Network(cells, syn)


def test_measures_change_nothing_else():
    """The noise of each object is its own: what is added draws nothing and moves nothing."""
    measures = {"rate": Rate("cells"), "v": "std(cells.v)", "end": "mean(last(cells.v))"}
    model = Model(noisy, 50 * ms, {}, measures, dtype="float64")
    found = Compiled(model).run({}, np.zeros(3, dtype=int), np.arange(3, dtype=np.uint64))
    plain = Batch(noisy(), 3, dtype="float64", namespace={})
    plain.initialise("cells.v", "rand()")
    plain.run(50 * ms)
    expected = np.asarray(plain["cells.v"]).mean(axis=1)
    # the order of the sum is numpy's here, and the compiler's there
    np.testing.assert_allclose(found["end"], expected, rtol=1e-12, atol=1e-14)
    assert len(np.unique(found["rate"])) > 1


def test_padding_of_a_shorter_wiring_counts_for_nothing():
    def sparse():
        cells = NeuronGroup(30, "v : 1", name="cells")
        syn = Synapses(cells, cells, "w : 1", name="syn")
        syn.connect(p=0.1)
        syn.w = "2 + 0*rand()"
        return Network(cells, syn)

    measures = {"mean": "mean(last(syn.w))", "least": "min(syn.w)", "number": "sum(last(syn.w/2))"}
    model = Model(sparse, 5 * ms, {"p": "syn.p"}, measures, dtype="float64")
    rows = np.repeat([0, 1], 3)
    found = Compiled(model).run(
        {"p": np.array([[0.05], [0.4]])}, rows, np.arange(6, dtype=np.uint64)
    )
    np.testing.assert_array_equal(found["mean"], 2)
    np.testing.assert_array_equal(found["least"], 2)
    assert len(np.unique(found["number"])) > 2
    np.testing.assert_allclose(found["number"], [45] * 3 + [360] * 3, rtol=0.35)


def test_what_build_recorded_stays():
    """A monitor of the user's own does no harm."""

    def watched():
        cells = NeuronGroup(2, EQUATIONS, threshold="v > 15*mV", reset="v = 0*mV", method="exact")
        return Network(cells, SpikeMonitor(cells))

    model = Model(watched, 0.1 * second, {}, {"rate": Rate("cells"), "v": "mean(cells.v/mV)"})
    found = Compiled(model).run({}, np.zeros(1, dtype=int), np.zeros(1, dtype=np.uint64))
    assert found["rate"][0] > 0
    assert 0 < found["v"][0] * mV / mV < 15
