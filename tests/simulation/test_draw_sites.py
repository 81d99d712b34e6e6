"""Every random call of a code object has numbers of its own, however many there are."""

import re

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms

from neuromodels.simulation import Batch
from neuromodels.simulation.source.program import Program

pytestmark = pytest.mark.filterwarnings("ignore")
CALLS = 300
DRAWN = re.compile(r"nm_uniform<nm_real>\((\w+), _vectorisation_idx, (\d+)u\)")
NOISE = re.compile(r"const Noise (\w+) = noise_of\(_key, (\d+)u")


def drawing(calls: int) -> Batch:
    """Return neurons that draw so many numbers in one code object."""
    results = "\n".join(f"result_{k} : 1" for k in range(calls))
    group = NeuronGroup(4, results, name="cells")
    group.run_regularly("\n".join(f"result_{k} = rand()" for k in range(calls)))
    network = Network(group)
    batch = Batch(network, 1, seed=3, dtype="float64", namespace={})
    batch.network = network
    return batch


def sites(calls: int) -> list[tuple[str, str]]:
    """Return stream and site of each call, in their order."""
    batch = drawing(calls)
    held = batch._instances
    source = Program(held.captured, held.initialisers, held.layout, "double").source
    body = source[source.index("static void simulate(") :]
    streams = dict(NOISE.findall(body))
    return [(streams[noise], site) for noise, site in DRAWN.findall(body)]


def test_more_calls_than_sites_have_streams_of_their_own():
    found = sites(CALLS)
    assert len(found) == len(set(found)) == CALLS
    assert max(int(site) for _, site in found) == 255


def test_earlier_calls_keep_their_streams():
    assert sites(CALLS)[:256] == sites(256)


@pytest.mark.strain
def test_more_calls_than_sites_draw_different_numbers():
    batch = drawing(CALLS)
    batch.run(0.1 * ms)
    numbers = np.array([np.asarray(batch[f"cells.result_{k}"])[0] for k in range(CALLS)])
    assert len(np.unique(numbers)) == numbers.size
    assert abs(numbers[256:].mean() - 0.5) < 0.1
