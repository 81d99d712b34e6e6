"""How far a run of a network is: a bar in a terminal, lines of a log elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neuromodels.report.display import Display, Log
from neuromodels.report.standings import time_text

UNITS = {"fit": "generations"}
"""What is counted, where it is not instances."""


class Show(Protocol):
    """Shows how far a run is."""

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Show how much of a stage is done, and of how much."""
        ...

    def training(self, text: str) -> None:
        """Show how far the training of a network is."""
        ...


@contextmanager
def shown_on(display: Display) -> Iterator[Show]:
    """Give what shows how far a run is, as long as the block lasts."""
    if isinstance(display, Log):
        yield _Lines(display)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    console = getattr(display, "console", None)  # of a notebook there is none
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        yield _Bar(bar)


class _Bar:
    """A bar in a terminal."""

    def __init__(self, bar: Progress):
        self._bar, self._task = bar, bar.add_task("building", total=None)

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Show how much of a stage is done."""
        unit = UNITS.get(stage, "instances")
        self._bar.update(self._task, description=f"{stage}: {unit}", completed=done, total=of)

    def training(self, text: str) -> None:
        """Show how far a training is beside the bar of the runs that it learns from."""
        self._bar.update(self._task, description=f"training, {text}")


class _Lines:
    """Lines of a log, fewer the longer it takes; the last always."""

    def __init__(self, display: Log, clock: Callable[[], float] = time.monotonic):
        self._display, self._clock = display, clock
        self._first: tuple[float, int] | None = None

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Show a line if it is time for one."""
        now = self._clock()
        left = self._left(now, done, of)
        is_last = done >= of
        if not self._display.is_due(is_last):
            return
        unit = UNITS.get(stage, "instances")
        more = f"  ETA {time_text(left)}" if left is not None and not is_last else ""
        self._display.say(f"{stage}: {done:,} of {of:,} {unit}{more}")

    def training(self, text: str) -> None:
        """Show a line about a training if it is time for one."""
        if self._display.is_due():
            self._display.say(f"training, {text}")

    def _left(self, now: float, done: int, of: int) -> float | None:
        """Return the seconds that are left at the pace since the first call."""
        if self._first is None or done < self._first[1]:
            self._first = now, done
            return None
        begun, before = self._first
        return (now - begun) / (done - before) * (of - done) if done > before else None
