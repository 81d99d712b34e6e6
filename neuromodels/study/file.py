"""Read study files, apply ``--set``, and report every problem with its line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuromodels._renames import with_new_keys
from neuromodels.errors import DeclarationError, without_middle
from neuromodels.study.checks import (
    MOST_PROBLEMS,
    Catalogs,
    installed_catalogs,
    problems_of,
    study_from,
)
from neuromodels.study.kinds import Key, Problem
from neuromodels.study.limits.demand import demand_problems
from neuromodels.study.limits.toml_text import MOST_LETTERS, UnreadableText, table_in, value_in
from neuromodels.study.limits.values import unusable_values
from neuromodels.study.names import section_of
from neuromodels.study.own_files import (
    Announce,
    contents_of,
    ignore,
    locate,
    own_files,
    with_arrays,
)
from neuromodels.study.python_file import table_of
from neuromodels.study.stages.studies import studies_of_stages
from neuromodels.study.study import Study

Places = dict[Key, str]
Tell = Callable[[str], None]
MOST_SHOWN = 17
"""Problems; with the lines around them they are what `on_one_screen` leaves whole."""
SET = "--set"
SWEEP = "sweep"
NETWORK = "network"
"""The section of a study that is about a network of the user's own."""


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
        more = " or more" if len(self.lines) >= MOST_PROBLEMS else ""
        count = "1 problem" if len(self.lines) == 1 else f"{len(self.lines)}{more} problems"
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
    hands
        Whether the user gave what stands at a key on the command line, or the file did. What says
        nothing else of a longer key holds for all below it.
    stored_in
        The folder of a stored run.
    too_large
        Gets what is too large for this machine, where others run the study; None: it is refused.
    """

    source: str
    table: dict[str, Any]
    places: Places = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    lines: Mapping[Key, int] = field(default_factory=dict)
    is_text: bool = False
    recorded: Mapping[str, str] = field(default_factory=dict)
    hands: Mapping[Key, bool] = field(default_factory=dict)
    stored_in: Path | None = None
    too_large: Tell | None = None

    def is_by_hand(self, key: Key) -> bool:
        """Whether ``--set`` gave a key, or the table that it stands in.

        Only what ``--set`` itself has said counts: where a key stands in the file can be written
        in too many ways.
        """
        prefixes = (key[:length] for length in range(len(key), 0, -1))
        return next((self.hands[each] for each in prefixes if each in self.hands), False)


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


def is_of_network(declaration: Declaration) -> bool:
    """Whether a declaration is about a network of the user's own, which a file of theirs builds."""
    return NETWORK in declaration.table


def study_of(
    table: Mapping[str, Any],
    source: str,
    catalogs: Catalogs | None = None,
    announce: Announce = ignore,
    too_large: Tell | None = None,
) -> Study:
    """Check a study given as plain values, as stored in a run folder; see `Declaration`."""
    plain = deepcopy(dict(table))
    recorded = plain.pop("contents", {})
    declaration = Declaration(
        source, plain, recorded=recorded, stored_in=_folder_of(source), too_large=too_large
    )
    return check_declaration(declaration, catalogs, announce)


def _folder_of(source: str) -> Path | None:
    """Return the folder of the stored run or sweep that a source names, if it names one."""
    path = Path(source)
    folder = path.parent if path.is_file() else path
    if folder.is_dir():
        return folder
    return folder.parent if (folder.parent / "sweep.json").is_file() else None


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
    hands: dict[Key, bool] = {}
    answers = [_apply(table, places, hands, change) for change in changes]
    problems = tuple(problem for problem in answers if problem)
    return Declaration(source, table, places, problems, lines, is_text, hands=hands)


def check_declaration(
    declaration: Declaration, catalogs: Catalogs | None = None, announce: Announce = ignore
) -> Study:
    """Return the study of a declaration.

    Raises
    ------
    StudyFileError
        With every problem that was found.
    """
    if is_of_network(declaration):
        raise _network_refused(declaration)
    if SWEEP in declaration.table:
        place = declaration.places.get((SWEEP,), declaration.source)
        line = f"{place}: {SWEEP}: declares several studies; one is needed here."
        raise StudyFileError(declaration.source, [line])
    study, lines = study_or_problems(declaration, catalogs or installed_catalogs(), announce)
    if study is None:
        raise StudyFileError(declaration.source, lines)
    return study


def _network_refused(declaration: Declaration) -> StudyFileError:
    place = declaration.places.get((NETWORK,), declaration.source)
    told = "is about a network of your own; only `run` and `check` take such a study."
    return StudyFileError(declaration.source, [f"{place}: {NETWORK}: {told}"])


def study_or_problems(
    declaration: Declaration, catalogs: Catalogs, announce: Announce
) -> tuple[Study | None, list[str]]:
    """Return the study of a declaration, or None and a line for each problem."""
    if unusable := unusable_values(declaration.table):
        found = [*declaration.problems, *(line_of(problem, declaration) for problem in unusable)]
        return None, found
    table = with_new_keys(deepcopy(declaration.table))
    folder = Path(declaration.source).parent
    barred = locate(
        table,
        folder,
        declaration.is_by_hand,
        anywhere=not declaration.is_text,
        stored_in=declaration.stored_in,
    )
    _leave_out(table, barred)  # what may not be used is neither read nor run
    contents, changed = contents_of(table, declaration.recorded)
    _leave_out(table, changed)
    for file in sorted({file for _, file, _ in own_files(table) if file.is_file()}):
        announce(file)
    known = {problem.path for problem in [*barred, *changed]}
    others = [problem for problem in problems_of(table, catalogs) if problem.path not in known]
    problems = [*barred, *changed, *others]
    lines = [*declaration.problems, *(line_of(problem, declaration) for problem in problems)]
    if lines:
        return None, lines
    try:
        study = study_from(table, catalogs, contents)
    except DeclarationError as error:
        return None, [str(error)]
    task = study.task.out_of(catalogs.tasks)
    study, changed = with_arrays(study, task, declaration.recorded)
    if changed:
        return None, [line_of(problem, declaration) for problem in changed]
    lines = [line_of(problem, declaration) for problem in _demand_of_stages(study, task)]
    if declaration.too_large is None:
        return (None, lines) if lines else (study, [])
    for line in lines:
        declaration.too_large(f"{line} It goes on, as workers may have more.")
    return study, []


def _demand_of_stages(study: Study, task: Any) -> list[Problem]:
    """Return why a stage of the search is too large, or the study itself."""
    *stages, own = (demand_problems(each, task) for each in studies_of_stages(study))
    problems = list(own)
    for number, found in enumerate(stages):
        place = ("search", "stages", str(number))
        problems += [Problem(place, each.text) for each in found if each not in own]
    return problems


def _leave_out(table: dict[str, Any], problems: Iterable[Problem]) -> None:
    for problem in problems:
        section_of(table, *problem.path[:-1]).pop(problem.path[-1], None)


def text_of(path: Path) -> str:
    """Return the text of a study file.

    Raises
    ------
    DeclarationError
        When there is none, or it is no text.
    """
    try:
        with open(path, "rb") as file:  # no more than is looked at: it may have no end
            content = file.read(4 * MOST_LETTERS + 4)
        if len(content) > 4 * MOST_LETTERS:
            raise ValueError(f"it has more than {MOST_LETTERS:,} letters")
        return content.decode("utf-8-sig").replace("\r\n", "\n")  # as Windows' editors save it
    except FileNotFoundError:
        raise DeclarationError(
            str(path), "no such study file", cure="`neuromodels list studies` shows what there is."
        ) from None
    except (OSError, ValueError) as error:
        raise DeclarationError(str(path), f"cannot be read as a study file: {error}") from None


def _parse(source: str, text: str) -> dict[str, Any]:
    try:
        return table_in(text)
    except UnreadableText as error:
        place = f"{source}:{error.line}" if error.line else source
        raise StudyFileError(source, [f"{place}: {error}{_twice(text, error)}"]) from None


def _twice(text: str, error: UnreadableText) -> str:
    """Return which key stands twice, and where it stands first, where that is what is wrong."""
    if error.line is None or not re.search("Cannot (overwrite|declare|mutate)", str(error)):
        return ""
    here = next(iter(lines_of_keys(text.split("\n")[error.line - 1])), ())
    before = lines_of_keys("\n".join(text.split("\n")[: error.line - 1]))
    ends = [(line, key) for key, line in before.items() if here and key[-len(here) :] == here]
    if not ends:
        return ""
    line, key = max(ends)
    return f". {'.'.join(key)!r} stands on line {line} too."


def line_of(problem: Problem, declaration: Declaration) -> str:
    """Return a problem with its place and its key, as it is told."""
    path = problem.path
    while path and path not in declaration.places:
        path = path[:-1]
    place = declaration.places.get(path, declaration.source)
    between = " " if place == SET else ": "
    return f"{place}{between}{problem.key}: {problem.text}"


def _apply(
    table: dict[str, Any], places: Places, hands: dict[Key, bool], change: str
) -> str | None:
    """Put one ``key=value`` into the table; return what is wrong with it, if anything."""
    key, equals, text = change.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        return f"--set {without_middle(change, 100)}: must read key=value or section.key=value."
    try:
        value = value_in(text)
    except UnreadableText as error:
        return f"--set {key}: {error}."
    *parents, last = path
    section = table
    for parent in parents:
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            return f"--set {key}: {parent!r} is a value, not a table."
    section[last] = value
    for inner in [known for known in hands if known[: len(path)] == path]:
        del hands[inner]
    hands[path] = True
    for inner in [place for place in places if place[: len(path)] == path]:
        del places[inner]
    places[path] = SET
    for length in range(1, len(path)):
        places.setdefault(path[:length], SET)
    return None


_PART = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"({_PART}(?:\s*\.\s*{_PART})*)"
_HEADER = re.compile(rf"^\s*\[\[?\s*{_DOTTED}\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"^\s*{_DOTTED}\s*=")


def lines_of_keys(text: str) -> dict[Key, int]:
    """Return the line, from 1, on which each table and key of a TOML text stands.

    The tables of a list, ``[[a]]``, are numbered: ``("a", "0")``, ``("a", "1")``.
    """
    lines: dict[Key, int] = {}
    rows: Counter[Key] = Counter()
    section: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _parts(header[1])
            lines.setdefault(section, number)
            if line.lstrip().startswith("[["):
                rows[section] += 1
                section = (*section, str(rows[section] - 1))
                lines[section] = number
        elif key := _KEY.match(line):
            lines.setdefault(section + _parts(key[1]), number)
    return lines


def _parts(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
