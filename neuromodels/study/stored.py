"""A study from the plain values that a run folder keeps, without looking anything up.

Nothing is checked against catalogs, and no file of the user's own is run: a run can be reported
when these are gone. Whoever runs a stored study reads it with `neuromodels.study.file.study_of`.

An earlier version may have given a study another digest: it told 1 from 1.0, and took the whole
of a user's file where the present one takes what a name in it is made of. So a stored study is
recognised by its values where its digest is another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from neuromodels.search.plan import SearchPlan, Stage
from neuromodels.study.circuits import AnyCircuit, kind_of
from neuromodels.study.kinds import is_whole
from neuromodels.study.objective import FailurePlan, Objective, Term
from neuromodels.study.own_files import contents_as_now
from neuromodels.study.study import (
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

Table = Mapping[str, Any]


def stored_study(table: Table) -> Study:
    """Return the study whose `Study.to_table` was stored, by this or an earlier version.

    Keys that it does not have mean what they meant before they were added, and keys that no study
    of this version has are left out.

    Raises
    ------
    KeyError, TypeError
        When these are not the values of a whole study.
    """
    sequences = {key: tuple(table[key]) for key in ("seeds", "conditions") if key in table}
    if not all(is_whole(seed) for seed in sequences.get("seeds", ())):
        raise TypeError("a seed is no whole number")  # it is a part of the names of files
    return Study(
        name=table["name"],
        question=table.get("question", ""),
        **sequences,
        task=_task(table["task"]),
        rule=_rule(table["rule"]),
        rules={kind: _rule(rule) for kind, rule in table.get("rules", {}).items()},
        circuit=_circuit(table.get("circuit", {})),
        search=_search(table.get("search", {})),
        test=_section(TestPlan, table.get("test", {})),
        objective=_objective(table.get("objective", {})),
        failures=_section(FailurePlan, table.get("failures", {})),
        device=_section(DeviceChoice, table.get("device", {})),
        contents=table.get("contents", {}),
    )


def is_stored_as(table: Table, digest: str, study: Study) -> bool:
    """Whether what was stored, perhaps by an earlier version, is a study.

    Parameters
    ----------
    table, digest
        The study's plain values and its digest, as they were stored.
    """
    if digest == study.digest:
        return True
    try:
        recorded = table.get("contents", {})
        contents = contents_as_now(recorded, study.to_table(), study.contents)
        stored = stored_study({**table, "contents": contents})
        is_known = _is_within(table, stored.to_table())
        return is_known and _with_reals(stored.science()) == _with_reals(study.science())
    except (KeyError, TypeError, AttributeError, ValueError):
        return False


def _is_within(table: Table, other: Table) -> bool:
    """Whether another table has all keys of one: a later version may have stored some more."""
    return all(
        key in other and (not isinstance(value, Mapping) or _is_within(value, other[key]))
        for key, value in table.items()
    )


def _with_reals(value: Any) -> Any:
    """Return plain values whose whole numbers are real ones; true and false are no numbers."""
    if isinstance(value, Mapping):
        return {key: _with_reals(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_reals(inner) for inner in value]
    if isinstance(value, bool):
        return str(value)
    return float(value) if is_whole(value) else value


def _circuit(section: Table) -> AnyCircuit:
    return _section(kind_of(section), section)


def _section[T](kind: type[T], section: Table) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: value for key, value in section.items() if key in known})


def _search(section: Table) -> SearchPlan:
    stages = tuple(_section(Stage, stage) for stage in section.get("stages", ()))
    return _section(SearchPlan, {**section, "stages": stages})


def _without(section: Table, *names: str) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key not in names}


def _task(section: Table) -> TaskChoice:
    given = _without(section, "name")
    options = {key: value for key, value in given.items() if isinstance(value, str)}
    return TaskChoice(section["name"], _without(given, *options), options)


def _rule(section: Table) -> RuleChoice:
    options = _without(section, "name", "coefficients", "mechanisms")
    mechanisms = {
        name: RuleChoice(each["rule"], _without(each, "rule"))
        for name, each in section.get("mechanisms", {}).items()
    }
    return RuleChoice(section["name"], options, section["coefficients"], mechanisms)


def _objective(section: Table) -> Objective:
    terms = section.get("terms")
    given = {} if terms is None else {"terms": {name: Term(**terms[name]) for name in terms}}
    return Objective(**given, pareto=section.get("pareto", False))
