"""What a value in a study file must be, and what is wrong with one that is not."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isinf
from typing import Any

from neuromodels.errors import shown

LARGEST = sys.float_info.max
"""No number of a study is beyond it, whole ones neither."""
MOST = 10**9
"""Of whatever a study counts but for its seeds: more of anything takes years."""
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
    highest
        Of numbers, told to whoever goes beyond it.
    is_real
        Whether a real number is meant, which may be written as a whole one.
    """

    must: str
    holds: Callable[[Any], bool]
    choices: tuple[str, ...] = ()
    highest: float = LARGEST
    is_real: bool = False

    def problem(self, value: object) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.holds(value):
            return None
        if isinstance(value, int | float) and value > self.highest:
            return f"must be {self.must} and at most {self.highest:,}; got {shown(value)}."
        return f"must be {self.must}; got {shown(value)}.{nearest(value, self.choices)}"

    def value(self, written: Any) -> Any:
        """Return what a value of this kind means, however it was written: 1 is 1.0, -0.0 is 0."""
        return float(written) + 0.0 if self.is_real else written


def nearest(value: object, known: Any) -> str:
    """Return a sentence that asks for the nearest known name, empty where none is near."""
    names = list(known)
    if not isinstance(value, str) or not names or len(value) > 3 * max(map(len, names)):
        return ""
    close = get_close_matches(value, names, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether a value is a finite number that double precision holds; true and false are not."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return -LARGEST <= value <= LARGEST


def is_bound(value: object) -> bool:
    """Whether a value is a number, or an infinite one, which bounds nothing."""
    return is_number(value) or (isinstance(value, float) and isinf(value))


def is_among(names: Collection[str], value: object) -> bool:
    """Whether a value, which may be anything, is one of some words."""
    return isinstance(value, str) and value in names


def whole(low: int, high: int = MOST) -> Kind:
    """Return the kind of whole numbers from `low` on."""

    def holds(value: Any) -> bool:
        return is_whole(value) and low <= value <= high

    return Kind(f"a whole number >= {low}", holds, highest=high)


def one_of(*names: str) -> Kind:
    """Return the kind of a word out of a closed list."""
    return Kind(f"one of {', '.join(names)}", lambda v: is_among(names, v), names)


def list_of(what: str, holds: Callable[[Any], bool]) -> Kind:
    """Return the kind of lists of distinct values, at least one, for each of which `holds`."""

    def is_distinct(value: object) -> bool:
        if not isinstance(value, list | tuple) or not value or not all(map(holds, value)):
            return False
        return len(set(value)) == len(value)

    return Kind(f"a list of distinct {what}", is_distinct)


TEXT = Kind("text", lambda v: isinstance(v, str))
NUMBER = Kind("a finite number", is_number, is_real=True)
BOUND = Kind("a number", is_bound, is_real=True)
ABOVE_ZERO = Kind("a number > 0", lambda v: is_number(v) and v > 0, is_real=True)
NOT_NEGATIVE = Kind("a number >= 0", lambda v: is_number(v) and v >= 0, is_real=True)
SHARE = Kind("a number from 0 to 1", lambda v: is_number(v) and 0 <= v <= 1, is_real=True)
SWITCH = Kind("true or false", lambda v: isinstance(v, bool))
TABLE = Kind("a table", lambda v: isinstance(v, Mapping))
FROZEN = Kind(
    "a number to freeze at, or true or false", lambda v: isinstance(v, bool) or is_number(v)
)
NAME = Kind(
    "letters, digits, '_', '-' or '.', starting with a letter or digit, at most 200",
    lambda v: (
        isinstance(v, str) and re.fullmatch(r"[A-Za-z0-9][\w.-]{0,199}", v, re.ASCII) is not None
    ),
)
