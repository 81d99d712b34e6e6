"""Where the threads of a block must wait for each other: what each piece of code touches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

NAME = re.compile(r"\b[a-z]\w+")
STORE = re.compile(r"\s*(\+\+|--|(<<|>>|[-+*/%&|^])?=(?!=))")


@dataclass
class Touches:
    """Names of arrays that are read or written, and of those that are written."""

    all: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    def meets(self, other: Touches) -> bool:
        """Whether one of the two writes what the other one touches."""
        return bool(self.all & other.written or self.written & other.all)

    def add(self, other: Touches) -> None:
        """Remember what `other` touches, too."""
        self.all |= other.all
        self.written |= other.written


def touches_of(text: str, arrays: Iterable[str]) -> Touches:
    """Return which of `arrays` a generated text touches.

    Whatever is not plainly an element that is read counts as written.
    """
    known, touches = set(arrays), Touches()
    for match in NAME.finditer(text):
        if match[0] in known:
            touches.all.add(match[0])
            if text[match.end()] != "[" or STORE.match(text, _behind_bracket(text, match.end())):
                touches.written.add(match[0])
    return touches


def _behind_bracket(text: str, place: int) -> int:
    """Return the place behind the bracket that closes the one at `place`."""
    depth = 0
    for k in range(place, len(text)):
        depth += (text[k] == "[") - (text[k] == "]")
        if depth == 0:
            return k + 1
    return len(text)
