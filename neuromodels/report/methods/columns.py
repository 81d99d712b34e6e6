"""Equations, statements and tables as plain text in columns, readable in a pipe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from textwrap import wrap

WIDTH = 96
"""Characters of a line."""
INDENT = "    "
_WIDEST = 60
"""A longer equation does not push units and comments of all others to the right."""
_FEWEST_REPEATED, _LONG_RUN = 5, 6
_NO_BREAK = re.compile(r" (?!(?:[+-]|and|or|:) )")
"""A space at which code is not broken: only before a sum's next summand and the like."""
_BOUND = "\0"


@dataclass(frozen=True)
class Equation:
    """One line of Brian2 equations.

    Parameters
    ----------
    variable
        What it defines.
    text
        ``dv/dt = -v/tau``, ``y = tr_post``, or a name alone.
    unit
        With its flags, such as ``1 (shared)``.
    comment
        Without its ``#``.
    """

    variable: str
    text: str
    unit: str = ""
    comment: str = ""


def equations_in(text: str) -> list[Equation]:
    """Return the equations of a Brian2 string; one may go on over several lines."""
    equations, pending = [], ""
    for line in text.splitlines():
        code, _, comment = line.partition("#")
        code = code.strip()
        pending += code if code.startswith(("*", "/")) else f" {code}"
        if ":" in pending:
            left, _, unit = pending.strip().rpartition(":")
            left = " ".join(left.split())
            equations.append(Equation(_variable(left), left, unit.strip(), comment.strip()))
            pending = ""
    return equations


def _variable(left: str) -> str:
    derived, plain = re.findall(r"^(?:d(\w+)/dt|(\w+))", left)[0]
    return derived or plain


def align(equations: Iterable[Equation]) -> list[str]:
    """Return indented lines with units below units, and comments below comments."""
    equations = _abridge(list(equations))
    rows = [(e.text, f": {e.unit}" if e.unit else "") for e in equations]
    left = max((len(text) for text, unit in rows if unit and len(text) <= _WIDEST), default=0)
    right = max((len(unit) for _, unit in rows), default=0)
    lines = []
    for equation, (text, unit) in zip(equations, rows, strict=True):
        line = f"{text:{left}}  {unit:{right}}"
        comment = f"  # {equation.comment}" if equation.comment else ""
        if len(INDENT + line + comment) <= WIDTH:
            lines += _fold(line + comment)
        else:
            lines += [*_fold(line), *(INDENT + more for more in _fold(comment.strip()))]
    return [line for line in lines if line.strip()]


def _abridge(equations: list[Equation]) -> list[Equation]:
    """Return equations, of a long run that only counts on just the first two and the last."""
    kept: list[Equation] = []
    for _, group in groupby(equations, key=lambda each: re.sub(r"\d+", "0", str(each))):
        run = list(group)
        is_clear = len(run) >= _LONG_RUN and _count_on(run)
        kept += [*run[:2], Equation("", "..."), run[-1]] if is_clear else run
    return kept


def _count_on(run: list[Equation]) -> bool:
    """Whether each number in the equations goes on by the same from one to the next."""
    numbers = [[int(digits) for digits in re.findall(r"\d+", each.text)] for each in run]
    steps = [[b - a for a, b in pairwise(column)] for column in zip(*numbers, strict=True)]
    return all(len(set(column)) == 1 for column in steps)


def statements_in(text: str) -> list[str]:
    """Return the statements of a Brian2 string, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def code_lines(statements: Sequence[str]) -> list[str]:
    """Return indented statements; a block that comes again at once is said only once."""
    lines = []
    for line in _without_repetition(list(statements)):
        lines += _fold(line)
    return lines


def under_heading(words: str, statements: Sequence[str]) -> list[str]:
    """Return statements below the words for when they run; nothing where there are none."""
    return [words, *code_lines(statements)] if statements else []


def _without_repetition(lines: list[str]) -> list[str]:
    for size in range(len(lines) // 2, _FEWEST_REPEATED - 1, -1):
        for start in range(len(lines) - 2 * size + 1):
            end = start + size
            if lines[start:end] == lines[end : end + size]:
                again = f"# the {size} lines from {lines[start].split()[0]!r} on are run twice"
                return [*lines[:end], again, *lines[end + size :]]
    return lines


def _fold(line: str) -> list[str]:
    line = line.rstrip()
    if len(INDENT + line) <= WIDTH:
        return [INDENT + line]
    code = " ".join(line.split())
    lines = _wrap(_NO_BREAK.sub(_BOUND, code))
    if max(map(len, lines)) > WIDTH:
        lines = _wrap(code)
    return [line.replace(_BOUND, " ") for line in lines]


def _wrap(line: str) -> list[str]:
    return wrap(
        line,
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=2 * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def paragraph(*sentences: str, hanging: str = "") -> list[str]:
    """Return sentences as the lines of one paragraph, all but the first behind `hanging`."""
    text = " ".join(" ".join(sentences).split())
    return wrap(
        text, WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def named_values(values: Mapping[str, str]) -> list[str]:
    """Return indented lines ``name = value``, the values below each other."""
    width = max(map(len, values), default=0)
    return [f"{INDENT}{name:{width}} = {value}" for name, value in values.items()]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return indented rows below their header; a first cell that comes again is left empty."""
    firsts = [row[0] for row in rows]
    shown = [
        ("" if number and row[0] == firsts[number - 1] else row[0], *row[1:])
        for number, row in enumerate(rows)
    ]
    cells = [header, *shown]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(f"{c:{w}}" for c, w in zip(r, widths, strict=True)) for r in cells]
    rule = "  ".join("-" * width for width in widths)
    return [(INDENT + line).rstrip() for line in (lines[0], rule, *lines[1:])]


def in_words(names: Iterable[str]) -> str:
    """Return names as one reads them: ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def reference_in(reference: str) -> str:
    """Return a reference in brackets behind what it is of; nothing where there is none."""
    return f" [{reference}]" if reference else ""


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
