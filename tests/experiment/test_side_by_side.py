"""Several searches at once: one runs at a time, the others wait, and all end together."""

import signal
import threading
import time
from threading import Event, Thread

import pytest
from hanging import no_longer_than

from neuromodels.experiment.side_by_side import SideBySide


@pytest.fixture(autouse=True)
def limit(request):
    with no_longer_than(300, request.config):
        yield


class Log:
    """Jobs that write what they do, and notice when two of them run at the same time."""

    def __init__(self, abreast):
        self.abreast = abreast
        self.lines, self.away = [], 0
        self._running = 0

    def job(self, name, *, waits=0.0, returns=True):
        def do():
            self._enter(f"{name} begins")
            self._leave()
            with self.abreast.away():
                self.away = max(self.away, self._waiting(+1))
                time.sleep(waits)
                self._waiting(-1)
            self._enter(f"{name} ends")
            self._leave()
            return returns

        return do

    def _enter(self, line):
        self._running += 1
        assert self._running == 1, "two run at the same time"
        time.sleep(0.001)
        self.lines.append(line)

    def _leave(self):
        self._running -= 1

    _count, _lock = 0, threading.Lock()

    def _waiting(self, change):
        with self._lock:
            self._count += change
            return self._count


def order_of(lines, *names):
    return [line.split()[0] for line in lines if line.endswith("begins") and line[0] in names]


def test_one_at_a_time_is_the_order_in_which_they_were_given():
    log = Log(SideBySide())
    assert log.abreast.run([[log.job("a1"), log.job("a2")], [log.job("b1")]])
    assert log.lines == [f"{x} {y}" for x in ("a1", "a2", "b1") for y in ("begins", "ends")]
    assert log.away == 1


def test_several_wait_together_and_never_run_together():
    log = Log(SideBySide(3))
    chains = [[log.job(f"{name}{k}", waits=0.05) for k in range(3)] for name in "abcd"]
    assert log.abreast.run(chains)
    assert log.away == 3
    assert len(log.lines) == 2 * 12
    for name in "abcd":
        assert order_of(log.lines, name) == [f"{name}{k}" for k in range(3)]


def test_what_all_need_is_made_once():
    abreast, made = SideBySide(3), []

    def need():
        with abreast.in_turn():
            if not made:
                with abreast.away():
                    time.sleep(0.1)
                made.append("network")
        return True

    assert abreast.run([[need], [need], [need]])
    assert made == ["network"]


def test_after_a_stop_nothing_begins_and_what_runs_comes_to_its_end():
    log = Log(SideBySide(2))
    a = [log.job("a1", waits=0.05, returns=False), log.job("a2")]
    b = [log.job("b1", waits=0.3), log.job("b2")]
    assert not log.abreast.run([a, b, [log.job("c1")]])
    assert sorted(log.lines) == ["a1 begins", "a1 ends", "b1 begins", "b1 ends"]


def fail():
    raise ZeroDivisionError("a mistake")


def test_an_error_is_raised_at_once_and_who_waits_does_not_come_back():
    log, leave = Log(SideBySide(2)), Event()
    seen = []

    def wait():
        seen.append("begins")
        with log.abreast.away():
            leave.wait()
        seen.append("comes back")
        return True

    with pytest.raises(ZeroDivisionError, match="a mistake"):
        log.abreast.run([[wait], [fail]])
    assert seen == ["begins"]
    with log.abreast.away():
        pass  # for who takes no part, it is as if there were no others
    leave.set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon:
            thread.join(0.2)
    assert seen == ["begins"]


def test_who_computes_when_another_fails_comes_to_where_it_waits():
    """Whoever has called may close what all share as soon as the error is raised."""
    abreast, seen = SideBySide(2), []

    def compute():
        with abreast.away():
            time.sleep(0.1)
        seen.append("computes")
        time.sleep(0.3)
        seen.append("stores")
        with abreast.away():
            seen.append("waits")
        return True

    def fail_soon():
        with abreast.away():
            while not seen:
                time.sleep(0.01)
        return fail()

    with pytest.raises(ZeroDivisionError):
        abreast.run([[compute], [fail_soon]])
    before = list(seen)
    assert before[:2] == ["computes", "stores"]


def test_ctrl_c_is_raised_at_once():
    log, leave = Log(SideBySide(2)), Event()

    def wait():
        with log.abreast.away():
            leave.wait()
        return True

    Thread(target=lambda: (time.sleep(0.2), signal.raise_signal(signal.SIGINT))).start()
    with pytest.raises(KeyboardInterrupt):
        log.abreast.run([[wait], [wait]])
    leave.set()
