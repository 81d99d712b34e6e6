"""Where the progress of a run is shown: a terminal, a log, or a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live

from neuromodels.experiment.events import Event, GenerationDone, Notice, Scored, Scoring
from neuromodels.report.progress import Progress
from neuromodels.report.scoreboard import lines_of

REDRAWN = 2.0
"""How often a second a terminal or a notebook is redrawn."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds between two generations in a log, at the beginning and in the end."""
_SHARE = 1 / 30
"""A log pauses for this share of the time since its first line: 250 lines in ten hours."""


class Display(Protocol):
    """Shows what a run tells."""

    def say(self, text: str) -> None:
        """Show a line that stays."""
        ...

    def hear(self, event: Event, progress: Progress) -> None:
        """Show what changed: an event, and the progress that took it in."""
        ...

    @contextmanager
    def showing(self, progress: Progress, *, keeps: bool = False) -> Iterator[None]:
        """Show the progress of one run, as long as the block lasts.

        Parameters
        ----------
        keeps
            Keep the final table on screen (nothing else will print it).
        """
        ...


class Terminal:
    """A table that is redrawn; what the user should know stays above it."""

    def __init__(self, console: Console):
        self.console = console

    def say(self, text: str) -> None:
        """Show a line that stays."""
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)

    def hear(self, event: Event, progress: Progress) -> None:
        """Show a notice; everything else is in the table."""
        if isinstance(event, Notice):
            self.say(progress.message(event) or "")

    @contextmanager
    def showing(self, progress: Progress, *, keeps: bool = False) -> Iterator[None]:
        """Show the table of a run, as long as the block lasts."""
        with Live(progress, console=self.console, refresh_per_second=REDRAWN, transient=True):
            yield
        if keeps:
            for line in lines_of([("", progress.standings)], self.console.width):
                self.console.print(line)


class Log:
    """Lines with date and time, fewer the longer it takes: for files, pipes and schedulers."""

    def __init__(
        self, console: Console, clock: Callable[[], float] = time.monotonic, name: str = ""
    ):
        self.console, self._clock = console, clock
        self._name = f"[{name}] " if name else ""
        self._begun, self._next = clock(), -1.0

    def with_name(self, name: str) -> Log:
        """Return the same log for one of several runs at the same time."""
        return Log(self.console, self._clock, name)

    def say(self, text: str) -> None:
        """Show a line that stays."""
        stamp = f"{datetime.now().isoformat(' ', 'seconds')}  {self._name}"
        self.console.print(f"{stamp}{text}", highlight=False, soft_wrap=True, markup=False)

    def hear(self, event: Event, progress: Progress) -> None:
        """Show a line for what happens once, and for a generation now and then."""
        text = progress.message(event)
        if isinstance(event, GenerationDone):
            text = self._generation(event, progress)
        elif isinstance(event, Scoring) and text and not self.is_due():
            text = None
        if text:
            self.say(text)

    def _generation(self, event: GenerationDone, progress: Progress) -> str | None:
        is_last = event.record.generation + 1 == event.generations
        return progress.line() if self.is_due(is_last) else None

    def is_due(self, is_last: bool = False) -> bool:
        """Whether it is time for another line about how far something is; the last always is."""
        now = self._clock()
        if now < self._next and not is_last:
            return False
        pause = (now - self._begun) * _SHARE
        self._next = now + min(max(FIRST_PAUSE, pause), LONGEST_PAUSE)
        return True

    @contextmanager
    def showing(self, progress: Progress, *, keeps: bool = False) -> Iterator[None]:
        """Show the lines of a run, as long as the block lasts."""
        yield


class Notebook:
    """One output of a cell: final scores and notices, and below them a bar that is redrawn.

    Parameters
    ----------
    display
        IPython's ``display``; what it returns for a ``display_id`` has a method ``update``.
    """

    def __init__(self, display: Callable[..., Any], clock: Callable[[], float] = time.monotonic):
        self._display, self._clock = display, clock
        self._kept: list[str] = []
        self._handle: Any = None
        self._drawn = -1.0

    def say(self, text: str) -> None:
        """Show a line that stays."""
        self._kept.append(text)
        self._draw()

    def hear(self, event: Event, progress: Progress) -> None:
        """Keep scores and notices; redraw the bar now and then."""
        if isinstance(event, Notice | Scored) and (text := progress.message(event)):
            self._kept.append(text)
        is_frequent = isinstance(event, GenerationDone)
        if not is_frequent or self._clock() >= self._drawn + 1 / REDRAWN:
            self._draw(progress.bar())

    @contextmanager
    def showing(self, progress: Progress, *, keeps: bool = False) -> Iterator[None]:
        """Show the bar of a run, as long as the block lasts; then only what is kept."""
        self._draw(progress.bar())
        yield  # after an error the bar stays where it was
        self._draw()

    def _draw(self, *below: str) -> None:
        content = {"text/plain": "\n".join([*self._kept, *below])}
        self._drawn = self._clock()
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def display_on(console: Console) -> Display:
    """Return the display for a console: a table in a terminal, else a log."""
    if console.is_terminal and not console.is_dumb_terminal:
        return Terminal(console)
    return Log(console)


def display_here(console: Console) -> Display:
    """Return the display for where this program runs: a notebook, a terminal, or a log."""
    show = _notebook_display()
    return Notebook(show) if show else display_on(console)


def _notebook_display() -> Callable[..., Any] | None:
    """Return IPython's ``display`` in a notebook's kernel, and None elsewhere."""
    # whoever runs in a kernel has IPython imported; IPython in a terminal has no kernel
    package = sys.modules.get("IPython")
    shell = package.get_ipython() if package else None
    if getattr(shell, "kernel", None) is None:
        return None
    return import_module("IPython.display").display
