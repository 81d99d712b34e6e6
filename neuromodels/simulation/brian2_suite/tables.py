"""The verdict of Brian2's tests as text and as the page ``docs/reference/brian2_suite.md``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import brian2

import neuromodels

if TYPE_CHECKING:
    from neuromodels.simulation.brian2_suite.records import Record

COLUMNS = ("passed", "refused", "failed", "skipped")
HEAD = ("precision", "run statements", *COLUMNS, "passed of the others")
LEFT_OUT = (
    "Tests that need the GSL library and tests that Brian2 marks as long are not run; "
    "brian2.test leaves both out."
)
MEANINGS = """\
*Refused*: you get an `UnsupportedFeature` that names the object, before anything is compiled.
*Skipped*: the test declines by itself, for the reason it gives, and judges nothing. The last
column is the share that passed, of all tests that were not skipped. *Failed*: everything else
that does not pass."""

Judged = dict[str, list["Record"]]


def text(judged: Judged, command: str) -> str:
    """Return the verdict for a terminal."""
    rows = [HEAD, *_rows(judged)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [_title(), command, LEFT_OUT, ""]
    lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    for outcome in _not_passed(judged):
        lines += ["", f"{outcome}:"]
        lines += [f"  {name} ({where}): {why}" for name, where, why in _reasons(judged, outcome)]
    return "\n".join(lines)


def markdown(judged: Judged, command: str) -> str:
    """Return the verdict as a page."""
    lines = ["# Brian2's own tests on the batch device", "", f"{_title()}, by", ""]
    lines += [f"    {command}", "", LEFT_OUT, "", MEANINGS, ""]
    lines += _table(HEAD, _rows(judged))
    for outcome in _not_passed(judged):
        rows = [(f"`{name}`", where, why) for name, where, why in _reasons(judged, outcome)]
        lines += ["", f"## {outcome.capitalize()}", ""]
        lines += _table(("test", "precision", "reason"), rows)
    return "\n".join(lines)


def _title() -> str:
    return (
        f"Tests of brian2 {brian2.__version__} on the batch device of neuromodels "
        f"{neuromodels.__version__}"
    )


def _rows(judged: Judged) -> Iterator[tuple[str, ...]]:
    for precision, tests in judged.items():
        for runs in ("single", "multiple"):
            yield precision, runs, *_counts([test for test in tests if test.runs == runs])
        yield precision, "all", *_counts(tests)


def _counts(tests: list[Record]) -> Iterator[str]:
    counts = Counter(test.outcome for test in tests)
    yield from (str(counts[column]) for column in COLUMNS)
    meant = len(tests) - counts["skipped"]
    yield f"{100 * counts['passed'] / meant:.1f} %" if meant else "-"


def _not_passed(judged: Judged) -> list[str]:
    found = {test.outcome for tests in judged.values() for test in tests}
    return [outcome for outcome in ("failed", "refused", "skipped") if outcome in found]


def _reasons(judged: Judged, outcome: str) -> Iterator[tuple[str, str, str]]:
    """Yield test, precisions and reason; what is the same in both precisions once."""
    merged: dict[tuple[str, str], list[str]] = {}
    for precision, tests in judged.items():
        for test in tests:
            if test.outcome == outcome:
                merged.setdefault((test.name, _lasting(test.reason)), []).append(precision)
    for (name, why), precisions in sorted(merged.items()):
        yield name, ", ".join(precisions), why


def _lasting(reason: str) -> str:
    """Drop what is of this run: folders, and numbers that Brian2 adds to names already in use."""
    without_folders = re.sub(r"(?<![^\s'\"(])/(?:[^\s/'\"]+/)+", "", reason)
    return re.sub(r"(?<=[a-z])_\d+(?=_[a-z]|\b)", "", without_folders)


def _table(head: tuple[str, ...], rows) -> list[str]:
    lines = [head, ["---"] * len(head), *([_plain(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _plain(cell: str) -> str:
    """Keep a reason from being read as markup; code between backticks stays as it is."""
    return cell if cell.startswith("`") else re.sub(r"([|*<`\\])", r"\\\1", cell)
