"""Measures by a Python function, beside monitors of stock Brian2."""

from importlib.util import find_spec

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
    nA,
    second,
)

from neuromodels.errors import DeclarationError, SimulationError
from neuromodels.exploration import evaluation, fit, sweep
from neuromodels.exploration.memory import most_instances
from neuromodels.models import Model, Parameter, Rate, Recorded
from neuromodels.models.compiled import Compiled

DURATION, TRANSIENT = 100 * ms, 30 * ms
DRIVES = [14, 20, 32] * mV


def network_of(drive=15 * mV):
    """Return cells of which one half drives the other."""
    text = "dv/dt = (drive*(1 + 0.05*i) - v)/(10*ms) : volt (unless refractory)"
    cells = NeuronGroup(
        8,
        text,
        threshold="v > 12*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        method="exact",
        namespace={"drive": drive},
        name="cells",
    )
    first, other = cells[:3], cells[3:]
    syn = Synapses(first, other, on_pre="v_post += 1*mV")
    syn.connect("i == j")
    return Network(cells, syn), first, other, syn


def build():
    network, first, other, syn = network_of()
    seen = SpikeMonitor(network["cells"])
    network.add(seen)
    return network


def stock(drive):
    """Return the spikes of a part and the traces of two of its cells, after the transient."""
    network, _, other, _ = network_of(drive)
    spikes = SpikeMonitor(other)
    trace = StateMonitor(other, "v", record=[1, 4], dt=0.5 * ms)
    network.add(spikes, trace)
    network.run(DURATION, namespace={})
    late, seen = (np.asarray(times) > 0.03 - 1e-5 for times in (spikes.t, trace.t))
    parts = np.asarray(spikes.i)[late], np.asarray(spikes.t)[late]
    return *parts, np.asarray(trace.t)[seen], np.asarray(trace.v)[:, seen]


def everything(recording):
    """Return all that was recorded as one row of numbers, the rest NaN."""
    spikes, trace = recording.spikes["other"], recording.traces["other.v"]
    parts = [[len(spikes.t)], spikes.i, spikes.t, trace.t, trace.values.ravel()]
    row = np.concatenate(parts)
    return np.pad(row, (0, SIZE - len(row)), constant_values=np.nan)


SIZE = 600
RECORDED = {"spikes": ["other"], "traces": {"other.v": [1, 4]}, "every": 0.5 * ms}
AXES = {"place": np.arange(SIZE)}


def model_of(measures, **more):
    parameters = {"drive": "drive"}
    return Model(build, DURATION, parameters, measures, TRANSIENT, dtype="float64", **more)


def test_a_function_sees_what_stock_monitors_see():
    model = model_of({"all": Recorded(everything, **RECORDED, axes=AXES)})
    found = sweep(model, {"drive": DRIVES}, repeats=2, report=False)
    for number, drive in enumerate(DRIVES):
        i, t, times, v = stock(drive)
        assert len(i)
        wanted = np.concatenate([[len(i)], i, t, times, v.ravel()])
        for row in found["all"][number].values:
            np.testing.assert_allclose(row[: len(wanted)], wanted, rtol=1e-9)
            assert np.isnan(row[len(wanted) :]).all()


def noisy():
    cells = NeuronGroup(
        20,
        "dv/dt = (mu - v)/(10*ms) + 0.5*xi/sqrt(10*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
    )
    mu = 0.9  # equations find it when the network runs
    cells.v = "rand()"
    return Network(cells)


def count(recording):
    return len(recording.spikes["cells"].t)


def test_chunks_change_no_number(monkeypatch):
    """Neither do monitors: sums of the network are those of a run without them."""
    monkeypatch.setattr(evaluation, "CHUNK_SECONDS", 1e-9)
    sums = {"rate": Rate("cells"), "v": "mean(cells.v)"}
    found = []
    for memory in (1, 100_000, 2**28):
        measures = {"count": Recorded(count, spikes=["cells"], memory=memory), **sums}
        model = Model(noisy, DURATION, {"mu": "mu"}, measures, TRANSIENT)
        found.append(sweep(model, {"mu": [0.7, 1.1]}, repeats=11, report=False))
    plain = Model(noisy, DURATION, {"mu": "mu"}, sums, TRANSIENT)
    bare = sweep(plain, {"mu": [0.7, 1.1]}, repeats=11, report=False)
    for name in sums:
        for each in found:
            np.testing.assert_array_equal(each[name], bare[name])
    for each in found:
        np.testing.assert_array_equal(each["count"], found[0]["count"])
        np.testing.assert_allclose(each["count"], each["rate"] * 20 * 0.07, rtol=1e-12)
    assert len(np.unique(found[0]["count"])) > 5


def test_memory_bounds_how_many_are_recorded():
    few = model_of({"n": Recorded(everything, **RECORDED, axes=AXES, memory=40_000)})
    compiled = Compiled(few)
    each = compiled.watched["n"].watch.bytes_of_instance
    assert each > 8 * 2 * 200
    assert most_instances(compiled) == 40_000 // each
    own = model_of({"n": Recorded(everything, **RECORDED, axes=AXES)}, wiring="own")
    assert most_instances(Compiled(own)) > 1000


def test_each_instance_may_have_its_own_wiring():
    measures = {"count": Recorded(lambda r: len(r.spikes["cells"].t), spikes=["cells"])}
    rates = {"rate": Rate("cells")}
    model = Model(wired, DURATION, {}, {**measures, **rates}, wiring="own", dtype="float64")
    got = Compiled(model).run({}, np.zeros(4, int), np.arange(4, dtype=np.uint64))
    np.testing.assert_allclose(got["count"], got["rate"] * 30 * 0.1)
    assert len(np.unique(got["count"])) > 1


def wired():
    cells = NeuronGroup(
        30,
        "dv/dt = (1.5*int(i < 10) - v)/(10*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
    )
    syn = Synapses(cells, cells, on_pre="v_post += 0.4")
    syn.connect("i < 10 and j >= 10", p=0.2)
    return Network(cells, syn)


# -------------------------------------------------------------------------------------- the answer


def first_spike(recording):
    times = recording.spikes["cells"].t
    return times[0] * second if len(times) else np.nan


def test_an_answer_has_a_unit_and_nan_stays():
    model = model_of({"first": Recorded(first_spike, spikes=["cells"], unit=ms)})
    found = sweep(model, {"drive": [5, 32] * mV}, report=False)["first"]
    assert found.attrs["units"] == "s"
    assert np.isnan(found[0, 0])
    assert 0.03 <= found[1, 0] < 0.05


def raising(recording):
    return 1 / (len(recording.spikes["cells"].t) - count_of(recording))


def count_of(recording):
    return len(recording.spikes["cells"].t)


ANSWERS = {
    "raises": (raising, "test_recorded.py:.*raised ZeroDivisionError"),
    "text": (lambda recording: "much", "must return real numbers; got 'str'"),
    "nothing": (lambda recording: None, "must return real numbers; got 'NoneType'"),
    "shape": (lambda recording: [1.0, 2.0], r"shape \(\); got \(2,\)"),
    "unit": (lambda recording: 3 * nA, "must return the unit 1; got 'A'"),
    "complex": (lambda recording: 1j, "must return real numbers"),
    "ragged": (lambda recording: [[1], [1, 2]], "must return real numbers"),
    "arguments": (lambda: 3, "raised TypeError"),
}


@pytest.mark.parametrize("wrong", ANSWERS)
def test_a_wrong_answer_names_measure_and_instance(wrong):
    function, told = ANSWERS[wrong]
    model = model_of({"mine": Recorded(function, spikes=["cells"])})
    with pytest.raises(DeclarationError, match=told) as error:
        sweep(model, {"drive": DRIVES}, report=False)
    assert "Model.measures['mine'], instance 0" in str(error.value)


def test_a_later_instance_is_named_by_its_number():
    model = model_of({"mine": Recorded(only_few, spikes=["cells"])})
    with pytest.raises(DeclarationError, match="instance 4"):
        sweep(model, {"drive": DRIVES}, repeats=2, report=False)


#: More spikes than with the second drive, fewer than with the third.
MANY = 90


def only_few(recording):
    if len(recording.spikes["cells"].t) > MANY:
        raise ValueError("too many")
    return 0


DECLARED = {
    "function": ({"function": 3}, "must be a function"),
    "nothing": ({"spikes": []}, "needs spikes or traces"),
    "text": ({"spikes": "cells"}, "Write spikes="),
    "group": ({"spikes": ["cell"]}, "Did you mean 'cells'"),
    "pathway": ({"spikes": ["syn"]}, "can spike"),
    "variable": ({"traces": {"cells.w": [0]}}, "must have the variable"),
    "index": ({"traces": {"cells.v": [8]}}, r"\[0, 8\)"),
    "list": ({"traces": ["cells.v"]}, "Write traces="),
    "memory": ({"memory": 0}, "number of bytes"),
    "every": ({"traces": {"cells.v": True}, "every": 3 * mV}, "every.*must be a time"),
    "axes": ({"axes": {"x": []}}, "must be lists"),
}


@pytest.mark.parametrize("wrong", DECLARED)
def test_what_cannot_be_recorded_is_refused(wrong):
    changes, told = DECLARED[wrong]
    given = {"function": count_of, "spikes": ["cells"], **changes}
    with pytest.raises((DeclarationError, SimulationError), match=told):
        Compiled(model_of({"mine": Recorded(**given)}))


def test_a_fit_may_use_a_function():
    model = Model(
        build,
        DURATION,
        {"drive": Parameter("drive", 12 * mV, 40 * mV)},
        {"count": Recorded(count_of, spikes=["cells"])},
        TRANSIENT,
    )
    wanted = float(sweep(model, {"drive": [22] * mV}, report=False)["count"][0, 0])
    found = fit(model, {"count": (wanted, 1)}, candidates=8, generations=4, report=False)
    assert found.loss < 4


# ------------------------------------------------------------------------- definitions and neo

FIRST = """
LEVEL = {level}
{comment}
def helper(recording):
    return LEVEL

def measure(recording):
    return helper(recording)

def idle(recording):
    return {idle}
"""


def loaded(path, **text):
    path.write_text(FIRST.format(**text))
    space = {"__name__": "own"}
    exec(compile(path.read_text(), str(path), "exec"), space)
    return space["measure"]


def test_what_a_function_is_made_of_is_part_of_the_question(tmp_path):
    def run(**text):
        function = loaded(tmp_path / "own.py", **text)
        model = model_of({"mine": Recorded(function, spikes=["cells"])})
        return sweep(model, {"drive": DRIVES}, folder=tmp_path / "run", report=False)

    run(level=1, comment="", idle=0)
    run(level=1, comment="# said", idle=1)
    with pytest.raises(Exception, match="another model"):
        run(level=2, comment="", idle=0)


@pytest.mark.skipif(find_spec("neo") is None, reason="neo is not installed")
def test_neo_has_the_same_spikes_and_traces():
    def compared(recording):
        (signal,) = recording.traces.values()
        assert signal.dimensionality.string == "V"
        assert float(signal.sampling_period) == pytest.approx(0.5e-3)
        trains = recording.spikes["other"]
        assert len(trains) == 5
        assert float(trains[0].t_start) == 0.03
        return [
            sum(map(len, trains)),
            sum(float(train.magnitude.sum()) for train in trains),
            float(signal.mean()),
        ]

    measure = Recorded(compared, **RECORDED, axes={"what": range(3)}, as_neo=True)
    found = sweep(model_of({"neo": measure}), {"drive": DRIVES}, report=False)["neo"]
    for number, drive in enumerate(DRIVES):
        i, t, _, v = stock(drive)
        np.testing.assert_allclose(found[number, 0], [len(i), t.sum(), v.mean()], rtol=1e-9)


def test_neo_is_refused_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr(
        "neuromodels.simulation.device.records.neo_objects.find_spec", lambda name: None
    )
    with pytest.raises(DeclarationError, match="pip install"):
        Recorded(count_of, spikes=["cells"], as_neo=True)
