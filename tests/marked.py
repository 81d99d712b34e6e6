"""Processes that carry a mark in their environment, found by it even when orphaned."""

import os
import time
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from uuid import uuid4

MARK = "NEUROMODELS_TEST_MARK"


def new_mark():
    """Return a value of `MARK` that nobody has used."""
    ensure_running()  # Python's own process, which lives as long as this one
    return uuid4().hex


def marked(mark):
    """Return the ids of running processes that were started with a mark."""
    wanted = f"{MARK}={mark}".encode()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def workers(mark, driver):
    """Return the ids of the marked worker processes of a driver."""
    return {pid for pid in marked(mark) - {driver} if b"spawn_main" in _command(pid)}


def vanish(mark, seconds=60.0):
    """Whether every marked process ends by itself within some seconds."""
    end = time.monotonic() + seconds
    while marked(mark):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def environment(mark, **more):
    """Return this process's environment with a mark, for a subprocess."""
    tests = Path(__file__).parent
    path = os.pathsep.join([str(tests), str(tests.parent)])
    return {**os.environ, "PYTHONPATH": path, MARK: mark, **more}


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
