"""The page "Your own network" runs as it stands, at a small size."""

import contextlib
import io
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import start_scope

from neuromodels.exploration.inference import npe

PAGE = Path(__file__).parents[1] / "docs" / "tutorial" / "own_network.md"
FILE = re.compile(r"to `([\w.]+)`:\n\n```(?:python|toml)\n(.*?)```", re.DOTALL)
NAMES = ("exc", "inh", "excitation", "onto_inh", "inhibition")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
SMALLER = {
    "duration=1*second": "duration=250*ms",
    "transient=200*ms": "transient=10*ms",
    ".run(1*second)": ".run(10*ms)",
    "repeats=5": "repeats=1",
    '["plastic", "fixed", "random"]': '["plastic"]',
    "candidates=32, generations=15, repeats=2": "candidates=8, generations=2",
    "simulations=1000": "simulations=60, samples=50",
    "(200, 30": "(200, 6",
    "30, axis=1": "6, axis=1",
    "arange(200), :10": "arange(200), :2",
    "mask[:, 10:]": "mask[:, 2:]",
    "candidates = 32": "candidates = 4",
    "trials = 16": "trials = 2",
    "generations = 40": "generations = 2",
    "trials = 500": "trials = 10",
    "curve_trials = 200": "curve_trials = 4",
    "every = 10": "every = 1",
}
"""What the page says -> what is run here. All else is the page's."""


def smaller():
    """Return the page with small numbers."""
    text = PAGE.read_text(encoding="utf-8")
    for said, run in SMALLER.items():
        assert said in text, said
        text = text.replace(said, run)
    return text


class Nearest:
    """Stands in for a trained network: draws around the place whose measures were nearest."""

    def __init__(self, places, measured):
        self.places, self.measured = places, measured

    def draw(self, observed, count, seed):
        nearest = [np.abs(self.measured - one).sum(axis=1).argmin() for one in observed]
        noise = np.random.default_rng(seed).normal(0, 0.1, (count, self.places.shape[1]))
        return np.clip(self.places[nearest][:, None] + noise, 0, 1)

    def arrays(self):
        return {}


@pytest.fixture
def session(tmp_path, monkeypatch):
    """Return a function that runs a block in one session, in a folder with the page's files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(npe, "need", lambda *given: None)
    monkeypatch.setattr(npe, "train", lambda places, measured, *more: Nearest(places, measured))
    for name, content in blocks(smaller())[0].items():
        Path(name).write_text(content, encoding="utf-8")
    start_scope()
    names = {}

    def run(block):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block, names)
        return printed.getvalue()

    yield run
    plt.close("all")
    sys.modules.pop("my_network", None)


def blocks(text):
    """Return the files that the page tells to write, and the blocks of its session."""
    files = dict(FILE.findall(text))
    return files, [block for block in BLOCK.findall(text) if block not in files.values()]


@pytest.mark.filterwarnings("ignore:infer")
def test_a_plain_script_is_swept_fitted_and_inferred(session, tmp_path):
    files, (model, sweep, fit, posterior, *_) = blocks(smaller())
    assert re.fullmatch(r"[\d.]+ Hz\n", session(files["plain.py"]))
    session(model)
    assert [len(line.split()) for line in session(sweep).splitlines()] == [5, 1, *[5] * 5]
    assert re.match(r"Fit: loss .*; 2 generations, 16 candidates", session(fit))
    assert [row.split()[0] for row in session(posterior).splitlines()[2:]] == ["w", "g"]
    assert (tmp_path / "posterior.png").exists()


def test_its_plastic_projection_learns_a_task(session):
    _, (*_, trials, task) = blocks(smaller())
    session(trials)
    heading, row = [line.split() for line in session(task).splitlines()[-2:]]
    assert heading == ["condition", "score", "low", "high"]
    assert row[0] == "plastic"
    assert 0 <= float(row[1]) <= 1


def test_the_page_shows_what_is_new_in_the_network():
    files, _ = blocks(PAGE.read_text(encoding="utf-8"))
    assert list(files) == ["plain.py", "my_network.py", "cue.toml"]
    network = "".join(
        line for line in files["my_network.py"].splitlines(True) if "new:" not in line
    )
    for new in (" + told*mV", "; tr += 1", *(f', name="{n}"' for n in NAMES)):
        assert new in network
        network = network.replace(new, "")
    wanted = files["plain.py"].partition("neuron =")[2].partition("spikes =")[0]
    found = network.partition("neuron =")[2].partition("return")[0]
    assert found.split() == wanted.split()
