"""Files outside a study that it names: a user's own Python files, and the run it starts from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.study.kinds import Key, Problem
from neuromodels.study.names import NEURONS, section_of

Announce = Callable[[Path], None]
"""Called with a file of the user's own before it is run."""

MODELS: tuple[Key, ...] = tuple(("circuit", key) for key in NEURONS)
NAMED: tuple[Key, ...] = (("task", "name"), *MODELS, ("rule", "name"))
START: Key = ("search", "start")


def ignore(path: Path) -> None:
    """Announce nothing."""


def own_files(table: Mapping[str, Any]) -> Iterator[tuple[Key, Path, str]]:
    """Yield key, file and name of every ``"my_rules.py:CALCIUM"`` in a study's table."""
    for key, file, name in _references(table):
        yield key, Path(file).expanduser(), name


def files_of(table: Mapping[str, Any]) -> list[str]:
    """Return the files of the user's own in a study's table, as they are written there."""
    return sorted({file for _, file, _ in _references(table)})


def _references(table: Mapping[str, Any]) -> Iterator[tuple[Key, str, str]]:
    rules = [("rules", kind, "name") for kind in section_of(table, "rules")]
    for key in (*NAMED, *rules):
        value = _value(table, key)
        if isinstance(value, str) and ".py:" in value:
            file, _, name = value.rpartition(":")
            yield key, file, name


def locate(
    table: dict[str, Any], folder: Path, by_hand: Callable[[Key], bool], *, anywhere: bool = False
) -> list[Problem]:
    """Make the paths in a table absolute, in place; return a problem for each that is not allowed.

    Parameters
    ----------
    folder
        The study's folder; the files that it names lie there or below.
    by_hand
        Whether the user gave the value of a key on the command line: it may then lie anywhere
        and is relative to where the user is.
    anywhere
        Whether files may lie anywhere: the study is a Python file or a stored run.
    """
    problems = []
    for key, file, name in list(own_files(table)):
        leaves = file.is_absolute() or ".." in file.parts
        if leaves and not (anywhere or by_hand(key)):
            problems.append(Problem(key, _why_outside(file, key)))
            continue
        base = Path.cwd() if by_hand(key) else folder
        section_of(table, *key[:-1])[key[-1]] = f"{os.path.abspath(base / file)}:{name}"
    start = _value(table, START)
    if start and isinstance(start, str):
        table["search"]["start"] = os.path.abspath(Path(start).expanduser())
    return problems


def _why_outside(file: Path, key: Key) -> str:
    return (
        f"must lie beside the study file or below it; got {str(file)!r}."
        f" Copy it there, or name it with --set {'.'.join(key)}=FILE.py:NAME."
    )


def contents_of(
    table: Mapping[str, Any], recorded: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """Return the digests of the files that a study names, and what is wrong with them.

    Parameters
    ----------
    recorded
        The digests when a stored run was begun. A file that has changed since is a problem. The run
        that it starts from is not read again, since the stored run keeps a copy.
    """
    contents, problems = {}, []
    for key, file, _ in own_files(table):
        place = ".".join(key)
        if not file.is_file():  # its catalog says so
            continue
        content = digest_of(file)
        if recorded.get(place, content) != content:
            problems.append(Problem(key, _why_changed(file)))
        contents[place] = content
    start, place = _value(table, START), ".".join(START)
    if start and isinstance(start, str):
        contents[place] = recorded.get(place) or digest_of_run(Path(start))
        if not contents[place]:
            problems.append(Problem(START, f"must be a run folder with solutions; got {start!r}."))
    return contents, problems


def _why_changed(file: Path) -> str:
    return f"{file} has changed since this run began. Put it back, or begin another run with it."


def digest_of(file: Path) -> str:
    """Return the digest of a file's content.

    Raises
    ------
    DeclarationError
        When it cannot be read.
    """
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DeclarationError(str(file), f"cannot be read: {error.strerror}") from None


def digest_if_readable(file: str) -> str:
    """Return the digest of a file as a study names it, empty where it cannot be read."""
    try:
        return digest_of(Path(file).expanduser())
    except DeclarationError:
        return ""


def digest_of_run(folder: Path) -> str:
    """Return the digest of a run's solutions, empty where it has none."""
    total = sha256()
    solutions = [file for file in sorted((folder / "solutions").glob("*.npz")) if file.is_file()]
    for path in solutions:
        total.update(f"{path.name}\0{digest_of(path)}\n".encode())
    return total.hexdigest() if solutions else ""


def _value(table: Mapping[str, Any], key: Key) -> Any:
    return section_of(table, *key[:-1]).get(key[-1])
