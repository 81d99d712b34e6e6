"""What goes wrong around a study: ten mistakes, no permission, a full disk, forged files."""

import errno
import itertools
import os
import pickle
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import STUDY
from experiment.test_runner import numbers
from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording

from neuromodels.errors import DamagedRun, StorageError
from neuromodels.experiment.runner import Runner
from neuromodels.files import TEMPORARY, arrays_to_bytes, folder_key
from neuromodels.report.status import status_of
from neuromodels.simulation.build import cache
from neuromodels.store.store import Store
from neuromodels.study.file import study_of

ROOT = Path(__file__).parents[2]
TEN = """\
name = "ten mistakes"
seeds = [1, 1]
conditions = ["plastic", "frosen"]
[task]
name = "sequence_copy"
lenght = 4
[circuit]
hidden = -1
[rule]
name = "pdlf"
pdp_side = "past"
[rule.coefficients.A]
low = 2
high = 1
[rule.coefficients.Z]
per = "synapse"
[search]
candidates = 7
generations = 2.5
"""
WORDS = [
    (1, "name: must be letters"),
    (2, "seeds: must be a list of distinct"),
    (3, "conditions: must be a list of distinct names"),
    (6, "'length'"),
    (8, "got -1"),
    (11, "must be one of post, pre; got 'past'"),
    (13, "low <= high"),
    (15, "no such coefficient"),
    (18, "even"),
    (19, "whole number >= 1; got 2.5"),
]


def test_ten_mistakes_are_ten_messages(here, said):
    (here / "studies" / "ten.toml").write_text(TEN)
    code, _, err = said("run", "studies/ten.toml")
    assert code == 2
    head, *lines = err.splitlines()
    assert head == "neuromodels: studies/ten.toml: 10 problems; nothing was run."
    assert len(lines) == len(WORDS) == 10
    for number, words in WORDS:
        (line,) = [each for each in lines if f"ten.toml:{number}: " in each]
        assert words in line


def test_a_folder_that_may_only_be_read_is_one_message(here, said, monkeypatch):
    (here / "runs").mkdir()

    def refuse(self, *arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    code, _, err = said("run", "studies/small.toml")
    assert code == 2
    assert "cannot be written: Permission denied. Free space or permissions" in err
    assert len(err.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_run_that_may_only_be_read_is_still_shown(here, said):
    said("run", "studies/small.toml", "--out", "here")
    for path in [*(here / "here").rglob("*"), here / "here"]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    for command in (["report"], ["compare"], ["status"]):
        assert said(*command, "here")[0] == 0
    code, _, err = said("resume", "here")
    assert code == 2
    assert "cannot be written" in err


def limited(folder, size):
    """Run the fake study in a process whose files may not grow beyond `size` bytes."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    tests = str(Path(__file__).parents[1])
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from store import test_damage; test_damage.run(sys.argv[1])",
            folder,
        ],
        # compiled modules are files that cannot grow, too
        env={**os.environ, "PYTHONPATH": f"{tests}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


def run(folder, build=FakeExperiment):
    study = study_of({**TABLE, "seeds": [1]}, "table", catalogs())
    with Store(Path(folder), study.to_table(), study.digest) as store:
        Runner(study, store, build=build, record=fake_recording).run()


def scores(folder):
    with sqlite3.connect(Path(folder) / "ledger.sqlite") as connection:
        rows = connection.execute("SELECT * FROM tests ORDER BY 1, 2, 3, 4").fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize("size", [2_500, 70_000, 90_000])
def test_a_file_that_cannot_grow_loses_nothing(tmp_path, size):
    # the nearest thing to a full disk that needs no disk: the kernel refuses the bytes
    done = limited(tmp_path / "run", size)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("neuromodels.errors.StorageError")
    assert "cannot be written: File too large" in last or "cannot be read or written" in last
    run(tmp_path / "run")
    run(tmp_path / "undisturbed")
    assert scores(tmp_path / "run") == scores(tmp_path / "undisturbed")
    assert not list(tmp_path.rglob("*part"))


def fill_disk(monkeypatch, writes):
    """Let every write fail after some."""
    left = itertools.count(writes, -1)

    def failing(function):
        def wrapped(*arguments, **options):
            if next(left) <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return function(*arguments, **options)

        return wrapped

    for name in ("fsync", "replace", "link", "pwrite", "mkdir"):
        monkeypatch.setattr(os, name, failing(getattr(os, name)))


def test_a_disk_that_is_full_at_any_write_loses_nothing(tmp_path, monkeypatch):
    run(tmp_path / "undisturbed")
    refusals = []
    for writes in range(0, 45, 2):
        with monkeypatch.context() as patch:
            fill_disk(patch, writes)
            try:
                run(tmp_path / "run")
            except StorageError as error:
                refusals.append(str(error))
    assert len(refusals) > 10
    assert all("No space left on device" in each for each in refusals)
    run(tmp_path / "run")
    assert numbers(tmp_path / "run") == numbers(tmp_path / "undisturbed")
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("size", ["20k", "48k", "100k", "160k"])
def test_a_small_disk_that_grows_loses_nothing(tmp_path, size):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount here")
    try:
        with pytest.raises(StorageError, match=r"No space left|disk is full|disk I/O error"):
            run(disk / "run")
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        run(disk / "run")
        run(tmp_path / "undisturbed")
        assert numbers(disk / "run") == numbers(tmp_path / "undisturbed")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_folder_that_is_removed_while_it_runs_is_one_message(tmp_path):
    folder = tmp_path / "run"

    class Removing(FakeExperiment):
        def evaluate(self, xs, streams):
            if len(self.calls) == 9:
                shutil.rmtree(folder)
            return super().evaluate(xs, streams)

    with pytest.raises(StorageError, match="cannot be"):
        run(folder, Removing)
    assert not folder.exists(), "it is not made again by half"
    run(folder)
    run(tmp_path / "undisturbed")
    assert numbers(folder) == numbers(tmp_path / "undisturbed")


def test_a_clock_that_goes_backwards_changes_nothing(tmp_path, monkeypatch):
    times = itertools.count(2e9, -5000)
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: float(next(times)))
        run(tmp_path / "run")
        (status,) = status_of(tmp_path / "run")["runs"]
    assert status["state"] == "finished"
    run(tmp_path / "undisturbed")
    assert numbers(tmp_path / "run") == numbers(tmp_path / "undisturbed")


def test_half_written_files_go_and_a_user_s_own_stay(tmp_path):
    run(tmp_path)
    ours = [name + TEMPORARY for name in ("study.json", "key", "solutions/plastic-seed1.npz")]
    for name in (*ours, "thesis.part"):
        (tmp_path / name).touch()
    run(tmp_path)
    assert [path.name for path in tmp_path.rglob("*part")] == ["thesis.part"]


# -- nothing is unpickled that this folder did not write ----------------------------------------


class Trap:
    """Its pickle leaves a mark when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def stopped(tmp_path):
    """Return the folder of a run with nevergrad's optimizer, stopped after some generations."""
    folder = tmp_path / "run"
    resumed(folder, stop=8)
    return folder


def resumed(folder, stop=None):
    study = study_of(
        {
            **TABLE,
            "seeds": [1],
            "conditions": ["plastic"],
            "search": {**TABLE["search"], "optimizer": "OnePlusOne"},
        },
        "table",
        catalogs(),
    )
    events = []
    with Store(folder, study.to_table(), study.digest) as store:
        Runner(
            study,
            store,
            build=FakeExperiment,
            record=fake_recording,
            listener=events.append,
            stop=lambda: stop is not None and len(events) > stop,
        ).run()
    return [str(getattr(event, "text", "")) for event in events]


def forged(path, mark, sealed_with=None):
    """Put a checkpoint in place that is right in everything but who wrote it."""
    with np.load(path) as arrays:
        content = {name: arrays[name] for name in arrays.files}
    trap = np.frombuffer(pickle.dumps(Trap(mark)), dtype=np.uint8)
    made = arrays_to_bytes({**content, "optimizer/nevergrad": trap})
    if sealed_with is not None:
        import hmac

        made += hmac.digest(sealed_with, made, "sha256")
    path.write_bytes(made)


@pytest.mark.parametrize("key", [None, b"x" * 32, b""], ids=["no seal", "other key", "empty key"])
def test_a_forged_checkpoint_is_never_opened(stopped, tmp_path, key):
    newest = stopped / "checkpoints" / "plastic-seed1.npz"
    forged(newest, tmp_path / "mark", key)
    texts = resumed(stopped)
    assert any("this run folder did not write it" in text for text in texts)
    assert any("Going on from generation" in text for text in texts)
    assert not (tmp_path / "mark").exists()
    resumed(tmp_path / "undisturbed")
    assert scores(stopped) == scores(tmp_path / "undisturbed")


def test_no_trap_springs_under_the_key_of_the_folder_itself(stopped, tmp_path):
    newest = stopped / "checkpoints" / "plastic-seed1.npz"
    forged(newest, tmp_path / "mark", folder_key(stopped / "key"))
    before = scores(stopped)
    with pytest.raises(StorageError, match="no state of a search does"):
        resumed(stopped)
    assert not (tmp_path / "mark").exists()
    assert scores(stopped) == before != []


def test_a_lost_key_is_refused_and_a_copy_of_it_goes_on(stopped, tmp_path):
    key = (stopped / "key").read_bytes()
    (stopped / "key").unlink()
    before = scores(stopped)
    with pytest.raises(DamagedRun, match="did not write it"):
        resumed(stopped)
    assert scores(stopped) == before != []
    (stopped / "key").write_bytes(key)
    resumed(stopped)
    resumed(tmp_path / "undisturbed")
    assert scores(stopped) == scores(tmp_path / "undisturbed")


# -- nobody else looks in -----------------------------------------------------------------------


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_run_folders_and_keys_are_private(here, said):
    before = os.umask(0)
    try:
        said("run", "studies/small.toml")
        (here / "studies" / "swept.toml").write_text(STUDY + "[sweep]\ncircuit.hidden = [4]\n")
        said("run", "studies/swept.toml")
    finally:
        os.umask(before)
    folders = [path.parent for path in here.rglob("study.json")]
    assert len(folders) == 2
    assert {mode(folder) for folder in folders} == {0o700}
    assert mode(here / "runs" / "small-sweep") == 0o700
    assert {mode(folder / "key") for folder in folders} == {0o600}
    assert len({(folder / "key").read_bytes() for folder in folders}) == 2


def test_the_build_cache_is_private(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path / "cache"))
    before = os.umask(0)
    try:
        cache.build('extern "C" int one() { return 1; }')
    finally:
        os.umask(before)
    assert mode(tmp_path / "cache") == 0o700


def test_a_key_cut_short_is_made_again(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    made = folder_key(tmp_path / "key")
    assert len(made) == 32
    assert folder_key(tmp_path / "key") == made


def test_a_checkpoint_can_still_be_looked_into(stopped):
    with np.load(stopped / "checkpoints" / "plastic-seed1.npz", allow_pickle=False) as arrays:
        assert int(arrays["generation"]) > 0
