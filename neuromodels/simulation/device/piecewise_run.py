"""One run in pieces: between them it reports, stops, or is interrupted without loss."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from brian2.core.network import Network, TextReport
from brian2.units import second
from brian2.units.fundamentalunits import Quantity

from neuromodels.simulation.device.instances import Instances

#: Wall-clock seconds that a piece aims at, and steps of the first one.
PIECE, FIRST_STEPS = 0.25, 20


class Passage:
    """Takes instances through time, piece by piece.

    Parameters
    ----------
    network
        Whose `stop` ends the run.
    most
        Wall-clock time after which it ends, or None.
    """

    def __init__(self, network: Network, instances: Instances, most: Quantity | None):
        self.network = network
        self.instances = instances
        self.most = np.inf if most is None else float(most)
        self.seconds, self.completed = 0.0, 1.0
        self._interrupted = False
        self._failure: BaseException | None = None

    def run(self, end: float, report: str | Callable | None, period: float) -> None:
        """Run until `end` (seconds), unless stopped before."""
        told, start = self._guarded(callback(report)), self.instances.time
        self.network._stopped = Network._globally_stopped = False
        began, due = time.perf_counter(), period
        told(0 * second, 0.0, start * second, (end - start) * second)
        with self._running():
            self.instances.advance(start)  # monitors have something to say, whatever comes
            for _ in self._pieces(end):
                self.seconds = time.perf_counter() - began
                self.completed = _share(self.instances.time - start, end - start)
                if self.seconds >= due:
                    due = self.seconds + period
                    told(
                        self.seconds * second,
                        self.completed,
                        start * second,
                        (end - start) * second,
                    )
        told(self.seconds * second, self.completed, start * second, (end - start) * second)

    def _guarded(self, told: Callable) -> Callable:
        """Let an error of the user's own function end the run as a stop does."""

        def tell(*progress: object) -> None:
            try:
                told(*progress)
            except BaseException as error:  # raised again when the numbers are safe
                self._failure = self._failure or error

        return tell

    def finish(self) -> None:
        """Raise the interrupt or the error that ended the run, now that its numbers are safe."""
        if self._failure is not None:
            raise self._failure
        if self._interrupted:
            raise KeyboardInterrupt

    def _pieces(self, end: float) -> Iterator[None]:
        """Advance to `end` in pieces that grow until each takes a fair time."""
        smallest = min((clock.dt_ for clock in self._regular()), default=np.inf)
        piece, start = FIRST_STEPS * smallest, self.instances.time
        while not self._is_over():
            before = time.perf_counter()
            until = self.instances.time + piece
            self.instances.advance(until if until + smallest < end else end)
            yield
            if self.instances.time >= end or end <= start:
                return
            spent = max(time.perf_counter() - before, 1e-6)
            piece *= min(16.0, PIECE / spent)
            piece = max(piece, smallest)

    def _regular(self) -> list:
        return [clock for clock in self.instances.layout.clocks if hasattr(clock, "dt_")]

    def _is_over(self) -> bool:
        stopped = self.network._stopped or Network._globally_stopped
        ended = self._interrupted or self._failure is not None
        return stopped or ended or self.seconds > self.most

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Let Ctrl-C end the run between two pieces, so that what has been computed is kept."""
        Network._globally_running = True
        mine = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, self._on_interrupt) if mine else None
        try:
            yield
        finally:
            Network._globally_running = False
            if before is not None:
                signal.signal(signal.SIGINT, before)

    def _on_interrupt(self, *_: object) -> None:
        self._interrupted = True


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
