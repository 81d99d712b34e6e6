"""Catalogs of rules, neurons and tasks by name, open to a user's own files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import fields
from numbers import Integral, Real
from pathlib import Path
from runpy import run_path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from neuromodels.errors import DeclarationError, said_by


class Catalog[T](Mapping[str, T]):
    """Named values of one kind; ``"my_rules.py:CALCIUM"`` names one in a user's file.

    Such a file is the only code that a study can run.  It is read once, when it is first named.

    Parameters
    ----------
    kind
        The class of the values.
    members
        What the package itself declares; every value has a ``name``.
    """

    def __init__(self, kind: type[T], members: Iterable[T]):
        self.kind = kind
        self._members = {member.name: member for member in members}  # type: ignore[attr-defined]
        self._from_files: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name in self._members:
            return self._members[name]
        if ".py:" not in name:
            raise KeyError(name)
        if name not in self._from_files:
            self._from_files[name] = self._load_member(*name.rsplit(":", 1))
        return self._from_files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def _load_member(self, path: str, name: str) -> T:
        """Run a user's file and return the member that it declares."""
        where = f"{self.kind.__name__} {path}:{name}"
        names = names_in(path, where)
        if not isinstance(names.get(name), self.kind):
            known = [key for key, value in names.items() if isinstance(value, self.kind)]
            raise DeclarationError(
                where,
                f"the file must declare a {self.kind.__name__} of that name",
                name,
                f"It declares: {', '.join(known) or 'none'}.",
            )
        check_fields(names[name], where)
        return names[name]


def names_in(path: str, where: str) -> dict[str, Any]:
    """Run a user's file and return what it declares; what it prints goes to stderr.

    Parameters
    ----------
    where
        Who asks, for messages.

    Raises
    ------
    DeclarationError
        Where it cannot be read, or does not come to its end.
    """
    try:
        return run_file(Path(path).expanduser())
    except DeclarationError:
        raise
    except FileFailed as failed:
        raise DeclarationError(where, f"the file {failed.must}", failed.said) from None


class FileFailed(Exception):
    """A file of a user that did not come to its end.

    Parameters
    ----------
    error
        What it has raised.
    """

    def __init__(self, error: BaseException):
        self.error, self.said = error, said_by(error)
        self.must = _promise_broken_by(error)
        super().__init__(self.said)


def run_file(path: Path) -> dict[str, Any]:
    """Run a user's file and return its names; what it prints goes to stderr.

    Raises
    ------
    FileFailed
        Whatever it raises, also what would end this program.
    DeclarationError
        What its own declarations are refused with.
    """
    try:
        with redirect_stdout(sys.stderr):
            return run_path(str(path))
    except (DeclarationError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        raise FileFailed(error) from None


def _promise_broken_by(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return "must import nothing that is not installed here"
    if isinstance(error, SyntaxError | UnicodeDecodeError | OSError):
        return "must be readable Python"
    if isinstance(error, Exception):
        return "must run without an error"
    return "must not end the program"


# -- what a field may hold ------------------------------------------------------------------------


def check_fields(value: Any, where: str) -> None:
    """Refuse a declared value with a field of another kind than its class says.

    Raises
    ------
    DeclarationError
        With the first of them.
    """
    hints = get_type_hints(type(value))
    for field in fields(value):
        given = getattr(value, field.name)
        if not _fits(given, hints[field.name]):
            raise DeclarationError(
                f"{where}.{field.name}", f"must be {_in_words(hints[field.name])}", given
            )


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind that an annotation names; a list may stand for a tuple."""
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if kind is Literal:
        return isinstance(value, str) and value in parts
    if kind is tuple:
        return isinstance(value, tuple | list) and _row_fits(value, parts)
    if kind is Mapping:
        return isinstance(value, Mapping) and _all_fit(value, *parts)
    if kind in (int, float):
        number = Integral if kind is int else Real
        return isinstance(value, number) and not isinstance(value, bool)
    return kind in (Any, object) or isinstance(value, kind)


def _row_fits(values: Any, parts: tuple[Any, ...]) -> bool:
    if parts and parts[-1] is Ellipsis:
        return all(_fits(value, parts[0]) for value in values)
    pairs = zip(values, parts, strict=False)
    return len(values) == len(parts) and all(_fits(value, part) for value, part in pairs)


def _all_fit(table: Mapping[Any, Any], key: Any, value: Any) -> bool:
    if value is object:  # a table may wait with its values until somebody asks
        return all(_fits(each, key) for each in table)
    return all(_fits(each, key) and _fits(inner, value) for each, inner in table.items())


def _in_words(hint: Any) -> str:
    """Return an annotation without the modules in it."""
    words = {"str": "text", "int": "a whole number", "float": "a number"}
    name = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    return words.get(name, re.sub(r"\b\w+\.", "", name))
