"""Catalogs of rules, neurons and tasks by name, open to a user's own files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from runpy import run_path
from typing import Any

from neuromodels.errors import DeclarationError


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
        return names[name]


def names_in(path: str, where: str) -> dict[str, Any]:
    """Run a user's file and return what it declares.

    Parameters
    ----------
    where
        Who asks, for messages.

    Raises
    ------
    DeclarationError
        Where it cannot be read.
    """
    try:
        return run_path(str(Path(path).expanduser()))
    except DeclarationError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise DeclarationError(where, "the file must be readable Python", said) from None
