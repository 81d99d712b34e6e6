"""Quick keys of what Brian2 remembers, beside those that Brian2 makes itself."""

import numpy as np
import pytest
from brian2 import Equations, NeuronGroup, TimedArray, mV, second
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.utils import caching
from sympy import Symbol

from neuromodels.simulation.build.memo_keys import BRIAN2_KEY, key_of, quick_keys
from neuromodels.simulation.network.own_source import discard
from simulation.networks.catalog import CATALOG

EQUATIONS = Equations("dv/dt = (2*mV - v)/tau : volt\ntau : second (constant)")
VALUES = {
    "text": "v += w",
    "numbers": (1, 1.5, True, None, np.float32(2), -np.inf),
    "nested": {"a": [1, {"b": (2, [3])}], 4: {5, 6}},
    "quantity": 3 * mV,
    "kinds": (np.dtype("float32"), np.float64, float, mV.dim),
    "functions": DEFAULT_FUNCTIONS,
    "equations": EQUATIONS,
    "equation": EQUATIONS["v"],
    "table": TimedArray(np.arange(6).reshape(2, 3), dt=1 * second, name="table"),
    "symbol": Symbol("v", real=True) + 1,
}


@pytest.fixture
def stock(monkeypatch):
    """Let Brian2's function ask only itself about what lies inside of a value."""
    monkeypatch.setattr(caching, "_hashable", BRIAN2_KEY)
    return BRIAN2_KEY


@pytest.mark.parametrize("name", VALUES)
def test_a_key_is_that_of_brian2(stock, name):
    assert key_of(VALUES[name]) == stock(VALUES[name])


@pytest.mark.parametrize("name", ["three_clocks", "linked_variables", "subgroups", "timed_arrays"])
def test_variables_of_a_network_have_brian2s_keys(stock, name):
    objects = CATALOG[name]().network.objects
    discard(objects)
    owners = [each for each in objects if hasattr(each, "variables")]
    assert owners
    for each in owners:
        found, expected = key_of(dict(each.variables)), stock(dict(each.variables))
        assert found == expected
        assert hash(found) == hash(expected)


def test_a_variable_that_changed_has_another_key():
    group = NeuronGroup(2, EQUATIONS, method="exact", name="cells", namespace={})
    tau = group.variables["tau"]
    before = key_of(tau)
    tau.read_only = True
    assert key_of(tau) != before
    discard([group])


def test_what_has_no_key_is_refused_as_brian2_does(stock):
    for make in (key_of, stock):
        with pytest.raises(TypeError, match="Do not know how to handle"):
            make({"values": np.zeros(3)})


def test_what_was_remembered_before_is_found_during_the_block(stock):
    seen = []

    @caching.cached
    def remembered(code, variables):
        seen.append(code)
        return len(variables)

    given = {"v": EQUATIONS["v"], "f": DEFAULT_FUNCTIONS["exp"]}
    remembered("v = exp(v)", given)
    with quick_keys():
        assert caching._hashable is key_of
        remembered("v = exp(v)", given)
    assert caching._hashable is stock
    remembered("v = exp(v)", given)
    assert seen == ["v = exp(v)"]


def test_brian2_makes_its_own_keys_again_after_an_error(stock):
    with pytest.raises(KeyError), quick_keys():
        raise KeyError
    assert caching._hashable is stock
