"""A model's measures at each point, beside stock Brian2 that builds and runs the network anew."""

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    mV,
    second,
)

from neuromodels.exploration import sweep
from neuromodels.models import Model, Parameter, Rate
from neuromodels.models.compiled import Compiled

DURATION, TRANSIENT = 200 * ms, 50 * ms
NAMES = {"tau": 10 * ms, "drive": 15 * mV, "start": 3 * mV, "hill": 12 * mV}
MEASURES = {"rate": Rate("cells"), "late": Rate("other"), "v": "mean(cells.v)", "b": "max(cells.b)"}


def network_of(names, weight=2 * mV, delay=1 * ms, quick=10 * ms):
    """Return a deterministic network of 20 cells: those of one half drive the other."""
    cells = NeuronGroup(
        20,
        """dv/dt = (drive*(1 + 0.02*i) + I(t) - v)/own : volt (unless refractory)
        b = v*2 : volt
        own : second (constant)""",
        threshold="v > hill",
        reset="v = 0*mV",
        refractory=2 * ms,
        method="euler",
        namespace={**names, "I": TimedArray([0, 4, 0, 2] * mV, dt=40 * ms)},
    )
    first, other = cells[:10], cells[10:]
    syn = Synapses(first, other, "w : volt", on_pre="v_post += w", delay=delay)
    syn.connect("i == j")
    syn.w = weight
    cells.v = "start*(i % 3)"
    cells.own = names["tau"]
    cells.own["i >= 15"] = quick
    return Network(cells, syn), cells, first, other, syn


def build():
    """Build the network of a model: its variables' names are the groups' addresses."""
    network, cells, first, other, syn = network_of(NAMES)
    return network


def stock(**changes):
    """Return what stock Brian2 measures where some constants are others."""
    names = {n: changes.pop(n, value) for n, value in NAMES.items()}
    network, cells, *_ = network_of(names, **changes)
    spikes, v = SpikeMonitor(cells), StateMonitor(cells, ["v", "b"], record=True, dt=1 * ms)
    network.add(spikes, v)
    network.run(DURATION, namespace={})
    inside = np.asarray(spikes.t / second) >= float(TRANSIENT) - 1e-9
    late = inside & (np.asarray(spikes.i) >= 10)
    seen = np.asarray(v.t / ms) >= 50 - 1e-6
    length = float(DURATION - TRANSIENT)
    counts = inside.sum() / 20 / length, late.sum() / 10 / length
    return [*counts, np.asarray(v.v)[:, seen].mean(), np.asarray(v.b)[:, seen].max()]


def measured(parameters, points):
    model = Model(build, DURATION, parameters, MEASURES, TRANSIENT, dtype="float64")
    found = sweep(model, points, report=False)
    return np.array([np.ravel(found[name]) for name in MEASURES]).T


VARIED = {
    "drive": ("drive", [12 * mV, 25 * mV]),
    "hill": ("cells.hill", [10 * mV, 14 * mV]),
    "weight": ("syn.w", [0 * mV, 5 * mV]),
    "delay": ("syn_pre.delay", [0.5 * ms, 7 * ms]),
    "start": ("start", [0 * mV, 6 * mV]),
}


@pytest.mark.parametrize("name", ["drive", "hill", "weight", "delay", "start"])
def test_a_parameter_does_what_another_constant_does(name):
    address, values = VARIED[name]
    got = measured({name: address}, {name: values})
    expected = [stock(**{name: value}) for value in values]
    np.testing.assert_allclose(got, expected, rtol=1e-9)
    assert not np.allclose(got[0], got[1])


def test_a_subgroup_is_a_part_of_its_group():
    got = measured({"w": "first.own"}, {"w": [10 * ms]})
    np.testing.assert_allclose(got, [stock()], rtol=1e-9)


def test_some_neurons_share_a_number_and_others_another():
    labels = [0] * 15 + [1] * 5
    own = {"own": Parameter("cells.own", per=labels)}
    model = Model(build, DURATION, own, MEASURES, TRANSIENT, dtype="float64")
    points = {"own": np.array([[0.010, 0.010], [0.010, 0.004]])}
    found = Compiled(model).run(points, np.arange(2), np.arange(2, dtype=np.uint64))
    expected = [stock(), stock(quick=4 * ms)]
    np.testing.assert_allclose(np.array([found[n] for n in MEASURES]).T, expected, rtol=1e-9)


def test_the_course_of_an_input_is_a_parameter():
    courses = np.array([[0, 4, 0, 2, 0], [9, 0, 9, 0, 9]])[:, :4] * 1e-3
    model = Model(build, DURATION, {"I": "cells.I"}, MEASURES, TRANSIENT, dtype="float64")
    found = Compiled(model).run({"I": courses}, np.arange(2), np.arange(2, dtype=np.uint64))
    np.testing.assert_allclose([found[n][0] for n in MEASURES], stock(), rtol=1e-9)
    assert found["rate"][1] > found["rate"][0]
