"""Files outside a study that it names: a user's own Python files, and the run it starts from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from neuromodels.errors import DeclarationError, shown
from neuromodels.study.circuits import OwnNetwork
from neuromodels.study.definitions import made_of
from neuromodels.study.kinds import Key, Problem
from neuromodels.study.limits.values import why_no_path
from neuromodels.study.mechanisms.tables import paths_of
from neuromodels.study.names import NEURONS, rule_tables, section_of
from neuromodels.study.study import ARRAYS, Study

Announce = Callable[[Path], None]
"""Called with a file of the user's own before it is run."""

MODELS: tuple[Key, ...] = tuple(("circuit", key) for key in NEURONS)
NETWORK: Key = ("circuit", "build")
NAMED: tuple[Key, ...] = (("task", "name"), *MODELS, NETWORK, ("rule", "name"))
START: Key = ("search", "start")
DATA: Key = ("task", "file")
MAGIC = ("proc", "dev")
"""Folders of the system with links that lead elsewhere for each process."""


def ignore(path: Path) -> None:
    """Announce nothing."""


def announcement(file: Path) -> str:
    """Return what is said before a file of the user's own is run."""
    return f"this study runs code from a file of yours: {file}"


def own_files(table: Mapping[str, Any]) -> Iterator[tuple[Key, Path, str]]:
    """Yield key, file and name of every ``"my_rules.py:CALCIUM"`` in a study's table."""
    for key, file, name in _references(table):
        yield key, Path(file).expanduser(), name


def files_of(table: Mapping[str, Any]) -> list[str]:
    """Return the files of the user's own in a study's table, as they are written there."""
    data = _value(table, DATA)
    held = {data} if isinstance(data, str) and data else set()
    return sorted({file for _, file, _ in _references(table)} | held)


def _references(table: Mapping[str, Any]) -> Iterator[tuple[Key, str, str]]:
    rules = [("rules", kind, "name") for kind in section_of(table, "rules")]
    composed = [key for path, each in rule_tables(table).items() for key in paths_of(path, each)]
    for key in (*NAMED, *rules, *composed):
        value = _value(table, key)
        if isinstance(value, str) and ".py:" in value:
            file, _, name = value.rpartition(":")
            yield key, file, name


def locate(
    table: dict[str, Any],
    folder: Path,
    by_hand: Callable[[Key], bool],
    *,
    anywhere: bool = False,
    stored_in: Path | None = None,
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
    stored_in
        The run folder, which may be a stranger's: a file of the user's own never lies there.
    """
    problems = []
    for key, _, name in list(own_files(table)):
        written = _value(table, key).rpartition(":")[0]
        place = placed(
            key, written, folder, is_by_hand=by_hand(key), anywhere=anywhere, stored_in=stored_in
        )
        if isinstance(place, Problem):
            problems.append(place)
        else:
            section_of(table, *key[:-1])[key[-1]] = f"{place}:{name}"
    start = _value(table, START)
    if start and isinstance(start, str):
        if wrong := why_no_path(start):
            return [*problems, Problem(START, wrong)]
        table["search"]["start"] = os.path.abspath(Path(start).expanduser())
    return [*problems, *_locate_data(table, folder, by_hand)]


def _locate_data(
    table: dict[str, Any], folder: Path, by_hand: Callable[[Key], bool]
) -> Iterator[Problem]:
    """Make the path of a task's arrays absolute; they run nothing, and may lie anywhere."""
    data = _value(table, DATA)
    if not isinstance(data, str) or not data:
        return
    if wrong := why_no_path(data):
        yield Problem(DATA, wrong)
    else:
        base = Path.cwd() if by_hand(DATA) else folder
        table["task"]["file"] = os.path.abspath(base / Path(data).expanduser())


def placed(
    key: Key,
    written: str,
    folder: Path,
    *,
    is_by_hand: bool = False,
    anywhere: bool = False,
    stored_in: Path | None = None,
) -> Path | Problem:
    """Return the whole path of a file that a study names, or why it may not be used.

    Parameters
    ----------
    key
        Where it is named.
    written
        Its path as it is written there.
    folder, is_by_hand, anywhere, stored_in
        As of `locate`.
    """
    file = Path(written).expanduser()
    if wrong := why_no_path(str(file)):
        return Problem(key, wrong)
    leaves = file.is_absolute() or ".." in file.parts
    if leaves and not (anywhere or is_by_hand):
        return Problem(key, _why_outside(file, key))
    if stored_in is not None and not _is_of_user(Path(written), stored_in):
        return Problem(key, _why_not_yours(file))
    return Path(os.path.abspath((Path.cwd() if is_by_hand else folder) / file))


def _why_outside(file: Path, key: Key) -> str:
    return (
        f"must lie beside the study file or below it; got {shown(str(file))}."
        f" Copy it there, or name it with --set {'.'.join(key)}=FILE.py:NAME."
    )


def _is_of_user(file: Path, folder: Path) -> bool:
    """Whether a file that a stored run names can be the user's: by its whole path, and outside.

    Neither ``~`` nor ``/proc/self/cwd`` was stored: they mean the folder of whoever reads.
    """
    is_whole = str(file) == os.path.abspath(file) and file.parts[1] not in MAGIC
    return is_whole and not file.resolve().is_relative_to(folder.resolve())


def _why_not_yours(file: Path) -> str:
    return (
        f"{shown(str(file))} lies in the run folder itself, or has no whole path, and is not run:"
        " it may be a stranger's."
        " Copy it elsewhere, and begin another run with it."
    )


def contents_of(
    table: Mapping[str, Any], recorded: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """Return the digests of what a study names in other files, and what is wrong with them.

    Parameters
    ----------
    recorded
        The digests when a stored run was begun. What has changed since is a problem. The run
        that it starts from is not read again, since the stored run keeps a copy.
    """
    contents, problems = {}, []
    for key, file, name in own_files(table):
        place = ".".join(key)
        if not file.is_file():  # its catalog says so
            continue
        contents[place] = digest_of_name(file, name)
        if not _is_unchanged(recorded.get(place), contents[place], file):
            problems.append(Problem(key, why_changed(file, name)))
    start, place = _value(table, START), ".".join(START)
    if start and isinstance(start, str):
        contents[place] = recorded.get(place) or digest_of_run(Path(start))
        if not contents[place]:
            wrong = f"must be a run folder with solutions; got {shown(start)}."
            problems.append(Problem(START, wrong))
    return contents, problems


def _is_unchanged(recorded: str | None, content: str, file: Path) -> bool:
    """Whether a file holds what was recorded; earlier versions recorded the whole of it."""
    return recorded in (None, content) or recorded == digest_of(file)


def why_changed(file: Path, name: str) -> str:
    """Return the sentence about a file that a run was begun with and that is another now."""
    return (
        f"{file} has changed since this run began, in what {name!r} is made of."
        " Put it back, or begin another run with it."
    )


def with_arrays(
    study: Study, task: Any, recorded: Mapping[str, str]
) -> tuple[Study, list[Problem]]:
    """Return a study with the digest of its task's arrays, and what is wrong with them.

    Parameters
    ----------
    task
        The study's, from its catalog.
    recorded
        The digests when a stored run was begun; arrays that differ since are a problem.
    """
    if not task.content:
        return study, []
    place = ARRAYS[0] if study.task.options.get("file") else ARRAYS[1]
    if recorded.get(place) not in (None, task.content):
        wrong = "has other arrays than when this run began. Put them back, or begin another run."
        return study, [Problem(tuple(place.split(".")), wrong)]
    return replace(study, contents={**study.contents, place: task.content}), []


def with_network(study: Study) -> Study:
    """Return a study made in Python with the whole path and the digest of its own network.

    Raises
    ------
    DeclarationError
        When the file cannot be read.
    """
    place = ".".join(NETWORK)
    if not isinstance(study.circuit, OwnNetwork) or place in study.contents:
        return study
    written, _, name = study.circuit.build.rpartition(":")
    file = Path(os.path.abspath(Path(written).expanduser()))
    contents = {**study.contents, place: digest_of_name(file, name)}
    circuit = replace(study.circuit, build=f"{file}:{name}")
    return replace(study, circuit=circuit, contents=contents)


def contents_as_now(
    recorded: Mapping[str, str], table: Mapping[str, Any], contents: Mapping[str, str]
) -> dict[str, str]:
    """Return recorded digests of what a study names, whole files that are unchanged as now.

    Parameters
    ----------
    table, contents
        The study as plain values, and its own digests.
    """
    files = {".".join(key): str(file) for key, file, _ in own_files(table)}
    return {
        place: contents[place]
        if place in files and place in contents and content == digest_if_readable(files[place])
        else content
        for place, content in recorded.items()
    }


def digest_of_name(file: Path, name: str) -> str:
    """Return the digest of what a name in a file is made of; of all of it where nobody can tell.

    Raises
    ------
    DeclarationError
        When it cannot be read.
    """
    content = _content_of(file)
    return made_of(content, name) or sha256(content).hexdigest()


def digest_of(file: Path) -> str:
    """Return the digest of a file's content.

    Raises
    ------
    DeclarationError
        When it cannot be read.
    """
    return sha256(_content_of(file)).hexdigest()


def _content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
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
