"""The benchmarks of models: nothing is forgotten, and what they say of a run is what happened."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "models"


@pytest.fixture
def measures(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "path", [*sys.path])  # the module adds to it
    return importlib.import_module("spike_measures")


def test_every_measure_of_spikes_is_there(measures, monkeypatch):
    found = measures.spike_measures(0.05)
    assert {"Rate", "LV", "Correlation", "SpikeTrainDistance_gamma"} < set(found)
    monkeypatch.setattr(measures, "OTHERS", measures.OTHERS - {"Recorded"})
    with pytest.raises(SystemExit, match=r"add the measures \['Recorded'\]"):
        measures.spike_measures(0.05)


@pytest.mark.strain
def test_a_killed_sweep_ends_with_the_same_numbers_within_its_memory(tmp_path):
    found = [_sweep(tmp_path / name, *more) for name, more in RUNS.items()]
    assert found[0]["digest"] == found[1]["digest"]
    assert 0 < found[1]["killed_at"] < 600
    for each in found:
        assert each["before_MiB"] < each["peak_MiB"] < each["limit_MiB"]


RUNS: dict[str, list[str]] = {"whole": [], "killed": ["--killed"]}


def _sweep(file, *more):
    command = [sys.executable, str(FOLDER / "hundred_thousand.py"), "--instances", "600"]
    subprocess.run([*command, "--seconds", "0.02", "--json", str(file), *more], check=True)
    return json.loads(file.read_text())
