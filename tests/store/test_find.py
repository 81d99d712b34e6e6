"""Runs below a folder: its own, a sweep's with what was not begun, and all that lie in it."""

import json
import os

import pytest

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.store.find import members_of, required_members
from neuromodels.store.store import Store, StoredRun
from neuromodels.store.sweeps import StoredSetting, write_sweep
from neuromodels.study.study import RuleChoice, Study, TaskChoice


def study(name):
    return Study(name=name, task=TaskChoice("sequence_copy"), rule=RuleChoice("pdlf"))


def begin(folder, name):
    with Store(folder, study(name).to_table(), study(name).digest):
        pass
    return folder


@pytest.fixture
def swept(tmp_path):
    """Return a folder with a run, and a sweep of two settings, one of them begun."""
    begin(tmp_path / "alone", "alone")
    settings = [
        StoredSetting(name, f"{name}-run", study(name).digest, {"k": k}, study(name).to_table())
        for k, name in enumerate(["begun", "later"])
    ]
    write_sweep(tmp_path / "sweep", "both", ["k"], settings)
    begin(tmp_path / "sweep" / "begun-run", "begun")
    return tmp_path


def test_a_run_folder_is_its_only_member(swept):
    (member,) = members_of(swept / "alone")
    assert member.run.name == member.study.name == "alone"
    assert member.setting is None


def test_a_sweep_has_a_member_per_setting_begun_or_not(swept):
    begun, later = members_of(swept / "sweep")
    assert begun.run.folder == begun.folder == swept / "sweep" / "begun-run"
    assert later.run is None
    assert later.folder == swept / "sweep" / "later-run"
    assert [each.study for each in (begun, later)] == [study("begun"), study("later")]
    assert later.table == study("later").to_table()
    assert later.digest == study("later").digest
    assert [each.setting.values for each in (begun, later)] == [{"k": 0}, {"k": 1}]


def test_sweeps_in_a_folder_are_members_where_asked_for(swept):
    assert [each.folder.name for each in members_of(swept)] == ["alone"]
    found = members_of(swept, and_sweeps=True)
    assert [each.folder.name for each in found] == ["alone", "begun-run", "later-run"]


def test_runs_in_a_folder_are_newest_first_or_by_name(tmp_path):
    for age, name in enumerate(["b", "a", "c"]):
        path = begin(tmp_path / name, name) / "study.json"
        os.utime(path, (100 - age, 100 - age))
    assert [each.folder.name for each in members_of(tmp_path)] == ["b", "a", "c"]
    assert [each.folder.name for each in required_members(tmp_path)] == ["a", "b", "c"]


def test_a_folder_without_runs_is_refused_where_one_is_required(tmp_path):
    assert members_of(tmp_path) == members_of(tmp_path / "nowhere") == []
    with pytest.raises(RunNotFound, match="holds no run and no sweep"):
        required_members(tmp_path)


def test_what_is_no_whole_study_is_one_message(tmp_path):
    (tmp_path / "study.json").write_text('{"digest": "0", "name": "x", "seeds": [1]}')
    run = StoredRun(tmp_path)
    assert run.name == "x"
    with pytest.raises(StorageError, match=r"study\.json: must hold a whole study \('task'\)"):
        _ = run.study


def test_the_file_of_a_sweep_has_the_keys_that_it_always_had(swept):
    entries = json.loads((swept / "sweep" / "sweep.json").read_text())["settings"]
    assert [list(entry) for entry in entries] == [
        ["name", "folder", "digest", "values", "study"]
    ] * 2
    assert entries[1]["study"] == json.loads(json.dumps(study("later").to_table()))
