"""Distances from recorded data, beside numpy on the spikes and traces of stock Brian2."""

from functools import lru_cache

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    defaultclock,
    ms,
    mV,
    second,
)

from neuromodels.errors import DeclarationError
from neuromodels.models import Model, Parameter, SpikeTrainDistance, TraceDistance
from neuromodels.models.compiled import IN_STRETCHES, Compiled

NEURONS, SECONDS, TRANSIENT = 3, 0.6, 0.1
DRIVES = np.array([[1.02], [1.6], [3.0], [0.5]])


def network():
    cells = NeuronGroup(
        NEURONS,
        "dv/dt = (drive*(1 + 0.1*i) - v)/(10*ms) : 1 (unless refractory)\ndrive : 1 (shared)",
        threshold="v > 1",
        reset="v = 0",
        refractory=1 * ms,
        method="exact",
        name="cells",
    )
    cells.drive = 1.5
    return Network(cells)


@lru_cache
def by_brian2(drive):
    """Return the spike times of each neuron, and v at the start of each millisecond."""
    net = network()
    cells = net["cells"]
    cells.drive = drive
    spikes = SpikeMonitor(cells, name="spikes")
    trace = StateMonitor(cells, "v", record=True, dt=1 * ms, name="trace")
    net.add(spikes, trace)
    net.run(SECONDS * second, namespace={})
    trains = [np.asarray(spikes.t)[np.asarray(spikes.i) == k] for k in range(NEURONS)]
    return trains, np.asarray(trace.v)


@pytest.fixture(scope="module")
def recorded():
    rng = np.random.default_rng(3)
    steps = [np.sort(rng.choice(6000, 40, replace=False)) for _ in range(NEURONS)]
    bursts = np.array([1500, 1505, 1512, 1530, 2000, 5999])  # closer than any window
    trains = [each * 1e-4 for each in (*steps[:2], bursts)]
    trace = rng.normal(0.5, 0.3, (600, NEURONS))
    return trains, trace


@pytest.fixture(scope="module")
def compiled(recorded):
    trains, trace = recorded
    times = [train * second for train in trains]
    measures = {
        "gamma": SpikeTrainDistance("cells", times),
        "near": SpikeTrainDistance("cells", times, window=0.3 * ms),
        "rossum": SpikeTrainDistance("cells", times, "van Rossum"),
        "slow": SpikeTrainDistance("cells", times, "van Rossum", tau=50 * ms),
        "number": SpikeTrainDistance("cells", times, "count"),
        "trace": TraceDistance("cells.v", trace, 1 * ms),
        "same": TraceDistance("cells.v", trace[:, 0], 1 * ms),
    }
    model = Model(
        network,
        SECONDS * second,
        {"drive": Parameter("cells.drive")},
        measures,
        transient=TRANSIENT * second,
        dtype="float64",
    )
    return Compiled(model)


def ran(compiled, **more):
    return compiled.run({"drive": DRIVES}, np.arange(4), np.arange(4, dtype=np.uint64), **more)


@pytest.fixture(scope="module")
def measured(compiled):
    return ran(compiled)


def counted(train):
    return np.rint(train / 1e-4)[np.rint(train / 1e-4) >= TRANSIENT / 1e-4]


def gamma(model, data, window):
    chance = 2 * window * len(data) / ((SECONDS - TRANSIENT) / 1e-4)
    met = sum(np.abs(model - spike).min(initial=np.inf) <= window for spike in data)
    both = (len(model) + len(data)) / 2
    return 1 - (met - chance * len(data)) / both / (1 - chance)


def rossum(model, data, tau):
    signs = np.concatenate([np.ones(len(model)), -np.ones(len(data))])
    times = np.concatenate([model, data]) * 1e-4
    return signs @ np.exp(-np.abs(times[:, None] - times) / tau) @ signs / 2


def over_neurons(distance, drive, recorded, *more):
    model, _ = by_brian2(drive)
    pairs = zip(model, recorded[0], strict=True)
    return np.mean([distance(counted(a), counted(b), *more) for a, b in pairs])


@pytest.mark.parametrize(
    ("name", "distance", "more"),
    [
        ("gamma", gamma, 40),
        ("near", gamma, 3),
        ("rossum", rossum, 0.01),
        ("slow", rossum, 0.05),
        ("number", lambda a, b, _: (len(a) - len(b)) ** 2, 0),
    ],
)
def test_trains_are_compared_as_numpy_does(name, distance, more, measured, recorded):
    wanted = [over_neurons(distance, drive, recorded, more) for drive in DRIVES[:, 0]]
    np.testing.assert_allclose(measured[name], wanted, rtol=1e-9)


@pytest.mark.parametrize(("name", "tau"), [("rossum", 0.01), ("slow", 0.05)])
def test_elephant_finds_the_same_distances_of_van_rossum(name, tau, measured, recorded):
    dissimilarity = pytest.importorskip("elephant.spike_train_dissimilarity")
    from neo import SpikeTrain
    from quantities import s

    def squared(model, data, tau):
        pair = [SpikeTrain(x * 1e-4, t_stop=SECONDS, units="s") for x in (model, data)]
        return dissimilarity.van_rossum_distance(pair, tau * s)[0, 1] ** 2

    # theirs is 1, where van Rossum's and ours is a half: a train with one spike and one without
    wanted = [over_neurons(squared, drive, recorded, tau) / 2 for drive in DRIVES[:, 0]]
    np.testing.assert_allclose(measured[name], wanted, rtol=1e-9)


def test_traces_are_compared_as_numpy_does(measured, recorded):
    for drive, each, same in zip(DRIVES[:, 0], measured["trace"], measured["same"], strict=True):
        v = by_brian2(drive)[1][:, 100:]
        trace = recorded[1][100:].T
        assert each == pytest.approx(((v - trace) ** 2).mean(), rel=1e-9)
        assert same == pytest.approx(((v - trace[0]) ** 2).mean(), rel=1e-9)


@pytest.fixture(scope="module")
def cut(compiled):
    """The same in five stretches of 100 ms."""
    return ran(compiled, stretches=5)


def test_cutting_the_time_changes_no_measure(measured, cut):
    for name, values in measured.items():
        np.testing.assert_array_equal(cut[name], values)


@pytest.mark.parametrize("name", ["gamma", "near", "rossum", "slow", "trace", "same"])
def test_stretches_of_equal_weight_give_the_whole(name, compiled, cut):
    whole = compiled.readings[name].record.value(cut[name + IN_STRETCHES].sum(axis=1))
    np.testing.assert_allclose(whole, cut[name], rtol=1e-9)


def test_traces_are_compared_in_stretches_as_numpy_does(cut, recorded):
    for drive, sums in zip(DRIVES[:, 0], cut["trace" + IN_STRETCHES], strict=True):
        squares = (by_brian2(drive)[1][:, 100:] - recorded[1][100:].T) ** 2
        wanted = squares.mean(axis=0).reshape(5, 100).sum(axis=1)
        np.testing.assert_allclose(sums, wanted, rtol=1e-9)


@pytest.mark.parametrize(("name", "tau"), [("rossum", 0.01), ("slow", 0.05)])
def test_stretches_add_up_to_the_distance_of_the_spikes_so_far(name, tau, cut, recorded):
    for drive, sums in zip(DRIVES[:, 0], cut[name + IN_STRETCHES], strict=True):
        for stretch, so_far in enumerate(sums.cumsum()):
            end = (TRANSIENT + 0.1 * (stretch + 1)) / 1e-4
            trains = zip(by_brian2(drive)[0], recorded[0], strict=True)
            pairs = [[counted(train) for train in pair] for pair in trains]
            wanted = np.mean([rossum(a[a < end], b[b < end], tau) for a, b in pairs])
            assert so_far == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_spikes_are_counted_in_stretches(cut, recorded):
    edges = (TRANSIENT + 0.1 * np.arange(6)) / 1e-4 - 0.5
    for drive, sums in zip(DRIVES[:, 0], cut["gamma" + IN_STRETCHES], strict=True):
        model, data = by_brian2(drive)[0], recorded[0]
        for part, trains in ((1, model), (2, data)):
            wanted = [np.histogram(counted(train), edges)[0] for train in trains]
            np.testing.assert_array_equal(sums[:, part], np.transpose(wanted))


def test_a_train_has_no_distance_from_itself():
    trains, trace = by_brian2(1.6)
    times = [train * second for train in trains]
    kinds = ("gamma", "van Rossum", "count")
    measures = {kind.split()[0]: SpikeTrainDistance("cells", times, kind) for kind in kinds}
    measures["trace"] = TraceDistance("cells.v", trace.T, 1 * ms)
    model = Model(network, SECONDS * second, {"drive": "cells.drive"}, measures)
    found = Compiled(model).run(
        {"drive": np.array([[1.6]])}, np.zeros(1, int), np.zeros(1, np.uint64)
    )
    assert found["gamma"] == pytest.approx(0, abs=1e-12)
    assert found["van"] == pytest.approx(0, abs=1e-3)
    assert found["count"] == 0
    assert found["trace"] == pytest.approx(0, abs=1e-9)


def test_a_part_of_a_group_is_compared_with_its_own_data():
    def parted():
        net = network()
        cells = net["cells"]
        last = cells[1:]
        return net

    trains, trace = by_brian2(1.6)
    measures = {
        "gamma": SpikeTrainDistance("last", [t * second for t in trains[1:]]),
        "trace": TraceDistance("last.v", trace[1:].T, 1 * ms),
    }
    model = Model(parted, SECONDS * second, {"drive": "cells.drive"}, measures)
    found = Compiled(model).run(
        {"drive": np.array([[1.6]])}, np.zeros(1, int), np.zeros(1, np.uint64)
    )
    assert found["gamma"] == pytest.approx(0, abs=1e-12)
    assert found["trace"] == pytest.approx(0, abs=1e-9)


WRONG = [
    (lambda: SpikeTrainDistance("cells", [1, 2] * ms, "victor"), "kind: must be one of"),
    (lambda: SpikeTrainDistance("cells", [1, 2]), "must have the unit s"),
    (lambda: SpikeTrainDistance("cells", [-1, 2] * ms), "must be times from 0 on"),
    (lambda: SpikeTrainDistance("cells", [1, 2] * ms), "one train for each of the 3 neurons"),
    (lambda: SpikeTrainDistance("cells", [[5, 5.01] * ms] * 3), "twice in a step"),
    (lambda: SpikeTrainDistance("cells", [[] * ms] * 3), "needs a spike"),
    (lambda: SpikeTrainDistance("cells", [[9] * ms] * 3, window=1 * second), "less than half"),
    (lambda: SpikeTrainDistance("cells", [[9] * ms] * 3, "van Rossum", tau=0 * ms), "positive"),
    (lambda: TraceDistance("cells.u", [1.0], 1 * ms), "must have the variable"),
    (lambda: TraceDistance("cells.v", [1.0] * mV, 1 * ms), "must have the unit"),
    (lambda: TraceDistance("cells.v", [1.0, 2.0], 1 * ms), "as long as the run"),
    (lambda: TraceDistance("cells.v", np.ones((600, 2)), 1 * ms), "each of the 3 neurons"),
    (lambda: TraceDistance("cells.v", [np.nan], 1 * ms), "must be finite"),
]


@pytest.mark.parametrize(("measure", "told"), WRONG)
def test_data_that_do_not_suit_are_refused(measure, told):
    with pytest.raises(DeclarationError, match=told):
        Compiled(Model(network, SECONDS * second, {}, {"far": measure()}))


def test_different_data_are_another_declaration():
    one, other = np.zeros(5000), np.zeros(5000)
    other[2500] = 1
    shown = {repr(TraceDistance("cells.v", values, 1 * ms)) for values in (one, other, one)}
    assert len(shown) == 2
    assert float(defaultclock.dt) == 1e-4


NAMES = {"tau": 10 * ms}


def has_run():
    cells = NeuronGroup(2, "dv/dt = (i - v)/tau : 1", method="exact", name="cells", namespace=NAMES)
    network = Network(cells)
    network.run(3 * ms)
    return network


def test_a_trace_begins_where_the_run_begins():
    """And the dictionary of names that the user gave to the group stays as it was."""
    network = has_run()
    seen = StateMonitor(network["cells"], "v", record=True, dt=0.5 * ms, name="seen")
    network.add(seen)
    network.run(10 * ms)
    model = Model(has_run, 10 * ms, {}, {"d": TraceDistance("cells.v", seen.v.T, 0.5 * ms)})
    found = Compiled(model).run({}, np.zeros(1, dtype=int), np.zeros(1, dtype=np.uint64))
    assert found["d"][0] < 1e-10
    assert list(NAMES) == ["tau"]
