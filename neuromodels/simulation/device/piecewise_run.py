"""One run in pieces: between them it reports, stops, or is interrupted without loss."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from brian2.core.network import Network, TextReport
from brian2.units import second
from brian2.units.fundamentalunits import Quantity

from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.operations.live_values import LiveValues
from neuromodels.simulation.source.timing import cut, next_time

#: Wall-clock seconds that a piece aims at, and steps of the first one.
PIECE, FIRST_STEPS = 0.25, 20

#: Seconds that a step takes for each number of the state, where that was not measured yet.
PER_NUMBER = 1e-9

#: Where a report may go, by name.
REPORTS = ("text", "stdout", "stderr")


class Pieces:
    """Takes instances through time in pieces of a fair length, so that Ctrl-C acts between two.

    Parameters
    ----------
    instances
        Which ones.
    """

    def __init__(self, instances: Instances):
        self.instances = instances
        self._length = 0.0  # of the next piece, in steps of the fastest clock; 0: not known yet

    def run(self, end: float) -> None:
        """Run until `end` (seconds).

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, between two pieces: all instances stand at the same step and can go on.
        """
        self._length = self._length or first_length(self.instances)
        report = self.instances.report
        before = report.seconds
        with one_run(self.instances):
            while not pass_piece(self.instances, end, self._length):
                spent, before = report.seconds - before, report.seconds
                self._length = next_length(self._length, spent)


class Passage:
    """Takes instances through time, piece by piece.

    Parameters
    ----------
    network
        Whose `stop` ends the run.
    most
        Wall-clock time after which it ends, or None.
    live
        What a function of the user sees of the instance; None: nothing.

    Attributes
    ----------
    handler
        What Ctrl-C did before the run.
    """

    def __init__(
        self,
        network: Network,
        instances: Instances,
        most: Quantity | None,
        live: LiveValues | None = None,
    ):
        self.network = network
        self.live = live
        self.handler: Any = None
        self.instances = instances
        self.most = np.inf if most is None else float(most)
        self.seconds, self.completed = 0.0, 1.0
        self._began = time.perf_counter()
        self._interrupted = False
        self._failure: BaseException | None = None

    def run(self, end: float, report: str | Callable | None, period: float) -> None:
        """Run until `end` (seconds), unless stopped before."""
        told, start = callback(report), self.instances.time
        told = told if report is None else self._guarded(told)
        self.network._stopped = Network._globally_stopped = False
        self._began, due = time.perf_counter(), period
        told(0 * second, 0.0, start * second, (end - start) * second)
        with self._running(), one_run(self.instances):
            self.instances.advance(start)  # monitors have something to say, whatever comes
            for _ in self._pieces(end):
                self.note_time()
                self.completed = _share(self.instances.time - start, end - start)
                if self.seconds >= due:
                    due = self.seconds + period
                    told(
                        self.seconds * second,
                        self.completed,
                        start * second,
                        (end - start) * second,
                    )
        if not self.has_failed:
            told(self.seconds * second, self.completed, start * second, (end - start) * second)

    def note_time(self) -> None:
        """Note how long the run has taken so far."""
        self.seconds = time.perf_counter() - self._began

    @property
    def has_failed(self) -> bool:
        """Whether a function of the user has raised an error."""
        return self._failure is not None

    def fail(self, error: BaseException) -> None:
        """Keep an error of the user's own function, to be raised when the numbers are safe."""
        self._failure = self._failure or error

    def _guarded(self, told: Callable) -> Callable:
        """Let an error of the user's own function end the run as a stop does."""

        def tell(*progress: object) -> None:
            try:
                with self.live.shown() if self.live else nullcontext():
                    told(*progress)
            except BaseException as error:
                self.fail(error)

        return tell

    def finish(self) -> None:
        """Raise the interrupt or the error that ended the run, now that its numbers are safe."""
        if self._failure is not None:
            raise self._failure
        if self._interrupted:
            raise KeyboardInterrupt

    def _pieces(self, end: float) -> Iterator[None]:
        """Advance to `end` in pieces that grow until each takes a fair time."""
        length = float(FIRST_STEPS)
        while not self.is_over():
            before = time.perf_counter()
            is_last = pass_piece(self.instances, end, length)
            yield
            if is_last:
                return
            length = next_length(length, time.perf_counter() - before)

    def is_over(self) -> bool:
        """Whether the run shall end here."""
        stopped = self.network._stopped or Network._globally_stopped
        ended = self._interrupted or self._failure is not None
        return stopped or ended or self.seconds > self.most

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Let Ctrl-C end the run between two pieces, so that what has been computed is kept."""
        Network._globally_running = True
        mine = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, self._on_interrupt) if mine else None
        self.handler = before
        try:
            yield
        finally:
            Network._globally_running = False
            if before is not None:
                signal.signal(signal.SIGINT, before)

    def _on_interrupt(self, *_: object) -> None:
        self._interrupted = True


@contextmanager
def one_run(instances: Instances) -> Iterator[None]:
    """Let the report count each instance once, however many pieces the run has."""
    before = instances.report.instances_run
    try:
        yield
    finally:
        instances.report.instances_run = before + len(instances.streams)


def pass_piece(instances: Instances, end: float, length: float) -> bool:
    """Run a piece of about `length` steps of the fastest clock; return whether it was the last.

    A GPU does all at once: for each piece all state would travel there and back.
    """
    clocks, last = instances.layout.clocks, instances.steps_until(end)
    steps = cut(clocks, instances.steps, last, int(length)) if instances.run_on_cores else last
    is_last = np.array_equal(steps, last)
    instances.pass_steps(steps, end if is_last else next_time(clocks, steps, last))
    return is_last


def first_length(instances: Instances) -> float:
    """Return of how many steps a first piece should be, by the numbers that a step goes through."""
    numbers = len(instances.streams) * max(instances.layout.block_bytes, 64) / 4
    return max(1.0, PIECE / (numbers * PER_NUMBER))


def next_length(length: float, spent: float) -> float:
    """Return of how many steps the next piece should be; `spent` are seconds on this one."""
    return max(1.0, length * min(16.0, PIECE / max(spent, 1e-6)))


def _share(done: float, whole: float) -> float:
    return done / whole if whole > 0 else 1.0


def callback(report: str | Callable | None) -> Callable:
    """Return what is told of the progress of a run, after Brian2's rules for `report`.

    Raises
    ------
    ValueError, TypeError
        Where the argument is neither a known name nor callable.
    """
    if report is None:
        return lambda *_: None
    streams = {"text": sys.stdout, "stdout": sys.stdout, "stderr": sys.stderr}
    if isinstance(report, str):
        if report not in streams:
            raise ValueError(f'Do not know how to handle report argument "{report}".')
        return TextReport(streams[report])
    if callable(report):
        return report
    raise TypeError(
        "Do not know how to handle report argument, it has to be one of 'text', 'stdout', "
        f"'stderr', or a callable function/object, but it is of type {type(report)}"
    )
