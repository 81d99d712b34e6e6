"""Running from Python: the same store as the command line, the right display, an honest Ctrl-C."""

import os
import signal
import sys
from io import StringIO
from threading import Thread
from types import ModuleType, SimpleNamespace

import pytest
from conftest import STUDY
from fake_experiment import FakeExperiment
from rich.console import Console

import neuromodels
from neuromodels.errors import DeclarationError, StorageError
from neuromodels.study.file import StudyFileError, read_study

GRID = "[sweep]\ncircuit.hidden = [4, 8]\n"


@pytest.fixture
def log(monkeypatch):
    """Return a file that gets what would be shown."""
    console = Console(file=StringIO(), width=200)
    monkeypatch.setattr("neuromodels.api.get_console", lambda: console)
    return console.file


@pytest.fixture
def interrupted(monkeypatch):
    """Return a function that makes the process get a signal at an evaluation."""
    evaluate, calls = FakeExperiment.evaluate, []

    def install(at):
        def evaluating(self, xs, streams):
            calls.append(len(xs))
            if len(calls) == at:
                os.kill(os.getpid(), signal.SIGINT)
            return evaluate(self, xs, streams)

        monkeypatch.setattr(FakeExperiment, "evaluate", evaluating)

    return install


def scores(found):
    return found.tests.drop(columns="run").to_dict("records")


def test_a_run_from_python_is_a_run_of_the_command_line(here, said, log):
    found = neuromodels.run("studies/small.toml")
    assert len(found.generations) == 12
    assert found.folder == here.joinpath("runs", found.folder.name).relative_to(here)
    assert "plastic seed 1 6/6 centre" in log.getvalue()
    said("run", "studies/small.toml", "--out", "there")
    assert scores(found) == scores(neuromodels.load("there"))
    code, out, _ = said("run", "studies/small.toml")
    assert code == 0
    assert "searching" not in out, "it has the same folder"


def test_a_study_may_be_a_value_and_have_a_folder(here, log):
    study = read_study("studies/small.toml")
    found = neuromodels.run(study, "mine")
    assert str(found.folder) == "mine"
    assert "run folder: mine" in log.getvalue()
    before = log.tell()
    again = neuromodels.run(study, here / "mine")
    assert scores(found) == scores(again)
    assert "searching" not in log.getvalue()[before:]


def test_a_sweep_runs_every_setting(here, log):
    (here / "studies" / "swept.toml").write_text(STUDY + GRID)
    found = neuromodels.run(here / "studies" / "swept.toml")
    assert sorted(set(found.runs["circuit.hidden"])) == [4, 8]
    assert "setting 2 of 2: hidden-8" in log.getvalue()


def test_a_notebook_gets_a_bar_and_no_lines(here, log, monkeypatch):
    package, module, texts = ModuleType("IPython"), ModuleType("IPython.display"), []

    def display(content, raw, display_id=None):
        texts.append(content["text/plain"])
        return SimpleNamespace(update=display)

    package.get_ipython = lambda: SimpleNamespace(kernel=object())
    module.display = display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    neuromodels.run("studies/small.toml", "mine")
    assert log.getvalue() == ""
    assert any("plastic, seed 1:" in text and "/6 [" in text for text in texts)
    kept = texts[-1].splitlines()
    assert kept[0] == "run folder: mine"
    assert [line.partition(":")[0] for line in kept[1:]] == [
        "plastic, seed 1",
        "random, seed 1",
        "plastic, seed 2",
        "random, seed 2",
    ]


def test_an_interrupt_stops_after_the_generation_and_the_same_call_goes_on(here, log, interrupted):
    before = signal.getsignal(signal.SIGINT)
    interrupted(at=3)
    with pytest.raises(KeyboardInterrupt):
        neuromodels.run("studies/small.toml", "mine")
    assert signal.getsignal(signal.SIGINT) is before
    assert len(neuromodels.load("mine").generations) == 3
    assert "Stopped; everything is stored." in log.getvalue()
    found = neuromodels.run("studies/small.toml", "mine")
    undisturbed = neuromodels.run("studies/small.toml", "other")
    assert "from generation 3" in log.getvalue()
    assert scores(found) == scores(undisturbed)


def test_a_run_in_a_thread_leaves_signals_alone(here, log):
    found = []
    thread = Thread(target=lambda: found.append(neuromodels.run("studies/small.toml", "mine")))
    thread.start()
    thread.join()
    assert len(found[0].runs) == 4


def test_mistakes_are_errors_of_this_package(here, log):
    with pytest.raises(DeclarationError, match="no such study file"):
        neuromodels.run("none.toml")
    with pytest.raises(StorageError, match=r"fig1\.py"):
        neuromodels.run("studies/small.toml", "figures")


def test_code_of_the_users_own_is_announced(here, log):
    (here / "studies" / "mine.py").write_text(
        "from neuromodels.study.study import RuleChoice, Study, TaskChoice\n"
        'STUDY = Study(name="small", task=TaskChoice("sequence_copy", {"length": 4}),\n'
        '              rule=RuleChoice("pdlf"), seeds=())\n'
    )
    with pytest.raises(StudyFileError):
        neuromodels.run("studies/mine.py")
    assert "runs code from a file of yours" in log.getvalue()
    assert "mine.py" in log.getvalue()
