"""Releases of Brian2: which are tested, and what is said of others."""

import configparser
import warnings
from pathlib import Path

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch
from neuromodels.simulation.build.releases import TAKEN, TESTED, warn_if_untested


def test_the_requirement_is_what_is_taken():
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    oldest, newest = TAKEN[0], TAKEN[-1]
    major, minor = newest.split(".")
    assert {*TESTED} <= {*TAKEN}
    wanted = f"brian2 >= {oldest}, < {major}.{int(minor) + 1}"
    assert wanted in setup["options"]["install_requires"].splitlines()


def test_an_untested_release_warns_once():
    with pytest.warns(UserWarning, match=r"this is 9\.1\.2\..*pip install"):
        warn_if_untested("9.1.2")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_untested("9.1.2")
        warn_if_untested(f"{TESTED[0]}.7")


def network(**pathways):
    source = SpikeGeneratorGroup(2, [0, 1], [0, 0] * ms, name="source")
    target = NeuronGroup(2, "v : 1", name="target", namespace={})
    way = Synapses(source, target, name="way", namespace={}, **pathways)
    way.connect()
    return Network(source, target, way)


@pytest.mark.parametrize("address", ["way.delay", "way_pre.delay"])
def test_delay_of_synapses_is_that_of_pre(address):
    """With Brian2 2.10 as with 2.11, by values and by expressions."""
    batch = Batch(network(on_pre="v_post += 1"), 3, dtype="float64", namespace={})
    batch[address] = [[0.1], [0.2], [0.5]] * ms
    assert (batch["way.delay"] == batch["way_pre.delay"]).all()
    assert (batch["way_pre.delay"][:, 0] == [0.1, 0.2, 0.5] * ms).all()
    batch.initialise(address, "0.1*ms*(1 + j)")
    batch.run(1 * ms)
    assert np.asarray(batch["way_pre.delay"][2] / ms) == pytest.approx([0.1, 0.2, 0.1, 0.2])
    assert (batch["target.v"] == 2).all()


def test_without_pre_there_is_no_delay_of_synapses():
    batch = Batch(network(on_pre={"early": "v_post += 1"}), 2, namespace={})
    with pytest.raises(DeclarationError, match="must have the variable; got 'delay'"):
        batch["way.delay"] = 1 * ms


@pytest.mark.parametrize(("value", "is_misread"), [(None, False), (1e-4, True)])
def test_delays_onto_synapses_warn_where_brian2_misreads_them(value, is_misread):
    """In 2.11.0 the number of the target counts, and not that of the synapse itself."""
    source = SpikeGeneratorGroup(2, [], [] * ms, name="source")
    target = NeuronGroup(3, "v : 1", name="target", namespace={})
    way = Synapses(source, target, "w : 1", on_pre="v_post += w", name="way", namespace={})
    onto = Synapses(source, way, on_pre="w_post += 1", name="onto", namespace={})
    for each in (way, onto):
        each.connect()
    if value is not None:
        onto.pre.variables["delay"].set_value(np.full(len(onto), value))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Batch(Network(source, target, way, onto), 2, namespace={})
    told = [str(each.message) for each in caught if "misreads 'onto.delay'" in str(each.message)]
    is_new = "delay" in onto.variables
    assert len(told) == (is_misread and is_new)
