"""How far an evaluation is, shown where somebody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neuromodels.exploration.evaluation import Report

#: Seconds before anything is shown: what ends soon needs no bar.
PATIENCE = 2.0


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
    return sys.stderr.isatty() or "ipykernel" in sys.modules
