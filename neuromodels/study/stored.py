"""A study from the plain values that a run folder keeps, without looking anything up.

Nothing is checked against catalogs, and no file of the user's own is run: a run can be reported
when these are gone. Whoever runs a stored study reads it with `neuromodels.study.file.study_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from neuromodels.search.plan import SearchPlan
from neuromodels.study.circuits import AnyCircuit, kind_of
from neuromodels.study.objective import FailurePlan, Objective, Term
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
    return Study(
        name=table["name"],
        question=table.get("question", ""),
        **sequences,
        task=TaskChoice(table["task"]["name"], _without(table["task"], "name")),
        rule=_rule(table["rule"]),
        rules={kind: _rule(rule) for kind, rule in table.get("rules", {}).items()},
        circuit=_circuit(table.get("circuit", {})),
        search=_section(SearchPlan, table.get("search", {})),
        test=_section(TestPlan, table.get("test", {})),
        objective=_objective(table.get("objective", {})),
        failures=_section(FailurePlan, table.get("failures", {})),
        device=_section(DeviceChoice, table.get("device", {})),
        contents=table.get("contents", {}),
    )


def _circuit(section: Table) -> AnyCircuit:
    return _section(kind_of(section), section)


def _section[T](kind: type[T], section: Table) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: value for key, value in section.items() if key in known})


def _without(section: Table, *names: str) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key not in names}


def _rule(section: Table) -> RuleChoice:
    options = _without(section, "name", "coefficients")
    return RuleChoice(section["name"], options, section["coefficients"])


def _objective(section: Table) -> Objective:
    terms = section.get("terms")
    given = {} if terms is None else {"terms": {name: Term(**terms[name]) for name in terms}}
    return Objective(**given, pareto=section.get("pareto", False))
