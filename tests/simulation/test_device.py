"""`set_device("batch")`: unmodified scripts end in the numbers of Brian2's own device."""

import gc
from collections.abc import Iterator
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    get_device,
    ms,
)
from brian2.utils.logger import BrianLogger, catch_logs
from sampling import some

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation import Batch
from simulation.devices import active, numbers, outcomes
from simulation.networks.catalog import CATALOG
from simulation.networks.neurons import TAU, lif
from simulation.networks.scripts import SCRIPTS, Script, late_pair
from simulation.outcomes import assert_equal, set_stock

TOLERANCE = (1e-9, 1e-12)

#: Of the catalog, what a run in pieces, from the state that Brian2 keeps, could break.
PIECEWISE = (
    "three_clocks",
    "subexpressions",
    "refractory_condition",
    "periodic_input",
    "event_driven",
    "drawn_connections",
    "layer_norm",
    "longer_than_a_run",
    "late_on_two_clocks",
    "event_pathways",
    "given_times",
    "watched_at_times",
    "own_schedule",
    "modulated",
)
pytestmark = pytest.mark.filterwarnings("ignore")


def assert_same_numbers(script: Script) -> None:
    """Run a script on both devices and compare whatever it gives away."""
    expected, found = outcomes(script, "runtime"), outcomes(script, "batch")
    assert len(expected) > 0
    for stage, (ours, stock) in enumerate(zip(found, expected, strict=True)):
        with_stage = ({f"{stage}: {k}": v for k, v in each.items()} for each in (ours, stock))
        assert_equal(*with_stage, *TOLERANCE)


@pytest.mark.parametrize("name", some(SCRIPTS, 4))
def test_script_equals_runtime(name: str) -> None:
    assert_same_numbers(SCRIPTS[name])


@pytest.mark.parametrize("name", some(PIECEWISE, 6))
def test_catalog_equals_runtime(name: str) -> None:
    def script() -> Iterator[Network]:
        case = CATALOG[name]()
        case.network.run(case.duration, namespace={})
        yield case.network
        set_stock(case.network, case.changes)
        case.network.run(1.7 * case.duration, namespace={})
        yield case.network

    assert_same_numbers(script)


# ------------------------------------------------------------------------------- several devices


def test_devices_take_turns() -> None:
    """One network runs on either device in turn; spikes under way are handed over."""
    with active("runtime"):
        stock, shared = Network(late_pair()), Network(late_pair())
        stock.run(12 * ms)
    for device in ("batch", "runtime", "batch", "runtime"):
        with active(device):
            shared.run(3 * ms)
    assert_equal(numbers(shared), numbers(stock), *TOLERANCE)


@pytest.mark.parametrize(("first", "second"), [("runtime", "batch"), ("batch", "runtime")])
def test_a_stored_state_goes_on_elsewhere(first: str, second: str, tmp_path: Path) -> None:
    """What one device wrote to a file, spikes under way included, the other continues."""
    path = str(tmp_path / "state")
    with active(first):
        written = Network(late_pair(), name="written")
        written.run(3 * ms)
        written.store(filename=path)
        written.run(5 * ms)
    with active(second):
        read = Network(late_pair(delay=7 * ms), name="read")
        read.restore(filename=path)
        read.run(5 * ms)
    assert_equal(numbers(read), numbers(written), *TOLERANCE)


@pytest.mark.parametrize("before", [0, 4])
def test_batch_of_a_network_that_was_set_up_on_the_device(before: float) -> None:
    """A batch goes on where the network stands, with the spikes that are under way."""
    with active("runtime"):
        stock = Network(late_pair())
        stock.run((before + 6) * ms)
    with active("batch"):
        network = Network(late_pair())
        network.run(before * ms)
        batch = Batch(network, 2, dtype="float64", namespace={})
        batch.run(6 * ms)
        assert float(network.t / ms) == pytest.approx(before)
        network.run(6 * ms)
    for instance in range(2):
        np.testing.assert_allclose(batch["later.v"][instance], stock["later"].v[:], 1e-9)
    assert_equal(numbers(network), numbers(stock), *TOLERANCE)


def test_runtime_device_comes_back() -> None:
    before = get_device()
    with active("batch") as device:
        assert get_device() is device is not before
        network = Network(lif("cells", 3, 1.2))
        network.run(1 * ms)
    assert get_device() is before
    network.run(1 * ms)
    assert float(network.t / ms) == pytest.approx(2)


def test_build_is_not_needed() -> None:
    """Scripts for standalone devices build, start again and build."""
    with active("batch", build_on_run=False, directory="nowhere"):
        spikes = []
        for _ in range(2):
            group = lif("cells", 3, 1.6)
            monitor = SpikeMonitor(group, name="spikes")
            network = Network(group, monitor)
            network.run(15 * ms)
            brian2.device.build(directory="nowhere", compile=True, debug=False)
            spikes.append(np.array(monitor.t))
            brian2.device.reinit()
            brian2.device.activate(build_on_run=False)
    assert len(spikes[0]) > 0
    np.testing.assert_array_equal(*spikes)


def test_a_program_for_later_is_refused() -> None:
    with active("batch", build_on_run=False) as device:
        Network(lif("cells", 3, 1.6)).run(1 * ms)
        with pytest.raises(UnsupportedFeature, match=r"device\.build"):
            device.build(run=False)
        with pytest.raises(UnsupportedFeature, match=r"device\.run"):
            device.run(run_args=["--help"])


def test_report_of_a_run() -> None:
    with active("batch") as device:
        network = Network(late_pair())
        network.run(5 * ms)
        first = device.report.as_dict()
        network.run(5 * ms)
    assert first["builds"] + first["cache_hits"] == 1
    assert first["synapse_updates"] == 50 * 90
    assert device.report.as_dict() != first


def test_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    def ran() -> tuple[np.ndarray, np.ndarray]:
        group = lif("cells", 5, 1.2)
        trace = StateMonitor(group, "v", record=True, name="trace")
        Network(group, trace).run(30 * ms)
        return group.v[:], trace.v[:]

    with active("runtime"):
        exact = ran()
    monkeypatch.setitem(brian2.prefs, "core.default_float_dtype", np.float32)
    with active("batch"):
        rounded = ran()
    for found, expected in zip(rounded, exact, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, 1e-4, 1e-5)


# ------------------------------------------------------------------------- refusals and warnings


def unit_error() -> Network:
    return Network(
        NeuronGroup(2, "dv/dt = (2 - v)/tau : volt", method="euler", name="cells", namespace=TAU)
    )


def unknown_name() -> Network:
    return Network(
        NeuronGroup(2, "dv/dt = -v/tao : 1", method="euler", name="cells", namespace=TAU)
    )


def wrong_statement() -> Network:
    group = lif("cells", 3, 1.2)
    synapses = Synapses(group, group, on_pre="v_post += nothing", name="wrong", namespace={})
    synapses.connect()
    return Network(group, synapses)


def left_out() -> Network:
    group = lif("cells", 3, 1.2)
    return Network(SpikeMonitor(group, name="lonely"))


@pytest.mark.parametrize("build", [unit_error, unknown_name, wrong_statement, left_out])
def test_errors_are_those_of_brian2(build) -> None:
    told = []
    for device in ("runtime", "batch"):
        with active(device) as used:
            network = build()
            with pytest.raises(Exception, match=r"\w+") as error:
                network.run(1 * ms, namespace={})
            assert get_device() is used
            told.append((type(error.value), str(error.value), str(error.value.__cause__)))
    assert told[0] == told[1]


def test_synapses_without_connections() -> None:
    group = lif("cells", 3, 1.2)
    synapses = Synapses(group, group, on_pre="v_post += 1", name="lonely", namespace={})
    with active("batch"), pytest.raises(Exception, match=r"does not do anything|lonely"):
        Network(group, synapses).run(1 * ms, namespace={})


@pytest.mark.parametrize(
    ("duration", "report", "error"),
    [
        (-1 * ms, None, ValueError),
        (1, None, brian2.DimensionMismatchError),
        (1 * ms, "loudly", ValueError),
        (1 * ms, 3, TypeError),
    ],
)
def test_wrong_arguments_are_refused(duration, report, error: type[Exception]) -> None:
    with active("batch"):
        network = Network(lif("cells", 3, 1.2))
        with pytest.raises(error):
            network.run(duration, report=report)
        network.run(1 * ms)
        assert float(network.t / ms) == pytest.approx(1)


def warnings_of(build) -> list[tuple[str, str, str]]:
    BrianLogger._log_messages.clear()  # what it has said, and says only once
    network = build()
    gc.collect()  # Brian2 warns of groups that earlier tests have left, whenever they go
    with catch_logs() as logs:
        network.run(3 * ms, namespace={})
    return sorted(logs)


def exploding() -> Network:
    group = NeuronGroup(2, "dv/dt = v**3/tau : 1", method="euler", name="bomb", namespace=TAU)
    group.v = 1e100
    return Network(group)


def of_two_steps() -> Network:
    groups = [lif(name, 2, 1.2, dt=dt) for name, dt in (("fast", 0.1 * ms), ("slow", 0.5 * ms))]
    synapses = Synapses(*groups, on_pre="v_post += 1", name="between", namespace={})
    synapses.connect()
    return Network(groups, synapses)


@pytest.mark.parametrize(
    ("build", "told"), [(exploding, "invalid_values"), (of_two_steps, "synapses_dt_mismatch")]
)
def test_warnings_are_those_of_brian2(build, told: str) -> None:
    found = []
    for device in ("runtime", "batch"):
        with active(device):
            found.append(warnings_of(build))
    assert any(told in name for _, name, _ in found[1])
    assert found[1] == found[0]


def test_sizes_of_monitors() -> None:
    """What a script asks a monitor for, beside its arrays."""

    def asked() -> list[np.ndarray]:
        group = lif("cells", 4, 1.5)
        spikes = SpikeMonitor(group, variables="v", name="spikes")
        trace = StateMonitor(group, "v", record=[1, 3], name="trace")
        rate = brian2.PopulationRateMonitor(group, name="rate")
        network = Network(group, spikes, trace, rate)
        network.run(20 * ms)
        network.run(15 * ms)
        assert len(spikes.t) == spikes.num_spikes == spikes.count[:].sum() > 4
        return [
            np.array(spikes.num_spikes),
            np.array(len(trace)),
            spikes.spike_trains()[3],
            spikes.values("v")[2],
            spikes.count[:],
            trace[3].v,
            trace.t,
            trace.v[1],
            rate.smooth_rate(window="flat", width=5.1 * ms),
            spikes.it[0],
            spikes.it[1],
        ]

    with active("runtime"):
        expected = asked()
    with active("batch"):
        found = asked()
    for ours, stock in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(stock), *TOLERANCE)
