"""Spikes under way between two runs of a script: where Brian2 keeps them, and at what cost."""

from collections.abc import Sequence

import brian2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Synapses, ms

from neuromodels.simulation.device.library import Library
from simulation.devices import active

PIECES = (7, 0, 3, 4, 9)


def network(kind: str, size: int = 40) -> Network:
    """Return neurons whose spikes take a common time, or own times, to few and to many."""
    source = NeuronGroup(
        size,
        "dv/dt = (1.3 - v)/(4*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="source",
        dt=0.5 * ms,
        namespace={"ms": ms},
    )
    source.v = np.linspace(0, 1, size)
    few = NeuronGroup(3, "x : 1", name="few", dt=0.5 * ms, namespace={})
    rule = {"on_pre": "x_post = 0.9*x_post + w; w = w*0.99", "namespace": {}}
    dense = Synapses(source, few, "w : 1", name="dense", **rule)
    dense.connect()
    listed = Synapses(source, few, "w : 1", name="listed", **rule)
    listed.connect(condition="(i + 2*j) % 4 != 0")
    for synapses in (dense, listed):
        synapses.w = "1 + i + 0.1*j"
        count = len(synapses)
        common = 2.6 * ms
        own = (np.arange(count) * 7 % 11) * 0.4 * ms
        synapses.pre.delay = own if kind == "own" else common
    return Network(source, few, dense, listed)


def carried(net: Network) -> list[list[list[int]]]:
    """Return the synapses that hear of a spike in each of the coming steps, in order."""
    return [queued(net[name].pre.queue) for name in ("dense", "listed")]


def queued(queue) -> list[list[int]]:
    """Return what a queue holds, less the empty steps at its end, which tell nothing."""
    offset, slots = queue._full_state()
    steps = [list(slot) for slot in (*slots[offset:], *slots[:offset])]
    while steps and not steps[-1]:
        steps.pop()
    return steps


@pytest.mark.parametrize("kind", ["common", "own"])
def test_spikes_under_way_are_those_of_brian2(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []
    made = Library.__init__

    def noted(self, source: str, names: Sequence[str] = ()) -> None:
        sources.append(source)
        made(self, source, names)

    monkeypatch.setattr(Library, "__init__", noted)
    brian2.prefs.codegen.target = "numpy"
    stock, seen = network(kind), []
    for piece in PIECES:
        stock.run(piece * ms, namespace={})
        seen.append((carried(stock), *map(np.array, (stock["few"].x, stock["listed"].w))))
    with active("batch"):
        own = network(kind)
        for piece, (queues, x, w) in zip(PIECES, seen, strict=True):
            own.run(piece * ms, namespace={})
            assert carried(own) == queues
            np.testing.assert_allclose(own["few"].x, x, rtol=1e-9)
            np.testing.assert_allclose(own["listed"].w, w, rtol=1e-9)
    assert len({sum(map(len, queue[1])) for queue, _, _ in seen}) > 2
    assert len(set(sources[1:])) == 1  # however many spikes are under way
