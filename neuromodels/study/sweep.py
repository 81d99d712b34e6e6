"""Sweeps: one study file, several settings of some of its keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from neuromodels.errors import DeclarationError, shown
from neuromodels.study.checks import Catalogs, installed_catalogs
from neuromodels.study.file import (
    SET,
    SWEEP,
    Declaration,
    StudyFileError,
    Tell,
    check_declaration,
    is_of_network,
    read_declaration,
    study_or_problems,
)
from neuromodels.study.kinds import Key, nearest
from neuromodels.study.limits.values import unusable_values
from neuromodels.study.own_files import Announce, ignore
from neuromodels.study.study import Study

LIST = "list"
NAME = "name"
MOST_SETTINGS = 1000
_LONGEST_NAME = 80
_IS_NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{_LONGEST_NAME}}}").fullmatch
_NOT_SWEPT = {
    "seeds": "Every setting runs all seeds of the study; list them at its top.",
    "name": "Settings are named after their values; only an entry of a list has a name of its own.",
    "question": "It changes no number.",
    "device.threads": "It changes no number.",
    "search.generations": "Generations are a budget, which changes no result before its end; the"
    " learning curve shows every smaller one.",
}
Values = dict[str, Any]
"""Dotted key -> value."""


@dataclass(frozen=True)
class Setting:
    """One point of a sweep.

    Parameters
    ----------
    name
        Given in a list, or made of its values; distinct in the sweep.
    values
        What it sets, by dotted key.
    study
        The whole study with these values.
    """

    name: str
    values: Mapping[str, Any]
    study: Study


@dataclass(frozen=True)
class Sweep:
    """A study in several settings.

    Parameters
    ----------
    name
        The study's name.
    keys
        What is swept, in the order of the file.
    settings
        A grid in the order of its loops, or a list as it was written.
    """

    name: str
    keys: tuple[str, ...]
    settings: tuple[Setting, ...]

    def setting(self, name: str) -> Setting:
        """Return a setting by name.

        Raises
        ------
        DeclarationError
            Where there is none of that name, with the nearest one.
        """
        known = {setting.name: setting for setting in self.settings}
        if name not in known:
            cure = nearest(name, known).strip() or f"The first is {self.settings[0].name!r}."
            raise DeclarationError("setting", f"must be one of the sweep {self.name!r}", name, cure)
        return known[name]


def read_declared(
    path: Path | str,
    changes: Iterable[str] = (),
    catalogs: Catalogs | None = None,
    announce: Announce = ignore,
    too_large: Tell | None = None,
) -> Study | Sweep:
    """Read a study file that may declare a sweep; parameters as for `read_study`, `Declaration`.

    Raises
    ------
    StudyFileError
        With every problem of every setting; one that several settings share is listed once.
    """
    announce_once = once(announce)
    declaration = read_declaration(path, changes, announce_once)
    return declared_in(declaration, catalogs, announce_once, too_large)


def declared_in(
    declaration: Declaration,
    catalogs: Catalogs | None = None,
    announce: Announce = ignore,
    too_large: Tell | None = None,
) -> Study | Sweep:
    """Check a declaration that was read; parameters and errors as of `read_declared`."""
    announce_once = once(announce)
    declaration = replace(declaration, too_large=too_large and once(too_large))
    if SWEEP not in declaration.table or is_of_network(declaration):
        return check_declaration(declaration, catalogs, announce_once)
    return _expand(declaration, catalogs or installed_catalogs(), announce_once)


def once[T](tell: Callable[[T], None]) -> Callable[[T], None]:
    """Return what tells each thing once, however many settings of a sweep say it."""
    seen: set[T] = set()

    def tell_new(what: T) -> None:
        if what not in seen:
            seen.add(what)
            tell(what)

    return tell_new


def _expand(declaration: Declaration, catalogs: Catalogs, announce: Announce) -> Sweep:
    if unusable := unusable_values(declaration.table):
        found = [f"{_place(declaration, each.path)}: {each.key}: {each.text}" for each in unusable]
        raise StudyFileError(declaration.source, [*declaration.problems, *found])
    table = dict(declaration.table)
    rows = _rows(table.pop(SWEEP), declaration.places)
    lines = [f"{_place(declaration, path)}: {text}" for path, text in _problems(rows, table)]
    if lines:
        raise StudyFileError(declaration.source, [*declaration.problems, *lines])
    assert not isinstance(rows, str), "its problems were reported"
    studies, problems = [], dict.fromkeys(declaration.problems)
    base = replace(declaration, table=table, problems=())
    points = list(_points(rows))
    for values, places in points:
        study, wrong = study_or_problems(_with_values(base, values, places), catalogs, announce)
        studies.append(study)
        problems |= dict.fromkeys(wrong)
    if problems:
        raise StudyFileError(declaration.source, list(problems))
    names = _names([values for values, _ in points], [row.name for row in rows])
    settings = [
        Setting(name, values, study)
        for name, (values, _), study in zip(names, points, studies, strict=True)
        if study is not None
    ]
    keys = tuple(dict.fromkeys(key for values, _ in points for key in values))
    return Sweep(settings[0].study.name, keys, tuple(settings))


# -- what is declared ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    """A table of values: a whole grid, or one entry of a list, which may have a name."""

    place: Key
    values: tuple[tuple[Key, str, Any], ...]
    is_grid: bool
    name: Any = ""


def _rows(declared: Any, places: Mapping[Key, str]) -> list[_Row] | str:
    """Return the grid or the entries of the list; text when it is neither."""
    if not isinstance(declared, Mapping) or not declared:
        return "must be a table of lists, or a list of tables [[sweep.list]]."
    entries = declared.get(LIST)
    if entries is None:
        return [_Row((SWEEP,), _without_overridden(list(_flat(declared, (SWEEP,))), places), True)]
    if len(declared) > 1:
        other = next(key for key in declared if key != LIST)
        return f"must be a grid or a list, not both; got {other!r} beside [[sweep.list]]."
    if (
        not isinstance(entries, list)
        or not entries
        or not all(isinstance(entry, Mapping) for entry in entries)
    ):
        return "list must be tables, at least one, each written under its own [[sweep.list]]."
    rows = []
    for number, entry in enumerate(entries):
        place = (SWEEP, LIST, str(number))
        values = tuple(each for each in _flat(entry, place) if each[1] != NAME)
        rows.append(_Row(place, values, False, entry.get(NAME, "")))
    return rows


def _without_overridden(
    values: list[tuple[Key, str, Any]], places: Mapping[Key, str]
) -> tuple[tuple[Key, str, Any], ...]:
    """Leave out the file's values of keys that --set gives again, perhaps quoted otherwise."""
    by_hand = {key for place, key, _ in values if places.get(place) == SET}
    return tuple(v for v in values if v[1] not in by_hand or places.get(v[0]) == SET)


def _flat(table: Mapping[str, Any], place: Key) -> Iterator[tuple[Key, str, Any]]:
    """Yield place, dotted key and value of every leaf, however the keys are written."""
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            for inner, rest, leaf in _flat(value, (*place, key)):
                yield inner, f"{key}.{rest}", leaf
        else:
            yield (*place, key), key, value


def _problems(rows: list[_Row] | str, table: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with the sweep itself, with the place of each."""
    if isinstance(rows, str):
        yield (SWEEP,), f"sweep: {rows}"
        return
    for row in rows:
        if not row.values:
            yield row.place, "sweep.list: sets nothing; the entry needs at least one key."
        yield from _row_problems(row, table)
    yield from _name_problems(rows)
    count = sum(_size(row) for row in rows)
    if count > MOST_SETTINGS:
        yield (SWEEP,), f"sweep: must have at most {MOST_SETTINGS:,} settings; got {count:,}."


def _row_problems(row: _Row, table: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    paths = [tuple(key.split(".")) for _, key, _ in row.values]
    for (place, key, value), path in zip(row.values, paths, strict=True):
        if key in _NOT_SWEPT:
            yield place, f"{key}: cannot be swept. {_NOT_SWEPT[key]}"
        elif any(other != path and other == path[: len(other)] for other in paths):
            yield place, f"{key}: is set twice, as a whole and in part."
        elif paths.count(path) > 1:
            yield place, f"{key}: is set twice."
        elif blocking := _blocking(table, path):
            yield place, f"{key}: {blocking!r} is a value in this study, not a table."
        elif row.is_grid and (wrong := _grid_problem(value)):
            yield place, f"{key}: {wrong}"


def _name_problems(rows: list[_Row]) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with the names that entries of a list give themselves."""
    given = [row.name for row in rows if row.name != ""]
    for row in rows:
        place = (*row.place, NAME)
        if row.name == "" or row.is_grid:
            continue
        if not isinstance(row.name, str) or not _IS_NAME(row.name):
            must = f"must be at most {_LONGEST_NAME} letters, digits, dots, underscores and hyphens"
            yield place, f"{NAME}: {must}; got {shown(row.name)}."
        elif given.count(row.name) > 1:
            yield place, f"{NAME}: two entries have the name {shown(row.name)}."


def _grid_problem(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return f"must be a list of values in a grid, at least one; got {shown(value)}."
    if len(value) > MOST_SETTINGS:
        return f"must have at most {MOST_SETTINGS:,} values; got {len(value):,}."
    repeated = [item for number, item in enumerate(value) if item in value[:number]]
    return f"has the value {shown(repeated[0])} twice." if repeated else ""


def _blocking(table: Mapping[str, Any], path: Key) -> str:
    """Return the part of a dotted key that is a plain value in the study, if any."""
    inner: Any = table
    for number, part in enumerate(path[:-1]):
        inner = inner.get(part, {})
        if not isinstance(inner, Mapping):
            return ".".join(path[: number + 1])
    return ""


def _place(declaration: Declaration, path: Key) -> str:
    while path and path not in declaration.places:
        path = path[:-1]
    return declaration.places.get(path, declaration.source)


def _size(row: _Row) -> int:
    return prod(len(v) for _, _, v in row.values if isinstance(v, list)) if row.is_grid else 1


# -- its settings -------------------------------------------------------------------------------


def _points(rows: list[_Row]) -> Iterator[tuple[Values, dict[str, Key]]]:
    """Yield the values of every setting, and where each of its keys stands."""
    for row in rows:
        places = {key: place for place, key, _ in row.values}
        choices = [value if row.is_grid else [value] for _, _, value in row.values]
        for combination in product(*choices):
            yield dict(zip(places, combination, strict=True)), places


def _with_values(base: Declaration, values: Values, places: Mapping[str, Key]) -> Declaration:
    """Return the declaration of one setting; its problems are placed in the sweep's lines."""
    table, where, hands = deepcopy(base.table), dict(base.places), dict(base.hands)
    problems = []
    for key, value in values.items():
        path = tuple(key.split("."))
        if where.get(path) == SET:
            problems.append(f"{_place(base, places[key])}: {key}: is swept and given by --set.")
        section = table
        for part in path[:-1]:
            section = section.setdefault(part, {})
        section[path[-1]] = deepcopy(value)
        for inner in [key for key in where if key[: len(path)] == path]:
            del where[inner]
        for inner in [key for key in hands if key[: len(path)] == path]:
            del hands[inner]
        where[path], hands[path] = _place(base, places[key]), base.is_by_hand(places[key])
    return replace(base, table=table, places=where, problems=tuple(problems), hands=hands)


def _names(points: list[Values], given: list[str]) -> list[str]:
    """Return a distinct name per setting: the one that its entry gives, or one of its values."""
    made = _names_of_values(points)
    # a grid is one row of many points, and gives none
    names = [own or name for own, name in zip(given, made, strict=True)] if any(given) else made
    seen = Counter(names)
    return [
        name if seen[name] == 1 else f"{name}_{number}"
        for number, name in enumerate(names, start=1)
    ]


def _names_of_values(points: list[Values]) -> list[str]:
    """Return a short name per setting: the ends of its keys with their values."""
    keys = dict.fromkeys(key for values in points for key in values)
    ends = Counter(key.rpartition(".")[2] for key in keys)
    known: dict[str, list[Any]] = {key: [] for key in keys}
    names = []
    for values in points:
        parts = []
        for key, value in values.items():
            end = key.rpartition(".")[2]
            label = end if ends[end] == 1 else key.replace(".", "-")
            parts.append(f"{label}-{_text_of(value, known[key])}")
        names.append(re.sub(r"[^\w.+-]+", "-", "_".join(parts), flags=re.ASCII)[:_LONGEST_NAME])
    return names


def _text_of(value: Any, known: list[Any]) -> str:
    """Return a value as text; a list or table as its number among those of its key."""
    if not isinstance(value, list | Mapping):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return Path(text).name or text
    if value not in known:
        known.append(value)
    return f"v{known.index(value) + 1}"


def settings_of(declared: Study | Sweep) -> list[tuple[str, Study]]:
    """Return the name and the study of each setting; of a study itself, without a name."""
    if isinstance(declared, Study):
        return [("", declared)]
    return [(setting.name, setting.study) for setting in declared.settings]


def setting_of(
    declared: Study | Sweep, name: str, tell: Callable[[str], None]
) -> tuple[Study, str]:
    """Return a study and the name of its setting; of a sweep the first unless one is named.

    Raises
    ------
    DeclarationError
        When the study has no sweep, or the sweep no such setting.
    """
    if not isinstance(declared, Sweep):
        if name:
            raise DeclarationError("setting", "the study declares no sweep", name, "Leave it out.")
        return declared, ""
    if not name:
        first, *others = (setting.name for setting in declared.settings)
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        tell(
            f"{declared.name} is a sweep; this is its setting {first}."
            f" For another add --setting NAME: {', '.join(others[:8])}{more}"
        )
    setting = declared.setting(name) if name else declared.settings[0]
    return setting.study, setting.name
