"""How far a run is, from its events: as a table, as a line of a log, as a bar of a notebook."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from neuromodels.experiment.events import (
    Building,
    Event,
    GenerationDone,
    Notice,
    Scored,
    Scoring,
    SearchStarted,
)
from neuromodels.report.scoreboard import lines_of
from neuromodels.report.standings import (
    RECENT,
    Key,
    Standing,
    failures_text,
    final_text,
    kinds_of,
    place_text,
    scores_text,
    search_text,
    seconds_left,
    sum_counts,
    time_text,
    with_active,
)
from neuromodels.store.records import TestRecord
from neuromodels.study.conditions import SEARCHED
from neuromodels.study.study import Study

BAR = 10
"""Characters of a bar in a notebook; in a terminal it is three times as wide."""
LATE = 10.0
"""Seconds in a generation from which on it may be told to be a long one."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


class Progress:
    """Takes in events and tells how far the run is; prints nothing itself.

    Parameters
    ----------
    study
        Tells how much there is to do.
    stored
        Returns where the searches stand in the store: asked at the start and whenever a search
        goes on, so that what an earlier session did is shown, too.
    clock
        Seconds; replaced in tests.
    """

    def __init__(
        self,
        study: Study,
        stored: Callable[[], Iterable[Standing]] = tuple,
        *,
        clock: Callable[[], float] = time.monotonic,
    ):
        budget = study.search.generations
        self._standings = {
            (condition, seed): Standing(condition, seed, of=budget if condition in SEARCHED else 0)
            for seed in study.seeds
            for condition in study.tested
        }
        self._stored, self._clock = stored, clock
        self._seconds: dict[Key, deque[float]] = {}
        self._building: dict[str, float] = {}
        self._begun_here: frozenset[Key] = frozenset()
        self._begun = self._last = clock()
        self._searches_begun: dict[Key, float] = {}
        self._event: GenerationDone | None = None
        self._state = "starting"
        self._catch_up()

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Where each condition under each seed stands, in the order of the run."""
        return with_active(self._standings.values(), self._begun_here)

    def take(self, event: Event) -> None:
        """Take in an event."""
        match event:
            case Building():
                self._state = f"{event.condition}: building the network"
            case SearchStarted():
                self._start(event)
            case GenerationDone():
                self._count(event)
            case Scoring():
                self._event = None
                self._begun_here |= {(event.condition, event.seed)}
                self._state = f"{_place(event)}: scoring on fresh sequences{_part(event)}"
            case Scored():
                self._note(event.record)

    def seconds_left(self) -> float | None:
        """Return the seconds left for all searches, as far as known."""
        left, event = seconds_left(self.standings), self._event
        if left is None or event is None:
            return left
        # between two generations it counts down, by no more than one of them
        pace = self._newest(event).pace or 0.0
        return max(0.0, left - min(self._clock() - self._last, pace))

    def _newest(self, event: GenerationDone) -> Standing:
        return self._standings[event.record.condition, event.record.seed]

    def _start(self, event: SearchStarted) -> None:
        self._event = None
        self._begun_here |= {(event.condition, event.seed)}
        self._searches_begun[event.condition, event.seed] = self._clock()
        self._state = f"{_place(event)}: first generation"
        self._catch_up()

    def _catch_up(self) -> None:
        for each in self._stored():
            if each.key in self._standings:
                self._standings[each.key] = each

    def _count(self, event: GenerationDone) -> None:
        record = event.record
        key = record.condition, record.seed
        before = self._standings[key]
        pace = self._pace(event, before.pace)
        self._standings[key] = replace(
            before,
            generations=record.generation + 1,
            centre=record.centre_score,
            best=record.best_score,
            pace=pace,
            failures=sum_counts([before.failures, kinds_of(record)]),
        )
        self._event, self._last = event, self._clock()

    def _pace(self, event: GenerationDone, stored: float | None) -> float:
        """Return the pace of a search; the first generation of a session contains a build."""
        record = event.record
        key, built = (record.condition, record.seed), self._build_seconds(event)
        if key in self._seconds:
            self._seconds[key].append(record.seconds)
            return float(np.median(self._seconds[key]))
        self._seconds[key] = deque(maxlen=RECENT)
        if stored is not None:
            return stored
        return record.seconds - built if built < record.seconds else record.seconds

    def _build_seconds(self, event: GenerationDone) -> float:
        """Return how long a condition's builds took since its last generation, per worker."""
        condition = event.record.condition
        total = event.report.get("build_seconds", 0.0) / event.report.get("workers", 1)
        before = self._building.get(condition, 0.0)
        self._building[condition] = total
        return max(0.0, total - before)

    def _note(self, test: TestRecord) -> None:
        key = test.condition, test.seed
        self._standings[key] = replace(self._standings[key], test=test)
        if all(each.is_done for each in self._standings.values()):
            self._event, self._state = None, "recording a trial of each solution"

    # -- as a table ---------------------------------------------------------------------------

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        below = list(self._below())
        room = max(4, console.height - len(below) - 2) if console.is_terminal else None
        yield from lines_of([("", self.standings)], options.max_width, room)
        yield Text("")
        yield from below

    def _below(self) -> Iterable[Table | Text]:
        event = self._event  # once: events come from another thread than the one that draws
        if event is None:
            elapsed = time_text(self._clock() - self._begun)
            return [Text(f"{self._state}  elapsed {elapsed}", "dim", overflow="fold")]
        name, done, of = self._extent(self._newest(event))
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            Text(name, "bold"),
            ProgressBar(total=of, completed=done, width=3 * BAR),
            f"{done / of:.0%}",
            Text(self._lateness(event), "dim"),
        )
        return [bar, Text(f"{_cost(event)}  {self._times()}", "dim", overflow="fold")]

    def _extent(self, newest: Standing) -> tuple[str, int, int]:
        """Return what a bar tells: the newest search, or all of them where several go on."""
        abreast = sum(each.is_active and each.of > 0 for each in self.standings)
        if abreast < 2:
            return place_text(newest), newest.generations, newest.of
        every = self._standings.values()
        done, of = sum(each.generations for each in every), sum(each.of for each in every)
        return f"{abreast} searches at once", done, of

    def _lateness(self, event: GenerationDone) -> str:
        """Return how long ago the newest generation was, when that is longer than usual."""
        seconds = self._clock() - self._last
        if seconds < max(LATE, 2 * event.record.seconds):
            return ""
        return f"{time_text(seconds)} since the last generation"

    def _times(self) -> str:
        elapsed = time_text(self._clock() - self._begun)
        return f"elapsed {elapsed}  time left {time_text(self.seconds_left())}"

    # -- as lines -----------------------------------------------------------------------------

    def message(self, event: Event) -> str | None:
        """Return what of an event should stay on the screen or in the log, if anything."""
        match event:
            case Notice():
                return f"note: {event.text}"
            case Building():
                return self._state
            case Scoring() if event.done:
                return f"{_place(event)}: scoring on fresh sequences{_part(event)}"
            case SearchStarted() if event.start < event.generations:
                start = f" from generation {event.start:,}" if event.start else ""
                return f"{_place(event)}: searching {event.dimension:,} coefficients{start}"
            case Scored() if event.record.kind == "final":
                return final_text(event.record)
        return None

    def line(self) -> str:
        """Return the newest generation as a line of a log; empty before the first."""
        if self._event is None:
            return ""
        standing = self._newest(self._event)
        parts = [search_text(standing), _cost(self._event), *_failure_parts(standing)]
        return "  ".join([*parts, f"ETA {time_text(self.seconds_left())}"])

    def bar(self) -> str:
        """Return the newest generation as one line with a bar, or what is done instead."""
        if self._event is None:
            return self._state
        newest = self._newest(self._event)
        name, done, of = self._extent(newest)
        is_one = name == place_text(newest)
        begun = self._searches_begun.get(newest.key, self._begun) if is_one else self._begun
        left = newest.seconds_left if is_one else self.seconds_left()
        numbers = [f"{time_text(self._clock() - begun)}<{time_text(left)}"]
        if is_one:
            numbers += [f"{newest.pace:.3g} s/generation", scores_text(newest, ", ")]
            numbers += _failure_parts(newest)
        return f"{name}: {done / of:4.0%}|{_bar(done / of)}| {done}/{of} [{', '.join(numbers)}]"


def _cost(event: GenerationDone) -> str:
    record, report = event.record, event.report
    return (
        f"{record.instances_per_second:,.0f} instances/s"
        f"  builds {report.get('builds', 0)} (+{report.get('cache_hits', 0)} cached)"
        f"  optimizer {record.optimizer_share:.1%}"
        + (f"  restarts {record.restart}" if record.restart else "")
    )


def _place(where: SearchStarted | Scoring) -> str:
    return f"{where.condition}, seed {where.seed}"


def _part(scoring: Scoring) -> str:
    return f", {scoring.done:,} of {scoring.of:,}" if scoring.done else ""


def _failure_parts(standing: Standing) -> list[str]:
    return [f"failed {failures_text(standing.failures)}"] if standing.failures else []


def _bar(share: float) -> str:
    """Return a bar of `BAR` characters, filled to an eighth of a character."""
    full, rest = divmod(round(share * BAR * 8), 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(BAR)
