"""How long is fuzzed: a few cases that are always the same, or new ones until a time is spent.

hypothesis has no limit of time. Here it draws chunks of cases, each chunk from the next seed,
until a target's share of ``NEUROMODELS_FUZZ_SECONDS`` is spent. Without that variable there is one
small chunk from seed 0. A failure does not end the search: its kind is kept once, with the smallest
case that was found, and the rest goes on.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning

SECONDS, SEED = "NEUROMODELS_FUZZ_SECONDS", "NEUROMODELS_FUZZ_SEED"
SHARES = {
    "study files": 0.15,
    "command lines": 0.2,
    "run folders": 0.25,
    "networks": 0.3,
    "readers": 0.1,
}
"""Of the whole time, by target."""
CHUNK = 200
LONGEST_SHRINKING = 20.0
"""Seconds in which a failing case is made smaller."""
TESTS = Path(__file__).parents[1]


class Hung(BaseException):
    """A case took too long; no `Exception`, so that nothing catches it on its way."""


@dataclass
class Failure:
    """The smallest case of one kind of failure.

    Parameters
    ----------
    case
        As Python writes it: it can be put into a test.
    seed
        Of the chunk in which it was found.
    text
        The traceback.
    times
        How often this kind was met.
    """

    case: str
    seed: int
    text: str
    times: int = 1


def seconds_for(target: str) -> float | None:
    """Return the share of a target of the time that is given; None: only a few cases."""
    whole = os.environ.get(SECONDS)
    return float(whole) * SHARES[target] if whole else None


def fuzz(
    target: str,
    cases: Any,
    check: Callable[[Any], None],
    few: int,
    longest: float = 30.0,
    chunk: int = CHUNK,
    found: Sequence[Any] = (),
) -> None:
    """Check random cases, and fail with a list of what was found.

    Parameters
    ----------
    target
        One of `SHARES`.
    cases
        A strategy of hypothesis for plain values.
    check
        Raises where a case shows a fault.
    few
        Cases where no time is given.
    longest
        Seconds that one case may take.
    chunk
        Cases from one seed, where a time is given.
    found
        Cases that showed a fault once; they are checked first.
    """
    share = seconds_for(target)
    hunt = Hunt(check, longest)
    for case in found:
        hunt.take(case, 0)
    if share is None:
        hunt.draw(cases, 0, few)
    else:
        hunt.end = hunt.begun + share
        first = int(os.environ.get(SEED) or random.SystemRandom().randrange(10**9))
        for number in count(first):
            if time.monotonic() >= hunt.end:
                break
            hunt.draw(cases, number, chunk)
    text = hunt.text(target)
    sys.stdout.write(f"\n{text}\n")
    assert not hunt.failures, f"{target}: {len(hunt.failures)} failures, see above"


@dataclass
class Hunt:
    """What was checked so far, and what was found."""

    check: Callable[[Any], None]
    longest: float
    begun: float = field(default_factory=time.monotonic)
    end: float = float("inf")
    cases: int = 0
    failures: dict[tuple, Failure] = field(default_factory=dict)

    def draw(self, cases: Any, number: int, most: int) -> None:
        """Check `most` cases of one seed, and make what fails smaller."""
        known, failed_at = set(self.failures), []

        def judge(case: Any) -> None:
            now = time.monotonic()
            late = failed_at and now > failed_at[0] + LONGEST_SHRINKING
            if late or (not failed_at and now > self.end):
                return
            kind, error = self.take(case, number)
            # to make smaller what hangs would take as long again and again
            if error is not None and kind not in known and isinstance(error, Exception):
                failed_at.append(now)
                raise error

        run = seed(number)(settings(_SETTINGS, max_examples=most)(given(cases)(judge)))
        try:
            with catch_warnings():
                simplefilter("ignore", HypothesisWarning)  # of long cases
                run()
        except Exception:  # also hypothesis's own, of cases for which no time was left
            if not failed_at:
                raise

    def take(self, case: Any, number: int) -> tuple[tuple | None, BaseException | None]:
        """Check one case; return the kind of its failure and the error, or None."""
        self.cases += 1
        try:
            with no_longer_than(self.longest):
                self.check(case)
        except (Exception, Hung) as error:
            return self._keep(case, number, error), error
        return None, None

    def _keep(self, case: Any, number: int, error: BaseException) -> tuple:
        kind = kind_of(error)
        before = self.failures.get(kind)
        text = "".join(traceback.format_exception(error))
        found = Failure(repr(case), number, text, before.times + 1 if before else 1)
        # of one seed the last is the smallest
        if before is None or (len(found.case), number != before.seed) <= (len(before.case), False):
            self.failures[kind] = found
        else:
            before.times += 1
        return kind

    def text(self, target: str) -> str:
        """Return the line of a target, and each failure below it."""
        spent = time.monotonic() - self.begun
        head = f"{target}: {self.cases:,} cases, {spent:.0f} s, {len(self.failures)} failures"
        found = [
            f"{each.text.rstrip()}\nmet {each.times} times, first from seed {each.seed}; "
            f"the smallest case:\n{each.case}"
            for each in self.failures.values()
        ]
        return "\n\n".join([head, *found])


_SETTINGS = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


def kind_of(error: BaseException) -> tuple:
    """Return what makes two failures the same: their type, and the line that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "neuromodels/" in f.filename or str(TESTS) in f.filename]
    last = (own or frames)[-1]
    return type(error).__name__, last.filename, last.lineno


@contextmanager
def no_longer_than(limit: float) -> Iterator[None]:
    """Raise `Hung` in what computes for longer, in seconds, or waits for ten times as long.

    A busy machine makes everything last longer, but not compute longer.
    """

    def ring(number: int, frame: Any) -> None:
        raise Hung(f"took longer than {limit} s")

    alarms = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = {number: signal.signal(number, ring) for number in alarms}
    signal.setitimer(signal.ITIMER_PROF, limit, limit)
    signal.setitimer(signal.ITIMER_REAL, 10 * limit, 10 * limit)
    try:
        yield
    finally:
        for number, timer in alarms.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
