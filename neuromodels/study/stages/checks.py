"""What a study file may say of the stages of a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.search.plan import SearchPlan, Stage
from neuromodels.study.kinds import TABLE, Kind, Problem, Table, nearest, whole
from neuromodels.study.names import section_of

STAGES = Kind(
    "a list of tables, each written under [[search.stages]]",
    lambda v: isinstance(v, list | tuple) and all(isinstance(each, Mapping) for each in v),
)
STAGE: Mapping[str, Kind] = {"generations": whole(1), "trials": whole(0), "task": TABLE}
assert set(STAGE) == {each.name for each in fields(Stage)}
HELD_OUT = ("test_share", "mirrored")
"""Parameters of tasks that say which inputs are kept from searches."""


def stages_in(table: Table) -> list[Any]:
    """Return the stages of a table, none where they are not of the kind `STAGES`."""
    stages = section_of(table, "search").get("stages", ())
    return list(stages) if STAGES.holds(stages) else []


def with_task_of(table: Table, stage: Table) -> Table:
    """Return a study's table with the task of a stage."""
    return {**table, "task": {**section_of(table, "task"), **_task_of(stage)}}


def _task_of(stage: Table) -> Table:
    task = stage.get("task", {})
    return task if isinstance(task, Mapping) else {}


def stage_problems(number: int, stage: Table, task: Any) -> Iterable[Problem]:
    """Yield what is wrong with a stage in itself, its task's parameters left out.

    Parameters
    ----------
    number
        Of the stage, from 0.
    task
        That of the study, from the catalog; None: nobody knows it.
    """
    place = ("search", "stages", str(number))
    for key, value in stage.items():
        if key not in STAGE:
            close = nearest(key, STAGE) or f" Known: {', '.join(STAGE)}."
            yield Problem((*place, key), f"unknown key.{close}")
        elif wrong := STAGE[key].problem(value):
            yield Problem((*place, key), wrong)
    if "generations" not in stage:
        yield Problem((*place, "generations"), "is missing. Every stage needs it.")
    for key in _task_of(stage):
        if wrong := _refusal(key, task):
            yield Problem((*place, "task", key), wrong)


def _refusal(key: str, task: Any) -> str:
    """Return why a stage may not change a key of the task, empty where it may."""
    if key == "name" or (task is not None and key in task.options):
        return "must be that of the study in every stage; a stage changes numbers of its task."
    if key in HELD_OUT or (task is not None and key in task.unseen):
        return "must be that of the study in every stage, or a search would see what it keeps."
    return ""


def in_stage(problem: Problem, number: int, stage: Table) -> Problem:
    """Return a problem of a stage's task at its place in the stage."""
    key = problem.path[1] if len(problem.path) > 1 else ""
    ends = ("task", key) if key in _task_of(stage) else ("task",)
    return Problem(("search", "stages", str(number), *ends), problem.text)


def budget_problems(table: Table) -> Iterable[Problem]:
    """Yield what is wrong with the stages of a sound table together."""
    search, stages = section_of(table, "search"), stages_in(table)
    if not stages:
        return
    if section_of(table, "objective").get("pareto") is True:
        yield Problem(("search", "stages"), "cannot be used with objective.pareto = true.")
    known = {key: search[key] for key in ("generations", "patience", "trials") if key in search}
    try:
        SearchPlan(**known, stages=tuple(Stage(**stage) for stage in stages))
    except DeclarationError as error:
        key = error.where.removeprefix("SearchPlan.")
        yield Problem(("search", key), str(error).removeprefix(f"{error.where}: "))
