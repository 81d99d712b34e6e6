"""Read study files, apply ``--set``, and report every problem with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.study.checks import Catalogs, installed_catalogs, problems_of, study_from
from neuromodels.study.kinds import Key, Problem
from neuromodels.study.names import section_of
from neuromodels.study.own_files import Announce, contents_of, ignore, locate, own_files
from neuromodels.study.python_file import table_of
from neuromodels.study.study import Study

Places = dict[Key, str]
MOST_SHOWN = 20
SET = "--set"
SWEEP = "sweep"


class StudyFileError(DeclarationError):
    """Every problem of one study file, one per line, each with its place.

    Parameters
    ----------
    source
        The file, as the user named it.
    lines
        ``place: key: what is wrong``, one per problem.
    """

    def __init__(self, source: str, lines: Sequence[str]):
        self.lines = tuple(lines)
        super().__init__(source, f"{len(lines)} problems")

    def __str__(self) -> str:
        count = "1 problem" if len(self.lines) == 1 else f"{len(self.lines)} problems"
        shown = [f"  {line}" for line in self.lines[:MOST_SHOWN]]
        if len(self.lines) > MOST_SHOWN:
            shown.append(f"  and {len(self.lines) - MOST_SHOWN} more")
        return "\n".join([f"{self.where}: {count}; nothing was run.", *shown])


@dataclass(frozen=True)
class Declaration:
    """A study as it was read, not yet checked.

    Parameters
    ----------
    source
        The file, as the user named it.
    table
        Its values.
    places
        Where each key stands.
    problems
        What is wrong so far.
    lines
        The line of each key in the file.
    is_text
        Whether it is a study file, which may only name files beside it.
    recorded
        Digests of other files that a stored run was begun with.
    """

    source: str
    table: dict[str, Any]
    places: Places = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    lines: Mapping[Key, int] = field(default_factory=dict)
    is_text: bool = False
    recorded: Mapping[str, str] = field(default_factory=dict)

    def is_by_hand(self, key: Key) -> bool:
        """Whether ``--set`` gave a key, or the table that it stands in."""
        return self.places.get(key, self.places.get(key[:1])) == SET


def read_study(
    path: Path | str,
    changes: Iterable[str] = (),
    catalogs: Catalogs | None = None,
    announce: Announce = ignore,
) -> Study:
    """Read and check a study file: TOML, or Python with one frozen value ``STUDY``.

    Parameters
    ----------
    changes
        Texts like ``section.key=value``, as after ``--set``; they override the file.
    catalogs
        Names to choose from; by default those of this package.
    announce
        Called with each file of the user's own before it is run.

    Raises
    ------
    StudyFileError
        With every problem that was found.
    """
    return check_declaration(read_declaration(path, changes, announce), catalogs, announce)


def study_of(
    table: Mapping[str, Any],
    source: str,
    catalogs: Catalogs | None = None,
    announce: Announce = ignore,
) -> Study:
    """Check a study given as plain values, as stored in a run folder."""
    plain = deepcopy(dict(table))
    recorded = plain.pop("contents", {})
    return check_declaration(Declaration(source, plain, recorded=recorded), catalogs, announce)


def read_declaration(
    path: Path | str, changes: Iterable[str] = (), announce: Announce = ignore
) -> Declaration:
    """Read a study file and change it, without checking what it says."""
    path, source = Path(path), str(path)
    is_text = path.suffix != ".py"
    text = text_of(path) if is_text else ""
    table = _parse(source, text) if is_text else table_of(path, announce)
    lines = lines_of_keys(text)
    places = {key: f"{source}:{line}" for key, line in lines.items()}
    answers = [_apply(table, places, change) for change in changes]
    problems = tuple(problem for problem in answers if problem)
    return Declaration(source, table, places, problems, lines, is_text)


def check_declaration(
    declaration: Declaration, catalogs: Catalogs | None = None, announce: Announce = ignore
) -> Study:
    """Return the study of a declaration.

    Raises
    ------
    StudyFileError
        With every problem that was found.
    """
    if SWEEP in declaration.table:
        place = declaration.places.get((SWEEP,), declaration.source)
        line = f"{place}: {SWEEP}: declares several studies; one is needed here."
        raise StudyFileError(declaration.source, [line])
    study, lines = study_or_problems(declaration, catalogs or installed_catalogs(), announce)
    if study is None:
        raise StudyFileError(declaration.source, lines)
    return study


def study_or_problems(
    declaration: Declaration, catalogs: Catalogs, announce: Announce
) -> tuple[Study | None, list[str]]:
    """Return the study of a declaration, or None and a line for each problem."""
    table = deepcopy(declaration.table)
    folder = Path(declaration.source).parent
    barred = locate(table, folder, declaration.is_by_hand, anywhere=not declaration.is_text)
    contents, changed = contents_of(table, declaration.recorded)
    for problem in [*barred, *changed]:  # what may not be used is not run either
        section_of(table, *problem.path[:-1]).pop(problem.path[-1], None)
    for file in sorted({file for _, file, _ in own_files(table) if file.is_file()}):
        announce(file)
    known = {problem.path for problem in [*barred, *changed]}
    others = [problem for problem in problems_of(table, catalogs) if problem.path not in known]
    problems = [*barred, *changed, *others]
    lines = [*declaration.problems, *(_line(problem, declaration) for problem in problems)]
    if lines:
        return None, lines
    try:
        return study_from(table, catalogs, contents), []
    except DeclarationError as error:
        return None, [str(error)]


def text_of(path: Path) -> str:
    """Return the text of a study file.

    Raises
    ------
    DeclarationError
        When there is none, or it is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeclarationError(
            str(path), "no such study file", cure="`neuromodels list studies` shows what there is."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(str(path), f"cannot be read as a study file: {error}") from None


def _parse(source: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = f"{source}:{line[1] if line else len(text.splitlines())}"
        raise StudyFileError(source, [f"{place}: not valid TOML: {error}"]) from None


def _line(problem: Problem, declaration: Declaration) -> str:
    path = problem.path
    while path and path not in declaration.places:
        path = path[:-1]
    place = declaration.places.get(path, declaration.source)
    between = " " if place == SET else ": "
    return f"{place}{between}{problem.key}: {problem.text}"


def _apply(table: dict[str, Any], places: Places, change: str) -> str | None:
    """Put one ``key=value`` into the table; return what is wrong with it, if anything."""
    key, equals, text = change.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        return f"--set {change}: must read key=value or section.key=value."
    *parents, last = path
    section = table
    for parent in parents:
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            return f"--set {key}: {parent!r} is a value, not a table."
    section[last] = _value(text)
    for inner in [place for place in places if place[: len(path)] == path]:
        del places[inner]
    places[path] = SET
    for length in range(1, len(path)):
        places.setdefault(path[:length], SET)
    return None


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


_PART = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"({_PART}(?:\s*\.\s*{_PART})*)"
_HEADER = re.compile(rf"^\s*\[\[?\s*{_DOTTED}\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"^\s*{_DOTTED}\s*=")


def lines_of_keys(text: str) -> dict[Key, int]:
    """Return the line, from 1, on which each table and key of a TOML text stands.

    The tables of a list, ``[[a]]``, are numbered: ``("a", "0")``, ``("a", "1")``.
    """
    lines: dict[Key, int] = {}
    section: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _parts(header[1])
            lines.setdefault(section, number)
            if line.lstrip().startswith("[["):
                rows = sum(key[:-1] == section and key[-1].isdigit() for key in lines)
                section = (*section, str(rows))
                lines[section] = number
        elif key := _KEY.match(line):
            lines.setdefault(section + _parts(key[1]), number)
    return lines


def _parts(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
