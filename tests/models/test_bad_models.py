"""One clear message for each thing that can be wrong with a model of one's own."""

import gc

import numpy as np
import pytest
from brian2 import (
    BrianObject,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    ms,
    mV,
    network_operation,
    nS,
    second,
)
from brian2.utils.logger import catch_logs

from neuromodels.errors import DeclarationError, SimulationError, UnsupportedFeature
from neuromodels.exploration import latin_hypercube, sweep, table
from neuromodels.models import BurstIndex, Correlation, FanoFactor, Model, Parameter, Rate
from neuromodels.models.compiled import Compiled


def build():
    tau, unused = 10 * ms, 3
    cells = NeuronGroup(
        4, "dv/dt = (drive - v)/tau : volt\ndrive : volt", threshold="v > 10*mV", method="exact"
    )
    part = cells[:2]
    syn = Synapses(cells, cells, "w : volt", on_pre="v_post += w")
    syn.connect(p=0.5)
    quiet = NeuronGroup(2, "x : 1")
    given = SpikeGeneratorGroup(1, [0], [1] * ms)
    poisson = PoissonInput(cells, "v", unused, 10 * Hz, weight=0.1 * mV)
    return Network(cells, syn, quiet, given, poisson)


def model(address="tau", measures=None, duration=10 * ms, make=build, **more):
    parameters = {"x": address if isinstance(address, Parameter) else Parameter(address)}
    return Model(make, duration, parameters, measures or {"rate": Rate("cells")}, **more)


ADDRESSES = {
    "cell.v": "Did you mean 'cells'?",
    "cells.driv": "Did you mean 'drive'?",
    "taus": "Did you mean 'tau'?",
    "unused": "no equation uses the constant",
    "cells.N": "must not change the network's shape",
    "cells.t": "only stored variables that may be set",
    "cells.i": "only stored variables that may be set",
    "quiet.p": "must have the variable",
    "given.spike_time": "spikes of a generator change all at once",
    "": "must be text",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none(address):
    with pytest.raises(DeclarationError) as error:
        Compiled(model(address))
    assert ADDRESSES[address] in str(error.value)


PARAMETERS = {
    "reversed": (lambda: Parameter("tau", 3 * ms, 1 * ms), "Swap the bounds"),
    "units": (lambda: Parameter("tau", 1 * ms, 3 * mV), "one unit"),
    "one": (lambda: Parameter("tau", 1 * ms), "both bounds"),
    "scale": (lambda: Parameter("tau", 1 * ms, 3 * ms, scale="cubic"), "must be one of"),
    "log": (lambda: Parameter("tau", -1 * ms, 3 * ms, scale="log"), "0 < low"),
    "infinite": (lambda: Parameter("tau", 1 * ms, np.inf * ms), "finite"),
    "per": (lambda: Parameter("tau", per="neuron"), "must be 'shared'"),
    "unit": (lambda: Parameter("tau", unit="ms"), "must be a Brian2 unit"),
    "wrong unit": (lambda: Parameter("tau", 1 * mV, 3 * mV), "must have the unit s"),
    "too many": (lambda: Parameter("cells.drive", per=[0, 1]), "4 whole numbers"),
    "each of one": (lambda: Parameter("tau", per="each"), "is one number"),
}


@pytest.mark.parametrize("wrong", PARAMETERS)
def test_a_parameter_that_cannot_be(wrong):
    make, told = PARAMETERS[wrong]
    with pytest.raises(DeclarationError) as error:
        Compiled(model(make()))
    assert told in str(error.value)


def nothing():
    return None


def failing():
    cells = NeuronGroup(4, "v : 1")
    return Network(cells, undefined)  # noqa: F821


def in_python():
    cells = NeuronGroup(4, "v : 1", threshold="v > 1", name="cells")

    @network_operation
    def change():
        cells.v += 1

    return Network(cells, change)


class Watching(BrianObject):
    def run(self):
        pass


def in_python_of_its_own():
    return Network(NeuronGroup(4, "v : 1", name="cells"), Watching(name="watching"))


MODELS = {
    "no network": (lambda: model(make=nothing), "must return a Brian2 Network; got 'NoneType'"),
    "raises": (lambda: model(make=failing), "test_bad_models.py"),
    "no function": (lambda: model(make=3), "must be a function"),
    "called": (lambda: model(make=build()), "must be a function"),
    "python": (lambda: model(make=in_python), "Python code in the loop cannot run"),
    "own run": (lambda: model(make=in_python_of_its_own), "watching: Python code in the loop"),
    "duration": (lambda: model(duration=3), "must be a time"),
    "transient": (lambda: model(transient=10 * ms), "shorter than the duration"),
    "wiring": (lambda: model(wiring="mine"), "must be one of"),
    "measure": (lambda: model(measures={"m": 3}), "a measure or an expression"),
    "name": (lambda: model(measures={"a b": "mean(cells.v)"}), "letters, digits"),
    "silent": (lambda: model(measures={"m": Rate("quiet")}), "threshold"),
    "synapses": (lambda: model(measures={"m": Rate("syn")}), "that can spike"),
    "window": (lambda: model(measures={"m": FanoFactor("cells", 0.25 * ms)}), "whole number of"),
    "long": (lambda: model(measures={"m": FanoFactor("cells", 1 * second)}), "not be longer"),
    "burst": (lambda: model(measures={"m": BurstIndex("cells", 3)}), "must be a time"),
    "pair": (lambda: model(measures={"m": Correlation("cells", "inh")}), "There are"),
}


@pytest.mark.parametrize("wrong", MODELS)
def test_a_model_that_cannot_be(wrong):
    make, told = MODELS[wrong]
    with pytest.raises((DeclarationError, SimulationError, UnsupportedFeature)) as error:
        Compiled(make())
    assert told in str(error.value)


POINTS = {
    "unit": ({"x": [1, 2]}, "must have the unit s"),
    "other unit": ({"x": [1, 2] * mV}, "must have the unit s"),
    "mixed": ({"x": [1 * ms, 2 * mV]}, "one unit"),
    "name": ({"y": [1] * ms}, "There are: x"),
    "ragged": ({"x": [[1 * ms], [1 * ms, 2 * ms]]}, "rows of them of one length"),
    "none": ({}, "needs a value"),
    "empty": ({"x": [] * ms}, "needs a value"),
    "text": ({"x": "1 ms"}, "list of numbers"),
    "infinite": ({"x": [1, np.inf] * ms}, "finite"),
    "flat": ([1, 2], "must be a design"),
    "lengths": (lambda: table({"x": [1, 2] * ms, "z": [1] * nS}), "as many values"),
    "no bounds": (lambda: latin_hypercube(model(), 4), "needs bounds"),
}


@pytest.mark.parametrize("wrong", POINTS)
def test_points_that_cannot_be(wrong):
    points, told = POINTS[wrong]
    with pytest.raises(DeclarationError) as error:
        sweep(model(), points() if callable(points) else points, report=False)
    assert told in str(error.value)


@pytest.mark.parametrize("repeats", [0, -1, 2.5, True, 10**9])
def test_repeats_that_cannot_be(repeats):
    with pytest.raises(DeclarationError, match="repeats"):
        sweep(model(), {"x": [1] * ms}, repeats, report=False)


def test_a_probability_is_one():
    with pytest.raises(DeclarationError, match=r"\[0, 1\]"):
        sweep(model("syn.p"), {"x": [0.5, 1.5]}, report=False)


def test_the_caller_s_random_numbers_go_on_as_if_nothing_had_happened():
    import brian2

    brian2.seed(3)
    expected = np.random.random(3)  # noqa: NPY002
    brian2.seed(3)
    Compiled(model())
    found = np.random.random(3)  # noqa: NPY002
    np.testing.assert_array_equal(found, expected)


def test_a_model_that_is_refused_leaves_no_warning_of_its_measures():
    rates = {"rate": Rate("cells"), "fano": FanoFactor("cells", 5 * ms)}
    gc.collect()  # what other tests have left
    with catch_logs() as logs:
        with pytest.raises(DeclarationError):
            sweep(model(measures=rates), table({"x": [1, 2] * mV}))
        gc.collect()
    named = [each[2] for each in logs if "never included in a network" in each[2]]
    assert not [text for text in named if "spike_sums" in text or "population" in text]
