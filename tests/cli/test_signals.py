"""However often a run is told to stop, it ends with the documented code, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import STUDY

TESTS = Path(__file__).parents[1]
HAMMERED = """
import os, signal, sys, threading, time
from types import SimpleNamespace
from fake_experiment import FakeExperiment, catalogs, fake_recording

sys.modules["neuromodels.experiment.embodied"] = SimpleNamespace(experiment_of=FakeExperiment)
sys.modules["neuromodels.experiment.recording"] = SimpleNamespace(trial_of=fake_recording)
import neuromodels.study.file, neuromodels.study.sweep
neuromodels.study.file.installed_catalogs = neuromodels.study.sweep.installed_catalogs = catalogs
numbers, pause = [int(each) for each in sys.argv[1].split(",")], float(sys.argv[2])
evaluate, calls = FakeExperiment.evaluate, []

def hammer():
    for number in numbers:
        os.kill(os.getpid(), number)
        time.sleep(pause)

def evaluating(self, xs, streams):
    calls.append(len(xs))
    if len(calls) == 3 and numbers[0]:
        threading.Thread(target=hammer, daemon=True).start()
        time.sleep(0.02)
    return evaluate(self, xs, streams)

FakeExperiment.evaluate = evaluating
sys.argv[1:] = sys.argv[3:]
from neuromodels.cli import main
sys.exit(main())
"""
INT, TERM = int(signal.SIGINT), int(signal.SIGTERM)


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a study in a process of its own, hammered with signals."""
    (tmp_path / "small.toml").write_text(STUDY.replace("[1, 2]", "[1]"))

    def carry_out(numbers, pause, *arguments):
        listed = ",".join(map(str, numbers))
        done = subprocess.run(
            [sys.executable, "-c", HAMMERED, listed, str(pause), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{TESTS.parent}:{TESTS}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return carry_out


def scores_in(text):
    return [each["median"] for each in json.loads(text)["conditions"]]


@pytest.mark.parametrize(
    ("numbers", "pause"),
    [
        pytest.param([TERM] * 2, 0.01, id="TERM twice", marks=pytest.mark.strain),
        pytest.param([INT] * 5, 0.01, id="Ctrl-C five times", marks=pytest.mark.strain),
        pytest.param([TERM] * 300, 0.002, id="many TERM", marks=pytest.mark.strain),
        pytest.param([INT, TERM] * 100, 0.004, id="both in turn"),
    ],
)
def test_many_signals_end_a_run_with_the_documented_code(run, numbers, pause):
    code, _, err = run(numbers, pause, "run", "small.toml", "--out", "r", "--json")
    assert code in {128 + number for number in numbers}
    assert "Stopping after this generation" in err
    code, out, err = run([0], 0, "resume", "r", "--json")
    assert code == 0, err
    whole = run([0], 0, "run", "small.toml", "--out", "whole", "--json")[1]
    assert scores_in(out) == scores_in(whole)
