"""A study that is too large for this machine may be run by the workers of a scheduler."""

import json

import pytest

from neuromodels.cli import main
from neuromodels.study.limits import demand
from neuromodels.study.sweep import read_declared

STUDY = """
name = "large"
conditions = ["plastic"]
[task]
name = "sequence_copy"
[rule]
name = "pdlf"
[circuit]
hidden = 64
"""
SWEEP = '[sweep]\n"search.candidates" = [8, 16]\n'
WORKERS = ["--scheduler", "tcp://127.0.0.1:1"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Be on a login node with next to no memory, and run nothing."""
    (tmp_path / "large.toml").write_text(STUDY)
    monkeypatch.setattr("neuromodels.api.carry_out", lambda *arguments: True)
    monkeypatch.setattr("neuromodels.cli.running.show_report", lambda *arguments: 0)
    study = read_declared(tmp_path / "large.toml")
    here = tmp_path / "here"
    here.mkdir()
    table = {**study.to_table(), "digest": study.digest}
    (here / "study.json").write_text(json.dumps(table))
    monkeypatch.setattr(demand, "machine_memory", lambda: 1e3)
    return tmp_path


@pytest.mark.parametrize("command", [["run", "large.toml", "--out", "new"], ["resume", "here"]])
def test_only_this_machine_is_too_small(small, capsys, monkeypatch, command):
    monkeypatch.chdir(small)
    assert main(command) == 2
    assert "of memory at the least" in capsys.readouterr().err
    assert main([*command, *WORKERS]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "of memory at the least" in line
    assert line.endswith("It goes on, as workers may have more.")


def test_a_year_on_this_machine_may_be_less_elsewhere(small, capsys, monkeypatch):
    monkeypatch.setattr(demand, "machine_memory", lambda: 1e30)
    monkeypatch.setattr(demand, "LONGEST_GENERATION", 1e-9)
    command = ["run", str(small / "large.toml"), "--out", str(small / "new")]
    assert main(command) == 2
    assert main([*command, *WORKERS]) == 0
    assert "or more on this machine. Take fewer. It goes on" in capsys.readouterr().err


def test_settings_of_a_sweep_say_it_once(small):
    (small / "large.toml").write_text(STUDY + SWEEP)
    said = []
    sweep = read_declared(small / "large.toml", too_large=said.append)
    assert len(sweep.settings) == 2
    assert len(said) == len(set(said)) > 0
