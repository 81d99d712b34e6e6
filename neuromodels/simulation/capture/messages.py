"""Brian2's errors about a user's equations, on one screen and with the place marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from brian2.core.base import BrianObjectException
from brian2.equations.equations import EquationError as BrianEquationError
from brian2.units.fundamentalunits import DimensionMismatchError

from neuromodels.errors import EquationError, NeuromodelsError

#: Errors that Brian2 and sympy raise for text that a user wrote.
COMPLAINTS = (
    SyntaxError,
    KeyError,
    ValueError,
    TypeError,
    NotImplementedError,
    AttributeError,
    ArithmeticError,
    BrianEquationError,
    DimensionMismatchError,
)

QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")


def root(error: BaseException) -> BaseException:
    """Return the innermost cause of an error, or what Brian2 says it cannot do."""
    while not isinstance(error, NotImplementedError) and (
        error.__cause__ is not None or error.__context__ is not None
    ):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return error


@contextmanager
def explaining(subject: Any) -> Iterator[None]:
    """Turn an error raised while a network or group is prepared into an `EquationError`."""
    try:
        yield
    except NeuromodelsError:
        raise
    except BrianObjectException as error:
        if isinstance(root(error), NeuromodelsError):
            raise root(error) from None
        owner = getattr(error, "_brian_objname", "network")
        raise complaint(owner, error, _texts_of(subject, owner)) from None
    except COMPLAINTS as error:
        raise complaint(subject.name, error, _texts_of(subject, subject.name)) from None


@contextmanager
def reading(owner: str, *texts: str | None) -> Iterator[None]:
    """Turn an error raised while Brian2 reads `texts` into an `EquationError`."""
    try:
        yield
    except NeuromodelsError:
        raise
    except COMPLAINTS as error:
        raise complaint(owner, error, [text for text in texts if text]) from None


@contextmanager
def discarding(objects: Iterable[Any]) -> Iterator[None]:
    """On an error, keep Brian2 from warning about each object that was never run."""
    try:
        yield
    except Exception:
        for discarded in objects:
            discarded._network = "discarded"
        raise


def complaint(owner: str, error: BaseException, texts: Iterable[str]) -> EquationError:
    """Return the error to show: what is wrong, and the line and token where."""
    innermost = root(error)
    message = _first_lines(innermost)
    place = _syntax_place(innermost, texts) or _place(message, texts)
    return EquationError(owner, message, place or "")


def mark_token(text: str, token: str) -> str | None:
    """Return the line of `text` that holds a token, with the token underlined.

    Brian2 quotes expressions with spaces of its own, so spaces are free to differ.
    """
    parts = re.findall(r"\w+|[^\w\s]", token)
    start = r"\b" if parts[0].isidentifier() else ""
    end = r"\b" if parts[-1].isidentifier() else ""
    pattern = re.compile(start + r"\s*".join(map(re.escape, parts)) + end)
    for number, line in enumerate(_own_lines(text), start=1):
        match = pattern.search(line)
        if match:
            return _underline(number, line, match.start(), len(match.group()))
    return None


def _own_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.expandtabs(4).splitlines()]
    return [line for line in lines if line]


def _underline(number: int, line: str, start: int, length: int) -> str:
    head = f"  line {number}: "
    return f"{head}{line}\n{' ' * (len(head) + start)}{'^' * max(1, length)}"


def _place(message: str, texts: Iterable[str]) -> str | None:
    """Return the line and token of the first text that a message quotes and the user wrote."""
    quoted = [a or b for a, b in QUOTED.findall(message)]
    for token in quoted:
        for text in texts:
            place = mark_token(text, token.strip()) if token.strip() else None
            if place:
                return place
    return None


def _syntax_place(error: BaseException, texts: Iterable[str]) -> str | None:
    """Return the line that Python could not parse; its offset counts from the start of the text."""
    if not isinstance(error, SyntaxError) or not error.text:
        return None
    wanted = error.text.strip()
    for text in texts:
        for number, line in enumerate(_own_lines(text), start=1):
            if wanted in line:
                start = line.index(wanted) + max(0, (error.offset or 1) - 1)
                return _underline(number, line, min(start, len(line) - 1), 1)
    return None


def _texts_of(subject: Any, owner: str) -> list[str]:
    """Return the strings that a user wrote for an object, the likeliest first."""
    objects = getattr(subject, "sorted_objects", [subject])
    texts: list[str] = []
    for obj in objects:
        if obj.name == owner:
            texts += _strings(obj)
    for obj in objects:
        if owner.startswith(f"{obj.name}_"):
            texts += _strings(obj)
    return texts


def _strings(obj: Any) -> list[str]:
    texts = [getattr(obj, "abstract_code", None), getattr(obj, "code", None)]
    for codes in (getattr(obj, "events", None), getattr(obj, "event_codes", None)):
        texts += (codes or {}).values()
    equations = getattr(obj, "equations", None)
    if equations is not None:
        lines = (f"{eq.varname} = {eq.expr.code}" for eq in equations.values() if eq.expr)
        texts.append("\n".join(lines))
    return [text for text in texts if isinstance(text, str) and text.strip()]


def _first_lines(error: BaseException, most: int = 8) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else str(error)
    lines = [line.rstrip() for line in str(text).splitlines() if line.strip()]
    return "\n".join(lines[:most]).replace("(<unknown>, line 1)", "").strip().rstrip(".")
