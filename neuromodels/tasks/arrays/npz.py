"""The arrays of a task out of an ``.npz`` file; nothing in it is ever run or unpickled."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from neuromodels.errors import DeclarationError, said_by
from neuromodels.files import check_array_size
from neuromodels.tasks.arrays.trial_arrays import ARRAYS, AXES, TrialArrays

WHERE = "ArrayTask.file"
MOST_BYTES = 2**33
"""Of all arrays of a file, as the file declares them."""


def read_trial_arrays(file: str) -> TrialArrays:
    """Return the arrays of a file; those of a file that has not changed are read once.

    Parameters
    ----------
    file
        An ``.npz`` file with ``inputs``, and ``labels`` or ``targets``; it may have ``mask``,
        ``test``, ``told`` and ``classes`` too.

    Raises
    ------
    DeclarationError
        Where it cannot be read, lacks an array, has another one, or its arrays are refused.
    """
    path = Path(file).expanduser()
    try:
        if not path.is_file():
            raise FileNotFoundError
        state = path.stat()
    except (OSError, ValueError):
        raise DeclarationError(WHERE, "must be an .npz file; there is none", file) from None
    return _read(str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(file: str, changed: int, size: int) -> TrialArrays:
    """Read a file; when it changed and its size tell whether it is still the same."""
    try:
        _check_members(file)
        with np.load(file, allow_pickle=False) as found:
            given = {name: found[name] for name in found.files}
    except DeclarationError:
        raise
    except MemoryError:
        raise DeclarationError(WHERE, "must fit into the memory of this machine", file) from None
    except Exception as error:  # zipfile and numpy raise a dozen kinds over damaged bytes
        raise DeclarationError(
            WHERE,
            "must be an .npz file of plain numbers",
            f"{file}, which cannot be read: {said_by(error)}",
            "`numpy.savez` writes one; arrays of Python objects are never read.",
        ) from None
    if "classes" in given:
        given["classes"] = _whole(given["classes"])
    return TrialArrays(**given)


def _check_members(file: str) -> None:
    """Refuse what is not there, what nobody asked for, and more than memory is for."""
    with ZipFile(file) as archive:
        members = archive.infolist()
        _check_names([member.filename.removesuffix(".npy") for member in members])
        total = sum(member.file_size for member in members)
        if total > MOST_BYTES:
            must = f"must hold at most {MOST_BYTES:,} bytes"
            raise DeclarationError(WHERE, must, f"{total:,}")
        for member in members:
            with archive.open(member) as array:
                check_array_size(array, member.file_size)


def _check_names(names: list[str]) -> None:
    known = f"{', '.join(ARRAYS[:-1])} and {ARRAYS[-1]}"
    if "inputs" not in names:
        told = ", ".join(names) or "an empty file"
        raise DeclarationError(WHERE, "must hold an array 'inputs'", told, f"Known are {known}.")
    if strange := [name for name in names if name not in ARRAYS]:
        raise DeclarationError(WHERE, f"may hold {known}, and nothing else", strange[0])


def _whole(value: np.ndarray) -> int:
    if value.dtype.kind not in "iu" or value.size != 1:
        raise DeclarationError("ArrayTask.classes", "must be one whole number", value)
    return int(value.reshape(-1)[0])


def write_trial_arrays(file: str, arrays: TrialArrays) -> None:
    """Write arrays as a file that `read_trial_arrays` reads, inputs in single precision.

    Parameters
    ----------
    file
        Its name ends in ``.npz``.
    """
    if not str(file).endswith(".npz"):
        raise DeclarationError(WHERE, "must end in .npz", file)
    given = {name: getattr(arrays, name) for name in AXES if getattr(arrays, name) is not None}
    kinds = {"inputs": np.float32, "targets": np.float32, "told": np.float32}
    whole = {"mask": np.int8, "test": np.int8, "taught": np.int8, "labels": int, "shown": int}
    kept = {name: value.astype({**kinds, **whole}[name]) for name, value in given.items()}
    if arrays.targets is None:
        kept["classes"] = np.array(arrays.classes)
    np.savez_compressed(file, **kept)
