"""Old names of functions, study keys and commands, which stay for one minor version and warn.

Add a `Rename` to a table below when a public name changes.  A test fails as soon as one is over:
remove it then.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rename:
    """A public name that has become another.

    Parameters
    ----------
    old, new
        A function ``"sweep"``, a study key ``"search.trials"`` or a command ``"run"``. A key stays
        in its section.
    since
        The minor version that has the new name, ``"0.2"``.
    """

    old: str
    new: str
    since: str

    @property
    def gone(self) -> str:
        """The minor version that no longer has the old name."""
        major, minor = map(int, self.since.split("."))
        return f"{major}.{minor + 1}"

    @property
    def told(self) -> str:
        """What a user reads."""
        return (
            f"{self.old!r} is {self.new!r} since neuromodels {self.since}."
            f" Write the new name: {self.gone} will not know the old one."
        )

    def warn(self) -> None:
        """Warn the caller of whoever calls this; Python shows this kind to users."""
        warnings.warn(self.told, FutureWarning, stacklevel=3)


FUNCTIONS: tuple[Rename, ...] = ()
"""Names of ``neuromodels`` itself."""

KEYS: tuple[Rename, ...] = ()
"""Keys of study files."""

COMMANDS: tuple[Rename, ...] = ()
"""Commands, without their options."""


def renaming_of(old: str, renames: Iterable[Rename]) -> Rename | None:
    """Return what has become of an old name, None where it is none."""
    return next((each for each in renames if each.old == old), None)


def with_new_keys(table: dict[str, Any]) -> dict[str, Any]:
    """Give values of a study under old keys to the new ones, with a warning each.

    Where both stand there the old one stays, and is refused as unknown.
    """
    for rename in KEYS:
        section, _, old = rename.old.rpartition(".")
        new = rename.new.rpartition(".")[2]
        keys = table.get(section, {}) if section else table
        if isinstance(keys, dict) and old in keys and new not in keys:
            rename.warn()
            keys[new] = keys.pop(old)
    return table


def with_new_command(arguments: Sequence[str]) -> tuple[list[str], str]:
    """Return arguments with the new name of the command, and what to say about it."""
    rename = renaming_of(arguments[0], COMMANDS) if arguments else None
    if rename is None:
        return list(arguments), ""
    return [rename.new, *arguments[1:]], rename.told
