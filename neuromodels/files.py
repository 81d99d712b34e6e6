"""Files that are either whole or absent, and errors a user can act on."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from neuromodels.errors import StorageError

TEMPORARY = ".part"
KEY_BYTES = 32
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
            with open(temporary, "wb") as file:
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
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
        return path.read_bytes()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder, or the content of a file, survive a power cut."""
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
        When the file cannot be read or holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(str(path), f"cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise StorageError(str(path), "must hold a JSON object", type(value).__name__)
    return value


def arrays_to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as an uncompressed npz archive, without pickles."""
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise StorageError(f"array {name!r}", "must hold numbers or text, not objects")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read every array of an npz archive; nothing pickled is ever loaded.

    Raises
    ------
    StorageError
        When the archive is missing, cut short or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(str(path), f"cannot be read: {error}") from error
    return arrays_of_bytes(content, path)


def arrays_of_bytes(content: bytes, path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an npz archive that was read from `path`; see `read_arrays`."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, BadZipFile, ZlibError, EOFError, KeyError) as error:
        raise StorageError(str(path), f"cannot be read: {error}") from error
