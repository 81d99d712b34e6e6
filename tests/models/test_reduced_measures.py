"""Reduced expressions and histograms against numpy on what a StateMonitor saw at the same steps."""

import measured_network as network
import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    second,
)
from measured_network import BEGIN, END, STREAMS

from neuromodels.errors import DeclarationError
from neuromodels.models import Correlation, Histogram, IntervalCV, Model, Rate, Reduced
from neuromodels.models.building import build
from neuromodels.models.compiled import Compiled
from neuromodels.simulation import Batch

MEASURES = {
    "mean": "mean(cells.v)",
    "spread": "std(exc.v)",
    "high": "max(cells.v)",
    "low": "min(inh.v)",
    "total": "sum(exc.v)",
    "of_means": "std(time_mean(cells.v))",
    "of_spreads": "mean(time_std(cells.v))",
    "highest": "mean(time_max(cells.v))",
    "lowest": "mean(time_min(cells.v))",
    "power": "mean((2*cells.v + 1)**2)",
    "end": "mean(last(cells.v))",
    "joined": "max(cells.v) - 2*min(inh.v)/mean(syn.w)",
    "of_synapses": "mean(syn.w*syn.v_post)",
    "coarse": Reduced("mean(cells.v)", every=2 * ms),
    "weights": Histogram("syn.w", 0, 3, 6),
    "finer": Histogram("syn.w", 0, 3, 12),
}


@pytest.fixture(scope="module", params=["float64", "float32"])
def run(request):
    """Return what was measured, and a batch without measures that has run, of one precision."""
    times = {"duration": END * second, "transient": BEGIN * second}
    compiled = Compiled(
        Model(network.make, measures=MEASURES, parameters={}, dtype=request.param, **times)
    )
    return compiled.run({}, np.zeros(len(STREAMS), int), STREAMS), network.bare(request.param)


def test_expressions_give_what_numpy_finds_in_the_recorded_values(run):
    measured, batch = run
    close = 1e-12 if batch.dtype == "float64" else 2e-6
    for instance in range(len(STREAMS)):
        seen = batch.samples("course", instance)
        v = np.asarray(seen["v"])[:, np.asarray(seen["t"]) > BEGIN - 1e-5]
        w, (_, post) = np.asarray(batch["syn.w"][instance]), batch.wiring("syn")
        coarse = np.asarray(seen["v"])[:, ::2][:, 27:]  # at 54, 56, ... ms
        wanted = {
            "mean": v.mean(),
            "spread": v[:20].std(),
            "high": v.max(),
            "low": v[20:].min(),
            "total": v[:20].sum(axis=0).mean(),
            "of_means": v.mean(axis=1).std(),
            "of_spreads": v.std(axis=1).mean(),
            "highest": v.max(axis=1).mean(),
            "lowest": v.min(axis=1).mean(),
            "power": ((2 * v + 1) ** 2).mean(),
            "end": np.mean(batch["cells.v"][instance]),
            "joined": v.max() - 2 * v[20:].min() / w.mean(),
            "of_synapses": (w[:, np.newaxis] * v[post]).mean(),
            "coarse": coarse.mean(),
        }
        for name, value in wanted.items():
            found = measured[name][instance]
            np.testing.assert_allclose(found, value, close, close, err_msg=f"{name} {instance}")
        assert measured["high"][instance] == v.max(), "of the values themselves"
        assert measured["low"][instance] == v[20:].min()
        for name, bins in (("weights", 6), ("finer", 12)):
            assert np.array_equal(measured[name][instance], np.histogram(w, bins, (0, 3))[0])


# ------------------------------------------------------------------------ wiring of each instance


def wired():
    """Cells that draw a wiring of their own, with weights that change."""
    cells = NeuronGroup(
        20,
        "dv/dt = (1.3 - v)/(10*ms) + 0.3*xi/sqrt(10*ms) : 1",
        method="euler",
        threshold="v > 1",
        reset="v = 0",
        name="cells",
    )
    code = "v_post += 0.05*w\nw = clip(w*0.99, 0.1, 1)"
    syn = Synapses(cells, cells, "w : 1", on_pre=code, name="syn")
    syn.connect("i != j", p=0.2)
    syn.w = 1
    cells.v = "rand()"
    seen = SpikeMonitor(cells, name="seen")
    return Network(cells, syn, seen)


def test_instances_with_wirings_of_their_own_are_measured_alike():
    measures = {
        "rate": Rate("cells"),
        "cv": IntervalCV("cells"),
        "w": "mean(last(syn.w))",
        "number": "sum(1 + 0*syn.w)",
        "weights": Histogram("syn.w", 0, 1.0001, 4),
    }
    model = Model(wired, 200 * ms, {}, measures, wiring="own", dtype="float64")
    found = Compiled(model).run({}, np.zeros(3, int), STREAMS)
    batch = Batch(build(wired, 0).network, 3, dtype="float64", streams=STREAMS, namespace={})
    batch.connect("syn", "i != j", 0.2)
    batch.initialise("cells.v", "rand()")
    batch.record(range(3))
    batch.run(200 * ms)
    for k in range(3):
        each = np.bincount(batch.spikes("seen", k)["i"], minlength=20)
        own = np.asarray(batch["syn.w"][k])[: len(batch.wiring("syn", k)[0])]
        assert found["rate"][k] == pytest.approx(each.mean() / 0.2, rel=1e-12)
        assert found["w"][k] == pytest.approx(own.mean(), rel=1e-12)
        assert found["number"][k] == pytest.approx(len(own), rel=1e-12)
        assert np.array_equal(found["weights"][k], np.histogram(own, 4, (0, 1.0001))[0])
    assert len({len(batch.wiring("syn", k)[0]) for k in range(3)}) > 1, "wirings must differ"


@pytest.mark.parametrize("wiring", ["shared", "own"])
def test_an_instance_whose_numbers_are_not_finite_has_failed(wiring):
    def grows():
        cells = NeuronGroup(2, "dv/dt = g*v**3/ms : 1\ng : 1", name="cells", method="euler")
        cells.v = 1
        clock = PoissonGroup(2, 100 * Hz, name="clock")
        return Network(cells, clock)

    model = Model(grows, 50 * ms, {"g": "cells.g"}, {"rate": Rate("clock")}, wiring=wiring)
    points = {"g": np.array([[0.0], [5.0]])}
    found = Compiled(model).run(points, np.array([0, 1]), STREAMS[:2])
    assert found["failed"].tolist() == [False, True]
    assert np.isnan(found["rate"]).tolist() == [False, True]


# ------------------------------------------------------------------------------- when things happen


def scheduled():
    """Spikes reach synapses only in the next step."""
    cells = NeuronGroup(
        5,
        "dv/dt = (1.5 - v)/(10*ms) + 0.3*xi/sqrt(10*ms) : 1",
        method="euler",
        threshold="v > 1",
        reset="v = 0",
        name="cells",
    )
    seen = SpikeMonitor(cells, name="seen")
    made = Network(cells, seen)
    made.schedule = ["start", "synapses", "groups", "thresholds", "resets", "end"]
    return made


def late():
    """The network has run before it is handed over."""
    made = scheduled()
    made.schedule = None
    made.run(0.1 * second, namespace={})
    return made


@pytest.mark.parametrize("make", [scheduled, late])
def test_a_schedule_or_a_time_that_has_passed_changes_no_measure(make):
    measures = {
        "rate": Rate("cells"),
        "mean": "mean(cells.v)",
        "cv": IntervalCV("cells"),
        "same": Correlation("cells", "cells", 1 * ms),
        "end": "mean(last(cells.v))",
    }
    model = Model(make, 100.6 * ms, {}, measures, transient=50.3 * ms, dtype="float64")
    found = Compiled(model).run({}, np.zeros(2, int), STREAMS[:2])
    watched = build(make, 0).network
    begin = float(watched.t)
    cells = next(obj for obj in watched.objects if obj.name == "cells")
    watched.add(StateMonitor(cells, "v", record=True, dt=1 * ms, name="course"))
    batch = Batch(watched, 2, dtype="float64", streams=STREAMS[:2], namespace={})
    batch.record(range(2))
    batch.run(100.6 * ms)
    for k in range(2):
        spikes, seen = batch.spikes("seen", k), batch.samples("course", k)
        inside = np.asarray(spikes["t"]) > begin + 0.0503 - 1e-6
        each = np.bincount(np.asarray(spikes["i"])[inside], minlength=5)
        v = np.asarray(seen["v"])[:, np.asarray(seen["t"]) > begin + 0.0503 - 1e-6]
        assert each.sum() > 10
        assert found["rate"][k] == pytest.approx(each.mean() / 0.0503, rel=1e-9)
        assert found["mean"][k] == pytest.approx(v.mean(), rel=1e-9)
        assert found["end"][k] == pytest.approx(np.mean(batch["cells.v"][k]), rel=1e-12)
        assert found["same"][k] == 1


# ---------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("measure", "told"),
    [
        ("mean(cells.v", "must be an expression"),
        ("cells.v", "must be a number for each instance"),
        ("median(cells.v)", "must be a reduction"),
        ("mean(cels.v)", "Did you mean 'cells'"),
        ("mean(cells.u)", "must be readable"),
        ("mean(cells.v*syn.w)", "variables of one group"),
        ("mean(cells.v + 1*mV)", "units must agree"),
        ("mean(cells.v)**mean(cells.v)", "an exponent must be a number"),
        (Rate("syn"), "must be a group that can spike"),
        (Correlation("cells", "given", 5 * ms), "both groups must have one dt"),
        (Correlation("cells", "inh", 0.25 * ms), "a whole number of steps"),
        (Correlation("cells", "inh", 5 * second), "must not be longer"),
        (Histogram("cells.v", 1, 0), "low < high must hold"),
        (Histogram("cells.v", 0, 1, 0), "must be a whole number from 1"),
        (Histogram("cells.v", 0 * ms, 1 * ms), "values must have the unit"),
    ],
    ids=str,
)
def test_a_measure_that_cannot_be_read_is_refused_in_one_line(measure, told):
    model = Model(network.make, END * second, {}, {"it": measure})
    with pytest.raises(DeclarationError, match=told) as caught:
        Compiled(model)
    assert len(str(caught.value).splitlines()) == 1
