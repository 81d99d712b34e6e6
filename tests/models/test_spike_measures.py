"""Measures of spikes, kept by the network, against plain numpy and elephant on recorded spikes."""

import measured_network as network
import numpy as np
import pytest
import spike_statistics as statistics
from brian2 import second
from measured_network import BEGIN, END, GROUPS, STREAMS

from neuromodels.models import (
    CV2,
    LV,
    BurstIndex,
    Correlation,
    FanoFactor,
    IntervalCV,
    MeanInterval,
    Model,
    Rate,
    Synchrony,
)
from neuromodels.models.compiled import Compiled

WINDOW, SHORT, BURST, PAIR = 0.020, 0.003, 0.0102, 0.005
KINDS = {
    "rate": Rate,
    "interval": MeanInterval,
    "cv": IntervalCV,
    "cv2": CV2,
    "lv": LV,
    "burst": lambda group: BurstIndex(group, BURST * second),
    "fano": lambda group: FanoFactor(group, WINDOW * second),
    "synchrony": lambda group: Synchrony(group, SHORT * second),
}
PAIRS = [("exc", "inh"), ("cells", "silent"), ("exc", "exc")]
MEASURES = {f"{kind}_{group}": KINDS[kind](group) for kind in KINDS for group in GROUPS}
MEASURES |= {f"pair_{one}_{two}": Correlation(one, two, PAIR * second) for one, two in PAIRS}


@pytest.fixture(scope="module", params=["float64", "float32"])
def run(request):
    """Return what was measured, a batch with the measures and one without, of one precision."""
    times = {"duration": END * second, "transient": BEGIN * second}
    compiled = Compiled(
        Model(network.make, **times, parameters={}, measures=MEASURES, dtype=request.param)
    )
    measured = compiled.run({}, np.zeros(len(STREAMS), int), STREAMS)
    both = network.recorded(compiled.built.network, request.param)
    return measured, both, network.bare(request.param)


def trains(batch, group, instance):
    seen, (size, dt) = batch.spikes(f"seen_{group}", instance), GROUPS[group]
    in_steps = np.round(np.asarray(seen["t"]) / dt).astype(int)
    return statistics.trains(seen["i"], in_steps, size, *network.steps(group))


def counts(batch, group, instance, window):
    whole = round(window / GROUPS[group][1])
    return statistics.counts(trains(batch, group, instance), *network.steps(group), whole)


def references(batch, group, instance):
    each, dt = trains(batch, group, instance), GROUPS[group][1]
    begin, end = network.steps(group)
    return {
        "rate": statistics.rate(each, (end - begin) * dt),
        "interval": statistics.mean_interval(each) * dt,
        "cv": statistics.interval_cv(each),
        "cv2": statistics.cv2(each),
        "lv": statistics.lv(each),
        "burst": statistics.burst_index(each, BURST / dt + 1e-6),
        "fano": statistics.fano_factor(counts(batch, group, instance, WINDOW)),
        "synchrony": statistics.synchrony(counts(batch, group, instance, SHORT)),
    }


def tolerance(kind, dtype):
    """Only the sums of CV2 and LV are real numbers: all others are exact in both precisions."""
    return 1e-5 if dtype == "float32" and kind in ("cv2", "lv") else 1e-12


@pytest.mark.parametrize("group", GROUPS)
def test_spikes_that_are_measured_give_what_numpy_finds_in_those_recorded(run, group):
    measured, _, batch = run
    if group == "silent":
        assert not len(np.concatenate(trains(batch, group, 0)))
    for instance in range(len(STREAMS)):
        for kind, value in references(batch, group, instance).items():
            found = measured[f"{kind}_{group}"][instance]
            close = tolerance(kind, batch.dtype)
            np.testing.assert_allclose(found, value, close, 1e-12, err_msg=f"{kind} {instance}")


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_correlation_is_that_of_the_recorded_counts(run, pair):
    measured, _, batch = run
    for instance in range(len(STREAMS)):
        wanted = statistics.correlation(*(counts(batch, g, instance, PAIR) for g in pair))
        found = measured["pair_{}_{}".format(*pair)][instance]
        np.testing.assert_allclose(found, wanted, 1e-12)


def test_what_never_spikes_is_not_a_number_and_counts_nothing(run):
    measured = run[0]
    for kind in set(KINDS) - {"rate"}:
        assert np.isnan(measured[f"{kind}_silent"]).all(), kind
        assert (measured[f"{kind}_silent_count"] == 0).all(), kind
    assert (measured["rate_silent"] == 0).all()
    assert (measured["pair_cells_silent_count"] == 0).all()
    assert not measured["failed"].any()


def test_counts_are_neurons_that_a_mean_rests_on(run):
    measured, _, batch = run
    each = trains(batch, "given", 0)
    assert (measured["interval_given_count"] == sum(len(x) > 1 for x in each)).all()
    assert (measured["cv_given_count"] == sum(len(x) > 2 for x in each)).all()


def test_measures_change_nothing_in_the_network_to_the_bit(run):
    _, both, batch = run
    for instance in range(len(STREAMS)):
        for group in GROUPS:
            one, two = (b.spikes(f"seen_{group}", instance) for b in (both, batch))
            assert np.array_equal(one["i"], two["i"]), group
            assert np.array_equal(one["t"], two["t"]), group
        one, two = (b.samples("course", instance)["v"] for b in (both, batch))
        assert np.array_equal(one, two)
    for address in ("cells.v", "cells.lastspike", "syn.w", "noise.rates"):
        assert np.array_equal(both[address], batch[address]), address


@pytest.fixture
def elephant():
    """Elephant's statistics; a measure that elephant does not have stands in no test below."""
    return pytest.importorskip("elephant.statistics", reason="elephant is not installed")


FIRING = [group for group in GROUPS if group != "silent"]


@pytest.mark.parametrize("group", FIRING)
def test_elephant_finds_the_same_in_the_recorded_spikes(run, elephant, group):
    measured, _, batch = run
    for instance in range(len(STREAMS)):
        wanted = by_elephant(elephant, neo_trains(batch, group, instance))
        for kind, value in wanted.items():
            found, close = measured[f"{kind}_{group}"][instance], tolerance(kind, batch.dtype)
            assert found == pytest.approx(value, rel=max(close, 1e-9)), (kind, instance)


def by_elephant(elephant, each):
    """Return the mean over neurons, of those that have what a measure needs."""
    gaps = [np.asarray(elephant.isi(train)) for train in each if len(train) > 1]
    pairs = [x for x in gaps if len(x) > 1]
    synchrony = counts_by_elephant(each, SHORT)
    return {
        "rate": np.mean([elephant.mean_firing_rate(train).magnitude for train in each]),
        "interval": np.mean([x.mean() for x in gaps]),
        "cv": np.mean([elephant.cv(x) for x in pairs]),
        "cv2": np.mean([elephant.cv2(x) for x in pairs]),
        "lv": np.mean([elephant.lv(x) for x in pairs]),
        "fano": np.mean([elephant_fano(elephant, train) for train in each if len(train)]),
        "synchrony": synchrony.mean(axis=0).var() / synchrony.var(axis=1).mean(),
    }


def neo_trains(batch, group, instance):
    neo = pytest.importorskip("neo", reason="neo is not installed")
    begin, end = (step * GROUPS[group][1] for step in network.steps(group))
    times = [train * GROUPS[group][1] for train in trains(batch, group, instance)]
    return [neo.SpikeTrain(x, t_stop=end, t_start=begin, units="s") for x in times]


def elephant_fano(elephant, train):
    """Elephant's Fano factor is one of trials: here each window is one."""
    begin = float(train.t_start)
    windows = int((float(train.t_stop) - begin) / WINDOW + 1e-9)
    edges = begin + WINDOW * np.arange(windows + 1) - 1e-6
    pieces = np.digitize(np.asarray(train), edges) - 1
    return elephant.fanofactor([np.asarray(train)[pieces == k] for k in range(windows)])


def binned(each, window):
    """Return trains in elephant's bins, without what is left at the end."""
    from elephant.conversion import BinnedSpikeTrain

    begin, end = float(each[0].t_start), float(each[0].t_stop)
    stop = begin + int((end - begin) / window + 1e-9) * window
    whole = [type(x)(x[np.asarray(x) < stop - 1e-6], t_start=begin, t_stop=stop) for x in each]
    return BinnedSpikeTrain(whole, bin_size=window * each[0].units)


def counts_by_elephant(each, window):
    return binned(each, window).to_array()


@pytest.mark.parametrize("pair", [PAIRS[0], PAIRS[2]], ids="-".join)
def test_elephant_finds_the_same_correlation(run, elephant, pair):
    from elephant.spike_train_correlation import correlation_coefficient

    measured, _, batch = run
    for instance in range(len(STREAMS)):
        both = [merged(neo_trains(batch, group, instance)) for group in pair]
        wanted = correlation_coefficient(binned(both, PAIR))[0, 1]
        found = measured["pair_{}_{}".format(*pair)][instance]
        assert found == pytest.approx(wanted, rel=1e-9)


def merged(each):
    times = np.sort(np.concatenate([np.asarray(train) for train in each]))
    return type(each[0])(times, t_start=each[0].t_start, t_stop=each[0].t_stop, units="s")
