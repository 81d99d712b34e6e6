"""What tests share: a build cache, numpy as Brian2's target, a checkout with a fake network."""

import gc
import shlex
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import brian2
import pytest
from brian2.core import base as brian_base
from fake_experiment import FakeExperiment, catalogs, fake_recording
from hypothesis import settings

from neuromodels import api
from neuromodels.cli import main
from neuromodels.simulation.build.compilers import compiler
from neuromodels.simulation.build.memo_keys import quick_keys
from neuromodels.study import checks, file, sweep

# The same cases in every run: what is found at random is for `make fuzz`, not for a day's work.
settings.register_profile("same cases", derandomize=True, database=None)
settings.load_profile("same cases")

#: Of the calls that led to an object, for Brian2's messages.
FRAMES = 12
STUDY = """\
name = "small"
question = "Does it run?"
seeds = [1, 2]
conditions = ["plastic", "random"]
[task]
name = "sequence_copy"
[rule]
name = "pdlf"
[search]
candidates = 8
trials = 4
generations = 6
[test]
trials = 50
curve_trials = 10
every = 3
random_rules = 4
"""
FIGURE = """\
NEEDS = ("small",)

def collect(runs):
    return [run.name for run in runs]

def draw(data):
    class Figure:
        def savefig(self, path, **settings):
            path.write_text(" ".join(data))
    return Figure()
"""


def pytest_collection_finish() -> None:
    """Let no search for garbage look at what stays: all modules and ten thousand tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build into a temporary folder, never into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("NEUROMODELS_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def runtime_target() -> None:
    """Let stock Brian2 use numpy: compiling its code objects would take minutes."""
    brian2.prefs.codegen.target = "numpy"


@pytest.fixture(scope="session", autouse=True)
def quick_brian2() -> Iterator[None]:
    """Spare Brian2 half of its time: it looks at pytest's sixty frames for each object it makes.

    Its keys are those of stock Brian2, see tests/simulation/test_memo_keys.py.
    """

    def few_frames() -> traceback.StackSummary:
        return traceback.extract_stack(sys._getframe(1), limit=FRAMES)

    with pytest.MonkeyPatch.context() as patch, quick_keys():
        patch.setattr(brian_base, "traceback", SimpleNamespace(extract_stack=few_frames))
        yield


#: Folders whose tests compare compiled arithmetic: there programs are built as users' are.
OPTIMISED = ("rules", "simulation")
#: Files in these that ask what is connected, named, kept or refused.
NO_ARITHMETIC = {
    *("test_connect.py", "test_rewiring.py", "test_saved_state.py", "test_restart.py"),
    *("test_names.py", "test_hidden_names.py", "test_network_text.py", "test_streams.py"),
    *("test_messages.py", "test_refusals.py", "test_passage.py"),
}


@pytest.fixture(scope="module", autouse=True)
def quick_builds(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compile in a third of the time where a test asks what a network means, not how fast it is."""
    folder = request.path.relative_to(Path(__file__).parent).parts[0]
    with pytest.MonkeyPatch.context() as patch:
        if folder not in OPTIMISED or request.path.name in NO_ARITHMETIC:
            patch.setenv("CXX", shlex.join((*compiler(), "-Og")))
        yield


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Go to an empty checkout with one study, one figure, and a parabola for a network."""
    monkeypatch.chdir(tmp_path)
    acting = SimpleNamespace(experiment_of=FakeExperiment)
    monkeypatch.setitem(sys.modules, "neuromodels.experiment.embodied", acting)
    watched = SimpleNamespace(trial_of=fake_recording)
    monkeypatch.setitem(sys.modules, "neuromodels.experiment.recording", watched)
    # as names these would be imported here, and for ever keep what another of them was given
    for module in (api, checks, file, sweep):
        monkeypatch.setattr(module, "installed_catalogs", catalogs)
    for name, text in {"studies/small.toml": STUDY, "figures/fig1.py": FIGURE}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def said(capsys):
    """Return a function that runs a command and returns exit code, output and complaints."""

    def run(*arguments):
        code = main([str(each) for each in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
