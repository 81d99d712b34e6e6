"""Errors a user can act on: ``Owner.field: what must hold; got value. Cure.``"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import TracebackType

from neuromodels._installation import DISTRIBUTION, refuse_mixture

refuse_mixture()  # everybody imports this module, also behind the face of another package

MOST_LINES, MOST_LETTERS = 20, 2000
"""Of a message on a screen."""
_LONGEST_VALUE = 300
_SHORT_LINE, _LAST_LINES = 200, 5
_ELLIPSIS = " [...] "
_ABSENT = object()
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All that moves a cursor, sets a colour or turns the direction of text; not tabs and new lines."""


def printable(text: str) -> str:
    """Return a text whose control characters are written out, as ``\\x1b`` for an escape.

    Whatever comes from a file passes here before it reaches a terminal or a page.
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def on_one_screen(text: str) -> str:
    """Return a message as a terminal shows it: `MOST_LINES` lines and `MOST_LETTERS` at most.

    The middles of long lines are left out first, then lines before the last ones.
    """
    lines = printable(text).splitlines()
    width = max(map(len, lines), default=0)
    while width > _SHORT_LINE and _letters(lines) > MOST_LETTERS:
        width = max(width * 9 // 10, _SHORT_LINE)
        lines = [without_middle(line, width) for line in lines]
    first, last = lines[:-_LAST_LINES], lines[-_LAST_LINES:]
    shown_lines, left_out = lines, 0
    while first and (len(shown_lines) > MOST_LINES or _letters(shown_lines) > MOST_LETTERS):
        first, left_out = first[:-1], left_out + 1
        shown_lines = [*first, f"  [... {left_out:,} more lines ...]", *last]
    return "\n".join(shown_lines)


def _letters(lines: list[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def without_middle(text: str, longest: int) -> str:
    """Return a text of at most `longest` letters, without its middle where it is longer."""
    if len(text) <= longest:
        return text
    kept = max(longest - len(_ELLIPSIS), 0)
    return text[: kept - kept // 3] + _ELLIPSIS + text[len(text) - kept // 3 :]


def shown(value: object) -> str:
    """Return a value as messages show it: any value at all, and not too much of it."""
    try:
        return without_middle(repr(value), _LONGEST_VALUE)
    except BaseException:  # too many digits, too deep, or a class of the user's own
        return f"a value of type {type(value).__name__} that cannot be shown"


def said_by(error: BaseException) -> str:
    """Return what an exception says, with its kind: also one that fails while it says it."""
    kind = type(error).__name__
    try:
        text = str(error).strip()
    except BaseException:
        text = ""
    return f"{kind}: {text}" if text else kind


def pip_command(extra: str) -> str:
    """Return the command that installs an extra of this package, for a cure."""
    return f'pip install "{DISTRIBUTION}[{extra}]"'


class NeuromodelsError(Exception):
    """A message with its place, its rule, the offending value and the cure.

    Parameters
    ----------
    where
        Owner and field, as the user wrote them: ``"Coefficient.low"``.
    must
        What must hold.
    got
        The value that does not hold.
    cure
        What to do about it, one sentence.

    Attributes
    ----------
    owner
        The part of a model that it is about, where `where` does not say.
    """

    def __init__(self, where: str, must: str, got: object = _ABSENT, cure: str = ""):
        self.where = self.owner = where
        found = "" if got is _ABSENT else f"; got {shown(got)}"
        super().__init__(f"{where}: {must}{found}." + (f" {cure}" if cure else ""))


class DeclarationError(NeuromodelsError, ValueError):
    """A model, rule, task, circuit or study that contradicts itself."""


class EquationError(DeclarationError):
    """An equation string that cannot be read, with the line and the token underlined.

    Parameters
    ----------
    where
        The object whose equation it is.
    must
        What is wrong, in the words of whoever read it.
    place
        The line, and the token underlined.
    """

    def __init__(self, where: str, must: str, place: str = ""):
        super().__init__(where, must)
        self.args = (f"{self}\n{place}" if place else str(self),)


class UnsupportedFeature(NeuromodelsError, NotImplementedError):
    """Something that Brian2 can do and the batch device cannot."""


class BuildError(NeuromodelsError):
    """The compiler or the build cache failed."""


class SimulationError(NeuromodelsError):
    """A run that could not be started or finished."""


class OutOfMemory(SimulationError, MemoryError):
    """Memory that a run asked for and did not get; names what it was for."""


class BrokenRun(SimulationError):
    """A run that a signal ended, or one whose numbers are of no use after that."""


class StorageError(NeuromodelsError):
    """A run folder that cannot be written, or belongs to something else."""


class DamagedRun(StorageError):
    """A run folder that lacks what it must hold, or holds what cannot be read."""


class RunNotFound(StorageError):
    """No stored run where one was expected; names the command that makes it."""


# -- tracebacks ---------------------------------------------------------------------------------


def keep_own_tracebacks() -> None:
    """Show errors of this package without Brian2's advice to report them to Brian2.

    Brian2 puts its own hook for uncaught errors in place when it is imported; rooms that import
    it call this behind it. What does not pass through this package is left to that hook.
    """
    theirs = sys.excepthook
    if getattr(theirs, "__module__", "") != "brian2.utils.logger":
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        own = isinstance(error, NeuromodelsError) or _passes_through_here(trace)
        (sys.__excepthook__ if own else theirs)(kind, error, trace)

    sys.excepthook = hook


def _passes_through_here(trace: TracebackType | None) -> bool:
    here = Path(__file__).parent
    while trace is not None:
        if here in Path(trace.tb_frame.f_code.co_filename).parents:
            return True
        trace = trace.tb_next
    return False
