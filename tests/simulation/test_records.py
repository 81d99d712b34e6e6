"""Spikes of all instances at once, and the progress of a run."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, ms, second

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch


def network() -> Network:
    """Return cells that fire at random."""
    text = "dv/dt = (1.1 - v)/(5*ms) + 0.4*xi/sqrt(5*ms) : 1"
    cells = NeuronGroup(5, text, threshold="v > 1", reset="v = 0", method="euler", name="cells")
    return Network(cells, SpikeMonitor(cells, variables="v", name="seen"))


def test_spikes_of_all_instances_are_those_of_each() -> None:
    batch = Batch(network(), 4, namespace={})
    batch.record([3, 0, 2])
    for _ in range(2):
        batch.run(20 * ms)
    found = batch.all_spikes("cells")
    assert len(found["i"]) > 20
    assert np.unique(found["instance"]).tolist() == [0, 2, 3]
    assert (np.diff(found["instance"]) >= 0).all()
    for instance in (0, 2, 3):
        own = batch.spikes("seen", instance)
        for name, values in own.items():
            np.testing.assert_array_equal(found[name][found["instance"] == instance], values)
    assert found["t"].dim == second.dim


def test_a_report_changes_no_number(capsys: pytest.CaptureFixture) -> None:
    told: list[tuple] = []
    plain, noted, written = (Batch(network(), 3, namespace={}) for _ in range(3))
    plain.run(50 * ms)
    noted.run(50 * ms, report=lambda *progress: told.append(progress), report_period=1e-9 * second)
    written.run(50 * ms, report="stdout")
    for batch in (noted, written):
        np.testing.assert_array_equal(batch["cells.v"], plain["cells.v"])
    shares = [share for _, share, _, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert told[-1][3] == 50 * ms
    assert "100%" in capsys.readouterr().out


def test_somebody_must_be_recorded() -> None:
    batch = Batch(network(), 2, namespace={})
    batch.record([])
    batch.run(1 * ms)
    with pytest.raises(DeclarationError, match="some instance must be recorded"):
        batch.all_spikes("seen")
