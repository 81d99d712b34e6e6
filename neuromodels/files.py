"""Files that are either whole or absent, and errors a user can act on."""

from __future__ import annotations

import io
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from neuromodels.errors import DamagedRun, StorageError, said_by

TEMPORARY = ".neuromodels-part"
"""End of a file that is being written: a run folder is swept of them, so nobody else has it."""
KEY_BYTES = 32
NO_WAIT, BINARY = getattr(os, "O_NONBLOCK", 0), getattr(os, "O_BINARY", 0)
LARGEST_JSON = 2**28
"""Bytes; the list of a sweep with ten thousand settings has a tenth."""
PRIVATE = 0o700
"""Mode of new folders: nobody but the user looks into them."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a message with a cure.

    Raises
    ------
    StorageError
        For a full disk, missing permissions, or a file where a folder should be.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            str(path),
            f"cannot be written: {reason}",
            cure="Free space or permissions, or name another folder with --out;"
            " what was stored before is intact.",
        ) from error


def check_target(path: Path, begins: bytes = b"") -> Path:
    """Return where a file that a user names is written: a new one, or in place of one of its kind.

    Parameters
    ----------
    begins
        What files of its kind begin with.

    Raises
    ------
    StorageError
        For a folder, a device or a pipe, and for a file that begins otherwise.
    """
    with writing(path):
        target = path.resolve()
        if not os.path.lexists(target):
            return target
        if not target.is_file():
            cure = "Name a new file."
            raise StorageError(str(path), "is a folder, a device or a pipe, no file", cure=cure)
        with open(target, "rb") as file:
            if file.read(len(begins)) != begins:
                must = "is there already, and is of another kind"
                raise StorageError(str(path), must, cure="Name a new file, or remove this one.")
    return target


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file so that a killed process leaves the old one or the new one, never a part.

    Parameters
    ----------
    durable
        Wait until it survives a power cut too; takes milliseconds.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    with writing(path):
        try:
            with _new_file(temporary, 0o666) as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(temporary, path)
            if durable:
                sync_folder(path.parent)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def folder_key(path: Path) -> bytes:
    """Return the secret of a run folder, 32 random bytes, made when missing."""
    with writing(path):
        if path.is_file() and len(key := path.read_bytes()) == KEY_BYTES:
            return key
        temporary = path.with_name(path.name + TEMPORARY)
        with _new_file(temporary, 0o600) as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
        return path.read_bytes()


def _new_file(path: Path, mode: int) -> BinaryIO:
    """Open a file that was not there: what lies there may be a stranger's link to another file."""
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, mode), "wb")


def refuse_link(path: Path) -> None:
    """Refuse a link where a folder from a stranger is written: it may lead anywhere.

    Raises
    ------
    StorageError
        When there is a link, also one that leads nowhere.
    """
    with writing(path):
        if path.is_symlink():
            cure = "Remove the link, or put what it leads to in its place."
            must = "is a link, and nothing is written through one in a run folder"
            raise StorageError(str(path), must, cure=cure)


def content_of(path: Path, most: int | None = None) -> bytes:
    """Return what a file of a run folder holds: a pipe or a device may have no end.

    Parameters
    ----------
    most
        Bytes that it may have; None: any number that fits into the memory.

    Raises
    ------
    StorageError
        When it cannot be read, is no file, or has more.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | NO_WAIT | BINARY)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise StorageError(str(path), "cannot be read: it is no file")
            if most is not None and status.st_size > most:
                raise StorageError(str(path), f"must have at most {most:,} bytes", status.st_size)
            return file.read()
    except OSError as error:
        raise StorageError(str(path), f"cannot be read: {error.strerror or error}") from error
    except (MemoryError, OverflowError) as error:
        raise StorageError(str(path), "cannot be read: it is larger than the memory") from error


def sync_folder(folder: Path) -> None:
    """Make renames in a folder, or the content of a file, survive a power cut."""
    if os.name == "nt" and folder.is_dir():  # it has no such call
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file atomically."""
    replace_file(path, (json.dumps(value, indent=2) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    StorageError
        When the file cannot be read.
    DamagedRun
        When it holds something else.
    """
    try:
        value = json.loads(content_of(path, LARGEST_JSON).decode())
    except (ValueError, RecursionError) as error:
        raise DamagedRun(str(path), f"cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise DamagedRun(str(path), "must hold a JSON object", type(value).__name__)
    return value


def arrays_to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as an uncompressed npz archive, without pickles."""
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise StorageError(f"array {name!r}", "must hold numbers or text, not objects")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_arrays(path: Path, *needed: str) -> dict[str, np.ndarray]:
    """Read every array of an npz archive; nothing pickled is ever loaded.

    Parameters
    ----------
    needed
        Names that it must have: else it is another file.

    Raises
    ------
    StorageError
        When the archive is missing, cut short or damaged.
    """
    arrays = arrays_of_bytes(content_of(path), path)
    for name in needed:
        if name not in arrays:
            raise DamagedRun(str(path), f"cannot be read: it has no array {name!r}")
    return arrays


def arrays_of_bytes(content: bytes, path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an npz archive that was read from `path`; see `read_arrays`."""
    try:
        _refuse_bomb(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile and numpy raise a dozen kinds over damaged bytes
        raise StorageError(str(path), f"cannot be read: {str(error) or said_by(error)}") from error


def _refuse_bomb(content: bytes) -> None:
    """Refuse an archive whose arrays say that they are larger than the archive.

    Raises
    ------
    ValueError
        For one that is compressed, too, since nothing here writes any.
    """
    with ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if any(member.compress_type != ZIP_STORED for member in members):
            raise ValueError("its arrays are compressed")
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("its arrays are larger than the file")
        for member in members:
            with archive.open(member) as array:
                check_array_size(array, member.file_size)


def check_array_size(array: Any, size: int) -> None:
    """Refuse an array that says that it has more numbers than its `size` in bytes can hold.

    Parameters
    ----------
    array
        The opened file of one array in an npz archive.

    Raises
    ------
    ValueError
        With the number of numbers, before any of them takes memory.
    """
    version = np.lib.format.read_magic(array)
    if version not in _HEADERS:
        raise ValueError(f"an array has the format {version}")
    shape, _, kind = _HEADERS[version](array)
    count = math.prod(shape)
    if count * max(kind.itemsize, 1) > size:
        raise ValueError(f"an array says that it has {count:,} numbers, and is shorter")


_HEADERS: Mapping[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
