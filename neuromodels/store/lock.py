"""One process per run folder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path

from neuromodels.errors import StorageError
from neuromodels.files import writing


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
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        owner = _owner(descriptor)
        free = _lock(descriptor)
        if not free or (owner and owner["host"] != socket.gethostname()):
            os.close(descriptor)
            raise self._refusal(owner)
        if owner:
            self.stale = f"Process {owner['pid']} left its lock behind; it no longer runs."
        self._descriptor = descriptor
        self._write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor >= 0:
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
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        owner = _owner(descriptor)
    finally:
        os.close(descriptor)
    if owner is None or (owner["host"] == socket.gethostname() and not _runs(owner["pid"])):
        return ""
    return f"process {owner['pid']} on {owner['host']}"


def _owner(descriptor: int) -> dict | None:
    try:
        owner = json.loads(os.pread(descriptor, 1000, 0))
        return {"pid": int(owner["pid"]), "host": str(owner["host"])}
    except (ValueError, KeyError, TypeError):
        return None


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # a file system without locks: the content has to do
        owner = _owner(descriptor)
        return owner is None or not _runs(owner["pid"])
    return True


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
