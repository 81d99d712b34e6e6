"""What a network's study file names in other files: functions that are called, data that are read.

Nothing is run here before every other mistake of the file is known: a function is a reference until
somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.catalog import names_in
from neuromodels.errors import DeclarationError, StorageError
from neuromodels.exploration.network_file.arguments import Finders
from neuromodels.files import read_arrays
from neuromodels.models.fingerprint import DEFINITION
from neuromodels.models.quantities import Unreadable, quantity_of, unreadable
from neuromodels.study.file import Declaration
from neuromodels.study.kinds import Key, Problem, nearest
from neuromodels.study.own_files import digest_of, digest_of_name, placed, why_changed

MOST_BYTES = 2**30
"""Of a file of data."""
DATA = {"file", "unit"}


@dataclass(frozen=True)
class OwnFunction:
    """A function in a file of the user's, which has not been run.

    Parameters
    ----------
    key
        Where it is named.
    path, name
        Its file and its name there.
    definition
        A digest of what it is made of.
    """

    key: Key
    path: Path
    name: str
    definition: str

    def found(self) -> Callable[..., Any]:
        """Run the file and return the function.

        Raises
        ------
        DeclarationError
            Where the file cannot be run, or has no function of that name.
        """
        where = ".".join(self.key)
        names = names_in(str(self.path), where)
        function = names.get(self.name)
        if not callable(function):
            own = [n for n, v in names.items() if callable(v) and not n.startswith("_")]
            cure = nearest(self.name, own).strip()
            told = f"{self.path.name} must have a function of that name"
            raise DeclarationError(where, told, self.name, cure)
        with suppress(AttributeError, TypeError):  # what cannot be marked is known by its text
            setattr(function, DEFINITION, self.definition)
        return function


@dataclass
class OwnFiles:
    """The files that a declaration names, as they are found.

    Parameters
    ----------
    declaration
        Decides where they may lie.
    contents
        Digests of what is named, by dotted key.
    code
        Files that will be run.
    whole
        By what is written: the same with its whole path, and without any.
    """

    declaration: Declaration
    contents: dict[str, str] = field(default_factory=dict)
    code: set[Path] = field(default_factory=set)
    whole: dict[str, tuple[str, str]] = field(default_factory=dict)

    def finders(self, key: Key) -> Finders:
        """Return what finds the files that a key names."""
        finds = self._function, self._data, self._spikes
        return Finders(*(partial(find, key) for find in finds))

    def _function(self, key: Key, written: Any) -> OwnFunction:
        path, _, name = written.rpartition(":") if isinstance(written, str) else ("", "", "")
        if not path.endswith(".py") or not name.isidentifier():
            raise unreadable("must name a function, such as 'my_network.py:build'", written)
        file = self._place(key, path)
        definition = digest_of_name(file, name)
        self._note(key, definition, why_changed(file, name))
        self.code.add(file)
        self.whole[written] = f"{file}:{name}", name
        return OwnFunction(key, file, name, definition)

    def _data(self, key: Key, written: Mapping[str, Any]) -> Any:
        """Return what a text file or an npy file holds, with a unit."""
        unit = quantity_of(written.get("unit", 1))
        return _numbers_in(self._data_file(key, written)) * unit

    def _spikes(self, key: Key, written: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], Any]:
        """Return the arrays of an npz file, and the unit of its times."""
        if "unit" not in written:
            raise Unreadable("needs the unit of the times beside the file, such as unit = 'ms'.")
        unit, file = quantity_of(written["unit"]), self._data_file(key, written)
        try:
            return read_arrays(file), unit
        except StorageError as error:
            cure = "numpy.savez writes such a file."
            raise Unreadable(f"{file.name} must hold arrays: {error} {cure}") from None

    def _data_file(self, key: Key, written: Mapping[str, Any]) -> Path:
        """Return the file of a table that names one; its digest is noted."""
        for each in written:
            if each not in DATA:
                raise unreadable("has an unknown key", each, nearest(each, DATA))
        name = written.get("file")
        if not isinstance(name, str):
            raise unreadable("must be numbers, or {file = 'spikes.txt', unit = 'ms'}", written)
        file = self._place(key, name)
        self._note((*key, file.name), digest_of(file), f"{file} has changed since this run began.")
        self.whole[name] = str(file), ""
        return file

    def _place(self, key: Key, written: str) -> Path:
        about = self.declaration
        file = placed(
            key,
            written,
            Path(about.source).parent,
            is_by_hand=about.is_by_hand(key),
            anywhere=not about.is_text,
            stored_in=about.stored_in,
        )
        if isinstance(file, Problem):
            raise Unreadable(file.text)
        if not file.is_file():
            raise unreadable("there must be such a file", str(file))
        return file

    def _note(self, key: Key, digest: str, changed: str) -> None:
        place = ".".join(key)
        if self.declaration.recorded.get(place, digest) != digest:
            raise Unreadable(changed)
        self.contents[place] = digest


def _numbers_in(file: Path) -> np.ndarray:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        if file.suffix == ".npy":
            return np.asarray(np.load(file, allow_pickle=False), dtype=float)
        is_csv = file.suffix == ".csv"
        return np.loadtxt(file, delimiter="," if is_csv else None, ndmin=1)
    except (OSError, ValueError, TypeError, EOFError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable(f"{file.name} must hold numbers: {told}.") from None
