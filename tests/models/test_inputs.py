"""Spikes of generators and rates of Poisson input as parameters, beside networks built anew."""

from functools import cache

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    second,
)

from neuromodels.errors import DeclarationError
from neuromodels.exploration import fit, sweep, table
from neuromodels.models import Model, Parameter, Rate
from neuromodels.models.compiled import Choice, Compiled
from neuromodels.simulation import Batch, Emulation

DURATION = 30 * ms
STIMULI = [
    ([0, 1, 2, 0], [0, 3.1, 3.1, 29.95] * ms),
    ([], [] * ms),
    ([2, 2, 1, 0, 0, 1, 2], [1, 1.2, 7, 4, 22, 21, 500] * ms),
]
MEASURES = {"count": Rate("source"), "v": "mean(cells.v)", "rate": Rate("cells")}


def network_of(stimulus, weight=0.4):
    """Return two cells that a generator drives."""
    source = SpikeGeneratorGroup(3, *stimulus, name="source")
    text = "dv/dt = (0.3*i - v)/(5*ms) : 1"
    cells = NeuronGroup(2, text, threshold="v > 1", reset="v = 0", method="exact", name="cells")
    syn = Synapses(source, cells, "w : 1", on_pre="v_post += w*(i + 1)")
    syn.connect()
    syn.w = weight
    return Network(source, cells, syn), source, cells, syn


def build():
    network, source, cells, syn = network_of(([0], [2] * ms))
    return network


def stock(stimulus, weight=0.4):
    """Return what stock Brian2 measures, and the times of the generator's spikes."""
    network, source, cells, _ = network_of(stimulus, weight)
    given, fired = SpikeMonitor(source), SpikeMonitor(cells)
    v = StateMonitor(cells, "v", record=True, dt=1 * ms)
    network.add(given, fired, v)
    network.run(DURATION, namespace={})
    seconds = float(DURATION)
    return [given.num_spikes / 3 / seconds, np.mean(v.v), fired.num_spikes / 2 / seconds]


def model_of(parameters, **more):
    return Model(build, DURATION, parameters, MEASURES, dtype="float64", **more)


def measured(found):
    return np.array([np.asarray(found[name], float) for name in MEASURES])


@pytest.mark.parametrize("wiring", ["shared", "own"])
def test_a_sweep_over_stimuli_equals_networks_built_anew(wiring):
    model = model_of({"stimulus": "source", "w": "syn.w"}, wiring=wiring)
    weights = [0.1, 0.4]
    found = sweep(model, {"stimulus": STIMULI, "w": weights}, repeats=2, report=False)
    expected = np.array([[stock(s, w) for w in weights] for s in STIMULI])
    for repeat in (0, 1):
        got = np.moveaxis(measured(found.isel(repeat=repeat)), 0, -1)
        np.testing.assert_allclose(got, expected, rtol=1e-9)
    assert len(np.unique(expected[..., 0])) == 3
    np.testing.assert_array_equal(found.stimulus, [0, 1, 2])


def test_spikes_come_in_the_same_steps_on_a_kernel():
    stimuli = Parameter("source", choices=STIMULI)
    rows, streams = np.array([2, 0, 1, 2]), np.arange(4, dtype=np.uint64)
    points = {"stimulus": np.arange(3.0)[:, np.newaxis]}
    compiled = Compiled(model_of({"stimulus": stimuli}), Choice(Emulation(4)))
    found = compiled.run(points, rows, streams)
    expected = np.array([stock(STIMULI[row]) for row in rows])
    np.testing.assert_allclose(measured(found).T, expected, rtol=1e-9)


def test_many_points_share_the_memory_of_few_lists():
    design = table({"stimulus": [STIMULI[k] for k in (2, 0, 2, 2, 0)], "w": [0.4] * 5})
    found = sweep(model_of({"stimulus": "source", "w": "syn.w"}), design, report=False)
    np.testing.assert_array_equal(found.stimulus, [0, 1, 0, 0, 1])
    expected = np.array([stock(STIMULI[k]) for k in (2, 0, 2, 2, 0)]).T
    np.testing.assert_allclose(measured(found)[..., 0], expected, rtol=1e-9)


def test_times_of_the_instances_spikes_are_exact():
    network, *_ = network_of(STIMULI[0])
    network.add(SpikeMonitor(network["source"], name="seen"))
    batch = Batch(network, 4, dtype="float64", namespace={})
    lists = [2, 0, 1, 2]
    batch.set_spikes("source", *zip(*STIMULI, strict=True), lists)
    batch.record(range(4))
    for _ in range(2):
        batch.run(DURATION)
        for instance, number in enumerate(lists):
            reference, source, *_ = network_of(STIMULI[number])
            seen = SpikeMonitor(source)
            reference.add(seen)
            reference.run(DURATION, namespace={})
            got = batch.spikes("seen", instance)
            np.testing.assert_array_equal(got["i"], seen.i)
            np.testing.assert_array_equal(got["t"] / second, seen.t / second)
        batch.restart()


def test_spikes_after_trials_are_the_new_ones():
    network, *_ = network_of(STIMULI[0])
    batch = Batch(network, 1, dtype="float64", namespace={})
    ends = []
    for stimulus in (STIMULI[2], STIMULI[0], STIMULI[2]):
        batch.set_spikes("source", *stimulus)
        ends.append(batch.trials(DURATION, ["cells.v"], streams=[0])["cells.v"])
    assert not np.allclose(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0], ends[2])


def test_a_fit_finds_the_stimulus():
    target = stock(STIMULI[2])[1]
    parameters = {"stimulus": Parameter("source", choices=STIMULI)}
    found = fit(
        model_of(parameters),
        {"v": (target, 0.01)},
        candidates=8,
        generations=2,
        report=False,
    )
    assert float(found.best["stimulus"]) == 2


def test_other_spikes_are_another_question(tmp_path):
    model = model_of({"stimulus": "source"})
    sweep(model, {"stimulus": STIMULI}, folder=tmp_path, report=False)
    sweep(model, {"stimulus": STIMULI}, folder=tmp_path, report=False)
    other = [*STIMULI[:2], ([0], [3] * ms)]
    with pytest.raises(Exception, match="another model"):
        sweep(model, {"stimulus": other}, folder=tmp_path, report=False)


WRONG = {
    "lengths": ([([0, 1], [1] * ms)], "as many times"),
    "index": ([([3], [1] * ms)], r"\[0, 3\)"),
    "negative": ([([0], [-1] * ms)], "lie in"),
    "twice": ([([0, 0], [1, 1.02] * ms)], "once in a step"),
    "unit": ([([0], [1])], "times must be times"),
    "other unit": ([([0], [1] * Hz)], "times must be times"),
    "fraction": ([([0.5], [1] * ms)], "integers"),
    "mixture": ([([0], [1] * ms), 4], "pair"),
    "numbers": ([0, 1], "lists of spikes"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_spikes_that_cannot_be_fired_are_refused(wrong):
    values, told = WRONG[wrong]
    with pytest.raises(DeclarationError, match=told):
        sweep(model_of({"stimulus": "source"}), {"stimulus": values}, report=False)


PLACES = {
    "bounds": (Parameter("source", 0, 2), "lists of spikes"),
    "part": (Parameter("source.spike_time"), "Write 'source'"),
    "no generator": (Parameter("cells.v", choices=STIMULI), "SpikeGeneratorGroup"),
    "each": (Parameter("source", choices=STIMULI, per="each"), "one number"),
}


@pytest.mark.parametrize("wrong", PLACES)
def test_spikes_belong_to_a_whole_generator(wrong):
    parameter, told = PLACES[wrong]
    with pytest.raises(DeclarationError, match=told):
        Compiled(model_of({"stimulus": parameter}))


# ----------------------------------------------------------------------------------- Poisson input


def poisson_network(rate=20 * Hz, group_rate=50 * Hz, n=200):
    """Return cells that hear Poisson input of both kinds."""
    cells = NeuronGroup(20, "dv/dt = -v/(5*ms) : 1", method="exact", dt=0.5 * ms)
    noise = PoissonInput(cells[5:], "v", n, rate, weight=0.1)
    steady = PoissonInput(cells, "v", 10, 3 * Hz, weight="0.05")
    group = PoissonGroup(4, group_rate, dt=0.5 * ms)
    syn = Synapses(group, cells, on_pre="v_post += 1")
    syn.connect()
    return Network(cells, noise, steady, group, syn), noise, group, cells


def poisson_build():
    network, noise, group, cells = poisson_network()
    return network


RATES = [0, 5, 45, 120, 1950] * Hz  # 1950 Hz in steps of 0.5 ms: nearly all fire, so few do not


def poisson_model(parameters, measures, dtype="float64"):
    return Model(poisson_build, DURATION, parameters, measures, dtype=dtype)


def fixed(measures, **given):
    """Return what a network measures that has its rates from the beginning."""

    def build():
        network, noise, group, cells = poisson_network(**given)
        return network

    model = Model(build, DURATION, {}, measures, dtype="float64")
    return Compiled(model).run({}, np.zeros(3, int), np.arange(3, dtype=np.uint64))


VOLTAGES = {"v": "mean(cells.v)", "end": "mean(last(cells.v))"}


@cache
def fixed_at(rate):
    return fixed(VOLTAGES, rate=rate * Hz)


@pytest.mark.parametrize("device", ["cpp", Emulation(4)], ids=["cpp", "emulation"])
def test_a_rate_as_a_parameter_draws_what_a_fixed_rate_draws(device):
    points = {"rate": np.asarray(RATES)[:, np.newaxis]}
    compiled = Compiled(poisson_model({"rate": "noise.rate"}, VOLTAGES), Choice(device))
    streams = np.tile(np.arange(3, dtype=np.uint64), len(RATES))
    found = compiled.run(points, np.repeat(np.arange(len(RATES)), 3), streams)
    for number, rate in enumerate(RATES):
        wanted = fixed_at(float(rate))
        for name in VOLTAGES:
            got = found[name][3 * number : 3 * number + 3]
            np.testing.assert_allclose(got, wanted[name], rtol=1e-9)


def test_rates_of_a_poisson_group_are_a_parameter():
    measures = {"rate": Rate("group")}
    points = {"rate": np.array([[10.0], [400.0]])}
    compiled = Compiled(poisson_model({"rate": "group.rates"}, measures))
    found = compiled.run(points, np.repeat([0, 1], 3), np.tile(np.arange(3, dtype=np.uint64), 2))
    for number, rate in enumerate([10, 400] * Hz):
        wanted = fixed(measures, group_rate=rate)["rate"]
        np.testing.assert_array_equal(found["rate"][3 * number : 3 * number + 3], wanted)


def test_a_mean_follows_the_rate():
    """Many instances against the mean of a leaky cell; the steady input adds its own."""
    parameters = {"rate": "noise.rate", "g": "group.rates"}
    model = poisson_model(parameters, {"v": "mean(cells.v)"}, "float32")
    points = {"rate": [20, 80] * Hz, "g": [0] * Hz}
    low, high = sweep(model, points, repeats=500, report=False).v.mean("repeat").values[:, 0]
    wanted = (0.75 * 200 * 80 * 0.1 + 1.5) / (0.75 * 200 * 20 * 0.1 + 1.5)
    assert high / low == pytest.approx(wanted, rel=0.01)


POISSON_WRONG = {
    "too high": (Parameter("noise.rate"), [10, 3000] * Hz, r"\[0, 2000\]"),
    "negative": (Parameter("noise.rate"), [-1, 5] * Hz, r"\[0, 2000\]"),
    "unit": (Parameter("noise.rate"), [1, 5] * ms, "unit"),
    "weight": (Parameter("noise.weight"), [1, 5], "noise.rate"),
    "each": (Parameter("noise.rate", per="each"), [1] * Hz, "one number"),
}


@pytest.mark.parametrize("wrong", POISSON_WRONG)
def test_rates_that_cannot_be_are_refused(wrong):
    parameter, values, told = POISSON_WRONG[wrong]
    with pytest.raises(DeclarationError, match=told):
        sweep(poisson_model({"x": parameter}, {"v": "mean(cells.v)"}), {"x": values}, report=False)


def test_the_fingerprint_of_a_free_rate_is_the_same_when_built_again():
    model = poisson_model({"rate": "noise.rate"}, {"v": "mean(cells.v)"})
    assert Compiled(model).fingerprint == Compiled(model).fingerprint
