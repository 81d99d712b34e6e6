"""Where the threads of a block must wait for each other: what each piece of code touches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

NAME = re.compile(r"\b_array_\w+")
STORE = re.compile(r"\s*(\+\+|--|(<<|>>|[-+*/%&|^])?=(?!=))")


@dataclass
class Touched:
    """Names of arrays that are read or written, and of those that are written."""

    all: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    def meets(self, other: Touched) -> bool:
        """Whether one of the two writes what the other one touches."""
        return bool(self.all & other.written or self.written & other.all)

    def add(self, other: Touched) -> None:
        """Remember what `other` touches, too."""
        self.all |= other.all
        self.written |= other.written


def touched(text: str, arrays: Iterable[str]) -> Touched:
    """Return which of `arrays` a generated text touches.

    Whatever is not plainly an element that is read counts as written.
    """
    known, found = set(arrays), Touched()
    for match in NAME.finditer(text):
        if match[0] in known:
            found.all.add(match[0])
            if text[match.end()] != "[" or STORE.match(text, _closing(text, match.end())):
                found.written.add(match[0])
    return found


def _closing(text: str, place: int) -> int:
    """Return the place behind the bracket that closes the one at `place`."""
    depth = 0
    for k in range(place, len(text)):
        depth += (text[k] == "[") - (text[k] == "]")
        if depth == 0:
            return k + 1
    return len(text)
