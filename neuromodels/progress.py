"""Progress of a run: one live view for terminals, plain lines for everything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from neuromodels.events import (
    Building,
    Event,
    GenerationDone,
    Notice,
    Scored,
    Scoring,
    SearchStarted,
)
from neuromodels.study import Study

SECONDS_BETWEEN_LINES = 5.0
_WEIGHT = 0.1


class Progress:
    """Turns events into what should be shown; prints nothing itself.

    Parameters
    ----------
    study
        Tells how much there is to do.
    live
        Whether the view is redrawn, so that single generations need no lines.
    clock
        Seconds; replaced in tests.
    """

    def __init__(
        self, study: Study, *, live: bool = False, clock: Callable[[], float] = time.monotonic
    ):
        self._searches = [(seed, c) for seed in study.seeds for c in study.searched]
        self._generations = study.search.generations
        self._live, self._clock = live, clock
        self._pace: dict[str, float] = {}
        self._last_line = -SECONDS_BETWEEN_LINES
        self._event: GenerationDone | None = None
        self._state = "starting"
        self._test = ""

    def take(self, event: Event) -> str | None:
        """Take in an event; return a line to keep on the screen, if it deserves one."""
        match event:
            case Notice():
                return f"note: {event.text}"
            case Building():
                self._state = f"{event.condition}: building the network"
                return None if self._live else self._state
            case SearchStarted():
                return self._start(event)
            case GenerationDone():
                return self._generation(event)
            case Scoring():
                self._event = None
                self._state = f"{event.condition}, seed {event.seed}: scoring on fresh sequences"
                return None
            case Scored():
                return self._tested(event)

    def __rich__(self) -> Group | Text:
        if self._event is None:
            return Text(self._state, style="dim")
        record = self._event.record
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            Text(f"{record.condition}, seed {record.seed}", style="bold"),
            ProgressBar(total=self._generations, completed=record.generation + 1, width=30),
            f"{record.generation + 1}/{self._generations}",
        )
        return Group(bar, Text(self._scores()), Text(self._cost(), style="dim"))

    def line(self) -> str:
        """Return the newest generation as one line."""
        assert self._event is not None
        record = self._event.record
        place = f"{record.condition} seed {record.seed}"
        return (
            f"{place} {record.generation + 1}/{self._generations} {self._scores()}  {self._cost()}"
        )

    def eta(self) -> timedelta | None:
        """Return the time left for this and all later searches, as far as known."""
        if self._event is None:
            return None
        record = self._event.record
        here = self._searches.index((record.seed, record.condition))
        pace = self._pace[record.condition]
        left = (self._generations - record.generation - 1) * pace
        for _, condition in self._searches[here + 1 :]:
            left += self._generations * self._pace.get(condition, pace)
        return timedelta(seconds=round(left))

    def _start(self, event: SearchStarted) -> str | None:
        self._test = ""
        self._event = None
        self._state = f"{event.condition}, seed {event.seed}: first generation"
        if event.start == event.generations:
            return None
        start = f" from generation {event.start}" if event.start else ""
        return (
            f"{event.condition}, seed {event.seed}: searching {event.dimension:,}"
            f" coefficients{start}"
        )

    def _generation(self, event: GenerationDone) -> str | None:
        self._event = event
        record = event.record
        pace = self._pace.get(record.condition, record.seconds)
        self._pace[record.condition] = pace + _WEIGHT * (record.seconds - pace)
        is_last = record.generation + 1 == self._generations
        if self._live or (not is_last and self._clock() < self._last_line + SECONDS_BETWEEN_LINES):
            return None
        self._last_line = self._clock()
        return self.line()

    def _tested(self, event: Scored) -> str | None:
        record = event.record
        interval = f"{record.score:.3f} ({record.low:.3f} - {record.high:.3f})"
        if record.kind == "curve":
            self._test = f"  test {interval} at {record.generation}"
            return None
        return (
            f"{record.condition}, seed {record.seed}: {interval} on {record.trials:,} fresh trials"
        )

    def _scores(self) -> str:
        assert self._event is not None
        record = self._event.record
        return f"centre {_score(record.centre_score)}  best {_score(record.best_score)}{self._test}"

    def _cost(self) -> str:
        assert self._event is not None
        record, report = self._event.record, self._event.report
        failures = f"  failed {record.failures}" if record.failures else ""
        return (
            f"{record.instances_per_second:,.0f} instances/s"
            f"  builds {report.get('builds', 0)} (+{report.get('cache_hits', 0)} cached)"
            f"  optimizer {record.optimizer_share:.1%}{failures}  ETA {self.eta()}"
        )


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"
