"""Ctrl-C ends all threads and leaves instances that stand at one step, or are refused."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from brian2 import Clock, EventClock, Network, NeuronGroup, SpikeMonitor, ms, second

from neuromodels.errors import SimulationError
from neuromodels.simulation import Batch
from neuromodels.simulation.device import piecewise_run

LONG, SOON = 1e7 * second, 0.3
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let Ctrl-C do what it does in a terminal; shells in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def sent(number: int = signal.SIGINT, times: int = 1) -> Iterator[None]:
    """Send a signal to this process soon, or a few in a row."""

    def send() -> None:
        for _ in range(times):
            time.sleep(SOON)
            os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    yield
    sender.join()


def counting(**options) -> Batch:
    """Return instances that count their steps and draw noise, one more expensive than another."""
    group = NeuronGroup(
        3,
        "dv/dt = -v/(5*ms) + xi*ms**-0.5 : 1\nn : integer",
        method="euler",
        name="g",
        namespace={"ms": ms},
    )
    group.run_regularly("n += 1")
    options = {"instances": 5, "threads": 3, "dtype": "float64", **options}
    return Batch(Network(group), namespace={}, **options)


@pytest.mark.parametrize("options", [{"threads": 3}, {"threads": 1}, {"instances": 1}])
def test_a_run_that_is_interrupted_can_go_on(options: dict) -> None:
    batch, other = counting(**options), counting(**options)
    batch.run(0.1 * ms)
    with sent():
        began = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            batch.run(LONG)
        assert time.perf_counter() - began < 100 * SOON
    counts = np.array(batch["g.n"])
    steps = int(counts[0, 0])
    assert (counts == steps).all()
    assert steps > 100
    assert float(batch.time) == pytest.approx(steps * 1e-4, abs=1e-4)
    batch.run(1 * ms)
    other.run((steps + 10) * 0.1 * ms)
    np.testing.assert_array_equal(batch["g.n"], other["g.n"])
    np.testing.assert_array_equal(np.array(batch["g.v"]), np.array(other["g.v"]))


@pytest.mark.parametrize("options", [{"threads": 3}, {"threads": 1}])
def test_episodes_end_at_once(options: dict) -> None:
    """Threads are waited for, also by a user who presses twice: they write into our memory."""
    batch = counting(**options)
    batch.run(0.1 * ms)
    with sent(times=2):
        began = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            batch.trials(LONG, ["g.n"], streams=np.arange(40, dtype=np.uint64))
        assert time.perf_counter() - began < 100 * SOON
        with pytest.raises(KeyboardInterrupt):
            time.sleep(10)
    found = batch.trials(1 * ms, ["g.n"], streams=np.arange(4, dtype=np.uint64))
    assert (found["g.n"] == 10).all()
    np.testing.assert_array_equal(batch["g.n"], np.ones((5, 3)))


def test_a_handler_that_lets_the_run_go_on() -> None:
    batch, noted = counting(), []
    batch.run(0.1 * ms)
    signal.signal(signal.SIGINT, lambda *_: noted.append(float(batch.time)))
    with sent():
        while not noted:
            batch.run(100 * second)
    assert np.ptp(np.array(batch["g.n"])) == 0
    assert np.array(batch["g.n"])[0, 0] == round(float(batch.time) / 1e-4)


def test_an_ignored_interrupt_is_ignored() -> None:
    batch = counting()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with sent():
        began = time.perf_counter()
        while time.perf_counter() - began < 2 * SOON:
            batch.run(1 * second)
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


class Alarm(Exception):
    """What a handler of the user's own raises."""


def test_a_run_that_is_broken_off_is_refused() -> None:
    """Another exception cannot wait: instances may stand anywhere, and say so."""

    def ring(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    batch, other = counting(), counting()
    batch.run(0.1 * ms)
    with sent(signal.SIGALRM), pytest.raises(Alarm):
        batch.run(LONG)
    signal.signal(signal.SIGALRM, before)
    uses: list[Callable] = [lambda: batch.run(1 * ms), lambda: batch["g.n"]]
    for use in uses:
        with pytest.raises(SimulationError, match=r"same step.*restart"):
            use()
    batch.restart()
    batch.run(1 * ms)
    other.run(1 * ms)
    np.testing.assert_array_equal(np.array(batch["g.v"]), np.array(other["g.v"]))


@pytest.mark.parametrize("slow", [0.25, 30.0, 2000.0])
def test_pieces_of_one_step_are_as_one_run(slow: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a clock so slow that a piece looks empty to it, and events at single times."""

    def network() -> Network:
        cells = NeuronGroup(
            4,
            "dv/dt = (2 - v)/(5*ms) : 1\na : 1\nb : 1",
            threshold="v > 1 + i*0.1",
            reset="v = 0",
            method="exact",
            name="g",
            namespace={"ms": ms},
        )
        cells.run_regularly("a = 2*a + v", clock=Clock(slow * ms), when="end")
        events = EventClock(times=[0.1, 0.3, 0.34, 1.7, 2.0, 2.9] * ms)
        cells.run_regularly("b = 2*b + v", clock=events, when="end")
        return Network(cells, SpikeMonitor(cells, name="seen"))

    parts = Batch(network(), 2, dtype="float64", threads=1, namespace={})
    whole = Batch(network(), 2, dtype="float64", threads=1, namespace={})
    monkeypatch.setattr(piecewise_run, "PIECE", 0.0)
    pieces = []
    pass_piece = piecewise_run.pass_piece
    counted = lambda *piece: pieces.append(piece) or pass_piece(*piece)  # noqa: E731
    monkeypatch.setattr(piecewise_run, "pass_piece", counted)
    whole._instances.advance(8e-3)
    parts.run(8 * ms)
    assert len(pieces) > 20
    assert parts.report.instances_run == 2
    for name in ("v", "a", "b"):
        np.testing.assert_array_equal(np.array(parts[f"g.{name}"]), np.array(whole[f"g.{name}"]))
    for name in ("i", "t"):
        np.testing.assert_array_equal(parts.spikes("seen")[name], whole.spikes("seen")[name])
    assert len(parts.spikes("seen")["i"]) > 4


def test_a_forked_process_has_threads_of_its_own() -> None:
    batch = counting()
    batch.trials(1 * ms, ["g.n"], streams=np.arange(4, dtype=np.uint64))
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        found = batch.trials(1 * ms, ["g.n"], streams=np.arange(4, dtype=np.uint64))["g.n"]
        os._exit(0 if (found == 10).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
