"""One process per run folder."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from neuromodels.errors import StorageError
from neuromodels.files import writing

NO_LINK, NO_WAIT = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)
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
        self._kernel = FileLock(
            path,
            timeout=0,
            thread_local=False,
            fallback_to_soft=False,
            preserve_lock_file=True,
            on_acquired=self._take,
        )

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        StorageError
            When another process has it: names its id and host.
        """
        with writing(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | NO_LINK, 0o644)
        try:
            self._kernel.acquire()
        except Timeout:
            raise self._refusal(_owner(descriptor)) from None
        except OSError:
            self._take_without_kernel(os.dup(descriptor))
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor < 0:
            return
        with suppress(OSError):  # the folder is gone, or its disk
            os.ftruncate(self._descriptor, 0)
        if self._kernel.is_locked:
            self._kernel.release()
        else:
            os.close(self._descriptor)
        self._descriptor = -1

    def _take(self, descriptor: int) -> None:
        """Write who has the lock, once the kernel has given it; an error gives it back."""
        owner = _owner(descriptor)
        if owner and owner["host"] != socket.gethostname():
            raise self._refusal(owner)
        if owner:
            self.stale = f"Process {owner['pid']} left its lock behind; it no longer runs."
        self._write(descriptor)
        self._descriptor = descriptor

    def _take_without_kernel(self, descriptor: int) -> None:
        """Take the lock on a file system without locks: the content has to do."""
        try:
            owner = _owner(descriptor)
            if owner and _runs(owner, os.fstat(descriptor).st_mtime):
                raise self._refusal(owner)
            self._take(descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def _write(self, descriptor: int) -> None:
        with writing(self.path):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, json.dumps(_this_process()).encode())
            os.fsync(descriptor)

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
        descriptor = os.open(path, os.O_RDONLY | NO_WAIT)
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
        os.lseek(descriptor, 0, os.SEEK_SET)
        owner = json.loads(os.read(descriptor, 1000))
        owner = {**owner, "pid": int(owner["pid"]), "host": str(owner["host"])}
    except (ValueError, KeyError, TypeError, OSError, OverflowError, RecursionError):
        return None
    return owner if owner["pid"] > 0 else None


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
    if os.name == "nt":  # there nobody can read a file that is locked, and 0 is a signal that kills
        return False
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
