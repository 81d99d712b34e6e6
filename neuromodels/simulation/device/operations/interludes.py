"""Calls of Python code while a program stands still for it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.library import Call
from neuromodels.simulation.device.operations.live_values import LiveValues
from neuromodels.simulation.device.piecewise_run import Passage


class Interludes:
    """Calls the Python code of a network, each at its place in the step.

    Parameters
    ----------
    instances
        The only instance of the network.
    live
        Its values.
    passage
        The run, which the code may end.
    """

    def __init__(self, instances: Instances, live: LiveValues, passage: Passage):
        self.instances, self.live, self.passage = instances, live, passage

    def __call__(self, call: Call) -> bool:
        """Call what is due; return whether the program goes on."""
        assert call.halt is not None
        code, began = self.instances.captured[call.halt.number], time.perf_counter()
        try:
            with self.live.shown(call), interruptible(self.passage.handler):
                code.runner.run()
        except BaseException as error:  # raised again when the numbers are safe
            self.passage.fail(error)
            return False
        if self.instances.profiled:
            self._note(code.name, time.perf_counter() - began)
        self.passage.note_time()
        call.stop[0] = self.passage.is_over()
        return True

    def _note(self, name: str, spent: float) -> None:
        profile = self.instances.report.profile
        profile[name] = profile.get(name, 0.0) + spent


@contextmanager
def interruptible(handler: Any) -> Iterator[None]:
    """Let Ctrl-C act at once during the block, as it does in plain Python."""
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
