"""A lock of a folder, against the kernel's own and where there is none."""

import errno
import json
import os
import socket
import subprocess
import sys
import threading

import pytest
from filelock import FileLock

from neuromodels.errors import StorageError
from neuromodels.store.lock import FolderLock, owner_of

fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")


@pytest.fixture
def no_locks(monkeypatch):
    """A file system whose locks the kernel refuses, as of some shared folders."""

    def refuse(*arguments, **settings):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", refuse)


def written(path, pid):
    path.write_text(json.dumps({"pid": pid, "host": socket.gethostname()}))


def test_releases_with_another_way_to_lock_keep_each_other_out(tmp_path):
    path = tmp_path / "lock"
    with open(path, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="is in use by another process"):
            FolderLock(path).acquire()
    lock = FolderLock(path)
    lock.acquire()
    with open(path) as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.release()
    with open(path) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert path.read_text() == ""


def test_a_lock_may_be_given_back_by_another_thread(tmp_path):
    lock = FolderLock(tmp_path / "lock")
    lock.acquire()
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    again = FolderLock(tmp_path / "lock")
    again.acquire()
    again.release()


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError, match="cannot be written"):
        FolderLock(tmp_path / "lock").acquire()
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.usefixtures("no_locks")
def test_without_locks_the_content_decides(tmp_path):
    lock = FolderLock(tmp_path / "lock")
    lock.acquire()
    assert owner_of(lock.path) == f"process {os.getpid()} on {socket.gethostname()}"
    with pytest.raises(StorageError, match=f"is in use by process {os.getpid()} "):
        FolderLock(lock.path).acquire()
    lock.release()
    assert lock.path.read_text() == ""


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_dead_process_has_left_its_own_behind(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    written(tmp_path / "lock", ended.pid)
    lock = FolderLock(tmp_path / "lock")
    lock.acquire()
    assert lock.stale == f"Process {ended.pid} left its lock behind; it no longer runs."
    lock.release()
