"""What a contract is, and what came of each of its promises.

A promise is a method ``test_...`` that takes what is declared and raises a `DeclarationError` where
it is not kept.  So pytest runs a contract as it is: a subclass with one fixture is a test file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from unittest import SkipTest

from neuromodels.errors import DeclarationError, NeuromodelsError

PREFIX = "test_"


@dataclass(frozen=True)
class Verdict:
    """What came of one promise.

    Parameters
    ----------
    promise
        Its name in words.
    about
        What it asks for, one sentence.
    status
        ``"ok"``, ``"failed"``, or ``"left out"`` where it means nothing.
    message
        What is wrong, or why it is left out; empty for ``"ok"``.
    """

    promise: str
    about: str
    status: Literal["ok", "failed", "left out"]
    message: str = ""


class Contract:
    """Promises that every member of a catalog keeps."""

    kind: ClassVar[type]
    """The class of what is declared."""

    def promises(self) -> dict[str, Callable[[Any], None]]:
        """Return the promises by name, in the order in which they are written."""
        names: dict[str, None] = {}
        for owner in reversed(type(self).__mro__):
            names.update(dict.fromkeys(name for name in vars(owner) if name.startswith(PREFIX)))
        return {name: getattr(self, name) for name in names}

    def verdicts(self, declared: Any) -> Iterator[Verdict]:
        """Yield what comes of each promise."""
        for name, promise in self.promises().items():
            words = name.removeprefix(PREFIX).replace("_", " ")
            about = (promise.__doc__ or "").partition("\n")[0]
            yield Verdict(words, about, *_outcome(promise, declared))


def _outcome(promise: Callable[[Any], None], declared: Any) -> tuple[Any, str]:
    try:
        promise(declared)
    except SkipTest as reason:
        return "left out", str(reason)
    except NeuromodelsError as error:
        return "failed", str(error)
    except Exception as error:  # whatever a user's declaration makes Brian2 say
        return "failed", f"{type(error).__name__}: {error}"
    return "ok", ""


class Same:
    """A declared value that equals itself only, so that a cache can keep what was made of it."""

    def __init__(self, declared: Any):
        self.declared = declared

    def __hash__(self) -> int:
        return id(self.declared)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.declared is self.declared


def require(holds: bool, where: str, must: str, got: object, cure: str = "") -> None:
    """Raise a `DeclarationError` unless something holds."""
    if not holds:
        raise DeclarationError(where, must, got, cure)


def leave_out(unless: bool, reason: str) -> None:
    """Leave a promise out where it means nothing; pytest then skips it."""
    if not unless:
        raise SkipTest(reason)
