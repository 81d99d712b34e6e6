"""The parabola of `fake_experiment`, and candidates over which a worker is lost or complains."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from fake_experiment import FakeExperiment

from neuromodels.errors import BuildError

KILLS, KILLS_ONCE, HANGS, FILLS, RAISES, BREAKS, GROWS, TAKES = range(100, 108)
"""What a candidate does whose first coefficient is this."""


class LostExperiment(FakeExperiment):
    """Behaves as the candidates say; `question` of its study names a folder for marks."""

    def evaluate(self, xs, streams):
        for deed in xs[:, 0]:
            _do(deed, Path(self.study.question or "."))
        return super().evaluate(xs, streams)


def _do(deed, folder):
    if deed == KILLS or (deed == KILLS_ONCE and _is_first(folder / "killed")):
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == HANGS:
        time.sleep(1000)
    if deed == TAKES:
        time.sleep(0.7)
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


def _is_first(mark):
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
