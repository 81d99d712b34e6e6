"""What is done of an evaluation, kept on disk so that it can go on after a stop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neuromodels import files
from neuromodels.errors import StorageError

#: Seconds between two checkpoints.
EVERY = 10.0
FILE = "measured.npz"
DIGEST = "declaration"


class Checkpoint:
    """Measured values of the first instances.

    Parameters
    ----------
    folder
        Where they are kept; None: nowhere.
    digest
        Of what was declared: another declaration does not go on from these values.
    """

    def __init__(self, folder: Path | None = None, digest: str = ""):
        self.folder, self.digest = folder, digest
        self._chunks: list[Mapping[str, np.ndarray]] = []
        self._saved = time.monotonic()

    def load(self) -> int:
        """Read what is kept, and return how many instances are done.

        Raises
        ------
        StorageError
            Where the file is of another declaration, or damaged.
        """
        path = self._path
        if path is None or not path.exists():
            return 0
        stored = read_arrays(path, self.digest)
        self._chunks = [stored]
        return len(next(iter(stored.values())))

    def add(self, measured: Mapping[str, np.ndarray]) -> None:
        """Take the values of the next instances; store all, now and then."""
        self._chunks.append(measured)
        if time.monotonic() - self._saved > EVERY:
            self.save()

    def save(self) -> None:
        """Store all values, so that a reader sees the old file or the new one."""
        if self._path is None or not self._chunks:
            return
        write_arrays(self._path, self.digest, self.measured())
        self._saved = time.monotonic()

    def measured(self) -> dict[str, np.ndarray]:
        """Return the values of all instances so far."""
        names = self._chunks[0] if self._chunks else {}
        joined = {n: np.concatenate([chunk[n] for chunk in self._chunks]) for n in names}
        self._chunks = [joined] if joined else []
        return joined

    @property
    def _path(self) -> Path | None:
        return None if self.folder is None else Path(self.folder) / FILE


def read_arrays(path: Path, digest: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file that `write_arrays` wrote.

    Raises
    ------
    StorageError
        Where it is of another declaration, or damaged.
    """
    stored = files.read_arrays(path, DIGEST)
    if str(stored.pop(DIGEST)) != digest:
        told = "belongs to another model, design or seed"
        raise StorageError(str(path), told, cure="Choose another folder.")
    return stored


def write_arrays(path: Path, digest: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays so that a reader sees the old file or the new one."""
    with files.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.replace_file(path, files.arrays_to_bytes({DIGEST: np.array(digest), **arrays}))
