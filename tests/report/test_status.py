"""Status: who writes, how far it is, when it will be done."""

import json
import os
import socket
import subprocess
import sys

import pytest
from conftest import STUDY
from fake_experiment import FakeExperiment

from neuromodels.report.status import status_of, statuses
from neuromodels.store.ledger import Ledger
from neuromodels.store.lock import FolderLock, owner_of

GRID = "[sweep]\ncircuit.hidden = [4, 8]\n"


def rows(said, *folder):
    code, out, err = said("status", *folder, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)["runs"]


def test_a_finished_run_is_finished(here, said):
    said("run", "studies/small.toml")
    (row,) = rows(said)
    assert row["state"] == "finished"
    assert row["owner"] is None
    assert (row["generations"], row["of"]) == (12, 12)
    assert (row["scored"], row["scored_of"]) == (4, 4)
    assert row["seconds_left"] is None
    assert "finished" in said("status")[1]


def test_a_running_run_names_its_owner_and_the_time_left(here, said, monkeypatch):
    evaluate, seen = FakeExperiment.evaluate, []

    def looking(self, xs, streams):
        if len(self.calls) == 3:
            seen.append(status_of(here / "runs")["runs"])
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", looking)
    said("run", "studies/small.toml")
    (row,) = seen[0]
    assert row["state"] == "running"
    assert row["owner"] == f"process {os.getpid()} on {socket.gethostname()}"
    assert (row["generations"], row["of"]) == (2, 12)
    assert row["seconds_left"] > 0


def test_a_killed_run_is_stopped(here, said):
    said("run", "studies/small.toml", "--out", "here", "--set", "search.generations=2")
    said("resume", "here", "--extend", "2")
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    owner = {"pid": int(gone), "host": socket.gethostname()}
    (here / "here" / "lock").write_text(json.dumps(owner))
    assert rows(said, "here")[0]["owner"] is None
    (here / "here" / "lock").write_text(json.dumps({**owner, "host": "elsewhere.example"}))
    (row,) = rows(said, "here")
    assert (row["state"], row["owner"]) == ("running", f"process {int(gone)} on elsewhere.example")


def test_every_setting_of_a_sweep_is_shown(here, said):
    (here / "studies" / "swept.toml").write_text(STUDY + GRID)
    said("run", "studies/swept.toml")
    said("run", "studies/small.toml")
    first = json.loads((here / "runs" / "small-sweep" / "sweep.json").read_text())["settings"][0]
    for path in sorted((here / "runs/small-sweep" / first["folder"]).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (here / "runs/small-sweep" / first["folder"]).rmdir()
    found = rows(said)
    assert [row["state"] for row in found] == ["finished", "not begun", "finished"]
    assert found[1]["of"] == 12
    assert [row["state"] for row in rows(said, "runs/small-sweep")] == ["not begun", "finished"]


def test_looking_never_takes_the_lock(tmp_path):
    lock = FolderLock(tmp_path / "lock")
    assert owner_of(lock.path) == ""
    lock.acquire()
    before = lock.path.read_bytes()
    assert owner_of(lock.path) == f"process {os.getpid()} on {socket.gethostname()}"
    assert lock.path.read_bytes() == before
    lock.release()
    assert owner_of(lock.path) == ""


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"pid": 1}'])
def test_a_lock_that_says_nothing_has_no_owner(tmp_path, content):
    (tmp_path / "lock").write_text(content)
    assert owner_of(tmp_path / "lock") == ""


def test_searches_that_were_done_are_not_read_again(here, said, monkeypatch):
    said("run", "studies/small.toml", "--out", "here")
    first = statuses(here / "here")
    read, seen = Ledger.generations, []

    def counting(self, condition, seed):
        seen.append((condition, seed))
        return read(self, condition, seed)

    monkeypatch.setattr(Ledger, "generations", counting)
    assert statuses(here / "here", first) == first
    assert seen == []
    assert statuses(here / "here") == first
    assert len(seen) == 4
    said("resume", "here", "--extend", "2")
    del seen[:]
    (status,) = statuses(here / "here", first)
    assert ("plastic", 1) in seen
    assert [each.generations for each in status.standings] == [8, 0, 8, 0]


def test_who_was_killed_left_the_lock_behind(here, said):
    said("run", "studies/small.toml", "--out", "here")
    assert not statuses(here / "here")[0].is_abandoned
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    owner = {"pid": int(gone), "host": socket.gethostname()}
    (here / "here" / "lock").write_text(json.dumps(owner))
    assert statuses(here / "here")[0].is_abandoned
    (here / "here" / "lock").write_text(json.dumps({**owner, "pid": os.getpid()}))
    assert not statuses(here / "here")[0].is_abandoned


def test_the_time_of_the_last_word_is_that_of_the_ledger(here, said):
    said("run", "studies/small.toml", "--out", "here")
    os.utime(here / "here" / "ledger.sqlite", (1e9, 1e9))
    assert statuses(here / "here")[0].written == 1e9
    (here / "here" / "ledger.sqlite-wal").touch()
    assert statuses(here / "here")[0].written > 1.5e9
