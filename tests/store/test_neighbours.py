"""A run beside others that is damaged, private or of the future: it is named, and hides none."""

import builtins
import io
import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from conftest import STUDY

import neuromodels
from neuromodels.store.neighbours import MOST_NAMES, folders_in
from neuromodels.store.sweeps import discard_sweep

SWEPT = STUDY.replace("small", "swept") + "[sweep]\ncircuit.hidden = [4, 8]\n"


def change(path, **values):
    """Change keys of a JSON file; None removes one."""
    stored = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({key: each for key, each in stored.items() if each is not None}))


def change_setting(path, **values):
    settings = json.loads(path.read_text())["settings"]
    settings[0] = {**settings[0], **values}
    change(path, settings=settings)


DAMAGES = {
    "empty study": lambda run: (run / "study.json").write_text(""),
    "no keys": lambda run: (run / "study.json").write_text("{}"),
    "a list": lambda run: (run / "study.json").write_text("[]"),
    "deep": lambda run: (run / "study.json").write_text("[" * 100_000),
    "no text": lambda run: (run / "study.json").write_bytes(b"\xff\xfe\x00"),
    "odd task": lambda run: change(run / "study.json", task=3),
    "odd search": lambda run: change(run / "study.json", search={"optimizer": 7}),
    "odd rules": lambda run: change(run / "study.json", rules=[1]),
    "no rule": lambda run: change(run / "study.json", rule=None),
    "empty ledger": lambda run: (run / "ledger.sqlite").write_bytes(b""),
    "cut ledger": lambda run: cut(run / "ledger.sqlite"),
    "a text for a ledger": lambda run: (run / "ledger.sqlite").write_text("dear reader"),
    "a ledger without a table": lambda run: drop(run / "ledger.sqlite", "tests"),
    "a ledger of the future": lambda run: tomorrow(run / "ledger.sqlite"),
}
SWEEP_DAMAGES = {
    "empty": lambda path: path.write_text(""),
    "no keys": lambda path: change(path, keys=None),
    "no settings": lambda path: change(path, settings=None),
    "no schema": lambda path: change(path, schema=None),
    "number": lambda path: change(path, settings=3),
    "numbers": lambda path: change(path, settings=[1, 2]),
    "odd key": lambda path: change(path, keys=[1]),
    "no study": lambda path: change_setting(path, study={}),
    "values": lambda path: change_setting(path, values=[1]),
    "folder": lambda path: change_setting(path, folder="../elsewhere"),
    "no folder": lambda path: change_setting(path, folder=None),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def drop(path, table):
    with sqlite3.connect(path) as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


def tomorrow(path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return where the runs that all tests begin with are kept, once they are made."""
    return tmp_path_factory.mktemp("made") / "runs"


@pytest.fixture
def beside(here, said, made):
    """Return a folder with a good run, a good sweep, and one run that is to be damaged."""
    if not made.exists():
        make_runs(here, said)
        shutil.copytree(here / "runs", made)
    else:
        shutil.copytree(made, here / "runs")
    return here / "runs"


def make_runs(here, said):
    less = ("--set", "seeds=[1]", "--set", "conditions=['plastic']")
    (here / "studies" / "swept.toml").write_text(SWEPT)
    assert said("run", "studies/small.toml", "--out", "runs/good", *less)[0] == 0
    assert said("run", "studies/small.toml", "--out", "runs/bad", *less)[0] == 0
    assert said("run", "studies/swept.toml", "--out", "runs/sweep", *less)[0] == 0


def assert_short(err, *names):
    lines = err.splitlines()
    assert "Traceback" not in err
    assert 1 <= len(lines) <= 20
    assert len(err) < 2000
    for name in names:
        assert name in err


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_named_and_hides_no_other(beside, said, damage):
    DAMAGES[damage](beside / "bad")
    code, out, err = said("status", "runs", "--json")
    assert code == 0
    shown = [Path(row["run"]).name for row in json.loads(out)["runs"]]
    assert len(shown) == 3
    assert "good" in shown
    assert_short(err, "left out", "bad")
    for folders in (["runs"], ["runs/good", "runs/bad"]):
        code, out, err = said("compare", *folders, "--json")
        assert code == 0
        assert [Path(row["run"]).name for row in json.loads(out)["runs"]] == ["good"]
        assert_short(err, "left out", "bad")
    code, out, err = said("export", "runs", "--table", "tests", "--out", "x.csv")
    assert code == 0
    assert_short(err, "left out", "bad")
    assert said("resume", "runs/good")[0] == 0
    for command in (["report"], ["resume"], ["watch", "--once"], ["status"], ["compare"]):
        code, out, err = said(*command, "runs/bad")
        assert code == 2
        assert_short(err, "bad")
    with pytest.warns(UserWarning, match="left out"):
        assert neuromodels.load(beside).runs["run"].unique().tolist() == ["good"]


@pytest.mark.parametrize("damage", SWEEP_DAMAGES)
def test_a_damaged_sweep_is_named_and_hides_no_other(beside, said, damage):
    SWEEP_DAMAGES[damage](beside / "sweep" / "sweep.json")
    code, out, err = said("status", "runs", "--json")
    assert code == 0
    assert {Path(row["run"]).name for row in json.loads(out)["runs"]} == {"good", "bad"}
    assert_short(err, "left out", "sweep.json")
    for command in (["resume"], ["watch", "--once"], ["status"], ["compare"]):
        code, out, err = said(*command, "runs/sweep")
        assert code == 2
        assert_short(err, "sweep.json")


@pytest.mark.parametrize("damage", ["no keys", "cut ledger", "empty ledger"])
def test_a_damaged_setting_is_named_and_the_others_go_on(beside, said, damage):
    first, second = sorted(path for path in (beside / "sweep").iterdir() if path.is_dir())
    DAMAGES[damage](first)
    code, out, err = said("resume", "runs/sweep", "--extend", "3")
    assert code == 2
    assert "left out" in out
    assert_short(err, "1 of 2 settings that cannot be run", first.name)
    assert neuromodels.load(second).runs["generations"].tolist() == [9]
    code, out, err = said("compare", "runs/sweep", "--json")
    assert code == 0
    assert [Path(row["run"]).name for row in json.loads(out)["runs"]] == [second.name]
    assert_short(err, first.name)
    code, out, err = said("watch", "runs/sweep", "--once")
    assert code == 0
    assert "left out" in out
    assert second.name in out or "9/9" in out


@pytest.fixture
def private(monkeypatch):
    """Return what makes folders private for this process: as root may look into all of them."""
    hidden = []

    def refusing(function):
        def wrapped(path, *arguments, **options):
            text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
            full = os.path.abspath(text)
            for folder in hidden:
                lists = function in listing and full == str(folder)
                if lists or full.startswith(f"{folder}{os.sep}"):
                    raise PermissionError(13, "Permission denied", text)
            return function(path, *arguments, **options)

        return wrapped

    listing = (os.listdir, os.scandir)
    for owner, name in (
        *((os, each) for each in ("stat", "lstat", "listdir", "scandir", "open", "mkdir")),
        (os.path, "exists"),
        (builtins, "open"),
        (io, "open"),
    ):
        monkeypatch.setattr(owner, name, refusing(getattr(owner, name)))
    return lambda folder: hidden.append(folder.resolve())


def test_a_private_run_is_named_and_hides_no_other(beside, said, private):
    private(beside / "bad")
    code, out, err = said("status", "runs", "--json")
    assert code == 0
    assert len(json.loads(out)["runs"]) == 3
    assert_short(err, "left out what only its owner may read: bad")
    for command in (["compare"], ["export", "--table", "runs", "--out", "x.csv"]):
        code, out, err = said(command[0], "runs", *command[1:])
        assert code == 0
        assert_short(err, "bad")
    for command in (
        ["report"],
        ["compare"],
        ["status"],
        ["watch"],
        ["resume"],
        ["measure", "memory"],
        ["resume", "--budget", "9"],
        ["export", "--table", "runs", "--out", "x.csv"],
    ):
        code, _, err = said(command[0], "runs/bad", *command[1:])
        assert code == 2
        assert_short(err, "may be read only by the user who made it")
    for command in (
        ["figure", "fig1", "--run", "runs/bad"],
        ["figure", "all", "--run", "runs"],
        ["run", "studies/small.toml", "--out", "runs/bad"],
    ):
        code, out, err = said(*command)
        assert (code, "Traceback" in err) in ((0, False), (2, False))


def test_many_private_folders_are_one_line(tmp_path, private):
    for number in range(MOST_NAMES + 3):
        (tmp_path / f"home{number}").mkdir()
        private(tmp_path / f"home{number}")
    told = []
    assert folders_in(tmp_path, told.append) == []
    assert len(told) == 1
    assert told[0].endswith("home4 and 3 more.")


def test_a_run_that_could_not_begin_leaves_nothing(here, said, monkeypatch):
    def refuse(study, condition):
        raise neuromodels.errors.EquationError("PlasticityRule.x", "must be an equation")

    acting = __import__("sys").modules["neuromodels.experiment.embodied"]
    with monkeypatch.context() as patch:
        patch.setattr(acting, "experiment_of", refuse)
        (here / "studies" / "swept.toml").write_text(SWEPT)
        for file in ("studies/small.toml", "studies/swept.toml"):
            code, _, err = said("run", file)
            assert code == 2
            assert "must be an equation" in err
        assert list((here / "runs").iterdir()) == []
        (here / "runs" / "mine").mkdir()
        assert said("run", "studies/small.toml", "--out", "runs/mine")[0] == 2
        assert list((here / "runs" / "mine").iterdir()) == [], "a folder of the user's own"
    said("run", "studies/small.toml", "--out", "kept", "--set", "search.generations=3")
    with monkeypatch.context() as patch:
        patch.setattr(acting, "experiment_of", refuse)
        assert said("resume", "kept", "--extend", "3")[0] == 2
    assert said("report", "kept")[0] == 0, "what was computed stays"


def test_a_sweep_with_runs_is_not_discarded(beside):
    discard_sweep(beside / "sweep")
    assert (beside / "sweep" / "sweep.json").exists()


def test_a_run_folder_behind_a_link_is_a_run_folder(beside, said, here):
    (here / "linked").symlink_to(beside / "good")
    (here / "runs2").mkdir()
    (here / "runs2" / "good").symlink_to(beside / "good")
    assert said("resume", "linked", "--extend", "3")[0] == 0
    code, out, err = said("status", "runs2", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["runs"][0]["generations"] == 9
    (here / "dangling").symlink_to(here / "nowhere")
    code, _, err = said("run", "studies/small.toml", "--out", "dangling")
    assert code == 2
    assert_short(err, "dangling")
