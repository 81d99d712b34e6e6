"""A run folder from a stranger is read, and does nothing else: each folder, under each command."""

import json
import os
import re
import shutil
import signal

import pytest
from strangers import FOLDERS, LARGE, compressed, header, npz, overlapping

from neuromodels.commands import COMMANDS
from neuromodels.errors import StorageError
from neuromodels.files import read_arrays, replace_file
from neuromodels.store.export.tables import TABLES
from neuromodels.store.sweeps import StoredSetting

USES = {
    "run": ["studies/small.toml", "--out", "run"],
    "resume": ["run"],
    "report": ["run", "--html"],
    "compare": ["run", "run"],
    "status": ["run"],
    "watch": ["run"],
    "export": ["run", "--table", "solutions", "--out", "out.csv"],
    "measure": ["run", "weights"],
    "battery": ["run", "--only", "activity", "--trials", "4"],
    "simplify": ["run", "--trials", "4"],
    "degeneracy": ["run", "--trials", "4"],
    "figure": ["fig1", "--run", "run"],
    "list": ["studies"],
    "cite": ["run"],
}
"""How each command is used on a run folder."""
NO_FOLDER = {"new", "show", "check", "declare", "doctor", "cache", "population"}
MOST_USED = ["resume", "report", "export"]
ALIKE = {
    *("no end", "no end of a solution", "compressed zeros", "an array without bytes"),
    *("arrays in one place", "a bare pickle", "a link for figures", "a link for measures"),
    *("a link for what is written first", "words for a page", "a path in the ledger", "no study"),
}
"""Folders that need long, and resemble others: with `make strain` only."""
SHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
SECONDS = 20


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return where a finished run is kept for all tests."""
    return tmp_path_factory.mktemp("kept") / "run"


@pytest.fixture
def run(here, said, kept):
    """Return the folder of a finished run, beside a file of the user's own."""
    if not kept.exists():
        assert said("run", "studies/small.toml", "--out", kept)[0] == 0
    shutil.copytree(kept, here / "run")
    (here / "victim").write_text("mine\n" * 100)
    return here / "run"


@pytest.fixture
def ends():
    """Fail where a test does not end."""

    def late(number, frame):
        raise AssertionError("it does not end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_the_table_knows_every_command():
    assert {command.name for command in COMMANDS} == {*USES, *NO_FOLDER}


@pytest.mark.usefixtures("ends")
@pytest.mark.parametrize(
    ("evil", "commands"),
    [
        *((evil, MOST_USED) for evil in FOLDERS if evil not in ALIKE),
        *(pytest.param(evil, [*USES], marks=pytest.mark.strain) for evil in FOLDERS),
    ],
)
def test_no_command_does_more_than_read(run, said, evil, commands):
    victim = run.parent / "victim"
    before = victim.read_text()
    FOLDERS[evil](run, victim)
    shutil.copytree(run, run.parent / "sent", symlinks=True, copy_function=_copied)
    for name in commands:
        code, out, err = said(name, *USES[name])
        assert code in (0, 1, 2), (name, err)
        assert not SHOWN.search(out + err), name
        assert err.count("\n") <= 20
        assert victim.read_text() == before, name
        _put_back(run)


def _copied(source, target):
    """Copy a file; a pipe has no content."""
    if os.path.isfile(source):
        shutil.copyfile(source, target)
    else:
        os.mkfifo(target)


def _put_back(run):
    shutil.rmtree(run)
    shutil.copytree(run.parent / "sent", run, symlinks=True, copy_function=_copied)


@pytest.mark.parametrize(
    "content",
    [
        compressed(),
        overlapping(),
        npz(vector=header((LARGE,))),
        npz(vector=header((LARGE,), "|S0")),
        npz(vector=header((2**40, 2**40))),
        npz(vector=b"hello"),
    ],
    ids=["compressed", "overlapping", "long", "empty", "large", "none"],
)
def test_an_archive_is_never_larger_than_its_file(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(StorageError, match="cannot be read"):
        read_arrays(tmp_path / "x.npz")


def test_nothing_is_written_through_a_link_beside_a_file(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "x.neuromodels-part").symlink_to(tmp_path / "mine")
    replace_file(tmp_path / "x", b"new")
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "x").read_bytes() == b"new"
    assert not (tmp_path / "x").is_symlink()


@pytest.mark.parametrize("folder", ["..", ".", "", "/etc", "../other", "a/../.."])
def test_a_sweep_names_no_folder_outside_itself(run, folder):
    study = json.loads((run / "study.json").read_text())
    entry = {"name": "a", "folder": folder, "digest": "b", "values": {}, "study": study}
    with pytest.raises(ValueError, match="is no folder beside it"):
        StoredSetting.from_entry(entry)


@pytest.mark.usefixtures("ends")
@pytest.mark.parametrize("table", TABLES)
def test_an_export_of_a_pickle_is_one_message(run, said, table):
    FOLDERS["a pickle"](run, run.parent / "victim")
    code, _, err = said("export", "run", "--table", table, "--out", "out.csv")
    assert (code, err == "") in ((0, True), (2, False))
    assert "mine" in (run.parent / "victim").read_text()


@pytest.mark.parametrize(
    ("evil", "words"),
    [
        ("a view", "must hold tables only, and has a view"),
        ("a trigger", "must hold tables only, and has a trigger"),
        ("text for a number", "its column score holds str"),
        ("a path in the ledger", "its column seed holds str"),
        ("a link for the lock", "lock: is a link"),
        ("a link for the ledger's journal", "ledger.sqlite-wal: is a link"),
        ("a link for checkpoints", "checkpoints: is a link"),
    ],
)
def test_a_run_does_not_go_on_in_such_a_folder(run, said, evil, words):
    FOLDERS[evil](run, run.parent / "victim")
    code, _, err = said("resume", "run")
    assert code == 2
    assert words in err
    assert err.splitlines()[-1].startswith("neuromodels: run/")
