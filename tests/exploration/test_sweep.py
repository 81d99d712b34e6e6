"""Sweeps: points and axes, units, noise, what is kept and how it goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from brian2 import Network, NeuronGroup, TimedArray, ms, mV

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.exploration import grid, latin_hypercube, sobol, sweep, table
from neuromodels.models import Histogram, Model, Parameter, Rate


def build():
    gain = 1.0
    cells = NeuronGroup(
        5,
        """dv/dt = (gain*drive - v)/(10*ms) + 2*mV*xi/sqrt(10*ms) : volt
        drive : volt (shared, constant)""",
        threshold="v > 10*mV", reset="v = 0*mV", method="euler",
    )  # fmt: skip
    cells.drive = 12 * mV
    cells.v = "rand()*10*mV"
    return Network(cells)


MODEL = Model(
    build,
    40 * ms,
    {"drive": Parameter("cells.drive", 5 * mV, 30 * mV), "gain": Parameter("gain", 0.1, 10, "log")},
    {"rate": Rate("cells"), "v": "mean(cells.v)", "h": Histogram("cells.v", -5 * mV, 10 * mV, 4)},
)
POINTS = {"drive": [5, 20, 30] * mV, "gain": [1, 2]}


def bits(dataset):
    return {name: values.values.tobytes() for name, values in dataset.data_vars.items()}


@pytest.fixture(scope="module")
def found():
    return sweep(MODEL, POINTS, 4, seed=3, report=False)


def test_a_grid_has_an_axis_for_each_parameter(found):
    assert dict(found.sizes) == {"drive": 3, "gain": 2, "repeat": 4, "cells_v": 4}
    assert list(found.drive.values) == [5, 20, 30]
    assert found.drive.units == "mV"
    assert found.rate.units == "Hz"
    assert found.v.units == "V"
    assert found.h.sum("cells_v").values.max() <= 5
    assert "def build" in found.attrs["model"]
    assert found.rate.mean("repeat").sel(gain=1).diff("drive").min() > 0


def test_it_becomes_a_data_frame_and_a_file(found, tmp_path):
    frame = found[["rate", "v"]].to_dataframe()
    assert len(frame) == 24
    found.to_netcdf(tmp_path / "found.nc", engine="scipy")


def test_a_table_is_the_diagonal_of_a_grid(found):
    """Points have noise of their own, so that only the values of the parameters are the same."""
    listed = sweep(MODEL, table({"drive": [5, 30] * mV, "gain": [1, 2]}), 4, report=False)
    assert dict(listed.sizes) == {"point": 2, "repeat": 4, "cells_v": 4}
    framed = sweep(MODEL, pd.DataFrame({"drive": [0.005, 0.030], "gain": [1, 2]}), 4, report=False)
    assert bits(listed) == bits(framed)
    assert bits(found) == bits(sweep(MODEL, grid(**POINTS), 4, seed=3, report=False))


def test_a_parameter_without_values_stays_as_it_was():
    other = Model(build, MODEL.duration, {"gain": "gain"}, MODEL.measures)
    one = sweep(other, {"gain": [1.5]}, 3, report=False)
    both = sweep(MODEL, {"drive": [12] * mV, "gain": [1.5]}, 3, report=False)
    np.testing.assert_array_equal(one.rate.values.ravel(), both.rate.values.ravel())


@pytest.mark.parametrize("make", [latin_hypercube, sobol])
def test_points_between_the_bounds(make):
    design = make(MODEL, 64, seed=1)
    values = np.asarray(design.values["drive"]), np.log10(np.asarray(design.values["gain"]))
    for each, (low, high) in zip(values, ((0.005, 0.030), (-1, 1)), strict=True):
        assert low <= each.min() < each.max() <= high
        counts = np.histogram(each, 16, (low, high))[0]
        assert (counts == 4).all()  # as even as random numbers never are


def test_numbers_do_not_depend_on_threads_or_chunks(found, monkeypatch):
    monkeypatch.setattr("neuromodels.exploration.evaluation.FIRST", 1)
    monkeypatch.setattr("neuromodels.exploration.evaluation.CHUNK_SECONDS", 1e-9)
    again = sweep(MODEL, POINTS, 4, seed=3, threads=1, report=False)
    assert bits(again) == bits(found)
    assert bits(sweep(MODEL, POINTS, 4, seed=4, report=False)) != bits(found)


def test_it_goes_on_from_where_it_was_stopped(found, tmp_path, monkeypatch):
    monkeypatch.setattr("neuromodels.exploration.evaluation.FIRST", 1)
    monkeypatch.setattr("neuromodels.exploration.evaluation.CHUNK_SECONDS", 1e-9)
    monkeypatch.setattr("neuromodels.exploration.checkpoint.EVERY", 0)
    seen = []

    def stop(done, count):
        seen.append((done, count))
        if done > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(MODEL, POINTS, 4, seed=3, folder=tmp_path, report=stop)
    stopped_at = seen[-1][0]
    assert 8 < stopped_at < 24
    seen.clear()
    again = sweep(MODEL, POINTS, 4, seed=3, folder=tmp_path, report=lambda *n: seen.append(n))
    assert seen[0][0] > stopped_at
    assert bits(again) == bits(found)
    with pytest.raises(StorageError, match="another model, design or seed"):
        sweep(MODEL, POINTS, 4, seed=5, folder=tmp_path, report=False)
    (tmp_path / "measured.npz").write_bytes(b"PK damaged")
    with pytest.raises(StorageError, match="cannot be read"):
        sweep(MODEL, POINTS, 4, seed=3, folder=tmp_path, report=False)


KILLED = """
import sys
sys.path[:0] = [{tests!r}]
import test_sweep as here
from neuromodels.exploration import checkpoint, evaluation
evaluation.FIRST, evaluation.CHUNK_SECONDS, checkpoint.EVERY = 1, 1e-9, 0
report = lambda *n: print(*n, flush=True)
here.sweep(here.MODEL, here.POINTS, 4, seed=3, folder={folder!r}, report=report)
"""


def test_it_goes_on_after_a_kill(found, tmp_path):
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    again = sweep(MODEL, POINTS, 4, seed=3, folder=tmp_path, report=False)
    assert bits(again) == bits(found)


def test_an_instance_that_fails_is_told_and_has_no_number():
    def diverging():
        cells = NeuronGroup(1, "dx/dt = growth*x**3 : 1\ngrowth : Hz", method="euler")
        cells.x = 1
        return Network(cells)

    model = Model(diverging, 50 * ms, {"growth": "cells.growth"}, {"x": "mean(cells.x)"})
    found = sweep(model, {"growth": [0, 1e4] / (1000 * ms)}, report=False)
    assert list(found.failed.values.ravel()) == [False, True]
    assert list(np.isnan(found.x.values.ravel())) == [False, True]


SIZE = 4


def driven():
    course = TimedArray([10, 30] * mV, dt=20 * ms)
    cells = NeuronGroup(
        SIZE,
        "dv/dt = (course(t)*gain - v)/(10*ms) : volt\ngain : 1 (constant)",
        threshold="v > 10*mV", reset="v = 0*mV", method="euler", name="cells",
    )  # fmt: skip
    cells.gain = 1
    return Network(cells)


def sweep_driven(parameter, values, **more):
    measures = {"low": "mean(last(cells.gain*mV))", "rate": Rate("cells")}
    model = Model(driven, 40 * ms, {"x": parameter}, measures, dtype="float64")
    return sweep(model, {"x": values}, report=False, **more)


def test_a_parameter_of_several_numbers_takes_a_row_for_each_point():
    labels = [0, 1, 1, 0]
    rows = [[1, 3], [2, 2], [0, 5]]
    found = sweep_driven(Parameter("cells.gain", per=labels), rows)
    np.testing.assert_allclose(found.low.values.ravel(), [2e-3, 2e-3, 2.5e-3])
    assert list(found.x.values) == [0, 1, 2]
    same = sweep_driven(Parameter("cells.gain", per=labels), [2, 7])
    np.testing.assert_allclose(same.low.values.ravel(), [2e-3, 7e-3])
    with pytest.raises(DeclarationError, match="must be 2 numbers for each point"):
        sweep_driven(Parameter("cells.gain", per=labels), [[1, 2, 3]])


def test_a_list_of_courses_is_a_parameter():
    courses = [[10, 30], [0, 0], [40, 40]] * mV
    found = sweep_driven("course", courses)
    rates = found.rate.values.ravel()
    assert rates[1] == 0 < rates[0] < rates[2]
    with pytest.raises(DeclarationError, match="must be 2 numbers for each point"):
        sweep_driven("course", [10, 30] * mV)


def test_a_folder_is_of_one_network_whatever_it_was_built_from(tmp_path, monkeypatch):
    sweep_driven("course", [[10, 30]] * mV, folder=tmp_path)
    sweep_driven("course", [[10, 30]] * mV, folder=tmp_path)
    monkeypatch.setitem(globals(), "SIZE", 5)
    with pytest.raises(StorageError, match="another model"):
        sweep_driven("course", [[10, 30]] * mV, folder=tmp_path)


def test_chunks_stay_within_memory_and_make_few_batches(monkeypatch):
    monkeypatch.setattr("neuromodels.exploration.memory.CHUNK_BYTES", 1)
    sizes = []
    sweep(MODEL, {"gain": [1, 2]}, 3, report=lambda done, count: sizes.append(done))
    assert sizes == [1, 2, 3, 4, 5, 6]
    own = Model(build, MODEL.duration, MODEL.parameters, MODEL.measures, wiring="own")
    monkeypatch.setattr("neuromodels.exploration.memory.CHUNK_BYTES", 2**30)
    sizes = [0]
    sweep(own, {"gain": [1, 2]}, 50, report=lambda done, count: sizes.append(done), threads=1)
    assert all(size & (size - 1) == 0 for size in np.diff(sizes)[:-1].tolist())
