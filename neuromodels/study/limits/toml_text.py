"""TOML texts of strangers: read within limits, so that no text takes minutes or all memory."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MOST_LETTERS = 1_000_000
"""Of a study file; those of the package have 3,000."""
DEEPEST = 32
"""Tables and lists within each other, or parts of a dotted key."""

_PART = r"""(?:[^\s.=\[\]{}#,"']++|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY = re.compile(rf"(?m)(?:^|[\[{{,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{DEEPEST}}}")
TOO_DEEP = f"tables and lists within each other may be {DEEPEST} deep"


class UnreadableText(ValueError):
    """A text that is no TOML, or more of it than is read.

    Parameters
    ----------
    message
        What is wrong.
    line
        Where, from 1; None: nobody knows.
    """

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


def table_in(text: str) -> dict[str, Any]:
    """Return the table of a TOML text.

    Raises
    ------
    UnreadableText
        Where it is none, is too long or too deep, or holds a number with thousands of digits.
    """
    if len(text) > MOST_LETTERS:
        must = f"a study file has at most {MOST_LETTERS:,} letters"
        raise UnreadableText(f"{must}; got {len(text):,}")
    if deep := _DEEP_KEY.search(text):  # tomllib takes the square of its parts
        raise UnreadableText(TOO_DEEP, _line_of(text, deep.start()))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else max(len(text.splitlines()), 1)
        raise UnreadableText(f"not valid TOML: {error}", line) from None
    except RecursionError:
        raise UnreadableText(TOO_DEEP, _deepest_line(text)) from None
    except ValueError:  # Python reads no more digits than this
        long = re.search(r"\d[\d_]{4000,}", text)
        where = _line_of(text, long.start()) if long else None
        raise UnreadableText("a whole number has at most 19 digits", where) from None


def value_in(text: str) -> Any:
    """Return the one value that a user wrote behind ``KEY=``; what is no TOML is a bare word.

    Raises
    ------
    UnreadableText
        Where it is too long or too deep, or more than one value.
    """
    try:
        table = table_in(f"value = {text}")
    except UnreadableText as error:
        if not str(error).startswith("not valid TOML"):
            raise
        return text.strip()
    if len(table) > 1:
        raise UnreadableText("must be one value; a new line begins another key")
    return table["value"]


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _deepest_line(text: str) -> int:
    """Return the line with the most brackets."""
    lines = [line.count("[") + line.count("{") for line in text.split("\n")]
    return lines.index(max(lines)) + 1
