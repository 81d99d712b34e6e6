"""One process per run folder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuromodels.errors import StorageError
from neuromodels.files import writing

TOLERANCE = 60.0
"""Seconds by which the clock may have been set since a lock of an earlier release was written."""


class FolderLock:
    """A lock file with process id and host.

    The kernel's lock on the file decides; it ends with its process, however that ends. The
    content decides only across hosts, where a shared folder may not carry kernel locks.

    Parameters
    ----------
    path
        The lock file. It stays, empty, when the lock is given back.
    """

    def __init__(self, path: Path):
        self.path = path
        self.stale = ""
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        StorageError
            When another process has it: names its id and host.
        """
        with writing(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        owner = _owner(descriptor)
        free = _lock(descriptor)
        if not free or (owner and owner["host"] != socket.gethostname()):
            os.close(descriptor)
            raise self._refusal(owner)
        if owner:
            self.stale = f"Process {owner['pid']} left its lock behind; it no longer runs."
        self._descriptor = descriptor
        try:
            self._write(json.dumps(_this_process()))
        except StorageError:  # a full disk
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor >= 0:
            with suppress(OSError):  # the folder is gone, or its disk
                os.truncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, text: str) -> None:
        with writing(self.path):
            os.truncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)
            os.fsync(self._descriptor)

    def _refusal(self, owner: dict | None) -> StorageError:
        who = f"process {owner['pid']} on {owner['host']}" if owner else "another process"
        cure = "Wait for it, or name another folder with --out."
        if owner and owner["host"] != socket.gethostname():
            cure = f"If that process is gone, remove {self.path} and try again."
        return StorageError(str(self.path.parent), f"is in use by {who}", cure=cure)


def owner_of(path: Path) -> str:
    """Return who writes a folder now, ``"process 12 on host"``; empty when nobody does.

    Only looks: a process on another host counts as running, as nobody can tell from here.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        owner = _owner(descriptor)
        written = os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
    if owner is None or (owner["host"] == socket.gethostname() and not _runs(owner, written)):
        return ""
    return f"process {owner['pid']} on {owner['host']}"


def _this_process() -> dict[str, Any]:
    """Return what tells this process from every other, also from a later one of its number."""
    pid = os.getpid()
    return {"pid": pid, "host": socket.gethostname(), "boot": _boot(), "began": _ticks(pid)}


def _owner(descriptor: int) -> dict[str, Any] | None:
    try:
        owner = json.loads(os.pread(descriptor, 1000, 0))
        owner = {**owner, "pid": int(owner["pid"]), "host": str(owner["host"])}
    except (ValueError, KeyError, TypeError, OSError, OverflowError, RecursionError):
        return None
    return owner if owner["pid"] > 0 else None


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # a file system without locks: the content has to do
        owner = _owner(descriptor)
        return owner is None or not _runs(owner, os.fstat(descriptor).st_mtime)
    return True


def _runs(owner: Mapping[str, Any], written: float) -> bool:
    """Whether the process that wrote a lock still runs, on this machine.

    Parameters
    ----------
    owner
        What it wrote. Locks of earlier releases name no beginning; a process that has begun since
        is another one.
    written
        When, seconds since 1970.
    """
    pid = owner["pid"]
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    began = _ticks(pid)
    if began is None:  # a system that does not say
        return True
    if owner.get("began") is not None:
        return (owner["began"], owner.get("boot")) == (began, _boot())
    up = time.clock_gettime(time.CLOCK_BOOTTIME) - began / os.sysconf("SC_CLK_TCK")
    return time.time() - up <= written + TOLERANCE


def _ticks(pid: int) -> int | None:
    """Return when a process began, in clock ticks since the machine did; None: not known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _boot() -> str | None:
    """Return what this start of the machine is called; None: not known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
