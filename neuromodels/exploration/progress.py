"""How far an evaluation is, shown where somebody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neuromodels.exploration.evaluation import Report

#: Seconds before anything is shown: what ends soon needs no bar.
PATIENCE = 2.0

#: Gets how many epochs of training are done, and the last validation loss (nan before the first).
Epochs = Callable[[int, float], None]


@contextmanager
def progress_here(name: str, report: bool | Report) -> Iterator[Report]:
    """Give a function that shows how many instances are done.

    Parameters
    ----------
    name
        Of what is going on.
    report
        True: a bar in a terminal or a notebook, nothing elsewhere. A function is called instead.
    """
    if callable(report):
        yield report
    elif not report or not _is_watched():
        yield lambda done, count: None
    else:
        with _bar() as bar:
            yield _on_a_bar(bar, name)


@contextmanager
def training_here(name: str, report: bool | Report) -> Iterator[Epochs]:
    """Give a function that shows how far the training of a network is.

    It is called after each step of the optimizer, and may raise to end the training.

    Parameters
    ----------
    name
        Of what is going on.
    report
        As of `progress_here`. A function that counts instances has nothing to count here: its
        method ``epochs`` is called, if it has one.
    """
    if callable(report):
        yield getattr(report, "epochs", _tell_nobody)
    elif not report or not _is_watched():
        yield _tell_nobody
    else:
        with Progress(TextColumn("{task.description}"), transient=True) as line:
            yield _on_a_line(line, name)


def epochs_text(epochs: int, loss: float) -> str:
    """Return how far a training is, in words."""
    seen = "" if loss != loss else f", validation loss {loss:.4g}"
    return f"epoch {epochs + 1:,}{seen}"


def _tell_nobody(epochs: int, loss: float) -> None:
    """Take what nobody looks at."""


def _on_a_line(line: Progress, name: str) -> Epochs:
    task = line.add_task(name, total=None)

    def show(epochs: int, loss: float) -> None:
        line.update(task, description=f"{name}: {epochs_text(epochs, loss)}")

    return show


def _bar() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, TimeRemainingColumn(), transient=True)


def _on_a_bar(bar: Progress, name: str) -> Report:
    begun = time.monotonic()
    task = bar.add_task(name, total=None, visible=False)

    def show(done: int, count: int) -> None:
        is_long = time.monotonic() - begun > PATIENCE
        bar.update(task, completed=done, total=count, visible=is_long)

    return show


def _is_watched() -> bool:
    """Whether a bar can be shown: in a notebook rich needs ipywidgets, and warns without it."""
    if "ipykernel" in sys.modules:
        return find_spec("ipywidgets") is not None
    return sys.stderr.isatty()
