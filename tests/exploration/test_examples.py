"""The scripts under ``examples/`` run, at a small size."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LONGEST = 25
"""Lines of a script beside the model itself."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short(path):
    beside = path.read_text().split("def main")[1].split("if __name__")[0]
    assert sum(bool(line.strip()) for line in beside.splitlines()) <= LONGEST


def test_the_sweep_of_a_network_with_stdp(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sweep_stdp_network.py", "0.04"])
    names = {"__name__": "example"}
    exec((ROOT / "examples/sweep_stdp_network.py").read_text(), names)
    names["main"]()
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["rate", "cv", "synchrony", "weight"]
    assert len(rows) == 2 + 16


def test_the_posterior_of_a_network_of_two_populations(monkeypatch, capsys, tmp_path):
    pytest.importorskip("sbi", reason="sbi is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["infer_ei_network.py", "80"])
    names = {"__name__": "example"}
    exec((ROOT / "examples/infer_ei_network.py").read_text(), names)
    names["main"]()
    printed = capsys.readouterr().out
    assert "Posterior of 4 parameters" in printed
    assert "Anderson-Darling" in printed
    assert (tmp_path / "posterior.png").exists()


def test_a_network_that_learns_to_swim(tmp_path):
    pytest.importorskip("mujoco", reason="mujoco is not installed")
    pytest.importorskip("gymnasium", reason="gymnasium is not installed")
    check_conditions(tmp_path, "learn_to_swim.py", "1", "20")


def test_a_network_that_balances_the_pole_of_gymnasium(tmp_path):
    pytest.importorskip("gymnasium", reason="gymnasium is not installed")
    check_conditions(tmp_path, "balance_a_pole.py", "1", "20")


def check_conditions(folder, script, *arguments):
    """Run a script as a user does, and see that it tells a score for each condition."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / script), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[-4:]]
    assert rows[0] == ["condition", "seed", "score", "low", "high"]
    assert sorted(row[0] for row in rows[1:]) == ["fixed", "plastic", "random"]
