"""A recorded instance as a neo segment: the spikes and samples of stock Brian2, with units."""

from datetime import UTC, datetime

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    ms,
    mV,
    second,
)

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch

neo = pytest.importorskip("neo")
DURATION = 40 * ms


def network():
    cells = NeuronGroup(
        3,
        """dv/dt = (drive - v)/(10*ms) : volt
        drive : volt (constant)
        level : siemens/meter**2 (constant)""",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        method="exact",
        name="cells",
    )
    cells.drive = [0, 15, 30] * mV
    spikes = SpikeMonitor(cells, name="spikes")
    traces = StateMonitor(cells, "v", record=[0, 2], dt=0.5 * ms, name="traces")
    rates = PopulationRateMonitor(cells, name="rates")
    return Network(cells, spikes, traces, rates)


@pytest.fixture(scope="module")
def stock():
    found = network()
    found.run(DURATION, namespace={})
    return found


@pytest.fixture(scope="module")
def segment():
    batch = Batch(network(), 2, dtype="float64", namespace={})
    batch.record([1])
    batch.run(DURATION / 2)
    batch.run(DURATION / 2)
    return batch.segment(1)


def test_spikes_are_those_of_stock_brian2(stock, segment):
    trains = stock["spikes"].spike_trains()
    assert [train.name for train in segment.spiketrains] == ["cells[0]", "cells[1]", "cells[2]"]
    for k, train in enumerate(segment.spiketrains):
        assert train.annotations == {"group": "cells", "neuron": k}
        np.testing.assert_allclose(train.rescale("s").magnitude, np.asarray(trains[k]), atol=1e-12)
        assert float(train.t_stop.rescale("ms")) == pytest.approx(DURATION / ms)
    assert len(segment.spiketrains[0]) == 0 < len(segment.spiketrains[1])


def test_signals_are_those_of_stock_brian2(stock, segment):
    rates, traces = sorted(segment.analogsignals, key=lambda each: each.name)
    assert (rates.name, traces.name) == ("rates.rate", "traces.v")
    assert traces.shape == (80, 2)
    seen = stock["traces"].v / mV
    np.testing.assert_allclose(traces.rescale("mV").magnitude, seen.T, atol=1e-9)
    assert float(traces.sampling_period.rescale("ms")) == pytest.approx(0.5)
    np.testing.assert_allclose(
        rates.rescale("Hz").magnitude[:, 0], stock["rates"].rate / Hz, atol=1e-6
    )


def test_an_instance_that_was_not_recorded_is_refused():
    batch = Batch(network(), 2, namespace={})
    batch.record([1])
    batch.run(1 * ms)
    with pytest.raises(DeclarationError, match="must be recorded before it runs"):
        batch.segment(0)


def test_a_segment_can_be_written_as_nwb_and_read(segment, tmp_path):
    pytest.importorskip("pynwb", reason="NWB needs pynwb")
    from neo.io import NWBIO

    # neo renames what it writes
    (written,) = (each for each in segment.analogsignals if each.name == "traces.v")
    block = neo.Block(name="copies", session_start_time=datetime(2026, 1, 1, tzinfo=UTC))
    block.segments.append(segment)
    path = str(tmp_path / "copies.nwb")
    NWBIO(path, mode="w").write_all_blocks([block])
    (read,) = NWBIO(path, mode="r").read_all_blocks()[0].segments
    for train, back in zip(segment.spiketrains, read.spiketrains, strict=True):
        np.testing.assert_allclose(back.rescale("s").magnitude, train.rescale("s").magnitude)
    (traces,) = (each for each in read.analogsignals if "traces.v" in each.name)
    np.testing.assert_allclose(traces.rescale("mV").magnitude, written.rescale("mV").magnitude)


def test_without_neo_the_message_has_its_cure(monkeypatch):
    from neuromodels.simulation.device.records import neo_objects

    monkeypatch.setattr(neo_objects, "find_spec", lambda name: None)
    batch = Batch(network(), namespace={})
    batch.run(0 * second)
    with pytest.raises(DeclarationError, match=r"needs the package neo.*pip install"):
        batch.segment()
