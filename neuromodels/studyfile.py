"""Study files: read TOML, apply ``--set``, report every problem with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.study import Study
from neuromodels.studychecks import Catalogs, installed_catalogs, problems_of, study_from
from neuromodels.studyform import Problem

Places = dict[tuple[str, ...], str]
MOST_SHOWN = 20
SET = "--set"


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


def read_study(
    path: Path | str, changes: Iterable[str] = (), catalogs: Catalogs | None = None
) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    changes
        ``key.sub=value`` each, as after ``--set``; they win over the file.
    catalogs
        Names to choose from; by default those of this package.

    Raises
    ------
    StudyFileError
        With every problem that was found.
    """
    source = str(path)
    text = _text_of(Path(path))
    table = _parse(source, text)
    places = {key: f"{source}:{line}" for key, line in lines_of_keys(text).items()}
    problems = []
    for change in changes:
        problem = _apply(table, places, change)
        problems += [problem] if problem else []
    return _checked(table, source, places, catalogs, problems)


def study_of(table: Mapping[str, Any], source: str, catalogs: Catalogs | None = None) -> Study:
    """Check a study given as plain values, as stored in a run folder."""
    return _checked(dict(table), source, {}, catalogs, [])


def _checked(
    table: dict[str, Any],
    source: str,
    places: Places,
    catalogs: Catalogs | None,
    problems: list[str],
) -> Study:
    catalogs = catalogs or installed_catalogs()
    found = problems_of(table, catalogs)
    lines = problems + [_line(problem, source, places) for problem in found]
    if lines:
        raise StudyFileError(source, lines)
    try:
        return study_from(table, catalogs)
    except DeclarationError as error:
        raise StudyFileError(source, [str(error)]) from error


def _text_of(path: Path) -> str:
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


def _line(problem: Problem, source: str, places: Places) -> str:
    path = problem.path
    while path and path not in places:
        path = path[:-1]
    place = places.get(path, source)
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


def lines_of_keys(text: str) -> dict[tuple[str, ...], int]:
    """Return the line, from 1, on which each table and key of a TOML text stands."""
    lines: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _parts(header[1])
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            lines.setdefault(section + _parts(key[1]), number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
