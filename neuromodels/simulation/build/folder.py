"""The folder of compiled programs: nobody but its owner may put anything into it."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from neuromodels.errors import BuildError

if sys.platform != "win32":
    import grp
    import pwd

HAS_MODES = os.name == "posix"
"""Else the rights of a file are no bits, and the user's own folders are private by themselves."""
READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

#: Mode of new folders, and what of a mode lets others write.
PRIVATE, OTHERS_WRITE = 0o700, 0o022
STALE_AFTER = 24 * 3600.0

#: What a build may leave, beside folders named ``build-``.
SUFFIXES = (".so", ".cpp", ".cu", ".lock", ".solution", ".part")


def folder() -> Path:
    """Return the cache folder: ``$NEUROMODELS_CACHE`` or where the system keeps a user's caches."""
    chosen = os.environ.get("NEUROMODELS_CACHE")
    return Path(chosen) if chosen else user_cache_path("neuromodels", appauthor=False)


# ------------------------------------------------------------------------------------------ trust


def check_folder() -> None:
    """Refuse a cache that somebody else could fill: its programs run in this process.

    Raises
    ------
    BuildError
        With the folder, or the one above it, that others may write.
    """
    wrong = _exposed(folder())
    if wrong is None:
        return
    path, why = wrong
    raise BuildError(
        "cache",
        f"only you may write the build cache {folder()} and the folders above it",
        f"{path} {why}",
        f"Use `chmod go-w {path}`, or set NEUROMODELS_CACHE to a folder of your own.",
    )


def is_trusted() -> bool:
    """Whether nobody else can write into the cache folder."""
    return _exposed(folder()) is None


def _exposed(chosen: Path) -> tuple[Path, str] | None:
    """Return the first folder through which others reach a path, and why."""
    if not HAS_MODES:
        return None
    path = Path(os.path.abspath(chosen))
    for each in dict.fromkeys([*path.parents, path, *path.resolve().parents, path.resolve()]):
        try:
            status = os.stat(each)
        except OSError:
            continue  # not there yet: it will be made private
        is_shared = status.st_mode & stat.S_ISVTX and each not in (path, path.resolve())
        if status.st_uid not in _trusted_owners():
            return each, f"belongs to user {status.st_uid}"
        if _others_write(status) and not is_shared:
            return each, f"has mode {stat.S_IMODE(status.st_mode):o}"
    return None


def _is_foreign(status: os.stat_result) -> bool:
    """Whether somebody else may have written a file."""
    return status.st_uid not in _trusted_owners() or _others_write(status)


def _trusted_owners() -> set[int]:
    """Return who may own folders: the user, root, and whoever owns everything (in containers)."""
    return {os.geteuid(), 0, os.stat("/").st_uid}


def _others_write(status: os.stat_result) -> bool:
    mode = status.st_mode & OTHERS_WRITE
    return bool(mode & stat.S_IWOTH) or bool(mode and not _is_private_group(status.st_gid))


def _is_private_group(number: int) -> bool:
    """Whether a group is a user's own, as many systems make one for each."""
    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    is_own = number == user.pw_gid and group.gr_name == user.pw_name
    return is_own and set(group.gr_mem) <= {user.pw_name}


# ---------------------------------------------------------------------------------- sealed files


def is_whole(path: Path) -> bool:
    """Whether a file is there, of a trusted owner, and ends with its own digest."""
    return sealed_content(path) is not None


def sealed_content(path: Path) -> bytes | None:
    """Return a file's content without its digest; None where it is missing, cut or foreign."""
    try:
        with open(os.open(path, READ), "rb") as file:
            if HAS_MODES and _is_foreign(os.fstat(file.fileno())):
                return None
            content = file.read()
    except OSError:
        return None
    return content[:-32] if _digest(path, content[:-32]) == content[-32:] else None


def put_sealed(content: bytes, path: Path) -> None:
    """Write a file with its digest, in one step that survives a power cut.

    Loaders ignore the digest; to load a library that was cut off would kill the process.
    """
    number, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
    try:
        with open(number, "wb") as file:
            file.write(content + _digest(path, content))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o755)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _digest(path: Path, content: bytes) -> bytes:
    """Return a digest that no other file of the cache has: a copy under another name is foreign."""
    return sha256(path.name.encode() + b"\0" + content).digest()


# ----------------------------------------------------------------------------------------- builds


def make_folder() -> None:
    """Make the cache folder, for the user alone, and remove what killed builds have left."""
    for each in [*reversed(folder().absolute().parents), folder()]:
        with suppress(FileExistsError):
            each.mkdir(mode=PRIVATE)
    for left in folder().glob("build-*"):
        with suppress(FileNotFoundError):  # its builder has ended
            if time.time() - left.stat().st_mtime > STALE_AFTER:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def only_builder(target: Path) -> Iterator[None]:
    """Let one process at a time build `target`; the lock dies with its process."""
    with _lock_at(target.with_suffix(".lock")):
        yield


def _lock_at(path: Path) -> FileLock:
    """Return the lock of a file; where the cache was cleared meanwhile it takes the new file."""
    return FileLock(path, preserve_lock_file=True, fallback_to_soft=False)


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """Give a build a folder of its own, named after what it builds."""
    path = Path(tempfile.mkdtemp(prefix=f"build-{target.stem}-", dir=folder()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


# ---------------------------------------------------------------------------------------- content


def entries() -> list[dict]:
    """Return key, size in bytes and time of creation of every compiled program.

    Raises
    ------
    BuildError
        Where the folder cannot be read.
    """
    programs = []
    for path in _content():
        with suppress(FileNotFoundError):  # another process may clear the cache
            if path.suffix == ".so":
                found = path.stat()
                row = {"key": path.stem, "bytes": found.st_size, "created": found.st_mtime}
                programs.append(row)
    return programs


def clear() -> int:
    """Delete every program and leftover, but not the builds under way; count the programs.

    Raises
    ------
    BuildError
        Where something cannot be deleted; the rest is.
    """
    count, refused = 0, None
    content = _content()
    busy = {path.stem for path in content if path.suffix == ".lock" and _is_locked(path)}
    for path in content:
        if path.stem in busy or _key_of_workplace(path) in busy:
            continue
        try:
            _remove(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            refused = refused or error
        else:
            count += path.suffix == ".so"
    if refused is not None:
        raise BuildError(
            "cache",
            f"the build cache {folder()} must be writable to be cleared",
            refused.strerror,
            "Clear it as the user who owns it, or set NEUROMODELS_CACHE to another folder.",
        )
    return count


def _content() -> list[Path]:
    try:
        return [folder() / name for name in sorted(os.listdir(folder()))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BuildError(
            "cache",
            f"the build cache {folder()} must be a folder that can be read",
            error.strerror,
            "Change its permissions, or set NEUROMODELS_CACHE to another folder.",
        ) from None


def _remove(path: Path) -> None:
    if path.name.startswith("build-"):
        shutil.rmtree(path)
    elif path.suffix in SUFFIXES:
        path.unlink()


def _is_locked(path: Path) -> bool:
    try:
        with _lock_at(path).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _key_of_workplace(path: Path) -> str:
    return path.name.split("-")[1] if path.name.startswith("build-") else ""
