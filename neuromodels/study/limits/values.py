"""What no value of a study may be, wherever it stands and whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neuromodels.study.kinds import Key, Problem
from neuromodels.study.limits.toml_text import DEEPEST, TOO_DEEP

LONGEST_TEXT = 10_000
LONGEST_PATH = 4_000
LONGEST_NAME = 255
"""Of a file in its folder."""
WORD = 2**63
"""Whole numbers reach from -WORD to WORD - 1, as TOML has them."""


def unusable_values(table: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each value that nothing may be made of; looks into tables and lists."""
    problems = []
    waiting: list[tuple[Key, Any, int]] = [((), table, 0)]
    while waiting:  # the depth of a table is no depth of calls
        path, value, depth = waiting.pop()
        if depth > DEEPEST:
            problems.append(Problem(path[:DEEPEST], f"is too deep; {TOO_DEEP}."))
        elif wrong := _why_unusable(value):
            problems.append(Problem(path, wrong))
        else:
            waiting += [(key, inner, depth + 1) for key, inner in _inner(path, value)]
    return problems


def _inner(path: Key, value: Any) -> Iterator[tuple[Key, Any]]:
    if isinstance(value, Mapping):
        yield from (((*path, str(key)), inner) for key, inner in value.items())
    elif isinstance(value, list | tuple):
        yield from ((path, inner) for inner in value)


def _why_unusable(value: Any) -> str:
    """Return what is wrong with a single value, empty where nothing is."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"must have at most {LONGEST_TEXT:,} letters; got {len(value):,}."
    if isinstance(value, str) and "\0" in value:
        return "must not hold the letter NUL."
    if isinstance(value, int) and not -WORD <= value < WORD:
        # Python writes no number of thousands of digits; only its length is safe to show
        return f"must have at most 19 digits; got a whole number of {value.bit_length():,} bits."
    return ""


def why_no_path(path: str) -> str:
    """Return why no file can have this path, empty where one can."""
    if len(path) > LONGEST_PATH or max(len(part) for part in path.split("/")) > LONGEST_NAME:
        return (
            f"must have at most {LONGEST_PATH:,} letters, and {LONGEST_NAME} between two slashes;"
            f" got {len(path):,}."
        )
    return ""
