"""What a file declares of a population of rules: forms x tasks x starts x seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from neuromodels.analysis.population.contrasts import claim_in
from neuromodels.errors import DeclarationError
from neuromodels.experiment.population.forms import Form, drawn_forms, named_forms
from neuromodels.rules import CATALOG
from neuromodels.rules.base import PlasticityRule
from neuromodels.study.checks import installed_catalogs
from neuromodels.study.file import (
    Declaration,
    StudyFileError,
    read_declaration,
    study_or_problems,
)
from neuromodels.study.own_files import Announce, ignore
from neuromodels.study.study import Study
from neuromodels.tasks import CATALOG as CATALOG_OF_TASKS
from neuromodels.tasks.embodied import EmbodiedTask

SECTION = "population"
NUMBERS: Mapping[str, tuple[float, float, float]] = {
    "random_forms": (0, 0, 100_000),
    "most_terms": (6, 1, 1000),
    "forms_seed": (1, 0, 2**63),
    "side_by_side": (28, 1, 10_000),
    "stepwise": (64, 1, 10_000),
    "stuck": (0.55, 0, 1),
    "later": (4, 0, 10_000),
    "lost": (0.4, 0, 1),
    "noise": (10, 0, 1000),
}
"""Numbers of the section: default, lowest and highest value."""
WHOLE = ("random_forms", "most_terms", "forms_seed", "side_by_side", "stepwise", "later")
MARGIN = 0.02
"""Difference of a score that does not matter, unless the file declares another."""
OTHERS = ("terms", "starts", "tasks", "contrasts", "margin")


@dataclass(frozen=True)
class Cell:
    """One task and one start: a study of its own, with all terms of the population.

    Parameters
    ----------
    task, start
        Their names in the file.
    study
        The network that every form of the cell runs on.
    """

    task: str
    start: str
    study: Study


@dataclass(frozen=True)
class Population:
    """A declared population.

    Parameters
    ----------
    name
        Of the file.
    question
        Which it answers.
    terms
        Of the rule, out of which forms are made.
    forms
        Which of them each rule has.
    cells
        Tasks x starts.
    seeds
        Of the searches.
    numbers
        By the keys of `NUMBERS`.
    margin
        Difference of scores that counts as none.
    contrasts
        Claims that the population is judged by, as texts.
    digest
        Twelve hex digits that change with any of this.
    """

    name: str
    question: str
    terms: tuple[str, ...]
    forms: tuple[Form, ...]
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    numbers: Mapping[str, float]
    margin: float
    contrasts: tuple[str, ...]
    digest: str

    @property
    def size(self) -> int:
        """How many rules are searched."""
        return len(self.forms) * len(self.cells) * len(self.seeds)


def read_population(
    path: Path | str, changes: Sequence[str] = (), announce: Announce = ignore
) -> Population:
    """Read and check a file with a section ``[population]``.

    Parameters
    ----------
    changes
        Texts like ``section.key=value``, as after ``--set``.
    announce
        Called with each file of the user's own before it is run.

    Raises
    ------
    DeclarationError
        With what is wrong.
    """
    declaration = read_declaration(path, changes, announce)
    table = deepcopy(declaration.table)
    section = table.pop(SECTION, None)
    if not isinstance(section, Mapping):
        cure = "studies/populations/terms.toml is an example; a study is run by `neuromodels run`."
        raise DeclarationError(str(path), "must have a section [population]", cure=cure)
    numbers, margin = _numbers(section), _margin(section)
    rule = _rule(table)
    terms = _terms(section, rule)
    named = named_forms(rule.name, terms)
    most = min(int(numbers["most_terms"]), len(terms))
    wanted, seed = int(numbers["random_forms"]), int(numbers["forms_seed"])
    forms = (*named, *drawn_forms(terms, wanted, most, seed, named))
    if not forms:
        must = "must be above 0 where no named rule is made of the terms"
        raise DeclarationError("population.random_forms", must, wanted)
    base = replace(declaration, table=table)
    cells = _cells(base, section, terms, announce)
    contrasts = _contrasts(section)
    seeds = cells[0].study.seeds
    told = [cell.study.science() | {"generations": cell.study.search.generations} for cell in cells]
    names = [(cell.task, cell.start) for cell in cells]
    plain = [told, names, [f.terms for f in forms], seeds, numbers, margin, contrasts]
    digest = sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:12]
    question = str(table.get("question", ""))
    about = str(table.get("name", Path(path).stem)), question, terms, forms, cells, seeds
    return Population(*about, numbers, margin, contrasts, digest)


def _numbers(section: Mapping[str, Any]) -> dict[str, float]:
    for key in section:
        if key not in (*NUMBERS, *OTHERS):
            known = ", ".join((*NUMBERS, *OTHERS))
            raise DeclarationError(
                f"population.{key}", "must be a known key", cure=f"Known: {known}."
            )
    return {
        key: _number(key, section.get(key, default)) for key, (default, _, _) in NUMBERS.items()
    }


def _number(key: str, value: Any) -> float:
    _, low, high = NUMBERS[key]
    kinds = (int,) if key in WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "a whole number" if key in WHOLE else "a number"
        raise DeclarationError(
            f"population.{key}", f"must be {kind} from {low:g} to {high:g}", value
        )
    return value


def _margin(section: Mapping[str, Any]) -> float:
    value = section.get("margin", MARGIN)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise DeclarationError("population.margin", "must be a number above 0 and below 1", value)
    return float(value)


def _contrasts(section: Mapping[str, Any]) -> tuple[str, ...]:
    given = section.get("contrasts", [])
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise DeclarationError("population.contrasts", "must be a list of texts", given)
    for text in given:
        try:
            claim_in(text)
        except ValueError as error:
            raise DeclarationError("population.contrasts", str(error)) from None
    return tuple(given)


def _rule(table: Mapping[str, Any]) -> PlasticityRule:
    section = table.get("rule", {})
    name = section.get("name", "") if isinstance(section, Mapping) else ""
    rule = CATALOG.get(name) if isinstance(name, str) else None
    if rule is None or not rule.terms:
        known = ", ".join(each for each, rule in CATALOG.items() if rule.terms)
        raise DeclarationError("rule.name", "must be a rule that names its terms", name, known)
    return rule


def _terms(section: Mapping[str, Any], rule: PlasticityRule) -> tuple[str, ...]:
    text = section.get("terms", "all")
    if not rule.are_terms(text):
        must = f"must name some of {' '.join(rule.terms)}, each once, or be 'all'"
        raise DeclarationError("population.terms", must, text)
    return rule.kept_terms(text) or rule.terms


# -- tasks and starts ---------------------------------------------------------------------------


def _cells(
    base: Declaration, section: Mapping[str, Any], terms: Sequence[str], announce: Announce
) -> tuple[Cell, ...]:
    tasks, starts = _tables(section, "tasks"), _tables(section, "starts")
    cells, problems = [], dict.fromkeys(base.problems)
    for task, of_task in tasks.items():
        for start, of_start in starts.items():
            changes = {**_of_terms(of_start, of_task, terms), **of_task, **of_start}
            table = _changed(base.table, {k: v for k, v in changes.items() if k not in SHARED})
            table["rule"]["terms"] = " ".join(terms)
            study, wrong = study_or_problems(
                replace(base, table=table, problems=()), installed_catalogs(), announce
            )
            problems |= dict.fromkeys(wrong)
            cells += [Cell(task, start, study)] if study else []
    if problems:
        raise StudyFileError(base.source, list(problems))
    if any(cell.study.objective.pareto or cell.study.search.stages for cell in cells):
        must = "must have one goal and no stages in a population"
        raise DeclarationError("search", must)
    for cell in cells:
        if isinstance(cell.study.task_out_of(CATALOG_OF_TASKS), EmbodiedTask):
            must = "must run in the compiled network, without a body of another simulator"
            raise DeclarationError(f"population.tasks.{cell.task}", must, cell.study.task.name)
    return tuple(cells)


SHARED = ("per", "sigma", "drift", "scale")
"""Keys of a task or a start that stand for one setting of every term."""


def _of_terms(
    start: Mapping[str, Any], task: Mapping[str, Any], terms: Sequence[str]
) -> dict[str, Any]:
    """Return settings of all terms: the spread of a start, and how many numbers in a task.

    `drift` is the spread of the constant terms over that of the others, `scale` that of all terms
    in a task over the `sigma` of a start.
    """
    shared = {**task, **start}
    changes: dict[str, Any] = {}
    for term in terms:
        place = f"rule.coefficients.{term}"
        if "per" in shared:
            changes[f"{place}.per"] = shared["per"]
        if "sigma" in shared:
            share = shared.get("drift", 1.0) if set(term[1:]) == {"0"} else 1.0
            wide = _product(shared["sigma"], shared.get("scale", 1.0))
            changes[f"{place}.sigma"] = _product(wide, share)
    return changes


def _product(sigma: Any, share: Any) -> Any:
    """Return a product of numbers; what is none is left to whoever checks the study."""
    numbers = [isinstance(each, int | float) for each in (sigma, share)]
    return sigma * share if all(numbers) else sigma


def _tables(section: Mapping[str, Any], key: str) -> Mapping[str, Mapping[str, Any]]:
    given = section.get(key, {})
    are_tables = isinstance(given, Mapping) and all(isinstance(t, Mapping) for t in given.values())
    if not are_tables or not given:
        must = f"must have a table for each of them, [population.{key}.NAME]"
        raise DeclarationError(f"population.{key}", must, given)
    return given


def _changed(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with dotted keys put into it; tables are joined, key by key."""
    changed = deepcopy(dict(table))
    for key, value in changes.items():
        *sections, last = key.split(".")
        place: dict[str, Any] = changed
        for name in sections:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                must = f"must have a table at {name!r}"
                raise DeclarationError(f"population: {key}", must, place)
        known = place.get(last)
        both = isinstance(known, dict) and isinstance(value, Mapping)
        place[last] = _changed(known or {}, value) if both else deepcopy(value)
    return changed
