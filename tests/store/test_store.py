"""Run folders: refused, locked, damaged, full."""

import errno
import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.store.lock import FolderLock, owner_of
from neuromodels.store.neighbours import stored_runs
from neuromodels.store.provenance import changed_since, provenance
from neuromodels.store.store import Store, StoredRun

STUDY = {"name": "x", "seeds": [1], "conditions": ["plastic"]}
DIGEST = "0123456789ab"


def opened(folder, digest=DIGEST, seeds=(1,)):
    return Store(folder, {**STUDY, "seeds": list(seeds)}, digest)


def test_a_new_folder_holds_the_resolved_study(tmp_path):
    with opened(tmp_path / "a" / "run"):
        pass
    run = StoredRun(tmp_path / "a" / "run")
    assert run.table == STUDY
    assert run.digest == DIGEST
    assert stored_runs(tmp_path / "a") == [], "it holds a name, seeds and conditions, no study"


def test_seeds_are_added_never_dropped(tmp_path):
    for seeds in ([1, 2], [2, 3]):
        with opened(tmp_path, seeds=seeds):
            pass
    assert StoredRun(tmp_path).table["seeds"] == [1, 2, 3]


def test_another_study_is_refused_and_left_alone(tmp_path):
    with opened(tmp_path):
        pass
    before = (tmp_path / "study.json").read_bytes()
    with pytest.raises(StorageError, match="another study"), opened(tmp_path, "ffffffffffff"):
        pass
    assert (tmp_path / "study.json").read_bytes() == before


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("dear reader")
    with pytest.raises(StorageError, match=r"thesis\.tex"), opened(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StorageError, match="cannot be written"), opened(path):
        pass
    with pytest.raises(StorageError, match="cannot be written"), opened(path / "run"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="Permission denied"), opened(tmp_path / "run"):
        pass


def test_a_full_disk_keeps_what_was_stored(tmp_path, monkeypatch):
    with opened(tmp_path) as store:
        store.write_solution("plastic", 1, {"vector": np.arange(3.0)})

        def full(descriptor):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left on device"):
            store.write_solution("plastic", 1, {"vector": np.zeros(3)})
        monkeypatch.undo()
        assert store.solution("plastic", 1)["vector"].tolist() == [0, 1, 2]
    assert not list(tmp_path.rglob("*part"))


def test_a_second_process_is_refused(tmp_path):
    code = (
        "import sys; from pathlib import Path; from neuromodels.store.store import Store\n"
        f"with Store(Path(sys.argv[1]), {STUDY!r}, {DIGEST!r}): pass"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with opened(tmp_path):
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert refused.returncode != 0
        assert f"in use by process {os.getpid()} on {socket.gethostname()}" in refused.stderr
    assert subprocess.run(command, check=False).returncode == 0


def test_a_stale_lock_is_taken_over(tmp_path):
    with opened(tmp_path):
        pass
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (tmp_path / "lock").write_text(json.dumps({"pid": int(gone), "host": socket.gethostname()}))
    with opened(tmp_path) as store:
        assert "left its lock behind" in store.take_notices()[0]


def lock_of(pid, **more):
    return json.dumps({"pid": pid, "host": socket.gethostname(), **more})


def test_a_lock_whose_number_another_process_has_now_is_stale(tmp_path):
    lock = FolderLock(tmp_path / "lock")
    lock.acquire()
    mine = json.loads(lock.path.read_text())
    assert owner_of(lock.path) == f"process {os.getpid()} on {socket.gethostname()}"
    lock.release()
    for changed in ({"began": mine["began"] - 1}, {"boot": "an earlier start of this machine"}):
        lock.path.write_text(json.dumps({**mine, **changed}))
        assert owner_of(lock.path) == ""


def test_a_lock_of_an_earlier_release_is_older_than_who_has_its_number_now(tmp_path):
    path = tmp_path / "lock"
    path.write_text(lock_of(os.getpid()))
    assert owner_of(path) == f"process {os.getpid()} on {socket.gethostname()}"
    os.utime(path, (0, 0))
    assert owner_of(path) == ""


@pytest.mark.parametrize("text", ["", "{}", "[1]", "1", lock_of(0), lock_of(-1), lock_of(10**30)])
def test_a_lock_that_says_nothing_is_nobody_s(tmp_path, text):
    (tmp_path / "lock").write_text(text)
    assert owner_of(tmp_path / "lock") == ""
    with opened(tmp_path):
        pass


def test_a_lock_that_could_not_be_written_is_given_back(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StorageError, match="No space left"), opened(tmp_path):
            pass
    with opened(tmp_path):
        pass


def test_a_lock_of_another_host_is_respected(tmp_path):
    with opened(tmp_path):
        pass
    (tmp_path / "lock").write_text(json.dumps({"pid": 1, "host": "elsewhere.example"}))
    with pytest.raises(StorageError, match=r"process 1 on elsewhere\.example"), opened(tmp_path):
        pass


def test_no_run_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(RunNotFound, match="neuromodels run"):
        StoredRun(tmp_path)


def test_a_damaged_study_is_one_message(tmp_path):
    (tmp_path / "study.json").write_text('{"name": ')
    with pytest.raises(StorageError, match="cannot be read"):
        StoredRun(tmp_path)


def test_provenance_names_what_results_depend_on(tmp_path):
    session = provenance(["neuromodels", "run"], threads=0)
    assert session["packages"]["numpy"] == np.__version__
    assert session["threads"] >= 1
    with opened(tmp_path) as store:
        store.add_provenance(session)
        assert store.take_notices() == []
        store.add_provenance({**session, "compiler": "cc 0.1"})
        assert "compiler" in store.take_notices()[0]
    assert len(json.loads((tmp_path / "provenance.json").read_text())["sessions"]) == 2
    assert changed_since(session, session) == []
