"""Follow a run or a sweep that another process writes: a table in a terminal, lines elsewhere."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.report.networks.watch import follow_network
from neuromodels.report.scoreboard import Group, lines_of
from neuromodels.report.standings import (
    Standing,
    failures_text,
    final_text,
    search_text,
    seconds_left,
    sum_counts,
    time_text,
)
from neuromodels.report.status import RunStatus, statuses
from neuromodels.store.folder import STUDY
from neuromodels.store.neighbours import stored_runs
from neuromodels.store.networks import is_network
from neuromodels.store.store import explain_refusal
from neuromodels.store.sweeps import is_sweep

INTERVAL, PIPE_INTERVAL = 2.0, 30.0
"""Seconds between two looks: in a terminal, and into a file or a pipe."""
PATIENCE = 10
"""Looks in a row that may fail: a disk, or a writer that is just replacing a file."""
SILENCE = 60.0
"""Seconds without a word after which a writer on another machine may be gone."""
BETWEEN = 0.5
"""Seconds that a sweep may have no owner between two settings."""


def follow(
    folder: Path,
    console: Console,
    *,
    interval: float | None = None,
    once: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show how far a run or a sweep is until it is finished; change nothing.

    Parameters
    ----------
    folder
        A run folder, also of an own network, or a sweep's.
    interval
        Seconds between two looks.
    once
        Look once and end.
    sleep
        Waits; replaced in tests.

    Raises
    ------
    RunNotFound
        When it is no such folder, or no longer.
    StorageError
        When it could not be read `PATIENCE` times in a row.
    """
    folder = Path(folder)
    is_live = console.is_terminal and not console.is_dumb_terminal
    pause = interval or (INTERVAL if is_live else PIPE_INTERVAL)
    if is_network(folder):
        follow_network(folder, console, pause, once, sleep)
        return
    check_watchable(folder)
    watch = Watch(folder, sleep)
    watch.look()
    if once or watch.is_finished:
        console.print(watch)
    elif is_live:
        _follow_live(watch, console, pause, sleep)
    else:
        _follow_as_lines(watch, console, pause, sleep)


def check_watchable(folder: Path) -> None:
    """Refuse what is neither a run folder nor a sweep's.

    Raises
    ------
    RunNotFound
        Names what to do instead.
    """
    with explain_refusal(folder):
        if (folder / STUDY).is_file() or is_sweep(folder):
            return
        holds_runs = bool(stored_runs(folder))
    cure = "`neuromodels run FILE` makes one and prints its name."
    if holds_runs:
        cure = f"`neuromodels status {folder}` shows the runs in it; name one of them."
    raise RunNotFound(str(folder), "is not a run folder (it has no study.json)", cure=cure)


def _follow_live(
    watch: Watch, console: Console, pause: float, sleep: Callable[[float], None]
) -> None:
    watch.fits_screen = True
    try:
        with Live(watch, console=console, auto_refresh=False, transient=True) as live:
            while not watch.is_finished:
                sleep(pause)
                watch.look()
                live.refresh()
    finally:
        console.show_cursor()  # also when Ctrl-C comes while the table is drawn first
    watch.fits_screen = False
    console.print(watch)


def _follow_as_lines(
    watch: Watch, console: Console, pause: float, sleep: Callable[[float], None]
) -> None:
    before: list[RunStatus] = []
    while True:
        stamp = datetime.now().isoformat(" ", "seconds")
        for line in watch.news(before):
            text = Text(f"{stamp}  {line}")
            console.print(text, soft_wrap=True, highlight=False)
        if watch.is_finished:
            return
        before = watch.statuses
        sleep(pause)
        watch.look()


class Watch:
    """What a run or a sweep looked like last.

    Parameters
    ----------
    folder
        A run folder or a sweep's.
    sleep
        Waits; replaced in tests.

    Attributes
    ----------
    statuses
        Of each run, as found last.
    trouble
        Why the last look failed; empty when it did not.
    damaged
        A sentence about each run that cannot be read and is left out.
    fits_screen
        Whether the table may be no higher than the terminal.
    """

    def __init__(self, folder: Path, sleep: Callable[[float], None] = time.sleep):
        self.folder = folder
        self.fits_screen = False
        self.statuses: list[RunStatus] = []
        self.trouble = ""
        self.damaged: list[str] = []
        self._failed = 0
        self._sleep = sleep

    def look(self) -> None:
        """Look again.

        Raises
        ------
        RunNotFound
            When the folder is gone.
        StorageError
            When the first look fails, or `PATIENCE` of them in a row.
        """
        try:
            now, damaged = self._statuses()
            if self.state == "running" and _state(now) == "stopped":
                self._sleep(BETWEEN)  # one setting ended, the next has not begun
                now, damaged = self._statuses()
        except RunNotFound:
            raise
        except StorageError as error:
            self._failed += 1
            if not self.statuses or self._failed >= PATIENCE:
                raise
            self.trouble = f"cannot be read just now: {error}"
            return
        self.statuses, self.trouble, self._failed = now, "", 0
        self.damaged = damaged

    def _statuses(self) -> tuple[list[RunStatus], list[str]]:
        damaged: list[str] = []
        return statuses(self.folder, self.statuses, damaged.append), damaged

    @property
    def state(self) -> str:
        """``running``, ``starting``, ``stopped``, ``finished`` or ``not begun``."""
        return _state(self.statuses)

    @property
    def is_finished(self) -> bool:
        """Whether everything is scored and nobody writes."""
        return self.state == "finished"

    def news(self, before: Sequence[RunStatus]) -> Iterator[str]:
        """Yield what changed since an earlier look, as lines."""
        if self.trouble or _place(before) != _place(self.statuses):
            yield self.headline()
            yield from self.damaged
        known = {status.folder: status.standings for status in before}
        for status in self.statuses:
            label = f"{status.folder.name}: " if len(self.statuses) > 1 else ""
            for line in _changes(known.get(status.folder, ()), status.standings):
                yield label + line

    def headline(self) -> str:
        """Return who writes it and whether that still works, or the command that goes on."""
        if self.trouble:
            return self.trouble
        match self.state:
            case "finished":
                command = "compare" if is_sweep(self.folder) else "report"
                return f"finished: neuromodels {command} {self.folder}"
            case "not begun" | "stopped":
                return f"{self._end()}: go on with neuromodels resume {self.folder}"
        return "; ".join(self._writer(status) for status in self.statuses if status.owner)

    def _writer(self, status: RunStatus) -> str:
        which = f" {status.folder.name}" if len(self.statuses) > 1 else ""
        return f"{status.state}{which}: {status.owner}{_silence(status)}"

    def _end(self) -> str:
        is_killed = any(status.is_abandoned for status in self.statuses)
        return f"{self.state} (its process was killed)" if is_killed else self.state

    def numbers(self) -> str:
        """Return how much is done of everything, and what is left."""
        every = list(chain.from_iterable(status.standings for status in self.statuses))
        parts = [_amounts(every)]
        if len(self.statuses) > 1:
            done = sum(status.state == "finished" for status in self.statuses)
            parts.insert(0, f"{done}/{len(self.statuses)} settings")
        if failed := failures_text(sum_counts(standing.failures for standing in every)):
            parts.append(f"failed {failed}")
        left = None if self.is_finished else seconds_left(every)
        if left is not None:
            parts.append(f"time left {time_text(left)}")
        written = max((status.written for status in self.statuses if status.written), default=None)
        if written is not None and not self.is_finished:
            parts.append(f"last written {_ago(written)} ago")
        return "  ".join(parts)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        above = [
            Text(str(self.folder), "bold", overflow="fold"),
            Text(self.headline(), overflow="fold"),
            *(Text(line, overflow="fold") for line in self.damaged),
            Text(self.numbers(), "dim", overflow="fold"),
        ]
        yield from above
        yield Text("")
        used = sum(len(text.wrap(console, options.max_width)) for text in above) + 2
        room = max(4, console.height - used) if self.fits_screen else None
        yield from lines_of(self._groups(), options.max_width, room)

    def _groups(self) -> list[Group]:
        if len(self.statuses) == 1:
            return [("", self.statuses[0].standings)]
        return [
            (
                f"{status.folder.name}: {status.state}  {_amounts(status.standings)}",
                status.standings,
            )
            for status in self.statuses
        ]


def _state(runs: Sequence[RunStatus]) -> str:
    """Return the state of a run, or of a sweep as a whole."""
    states = {run.state for run in runs}
    for state in ("running", "starting"):
        if state in states:
            return state
    if len(states) == 1:
        return states.pop()
    return "stopped" if states else "not begun"


def _place(runs: Sequence[RunStatus]) -> tuple[str, list[tuple[Path, str]]] | None:
    """Return what a headline tells: the state of everything, and who writes what."""
    if not runs:
        return None
    return _state(runs), [(run.folder, run.owner) for run in runs if run.owner]


def _changes(before: Sequence[Standing], now: Sequence[Standing]) -> Iterator[str]:
    known = {standing.key: standing for standing in before}
    for standing in now:
        earlier = known.get(standing.key)
        if standing.is_done and standing.test and not (earlier and earlier.test == standing.test):
            yield final_text(standing.test)
        elif not standing.is_done and standing.generations and standing != earlier:
            left = time_text(standing.seconds_left)
            yield f"{search_text(standing)}  {standing.pace:.3g} s/generation  time left {left}"


def _silence(status: RunStatus) -> str:
    """Warn if a writer on another host has been silent for ten generations."""
    if status.written is None or status.owner.endswith(f" on {socket.gethostname()}"):
        return ""
    pace = max((standing.pace or 0.0 for standing in status.standings), default=0.0)
    seconds = time.time() - status.written
    if seconds < max(SILENCE, 10 * pace):
        return ""
    return f", silent for {time_text(seconds)}: it may be gone (it runs on another machine)"


def _amounts(standings: Sequence[Standing]) -> str:
    generations = sum(standing.generations for standing in standings)
    budget = sum(standing.of for standing in standings)
    done = sum(standing.is_done for standing in standings)
    return f"{generations:,}/{budget:,} generations  {done}/{len(standings)} scores"


def _ago(written: float) -> str:
    seconds = max(0.0, time.time() - written)
    return f"{seconds:.0f} s" if seconds < 60 else time_text(seconds)
