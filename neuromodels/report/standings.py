"""Where each condition under each seed of a run stands, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from neuromodels.store.records import GenerationRecord, TestRecord
from neuromodels.study.outcome import FAILURES

Key = tuple[str, int]
RECENT = 50
"""Generations whose median duration is the pace."""


@dataclass(frozen=True)
class Standing:
    """Where one condition under one seed stands.

    Parameters
    ----------
    generations, of
        Finished generations and how many there will be; 0 where nothing is searched.
    centre, best
        Newest scores of the centre and of the best candidate; None where every trial failed.
    test
        The newest point of the learning curve or, once there is one, the final score.
    pace
        Median seconds of the last `RECENT` generations, see `pace_of`.
    failures
        Failed instances so far by kind.
    is_active
        Whether it is what the run works on.
    """

    condition: str
    seed: int
    generations: int = 0
    of: int = 0
    centre: float | None = None
    best: float | None = None
    test: TestRecord | None = None
    pace: float | None = None
    failures: Mapping[str, int] = field(default_factory=dict)
    is_active: bool = False

    @property
    def key(self) -> Key:
        """Condition and seed."""
        return self.condition, self.seed

    @property
    def is_done(self) -> bool:
        """Whether there is a final score."""
        return self.test is not None and self.test.kind == "final"

    @property
    def state(self) -> str:
        """``done``, ``searching``, ``scoring``, ``unfinished``, or ``waiting``."""
        if self.is_done:
            return "done"
        if self.is_active:
            return "searching" if self.generations < self.of else "scoring"
        return "unfinished" if self.generations else "waiting"

    @property
    def seconds_left(self) -> float | None:
        """Seconds that its missing generations take at its pace, if that is known."""
        if self.pace is None or self.is_done:
            return None
        return (self.of - self.generations) * self.pace


def standing_after(
    condition: str, seed: int, of: int, rows: Sequence[GenerationRecord], test: TestRecord | None
) -> Standing:
    """Return where a search with these generations and this newest test stands."""
    if not rows:
        return Standing(condition, seed, of=of, test=test)
    return Standing(
        condition,
        seed,
        len(rows),
        of,
        centre=rows[-1].centre_score,
        best=rows[-1].best_score,
        test=test,
        pace=pace_of([row.seconds for row in rows]),
        failures=failures_by_kind(rows),
    )


def pace_of(seconds: Sequence[float]) -> float:
    """Return the pace of a search from how long its generations took, at least one.

    The first one contains the build of the network, so it counts only where it is alone.
    """
    return float(np.median(seconds[1:][-RECENT:] or seconds))


def with_active(standings: Iterable[Standing], keys: Collection[Key] = ()) -> tuple[Standing, ...]:
    """Return standings, in the order of the run, with those that the run works on as active.

    Parameters
    ----------
    keys
        Conditions and seeds that are known to be worked on. Those that are done no longer count;
        without any it is the first that is not done.
    """
    every = list(standings)
    active = {standing.key for standing in every if standing.key in keys and not standing.is_done}
    first = [standing.key for standing in every if not standing.is_done][:1]
    return tuple(
        replace(standing, is_active=standing.key in (active or first)) for standing in every
    )


def seconds_left(standings: Iterable[Standing]) -> float | None:
    """Return the seconds that all missing generations take, each at its condition's pace.

    A condition that was not begun is taken to be as fast as the others, and as many searches to
    go on side by side as do now. Scoring is not counted. None before the first generation.
    """
    every = list(standings)
    pace = {standing.condition: standing.pace for standing in every if standing.pace is not None}
    if not pace:
        return None
    typical = float(np.mean(list(pace.values())))
    left = [s for s in every if not s.is_done]
    abreast = max(1, sum(s.is_active and s.of > 0 for s in left))
    missing = ((s.of - s.generations) * pace.get(s.condition, typical) for s in left)
    return sum(missing) / abreast


# -- failures -----------------------------------------------------------------------------------


def kinds_of(record: GenerationRecord | TestRecord) -> dict[str, int]:
    """Return how many instances of a generation, or trials of a test, failed by kind.

    Only kinds that occurred are there.
    """
    counts = {kind: getattr(record, kind) for kind in FAILURES}
    return {kind: count for kind, count in counts.items() if count}


def failures_by_kind(records: Iterable[GenerationRecord | TestRecord]) -> dict[str, int]:
    """Return how many instances of several generations, or trials of tests, failed by kind."""
    return sum_counts(kinds_of(record) for record in records if record.failures)


def sum_counts(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of counts by kind, in the order of `FAILURES`."""
    total = dict.fromkeys(FAILURES, 0)
    for each in counts:
        for kind, count in each.items():
            total[kind] += count
    return {kind: count for kind, count in total.items() if count}


# -- as text ------------------------------------------------------------------------------------


def failures_text(failures: Mapping[str, int]) -> str:
    """Return counts by kind as text: ``5 (3 nan, 2 silence)``, ``3 nan``; empty without any."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in failures.items())
    return f"{sum(failures.values()):,} ({kinds})" if len(failures) > 1 else kinds


def failed_trials_text(failures: int, kinds: Mapping[str, int], trials: int) -> str:
    """Return the failed trials of tests as text: ``6 of 20 (6 nan)``; empty without any.

    Parameters
    ----------
    kinds
        How many of each kind, 0 included; a test of an older version does not know.
    """
    if not failures:
        return ""
    named = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    return f"{failures:,} of {trials:,}" + (f" ({named})" if named else "")


def score_text(score: float | None) -> str:
    """Return a score as text."""
    return "-" if score is None else f"{score:.3f}"


def interval_text(test: TestRecord) -> str:
    """Return a test with its interval as text, its failed trials, and whose neurons never fired."""
    failed = f", {test.failures:,} of {test.trials:,} failed" if test.failures else ""
    silent = f", {' and '.join(test.silent)} silent" if test.silent else ""
    return _interval(test) + failed + silent


def _interval(test: TestRecord) -> str:
    return f"{test.score:.3f} ({test.low:.3f} - {test.high:.3f})"


def time_text(seconds: float | None) -> str:
    """Return a duration as text, ``0:12:30``; empty when it is not known."""
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))


def place_text(standing: Standing) -> str:
    """Return condition and seed as text."""
    return f"{standing.condition}, seed {standing.seed}"


def scores_text(standing: Standing, gap: str = "  ") -> str:
    """Return the newest scores of a search as text."""
    scores = [f"centre {score_text(standing.centre)}", f"best {score_text(standing.best)}"]
    if standing.test:
        scores.append(f"test {interval_text(standing.test)} at {standing.test.generation:,}")
    return gap.join(scores)


def search_text(standing: Standing) -> str:
    """Return how far a search is as text: ``plastic seed 1 6/12 centre ...``."""
    place = f"{standing.condition} seed {standing.seed}"
    return f"{place} {standing.generations}/{standing.of} {scores_text(standing)}"


def final_text(test: TestRecord) -> str:
    """Return a final score as text."""
    trials = f"{test.inputs:,} held-out inputs" if test.inputs else f"{test.trials:,} fresh trials"
    score = f"{test.score:.3f} (exact)" if test.exact else _interval(test)
    failed = failed_trials_text(test.failures, kinds_of(test), test.trials)
    more = f"; failed: {failed}" if failed else ""
    more += f"; silent: no spike of {' or '.join(test.silent)} neurons" if test.silent else ""
    return f"{test.condition}, seed {test.seed}: {score} on {trials}{more}"
