"""The parabola of `fake_experiment`, and candidates over which a worker is lost or complains."""

import ctypes
import os
import signal
import time
from pathlib import Path

import numpy as np
from fake_experiment import FakeExperiment

from neuromodels.errors import BuildError

KILLS, KILLS_ONCE, HANGS, FILLS, RAISES, BREAKS, GROWS, TAKES, SEIZES, STOPS, KILLS_4 = range(
    100, 111
)
"""What a candidate does whose first coefficient is this."""


class LostExperiment(FakeExperiment):
    """Behaves as the candidates say; `question` of its study names a folder for marks."""

    def evaluate(self, xs, streams):
        for deed in xs[:, 0]:
            _do(deed, Path(self.study.question or "."))
        return super().evaluate(xs, streams)


def _do(deed, folder):
    times = {KILLS: None, KILLS_ONCE: 1, KILLS_4: 4}
    if deed in times and _is_among_first(times[deed], folder / "killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    if deed in (HANGS, SEIZES, STOPS):
        _hang(deed, folder)
    if deed == TAKES:
        time.sleep(0.8)
    if deed == FILLS:
        raise MemoryError
    if deed == RAISES:
        raise BuildError("compiler", "must be installed", "none", "Install one.")
    if deed == BREAKS:
        raise ZeroDivisionError("a mistake of ours")
    if deed == GROWS:
        kept = [np.ones(2**24) for _ in range(8)]
        time.sleep(30)
        kept.clear()


def _hang(deed, folder):
    """Never go on; a process that is stopped, or that keeps Python's lock, cannot do anything."""
    (folder / f"hangs{deed:.0f}").touch()
    if deed == SEIZES:
        ctypes.PyDLL(None).pause()
    if deed == STOPS:
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1000)


def _is_among_first(times, mark):
    """Whether this happened fewer than some times before, or however often."""
    return times is None or any(_is_new(f"{mark}{number}") for number in range(times))


def _is_new(path):
    try:
        Path(path).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
