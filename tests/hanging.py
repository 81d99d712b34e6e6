"""A limit for tests that wait for other processes: a hang fails, with a traceback, and ends."""

import faulthandler
import os
import signal
from contextlib import contextmanager

import pytest


@contextmanager
def no_longer_than(seconds, config):
    """Fail a test that takes longer; end the whole session if it does not even fail."""

    def fail(number, frame):
        pytest.fail(f"hung: took longer than {seconds} s")

    with _terminal(config) as stderr:
        before = signal.signal(signal.SIGALRM, fail)
        signal.alarm(seconds)
        faulthandler.dump_traceback_later(seconds + 60, exit=True, file=stderr)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)


@contextmanager
def _terminal(config):
    """Open what is not captured: a process that is ended shows nothing of the rest."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        number = os.dup(2)
    with os.fdopen(number, "w") as stderr:
        yield stderr
