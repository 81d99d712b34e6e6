"""What each test of a suite came to: a pytest plugin, loaded by its name.

The hooks of a plugin that is loaded by name are functions of a module, so the open record is kept
here as well; `recorded` opens one and closes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from textwrap import shorten

import pytest

from neuromodels.errors import UnsupportedFeature

#: Mildest first: a test came to the worst of its set-up, its call and its tear-down.
OUTCOMES = ("passed", "skipped", "refused", "failed")
LONGEST_REASON = 240


@dataclass
class Record:
    """One test.

    Parameters
    ----------
    name
        File and function.
    runs
        ``"single"`` or ``"multiple"`` run statements.
    outcome
        One of `OUTCOMES`.
    reason
        Why it did not pass, in one line.
    """

    name: str
    runs: str
    outcome: str = "passed"
    reason: str = ""

    def add(self, outcome: str, reason: str) -> None:
        """Count one more phase of the test."""
        if OUTCOMES.index(outcome) > OUTCOMES.index(self.outcome):
            self.outcome, self.reason = outcome, reason


@dataclass
class Records:
    """All tests of one or more calls of pytest, and the exit status of each call."""

    tests: dict[str, Record] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)


_open: list[Records] = []


@contextmanager
def recorded() -> Iterator[Records]:
    """Record every test that pytest runs meanwhile, if this module is one of its plugins."""
    _open.append(Records())
    try:
        yield _open[-1]
    finally:
        _open.pop()


def outcome_of(error: BaseException | None) -> tuple[str, str]:
    """Return what one phase of a test came to, and why, from the exception that ended it.

    Only the package's own `UnsupportedFeature` is a refusal, be it the error itself or, where
    Brian2 has added its object, the cause; any other `NotImplementedError` is a failure.
    """
    if error is None:
        return "passed", ""
    if isinstance(error, pytest.skip.Exception):
        return "skipped", _one_line(error)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, UnsupportedFeature):
            return "refused", _one_line(cause)
    return "failed", shorten(_one_line(causes[-1]), LONGEST_REASON, placeholder=" ...")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, (pytest.skip.Exception, UnsupportedFeature)):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# -- what pytest calls --------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> None:
    """Look at the exception itself: Brian2 reports every NotImplementedError as skipped."""
    if not _open:
        return
    name = f"{item.path.name}::{item.name}"
    runs = "multiple" if item.get_closest_marker("multiple_runs") else "single"
    record = _open[-1].tests.setdefault(name, Record(name, runs))
    record.add(*outcome_of(call.excinfo and call.excinfo.value))


def pytest_sessionfinish(exitstatus: int) -> None:
    """Keep how the call of pytest ended: a suite that stopped early judges nothing."""
    if _open:
        _open[-1].statuses.append(int(exitstatus))


def pytest_keyboard_interrupt() -> None:
    """Stop for good: Brian2 would start pytest again for its next part."""
    raise KeyboardInterrupt
