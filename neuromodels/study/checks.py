"""Check a study before anything runs, and return every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Any

from neuromodels.errors import DeclarationError, said_by, shown
from neuromodels.search.optimizers import OPTIMIZERS
from neuromodels.search.plan import SearchPlan, Stage
from neuromodels.study.circuit_checks import circuit_from, circuit_problems
from neuromodels.study.circuits import OwnNetwork, kind_of
from neuromodels.study.conditions import CONDITIONS, UNSEEN, in_order
from neuromodels.study.kinds import (
    NUMBER,
    SWITCH,
    TABLE,
    TEXT,
    Key,
    Kind,
    Problem,
    Table,
    is_number,
    nearest,
    one_of,
    whole,
)
from neuromodels.study.names import Catalogs, look_up, member_of, named_in, section_of, unknown_name
from neuromodels.study.objective import MEASURES, FailurePlan, Objective, Term
from neuromodels.study.rule_checks import rule_from, rule_kinds, rule_problems, without_place
from neuromodels.study.schema import REQUIRED, SECTIONS, TERM
from neuromodels.study.stages.checks import (
    budget_problems,
    in_stage,
    stage_problems,
    stages_in,
    with_task_of,
)
from neuromodels.study.study import DeviceChoice, Study, TaskChoice, TestPlan

MOST_PROBLEMS = 1000
"""For each the nearest name is looked for, which takes a while."""


def installed_catalogs() -> Catalogs:
    """Return the catalogs of this package; imports Brian2's units."""
    from neuromodels import neurons, rules, tasks  # neurons and rules import Brian2's units

    return Catalogs(rules.CATALOG, neurons.CATALOG, tasks.CATALOG, OPTIMIZERS)


def problems_of(table: Table, catalogs: Catalogs) -> list[Problem]:
    """Return every problem of a study given as plain values, `MOST_PROBLEMS` at most."""
    problems = chain(
        _missing(table),
        _unknown_sections(table, catalogs),
        _sections(table, catalogs),
        rule_problems(table, catalogs),
        circuit_problems(table, catalogs),
        _search(table, catalogs),
        _stages(table, catalogs),
        _task_options(table, catalogs),
        _task_items(table, catalogs),
        _controls(table, catalogs),
        _terms(table),
        _limits(table),
    )
    return list(islice(problems, MOST_PROBLEMS))


def study_from(
    table: Table, catalogs: Catalogs, contents: Mapping[str, str] | None = None
) -> Study:
    """Return the study of a table without problems, all defaults filled in.

    Parameters
    ----------
    contents
        Digests of what it names outside itself.

    Raises
    ------
    DeclarationError
        What the search plan or the task refuses beyond the checks of single values.
    """
    return Study(
        name=table["name"],
        question=table.get("question", ""),
        seeds=tuple(table.get("seeds", Study.seeds)),
        conditions=tuple(table.get("conditions", Study.conditions)),
        task=_task(table, catalogs),
        rule=rule_from(table["rule"], catalogs),
        rules={kind: rule_from(rule, catalogs) for kind, rule in table.get("rules", {}).items()},
        circuit=circuit_from(table, catalogs),
        search=_plan(table, catalogs),
        test=TestPlan(**_values("test", table, catalogs)),
        objective=_objective(table.get("objective", {})),
        failures=FailurePlan(**_values("failures", table, catalogs)),
        device=DeviceChoice(**_values("device", table, catalogs)),
        contents=contents or {},
    )


# -- finding problems ---------------------------------------------------------------------------


def _missing(table: Table) -> Iterable[Problem]:
    for path in REQUIRED:
        section = section_of(table, *path[:-1])
        if path[-1] not in section:
            yield Problem(path, "is missing. Every study needs it.")


def _kinds(name: str, table: Table, catalogs: Catalogs) -> dict[str, Kind]:
    kinds = dict(SECTIONS[name])
    task = look_up(table, ("task", "name"), catalogs)
    if name == "task" and task:
        kinds |= {
            parameter: whole(0) if isinstance(default, int) else NUMBER
            for parameter, default in task.parameters.items()
        }
        kinds |= {
            option: one_of(*allowed) if allowed else TEXT
            for option, allowed in task.options.items()
        }
    if name == "circuit" and kind_of(section_of(table, name)) is OwnNetwork:
        kinds["plastic"] = TEXT
    if name == "rule":
        return rule_kinds(member_of(section_of(table, name).get("name"), catalogs))
    return kinds


def _unknown_sections(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    for key, value in table.items():
        if key in SECTIONS and not isinstance(value, Mapping):
            yield Problem((key,), f"must be a table; got {shown(value)}. Write it as [{key}].")
        elif key not in SECTIONS and key not in SECTIONS[""]:
            yield Problem((key,), _unknown_key(key, "", table, catalogs))


def _unknown_key(key: str, section: str, table: Table, catalogs: Catalogs) -> str:
    known = [*_kinds(section, table, catalogs), *([] if section else filter(None, SECTIONS))]
    elsewhere = [
        f"{name}.{key}" if name else key
        for name in SECTIONS
        if name != section and key in _kinds(name, table, catalogs)
    ]
    close = nearest(key, known)
    if not close and elsewhere:
        return f"unknown key. It belongs under {elsewhere[0]!r}."
    return f"unknown key.{close or f' Known here: {", ".join(known)}.'}"


def _sections(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    for name in SECTIONS:
        kinds = _kinds(name, table, catalogs)
        closed = name not in ("task", "rule") or _names_are_known(name, table, catalogs)
        for key, value in section_of(table, *filter(None, [name])).items():
            path = (name, key) if name else (key,)
            if key in kinds:
                wrong = kinds[key].problem(value) or unknown_name(path, value, catalogs)
                if wrong:
                    yield Problem(path, wrong)
            elif name and closed:
                yield Problem(path, _unknown_key(key, name, table, catalogs))


def _names_are_known(section: str, table: Table, catalogs: Catalogs) -> bool:
    # without the task or rule its own keys cannot be told from misspelt ones
    name, catalog = section_of(table, section).get("name"), catalogs.behind((section, "name"))
    return named_in(catalog, name) is not None


def _search(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Let the plan check one value at a time, so that each problem has its line."""
    section = section_of(table, "search")
    name = section.get("optimizer", SearchPlan.optimizer)
    if not isinstance(name, str) or name not in catalogs.optimizers:
        return
    candidates = section.get("candidates", SearchPlan.candidates)
    if SECTIONS["search"]["candidates"].holds(candidates):
        yield from _refusals(("search", "candidates"), optimizer=name, candidates=candidates)
    is_pareto = section_of(table, "objective").get("pareto") is True
    if catalogs.optimizers[name].is_told_goals and not is_pareto:
        must = f"{name!r} searches for several goals at once and needs objective.pareto = true."
        yield Problem(("search", "optimizer"), must)
    options = section.get("options")
    for option, value in options.items() if isinstance(options, Mapping) else ():
        yield from _refusals(("search", "options", option), optimizer=name, options={option: value})


def _refusals(path: Key, **settings: Any) -> Iterable[Problem]:
    try:
        SearchPlan(**settings)
    except DeclarationError as error:
        yield Problem(path, without_place(error))


def _stages(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Check each stage, and its task as that of the study is checked."""
    stages = stages_in(table)
    task = look_up(table, ("task", "name"), catalogs)
    problems = [p for n, stage in enumerate(stages) for p in stage_problems(n, stage, task)]
    problems += [p for n, stage in enumerate(stages) for p in _of_stage(n, stage, table, catalogs)]
    yield from {problem.path: problem for problem in reversed(problems)}.values()
    search = section_of(table, "search")
    kinds = SECTIONS["search"]
    if not problems and all(kinds[key].holds(v) for key, v in search.items() if key in kinds):
        yield from budget_problems(table)


def _of_stage(number: int, stage: Table, table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Yield what is wrong with the task of a stage, and not with that of the study."""
    own = set(_of_task(table, catalogs))
    for problem in _of_task(with_task_of(table, stage), catalogs):
        if problem not in own:
            yield in_stage(problem, number, stage)


def _of_task(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    found = chain(_sections(table, catalogs), _task_items(table, catalogs))
    return (problem for problem in found if problem.path[0] == "task")


def _task_options(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse what a task cannot be made of, such as arrays that do not fit together."""
    task = look_up(table, ("task", "name"), catalogs)
    options = _options_of(task, table)
    kinds = _kinds("task", table, catalogs)
    if any(kinds[option].problem(value) for option, value in options.items()):
        return  # said already
    try:
        if task is not None:
            task.with_options(options)
    except DeclarationError as error:
        option = error.where.rpartition(".")[2]
        place = option if option in task.options else next(iter(options), "name")
        yield Problem(("task", place), str(error) if place != option else without_place(error))


def _options_of(task: Any, table: Table) -> dict[str, Any]:
    """Return what a table says of a task's options."""
    known = () if task is None else task.options
    return {key: value for key, value in section_of(table, "task").items() if key in known}


def _task_with_options(table: Table, catalogs: Catalogs) -> Any:
    """Return the task of a table, None where it is unknown or cannot be made."""
    task = look_up(table, ("task", "name"), catalogs)
    try:
        return None if task is None else task.with_options(_options_of(task, table))
    except (DeclarationError, TypeError):  # said already
        return None


def _task_items(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    task = _task_with_options(table, catalogs)
    options = _options_of(look_up(table, ("task", "name"), catalogs), table)
    said = {"name", *options}
    given = {k: v for k, v in section_of(table, "task").items() if k not in said}
    if task is None or not all(key in task.parameters and is_number(v) for key, v in given.items()):
        return
    parameters = {**task.parameters, **given}
    try:
        items, refusal = task.number(task.items, parameters), task.refusal(parameters)
    except (ArithmeticError, ValueError, TypeError) as error:
        path = ("task", next(iter(given), "name"))
        yield Problem(path, f"cannot be used: {said_by(error)}.")
        return
    if items < 1:
        path = ("task", next((key for key, value in given.items() if value < 1), "name"))
        wrong = f"leaves the task nothing to show: {task.items} must be at least 1."
        yield Problem(path, wrong)
    elif refusal:
        path = (
            "task",
            min((key for key in given if key in refusal), key=refusal.find, default="name"),
        )
        yield Problem(path, f"is not possible: {refusal}.")
    else:
        yield from _unseen(table, task, parameters)
        yield from _held_out(table, task, parameters)


def _unseen(table: Table, task: Any, parameters: dict[str, Any]) -> Iterable[Problem]:
    """Refuse conditions without anything that is kept from searches."""
    names = table.get("conditions", ())
    if task.unseen and (refusal := task.refusal({**parameters, **task.unseen})):
        for name, condition in CONDITIONS.items():
            if condition.needs is UNSEEN and isinstance(names, list | tuple) and name in names:
                yield Problem(("conditions",), f"{name!r} is not possible: {refusal}.")


def _held_out(table: Table, task: Any, parameters: dict[str, Any]) -> Iterable[Problem]:
    """Refuse scores on held-out inputs where none are held out, or nobody can choose them."""
    if section_of(table, "test").get("inputs") != "held out":
        return
    inputs = task.inputs(parameters)
    if inputs is None or "test_share" not in task.parameters:
        yield Problem(
            ("test", "inputs"), f"means nothing with {task.name!r}: it has no test_share."
        )
    elif not inputs.held_out:
        yield Problem(("test", "inputs"), "needs inputs kept from searches: set task.test_share.")


def _controls(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse control conditions that mean nothing with this task or rule."""
    names = table.get("conditions", ())
    if not isinstance(names, list | tuple):
        return
    task, rule = (look_up(table, (section, "name"), catalogs) for section in ("task", "rule"))
    for name in in_order([each for each in names if isinstance(each, str)]):
        if wrong := CONDITIONS[name].problem(task=task, rule=rule):
            yield Problem(("conditions",), wrong)


def _terms(table: Table) -> Iterable[Problem]:
    section = section_of(table, "objective")
    given = section.get("terms", {})
    if not isinstance(given, Mapping):
        return
    problems = [problem for name, term in given.items() for problem in _term(name, term)]
    yield from problems
    if not problems and SWITCH.holds(section.get("pareto", Objective.pareto)):
        try:
            _objective(section)
        except DeclarationError as error:
            yield Problem(("objective", "terms"), without_place(error))


def _term(name: str, settings: Any) -> Iterable[Problem]:
    path = ("objective", "terms", name)
    if name not in MEASURES:
        close = nearest(name, MEASURES) or f" Known: {', '.join(MEASURES)}."
        yield Problem(path, f"nothing of that name is measured.{close}")
    elif wrong := TABLE.problem(settings):
        yield Problem(path, wrong)
    else:
        problems = list(_settings_of_term(path, settings))
        yield from problems or _contradiction(path, settings)


def _settings_of_term(path: Key, settings: Table) -> Iterable[Problem]:
    for key, value in settings.items():
        if key not in TERM:
            close = nearest(key, TERM) or f" Known: {', '.join(TERM)}."
            yield Problem((*path, key), f"unknown key.{close}")
        elif wrong := TERM[key].problem(value):
            yield Problem((*path, key), wrong)


def _contradiction(path: Key, settings: Table) -> Iterable[Problem]:
    try:
        Term(**settings)
    except DeclarationError as error:
        yield Problem((*path, error.where.removeprefix("Term.")), without_place(error))


def _limits(table: Table) -> Iterable[Problem]:
    section = section_of(table, "failures")
    kinds = SECTIONS["failures"]
    if all(key in kinds and kinds[key].holds(value) for key, value in section.items()):
        try:
            FailurePlan(**section)
        except DeclarationError as error:
            key = error.where.removeprefix("FailurePlan.")
            yield Problem(("failures", key), without_place(error))


# -- filling in ---------------------------------------------------------------------------------


def _values(name: str, table: Table, catalogs: Catalogs) -> dict[str, Any]:
    """Return what the values of a section mean: one meaning has one digest."""
    kinds = _kinds(name, table, catalogs)
    return {key: kinds[key].value(value) for key, value in table.get(name, {}).items()}


def _task(table: Table, catalogs: Catalogs) -> TaskChoice:
    given = _values("task", table, catalogs)
    name = given.pop("name")
    task = catalogs.tasks[name]
    options = {
        option: given.pop(option, allowed[0] if allowed else "")
        for option, allowed in task.options.items()
    }
    known = {**task.parameters, **given}
    said = {key: value for key, value in known.items() if task.added.get(key) != value}
    return TaskChoice(name, said, options)


def _objective(section: Table) -> Objective:
    terms = section.get("terms")
    given = {} if terms is None else {"terms": {k: _term_of(term) for k, term in terms.items()}}
    return Objective(**given, pareto=section.get("pareto", Objective.pareto))


def _term_of(settings: Table) -> Term:
    return Term(**{key: TERM[key].value(value) for key, value in settings.items()})


def _plan(table: Table, catalogs: Catalogs) -> SearchPlan:
    settings = _values("search", table, catalogs)
    optimizer = settings.setdefault("optimizer", SearchPlan.optimizer)
    defaults = catalogs.optimizers[optimizer].defaults
    options = {**defaults, **settings.get("options", {})}
    settings["options"] = {key: _like(defaults[key], value) for key, value in options.items()}
    stages = settings.get("stages", ())
    settings["stages"] = tuple(_stage(stage, table, catalogs) for stage in stages)
    return SearchPlan(**settings)


def _stage(settings: Table, table: Table, catalogs: Catalogs) -> Stage:
    """Return a stage; what it says of the task as the study does is left out."""
    own, kinds = _task(table, catalogs).parameters, _kinds("task", table, catalogs)
    said = {key: kinds[key].value(value) for key, value in settings.get("task", {}).items()}
    task = {key: value for key, value in said.items() if own.get(key) != value}
    return Stage(**{**settings, "task": task})


def _like(default: object, value: Any) -> Any:
    return NUMBER.value(value) if isinstance(default, float) else value
