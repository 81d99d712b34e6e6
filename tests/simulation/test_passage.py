"""A run under `set_device("batch")` reports, stops, is interrupted, and is measured."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import brian2
import numpy as np
import pytest
from brian2 import (
    Network,
    PopulationRateMonitor,
    Quantity,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    profiling_summary,
    second,
)

from simulation.devices import active, numbers
from simulation.networks.neurons import lif
from simulation.outcomes import assert_equal

#: A minute of work: far more than any test waits for.
ENDLESS = 20_000 * second
OFTEN = 1e-3 * second


@pytest.fixture(autouse=True)
def on_the_device() -> Iterator[None]:
    with active("batch"):
        yield


def watched() -> Network:
    """Return groups on two clocks, what is late between them, and every monitor, seldom looking."""
    quick, tardy = lif("quick", 2000, 1.3, dt=1 * ms), lif("tardy", 4, 1.2, dt=3 * ms)
    synapses = Synapses(
        quick,
        tardy,
        "n : integer",
        on_pre="n += 1; v_post += 0.01",
        delay=20 * ms,
        name="between",
        namespace={},
    )
    synapses.connect()
    return Network(
        quick,
        tardy,
        synapses,
        StateMonitor(quick, "v", record=0, dt=0.5 * second, name="trace"),
        SpikeMonitor(tardy[:1], record=False, name="counted"),
        PopulationRateMonitor(tardy, name="rate"),
    )


def compiled(network: Network) -> Network:
    """Build the program of a network before anything depends on time."""
    network.run(6 * ms)
    return network


@contextmanager
def once_under_way(action: Callable[[], object]) -> Iterator[Callable[..., None]]:
    """Do something from another thread once a run has made steps; yield the run's report.

    A fixed wait would be over before the first step where the program must be compiled first.
    """
    moving = threading.Event()
    thread = threading.Thread(target=lambda: moving.wait(60) and action())
    thread.start()

    def report(elapsed: object, completed: float, *times: object) -> None:
        if completed > 0:
            moving.set()

    try:
        yield report
    finally:
        thread.join()


def assert_consistent(network: Network) -> None:
    """Everything is as after an undisturbed run of the length that the network has reached."""
    assert 6 * ms < network.t < ENDLESS
    undisturbed = compiled(watched())
    undisturbed.run(network.t - undisturbed.t)
    assert_equal(numbers(network), numbers(undisturbed), 0, 0)
    for each in (network, undisturbed):
        each.run(31 * ms)
    assert_equal(numbers(network), numbers(undisturbed), 0, 0)


# --------------------------------------------------------------------------------------- endings


def test_stop_from_a_callback() -> None:
    network = compiled(watched())

    def stop(elapsed: Quantity, completed: float, start: Quantity, duration: Quantity) -> None:
        if completed > 0:
            network.stop()

    network.run(ENDLESS, report=stop, report_period=OFTEN)
    assert_consistent(network)


def test_stop_before_the_first_step() -> None:
    network = watched()
    network.run(1 * second, report=lambda *_: network.stop())
    assert network.t == 0 * ms
    network.run(6 * ms)
    assert_equal(numbers(network), numbers(compiled(watched())), 0, 0)


@pytest.mark.parametrize("everything", [False, True])
def test_stop_from_another_thread(everything: bool) -> None:
    network = compiled(watched())
    with once_under_way(brian2.stop if everything else network.stop) as report:
        network.run(ENDLESS, report=report, report_period=OFTEN)
    assert_consistent(network)


def test_interrupt_keeps_what_was_computed() -> None:
    network, handler = compiled(watched()), signal.getsignal(signal.SIGINT)
    with (
        once_under_way(lambda: os.kill(os.getpid(), signal.SIGINT)) as report,
        pytest.raises(KeyboardInterrupt),
    ):
        network.run(ENDLESS, report=report, report_period=OFTEN)
    assert signal.getsignal(signal.SIGINT) == handler
    assert len(network["trace"].t) == int(np.ceil(network.t / (0.5 * second)))
    assert_consistent(network)


def test_callback_that_fails() -> None:
    """The error comes through, and the network is at one time, whichever, and can go on."""
    network = compiled(watched())

    def fail(elapsed: Quantity, completed: float, start: Quantity, duration: Quantity) -> None:
        if completed > 0:
            raise ZeroDivisionError("in a callback")

    with pytest.raises(ZeroDivisionError, match="in a callback"):
        network.run(ENDLESS, report=fail, report_period=OFTEN)
    network.run(6 * ms)
    assert_consistent(network)


def test_run_in_another_thread() -> None:
    """Where no interrupt can be caught, a network runs all the same."""
    network = watched()
    worker = threading.Thread(target=network.run, args=(6 * ms,), kwargs={"namespace": {}})
    worker.start()
    worker.join()
    assert_equal(numbers(network), numbers(compiled(watched())), 0, 0)


# --------------------------------------------------------------------------------------- reports


def test_callback_is_told_of_the_progress() -> None:
    network, told = compiled(watched()), []

    def note(*arguments: Quantity) -> None:
        told.append([float(x) for x in arguments])

    network.run(100 * second, report=note, report_period=OFTEN)
    elapsed, completed, start, duration = np.transpose(told)
    assert len(told) > 2
    assert elapsed[0] == completed[0] == 0
    assert completed[-1] == 1
    assert np.all(np.diff(elapsed) >= 0)
    assert np.all(np.diff(completed[:-1]) > 0)
    np.testing.assert_allclose(start, 6e-3)
    np.testing.assert_allclose(duration, 100)


@pytest.mark.parametrize(("report", "stream"), [("text", 0), ("stdout", 0), ("stderr", 1)])
def test_report_as_text(report: str, stream: int, capsys: pytest.CaptureFixture) -> None:
    compiled(watched()).run(1 * second, report=report)
    captured = capsys.readouterr()
    assert "simulation at t=6. ms for a duration of 1. s" in captured[stream]
    assert "(100%)" in captured[stream]
    assert "100%" not in captured[1 - stream]


# --------------------------------------------------------------------------------------- profile


def test_profile_names_every_object() -> None:
    network = compiled(watched())
    network.run(10 * second, profile=True)
    profile = dict(network.profiling_info)
    running = {
        "quick_stateupdater",
        "quick_spike_thresholder",
        "quick_spike_resetter",
        "between_pre",
        "tardy_stateupdater",
        "tardy_spike_thresholder",
        "tardy_spike_resetter",
        "trace",
        "counted",
        "rate",
    }
    assert set(profile) == running
    total = sum(profile.values())
    assert 0 * second < total < 60 * second
    assert profile["quick_stateupdater"] > 0 * second
    text = str(profiling_summary(network))
    assert all(name in text for name in running)
    shares = [float(line.split()[-2]) for line in text.splitlines() if line.endswith("%")]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    assert shares == sorted(shares, reverse=True)


def test_profile_is_of_the_last_run() -> None:
    network = watched()
    network.run(6 * ms, profile=True)
    network.run(6 * ms)
    with pytest.raises(ValueError, match="profile"):
        _ = network.profiling_info


def test_profile_as_an_option_of_the_device() -> None:
    with active("batch", profile=True):
        network = watched()
        network.run(6 * ms)
    assert len(network.profiling_info) == 10


def test_profile_changes_nothing() -> None:
    networks = [watched(), watched()]
    for network, profile in zip(networks, (True, False), strict=True):
        network.run(3 * second, profile=profile)
    assert_equal(*map(numbers, networks), 0, 0)
