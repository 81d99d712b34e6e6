"""A batch that is put back to its start runs as one that was made anew."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, ms

from neuromodels.simulation import Batch


def batch():
    group = NeuronGroup(
        3,
        "dv/dt = (I - v)/(5*ms) : 1\nI : 1\nk : 1 (constant)",
        method="exact",
        namespace={},
        dt=1 * ms,
        name="cells",
    )
    group.run_regularly("I = k*randn()", dt=1 * ms, name="cells_draw")
    made = Batch(
        Network(group, StateMonitor(group, "v", record=True, name="seen", dt=1 * ms)),
        4,
        streams=np.arange(4, dtype=np.uint64),
        namespace={},
    )
    made.initialise("cells.v", "rand()")
    made["cells.k"] = np.arange(1, 5)[:, None] * np.ones((4, 3))
    return made


@pytest.fixture
def used():
    made = batch()
    made.run(7 * ms)
    made["cells.v"] = 99.0
    made.run(2 * ms)
    made.restart()
    return made


def test_it_runs_as_at_first(used):
    fresh = batch()
    for made in (used, fresh):
        made.run(3 * ms)
        made.run(4 * ms)
    np.testing.assert_array_equal(used["cells.v"], fresh["cells.v"])
    for name in ("t", "v"):
        np.testing.assert_array_equal(used.samples("seen")[name], fresh.samples("seen")[name])


def test_initial_values_are_drawn_from_new_streams(used):
    fresh = batch()
    for made in (used, fresh):
        made.streams = np.array([7, 8, 9, 7], dtype=np.uint64)
    np.testing.assert_array_equal(used["cells.v"], fresh["cells.v"])
    np.testing.assert_array_equal(used["cells.v"][0], used["cells.v"][3])
    assert len(np.unique(used["cells.v"])) == 9


def test_nothing_is_built_again(used):
    built = (used.report.builds, used.report.cache_hits)
    used.run(1 * ms)
    assert (used.report.builds, used.report.cache_hits) == built
    assert sum(built) == 1
