"""Runs that lie beside each other: one that is damaged or private hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from neuromodels.errors import StorageError
from neuromodels.store.folder import STUDY
from neuromodels.store.store import StoredRun, explain_refusal

Tell = Callable[[str], None]
"""Gets a sentence about what was left out."""
MOST_NAMES = 5


def ignore(text: str) -> None:
    """Tell nobody."""


def stored_runs(folder: Path, tell: Tell = ignore) -> list[StoredRun]:
    """Return the runs in the folders of `folder`, newest first.

    Parameters
    ----------
    tell
        Gets a sentence about each run that cannot be read, and about folders that are private.
    """
    found: list[tuple[float, StoredRun]] = []
    for path in folders_in(folder, tell):
        try:
            if (path / STUDY).is_file():
                found.append(((path / STUDY).stat().st_mtime, readable_run(path)))
        except (StorageError, OSError) as error:
            tell(left_out(error))
    found.sort(key=lambda each: each[0], reverse=True)
    return [run for _, run in found]


def readable_run(path: Path) -> StoredRun:
    """Return the run of a folder, whose study is whole.

    Raises
    ------
    StorageError
        When it is not, or there is no run.
    """
    run = StoredRun(path)
    _ = run.study
    return run


def folders_in(folder: Path, tell: Tell = ignore) -> list[Path]:
    """Return the folders in a folder that this user may look into, by name.

    Raises
    ------
    RunNotFound
        When it may itself not be looked into.
    """
    with explain_refusal(folder):
        paths = (
            sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        )
    private = [path for path in paths if not _may_be_entered(path)]
    if private:
        names = ", ".join(path.name for path in private[:MOST_NAMES])
        more = f" and {len(private) - MOST_NAMES:,} more" if len(private) > MOST_NAMES else ""
        tell(f"{folder}: left out what only its owner may read: {names}{more}.")
    return [path for path in paths if path not in private]


def _may_be_entered(folder: Path) -> bool:
    try:
        (folder / STUDY).stat()
    except PermissionError:
        return False
    except OSError:
        pass
    return True


def each_whole[M, T](
    members: Iterable[M], work: Callable[[M], T], tell: Tell
) -> Iterator[tuple[M, T]]:
    """Yield each member with what `work` makes of it; tell of each that is damaged.

    Raises
    ------
    StorageError
        When there is only one, and it is damaged.
    """
    several = list(members)
    for member in several:
        try:
            yield member, work(member)
        except StorageError as error:
            if len(several) == 1:
                raise
            tell(left_out(error))


def left_out(error: Exception) -> str:
    """Return the sentence about something that cannot be read."""
    return f"left out: {error}"
