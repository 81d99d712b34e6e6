"""A checkout with finished runs, made once and put back before each case; searches stay short."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import FIGURE, STUDY
from fake_experiment import TARGET, FakeExperiment, fake_recording

import neuromodels.api
from fuzz.terminal import said
from neuromodels.experiment.compiled import Experiment
from neuromodels.study.file import study_of
from neuromodels.study.outcome import Outcome
from neuromodels.study.study import Study

MOST = 20_000
"""Trials of a search that is carried out; of a longer one only the study is checked."""
SWEEP = STUDY.replace('"small"', '"swept"') + "[sweep]\nsearch.trials = [4, 8]\n"
FILES = {
    "studies/small.toml": STUDY,
    "studies/swept.toml": SWEEP,
    "figures/fig1.py": FIGURE,
    "thesis/chapter.txt": "mine",
}
Files = dict[str, bytes]


@cache
def small() -> Study:
    """Return the small study."""
    return study_of(tomllib.loads(STUDY), "small")


@cache
def network_of(condition: str) -> Experiment:
    """Return the network of the small study."""
    return Experiment(small(), condition)


class Parabola(FakeExperiment):
    """Has as many coefficients as the network of the study, so that measures can look at it.

    Of any other than the small study it has six: to build all networks would take long.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.study.digest == small().digest:
            network = network_of(self.condition)
            self.dimension, self.slices = network.dimension, network.slices
            self.centre = np.zeros(self.dimension)
            self.sigma = np.full(self.dimension, 0.1)

    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Outcome:
        return super().evaluate(xs[:, : TARGET.size], streams)


def fewest_trials(declared: object) -> int:
    """Return about how many trials a study or a sweep takes."""
    studies = [declared] if isinstance(declared, Study) else [s.study for s in declared.settings]
    return sum(
        len(study.seeds)
        * (
            study.search.candidates * study.search.trials * study.search.generations
            + study.test.trials * study.test.finalists
            + study.test.curve_trials * study.search.generations // study.test.every
            + study.test.random_rules * study.test.trials
        )
        for study in studies
    )


@contextmanager
def faked() -> Iterator[None]:
    """Put a parabola in the place of networks, and carry out short searches only, here."""
    carry_out = neuromodels.api.carry_out

    def carry_out_what_is_short(declared, folder, display, stop, start, many, beside):
        if many is not None or fewest_trials(declared) > MOST:
            return True
        return carry_out(declared, folder, display, stop, beside=beside)

    with pytest.MonkeyPatch.context() as patch:
        acting = SimpleNamespace(experiment_of=Parabola)
        watched = SimpleNamespace(trial_of=fake_recording)
        patch.setitem(sys.modules, "neuromodels.experiment.embodied", acting)
        patch.setitem(sys.modules, "neuromodels.experiment.recording", watched)
        patch.setattr(os, "fsync", lambda descriptor: None)  # no power cut here
        patch.setattr(neuromodels.api, "carry_out", carry_out_what_is_short)
        yield


def prepare(folder: Path) -> None:
    """Make a checkout in the working directory, with a run and a sweep."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    assert said(["run", "studies/small.toml", "--out", "runs/one"])[0] == 0
    assert said(["run", "studies/swept.toml", "--out", "runs/swept"])[0] == 0


def put_back(kept: Path, here: Path) -> None:
    """Make `here` a copy of `kept`, whatever it has become."""
    wanted = files_in(kept)
    folders = {parent for name in wanted for parent in (here / name).parents}
    for path in sorted(here.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if path not in folders:
                path.rmdir()
        elif path.is_symlink() or not path.is_file() or str(path.relative_to(here)) not in wanted:
            path.unlink()
    now = files_in(here)
    for name, content in wanted.items():
        if now.get(name) != content:
            path = here / name
            if path.is_dir():
                path.rmdir()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def files_in(folder: Path) -> Files:
    """Return every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
