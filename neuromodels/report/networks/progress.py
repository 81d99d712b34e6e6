"""How far a run of a network is: a bar in a terminal, lines of a log elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neuromodels.report.display import Display, Log
from neuromodels.report.standings import time_text

#: Gets the stage, how much of it is done, and of how much.
Show = Callable[[str, int, int], None]
UNITS = {"fit": "generations"}
"""What is counted, where it is not instances."""


@contextmanager
def shown_on(display: Display) -> Iterator[Show]:
    """Give a function that shows how far a run is, as long as the block lasts."""
    if isinstance(display, Log):
        yield _Lines(display)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    console = getattr(display, "console", None)  # of a notebook there is none
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        yield _on_bar(bar)


def _on_bar(bar: Progress) -> Show:
    task = bar.add_task("building", total=None)

    def show(stage: str, done: int, of: int) -> None:
        unit = UNITS.get(stage, "instances")
        bar.update(task, description=f"{stage}: {unit}", completed=done, total=of)

    return show


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

    def _left(self, now: float, done: int, of: int) -> float | None:
        """Return the seconds that are left at the pace since the first call."""
        if self._first is None or done < self._first[1]:
            self._first = now, done
            return None
        begun, before = self._first
        return (now - begun) / (done - before) * (of - done) if done > before else None
