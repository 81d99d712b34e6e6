"""What a value in a study file must be, and what is wrong with one that is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

Table = Mapping[str, Any]
Key = tuple[str, ...]
"""Where a value stands in a study: its section and its key, or longer."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with the value at `path`, as one sentence without its place."""

    path: Key
    text: str

    @property
    def key(self) -> str:
        """The path as it is written in a study file, with dots."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Kind:
    """What a value must be.

    Parameters
    ----------
    must
        In words, after "must be".
    holds
        Whether a value is of this kind.
    choices
        All values, where the list is closed: a mistake is told the nearest.
    """

    must: str
    holds: Callable[[Any], bool]
    choices: tuple[str, ...] = ()

    def problem(self, value: object) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.holds(value):
            return None
        return f"must be {self.must}; got {value!r}.{nearest(value, self.choices)}"


def nearest(value: object, known: Any) -> str:
    """Return a sentence that asks for the nearest known name, empty where none is near."""
    close = get_close_matches(str(value), list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether a value is a number; true, false and NaN are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def whole(low: int) -> Kind:
    """Return the kind of whole numbers from `low` on."""
    return Kind(f"a whole number >= {low}", lambda v: is_whole(v) and low <= v < 2**63)


def one_of(*names: str) -> Kind:
    """Return the kind of a word out of a closed list."""
    return Kind(f"one of {', '.join(names)}", lambda v: v in names, names)


def list_of(what: str, holds: Callable[[Any], bool]) -> Kind:
    """Return the kind of lists of distinct values, at least one, for each of which `holds`."""

    def is_distinct(value: object) -> bool:
        if not isinstance(value, list | tuple) or not value or not all(map(holds, value)):
            return False
        return len(set(value)) == len(value)

    return Kind(f"a list of distinct {what}", is_distinct)


TEXT = Kind("text", lambda v: isinstance(v, str))
NUMBER = Kind("a number", is_number)
NOT_NEGATIVE = Kind("a number >= 0", lambda v: is_number(v) and v >= 0)
SHARE = Kind("a number from 0 to 1", lambda v: is_number(v) and 0 <= v <= 1)
SWITCH = Kind("true or false", lambda v: isinstance(v, bool))
TABLE = Kind("a table", lambda v: isinstance(v, Mapping))
FROZEN = Kind(
    "a number to freeze at, or true or false", lambda v: isinstance(v, bool) or is_number(v)
)
NAME = Kind(
    "letters, digits, '_', '-' or '.', starting with a letter or digit",
    lambda v: isinstance(v, str) and re.fullmatch(r"[A-Za-z0-9][\w.-]*", v, re.ASCII) is not None,
)
