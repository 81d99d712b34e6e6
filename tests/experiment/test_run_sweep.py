"""Sweeps as they are run: one folder, nothing repeated, nothing lost, one table at the end."""

import json
import os
import signal
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from conftest import STUDY
from fake_experiment import FakeExperiment

GRID = """
[sweep]
"search.options.learning_rate" = [0.01, 0.03]
"circuit.hidden" = [4, 8]
"""
KEYS = ["search.options.learning_rate", "circuit.hidden"]


@pytest.fixture
def swept(here):
    (here / "studies" / "swept.toml").write_text(STUDY.replace("small", "swept") + GRID)
    return here / "runs" / "swept-sweep"


def counted(monkeypatch, dies_at=None):
    """Count evaluations; optionally ask the process to stop at one of them."""
    calls, evaluate = [], FakeExperiment.evaluate

    def counting(self, xs, streams):
        calls.append(len(xs))
        if len(calls) == dies_at:
            os.kill(os.getpid(), signal.SIGINT)
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", counting)
    return calls


def numbers(folder):
    """Return every score and solution of the runs in a folder."""
    found = {}
    for path in sorted(folder.glob("*/ledger.sqlite")):
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT * FROM tests ORDER BY 1, 2, 3, 4").fetchall()
        connection.close()
        found[path.parent.name] = rows
    for path in sorted(folder.glob("*/solutions/*.npz")):
        with np.load(path) as arrays:
            found[str(path.relative_to(folder))] = [arrays[n].tobytes() for n in arrays.files]
    return found


def test_one_command_runs_every_setting_and_every_seed(swept, said):
    code, out, err = said("run", "studies/swept.toml")
    assert (code, err) == (0, "")
    assert "setting 4 of 4: learning_rate-0.03_hidden-8" in out
    assert "4 runs" in out
    stored = json.loads((swept / "sweep.json").read_text())
    assert stored["keys"] == KEYS
    assert [tuple(each["values"].values()) for each in stored["settings"]] == [
        (0.01, 4),
        (0.01, 8),
        (0.03, 4),
        (0.03, 8),
    ]
    for each in stored["settings"]:
        assert each["folder"] == f"{each['name']}-{each['digest']}"
        study = json.loads((swept / each["folder"] / "study.json").read_text())
        assert study["digest"] == each["digest"]
        assert study["circuit"]["hidden"] == each["values"]["circuit.hidden"]


def test_a_stopped_sweep_goes_on_to_the_same_numbers(swept, said, monkeypatch, tmp_path):
    said("run", "studies/swept.toml", "--out", "undisturbed")
    rounds = 0
    code, out, _ = 130, "", ""
    with monkeypatch.context() as patch:
        counted(patch, dies_at=14)
        code, out, _ = said("run", "studies/swept.toml")
    assert code == 130
    assert "neuromodels resume runs/swept-sweep" in out
    while code == 130:
        rounds += 1
        with monkeypatch.context() as patch:
            counted(patch, dies_at=20)
            code, out, _ = said("resume", "runs/swept-sweep")
    assert code == 0
    assert rounds > 3
    assert numbers(swept) == numbers(tmp_path / "undisturbed")


def test_a_finished_sweep_is_not_repeated(swept, said, monkeypatch):
    said("run", "studies/swept.toml")
    calls = counted(monkeypatch)
    for command in (("run", "studies/swept.toml"), ("resume", "runs/swept-sweep")):
        code, out, _ = said(*command)
        assert code == 0
        assert "4 runs" in out
    assert calls == []


def test_a_larger_sweep_shares_what_the_folder_holds(swept, said, monkeypatch, here):
    assert said("run", "studies/swept.toml", "--set", "sweep.circuit.hidden=[4]")[0] == 0
    before = numbers(swept)
    assert len([name for name in before if "/" not in name]) == 2
    text = (STUDY.replace("small", "swept") + GRID).replace("0.01, ", "0.02, 0.01, ")
    (here / "studies" / "swept.toml").write_text(text)
    calls = counted(monkeypatch)
    code, out, _ = said("run", "studies/swept.toml")
    assert code == 0
    assert "6 runs" in out
    after = numbers(swept)
    assert {name: after[name] for name in before} == before
    assert len([name for name in after if "/" not in name]) == 6
    here_before = len(calls)
    said("run", "studies/swept.toml", "--out", "elsewhere")
    assert 6 * here_before == 4 * (len(calls) - here_before)


def test_settings_that_are_the_same_study_share_a_folder(here, said):
    rows = "[[sweep.list]]\ncircuit.hidden = 32\n[[sweep.list]]\ntask.latency = 4\n"
    (here / "studies" / "same.toml").write_text(STUDY + rows)
    code, out, _ = said("run", "studies/same.toml", "--out", "same")
    assert code == 0
    assert "setting 1 of 2" in out
    assert "setting 2 of 2" not in out
    assert len(list((here / "same").iterdir())) == 2


def test_nothing_runs_when_one_setting_is_wrong(swept, said, here):
    code, _, err = said("run", "studies/swept.toml", "--set", "sweep.circuit.hidden=[4,-1]")
    assert code == 2
    assert "got -1" in err
    assert not (here / "runs").exists()


def test_a_folder_of_somebody_else_is_left_alone(swept, said, here):
    code, _, err = said("run", "studies/swept.toml", "--out", "figures")
    assert code == 2
    assert "fig1.py" in err
    assert [path.name for path in (here / "figures").iterdir()] == ["fig1.py"]


def test_compare_says_what_differs_and_what_came_out(swept, said, here):
    said("run", "studies/swept.toml")
    said("run", "studies/small.toml", "--out", "alone", "--set", "seeds=[1]")
    code, out, _ = said("compare", swept, "alone", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["differs"] == ["name", *sorted(KEYS)]
    assert len(found["runs"]) == 5
    for run in found["runs"]:
        assert run["status"] == "finished"
        plastic, random = run["conditions"]
        assert (plastic["condition"], random["condition"]) == ("plastic", "random")
        assert plastic["low"] <= plastic["median"] <= plastic["high"]
        assert plastic["generations"] == plastic["generations_of"] == 6 * plastic["of"]
        assert random["generations"] is None
    assert [run["conditions"][0]["seeds"] for run in found["runs"]] == [2, 2, 2, 2, 1]
    assert found["runs"][4]["conditions"][0]["interval_over"] == "sequences"
    code, out, _ = said("compare", "runs/swept-sweep")
    assert "learning_rate" in out
    assert "2/2" in out
    assert "12/12" in out


def test_compare_shows_settings_that_were_not_begun(swept, said, monkeypatch):
    with monkeypatch.context() as patch:
        counted(patch, dies_at=3)
        said("run", "studies/swept.toml")
    found = json.loads(said("compare", swept, "--json")[1])
    assert [run["status"] for run in found["runs"]] == [
        "unfinished",
        "not begun",
        "not begun",
        "not begun",
    ]
    assert [run["conditions"][0]["generations"] for run in found["runs"]] == [3, 0, 0, 0]
    assert "not" not in said("compare", swept)[2]


@pytest.mark.parametrize("command", ["compare", "status"])
def test_no_run_is_one_message(here, said, command):
    code, _, err = said(command, "studies")
    assert code == 2
    assert "holds no run" in err
    assert "neuromodels run FILE" in err


def test_a_damaged_list_of_settings_is_one_message(swept, said):
    said("run", "studies/swept.toml", "--set", "search.generations=1")
    (swept / "sweep.json").write_text('{"schema": 7}')
    for command in ("compare", "resume", "status"):
        code, _, err = said(command, swept)
        assert code == 2
        assert "must have schema 1; got 7" in err


def test_extending_a_sweep_extends_every_setting(swept, said, tmp_path):
    said("run", "studies/swept.toml")
    code, out, _ = said("resume", "runs/swept-sweep", "--extend", "3")
    assert code == 0
    assert "18/18" in out
    said("run", "studies/swept.toml", "--set", "search.generations=9", "--out", "long")
    assert numbers(swept) == numbers(tmp_path / "long")


def test_what_scripts_read_is_documented(swept, said):
    said("run", "studies/swept.toml")
    documented = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text()
    for command in ("compare", "status"):
        found = json.loads(said(command, swept, "--json")[1])
        first = found["runs"][0]
        for key in [*found, *first, *first.get("conditions", [{}])[0]]:
            assert f"`{key}`" in documented, f"{key} is not documented"
