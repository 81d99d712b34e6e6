"""Everything that can be wrong with a study, found before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neuromodels.coefficients import GRANULARITIES, OF_NEURONS
from neuromodels.errors import DeclarationError
from neuromodels.objectives import MEASURES, FailurePlan, Objective, Term
from neuromodels.search.plan import SearchPlan
from neuromodels.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice, TestPlan
from neuromodels.studyform import (
    COEFFICIENT,
    NUMBER,
    REQUIRED,
    SECTIONS,
    SWITCH,
    TABLE,
    TERM,
    Kind,
    Problem,
    Table,
    is_number,
    nearest,
    one_of,
    whole,
)
from neuromodels.tasks.base import CLAMPED, NEEDED


@dataclass(frozen=True)
class Catalogs:
    """The names a study may choose from."""

    rules: Mapping[str, Any]
    models: Mapping[str, Any]
    tasks: Mapping[str, Any]
    optimizers: Mapping[str, Any]


def installed_catalogs() -> Catalogs:
    """Return the catalogs of this package; imports Brian2's units."""
    from neuromodels import models, rules, tasks
    from neuromodels.search.optimizer import OPTIMIZERS

    return Catalogs(rules.CATALOG, models.CATALOG, tasks.CATALOG, OPTIMIZERS)


def problems_of(table: Table, catalogs: Catalogs) -> list[Problem]:
    """Return every problem of a study given as plain values."""
    return [
        *_missing(table),
        *_unknown_sections(table, catalogs),
        *_sections(table, catalogs),
        *_coefficients(table, catalogs),
        *_neurons(table, catalogs),
        *_search(table, catalogs),
        *_task_items(table, catalogs),
        *_controls(table, catalogs),
        *_terms(table),
        *_limits(table),
    ]


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
        task=_task(table["task"], catalogs),
        rule=_rule(table["rule"], catalogs),
        circuit=_circuit(table, catalogs),
        search=_plan(table.get("search", {}), catalogs),
        test=TestPlan(**table.get("test", {})),
        objective=_objective(table.get("objective", {})),
        failures=FailurePlan(**{k: float(v) for k, v in table.get("failures", {}).items()}),
        device=DeviceChoice(**table.get("device", {})),
        contents=contents or {},
    )


# -- finding problems ---------------------------------------------------------------------------


def _section(table: Table, name: str) -> Table:
    section = table.get(name, {}) if name else table
    return section if isinstance(section, Mapping) else {}


def _chosen(table: Table, section: str, key: str, catalog: Mapping[str, Any]) -> Any:
    name = _section(table, section).get(key)
    try:
        return catalog.get(name) if isinstance(name, str) else None
    except DeclarationError:  # a user's own file that cannot be used: `_unknown_name` says so
        return None


def _missing(table: Table) -> Iterable[Problem]:
    for path in REQUIRED:
        section = _section(table, path[0] if len(path) == 2 else "")
        if path[-1] not in section:
            yield Problem(path, "is missing. Every study needs it.")


def _kinds(name: str, table: Table, catalogs: Catalogs) -> dict[str, Kind]:
    kinds = dict(SECTIONS[name])
    task = _chosen(table, "task", "name", catalogs.tasks)
    rule = _chosen(table, "rule", "name", catalogs.rules)
    if name == "task" and task:
        kinds |= {
            parameter: whole(0) if isinstance(default, int) else NUMBER
            for parameter, default in task.parameters.items()
        }
    if name == "rule" and rule:
        kinds |= {option: one_of(*allowed) for option, allowed in rule.options.items()}
    return kinds


def _unknown_sections(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    for key, value in table.items():
        if key in SECTIONS and not isinstance(value, Mapping):
            yield Problem((key,), f"must be a table; got {value!r}. Write it as [{key}].")
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
        for key, value in _section(table, name).items():
            path = (name, key) if name else (key,)
            if key in kinds:
                wrong = kinds[key].problem(value) or _unknown_name(path, value, catalogs)
                if wrong:
                    yield Problem(path, wrong)
            elif name and closed:
                yield Problem(path, _unknown_key(key, name, table, catalogs))


def _names_are_known(section: str, table: Table, catalogs: Catalogs) -> bool:
    # without the task or rule its own keys cannot be told from misspelt ones
    catalog = catalogs.tasks if section == "task" else catalogs.rules
    return _chosen(table, section, "name", catalog) is not None


def _unknown_name(path: tuple[str, ...], value: Any, catalogs: Catalogs) -> str | None:
    catalogs_of: dict[tuple[str, ...], Mapping[str, Any]] = {
        ("task", "name"): catalogs.tasks,
        ("rule", "name"): catalogs.rules,
        ("circuit", "neuron"): catalogs.models,
        ("circuit", "readout"): catalogs.models,
        ("circuit", "modulator"): catalogs.models,
        ("search", "optimizer"): catalogs.optimizers,
    }
    catalog = catalogs_of.get(path)
    try:
        if catalog is None or value in catalog:
            return None
    except DeclarationError as error:
        return str(error)
    noun = {"name": path[0], "optimizer": "optimizer"}.get(path[-1], "neuron model")
    known = ", ".join(catalog) if len(catalog) <= 12 else f"see `neuromodels list {noun}s`"
    return f"unknown {noun} {value!r}.{nearest(value, catalog)} Known: {known}."


def _coefficients(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    given = _section(table, "rule").get("coefficients")
    rule = _chosen(table, "rule", "name", catalogs.rules)
    if not isinstance(given, Mapping):
        return
    known = {c.name: c for c in rule.coefficients} if rule else {}
    owner = f"the rule {rule.name!r} has" if rule else ""
    for name, settings in given.items():
        path = ("rule", "coefficients", name)
        yield from _setting(path, settings, known, owner, GRANULARITIES)


def _setting(
    path: tuple[str, ...], settings: Any, known: Mapping[str, Any], owner: str,
    granularities: tuple[str, ...],
) -> Iterable[Problem]:  # fmt: skip
    """Check one coefficient's settings; `owner` is empty where nobody knows what there is."""
    name = path[-1]
    if owner and name not in known:
        close = nearest(name, known) or f" Known: {', '.join(known) or 'none'}."
        yield Problem(path, f"{owner} no such coefficient.{close}")
    elif wrong := TABLE.problem(settings):
        yield Problem(path, wrong)
    elif settings.get("per") in {*GRANULARITIES, *OF_NEURONS} - set(granularities):
        yield Problem((*path, "per"), f"is here one of {', '.join(granularities)}.")
    else:
        yield from _coefficient(path, settings, known.get(name))


def _neurons(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse groups that do not divide the hidden neurons, and wrong settings of neurons."""
    section = _section(table, "circuit")
    hidden, groups = (section.get(k, getattr(CircuitChoice, k)) for k in ("hidden", "groups"))
    counted = whole(1).holds(hidden) and whole(1).holds(groups)
    if counted and hidden % groups:
        yield Problem(("circuit", "groups"), f"must divide the {hidden} hidden neurons.")
    given = section.get("coefficients")
    if isinstance(given, Mapping):
        yield from _of_neurons(given, _models(table, catalogs))


def _of_neurons(given: Table, models: Mapping[str, Any]) -> Iterable[Problem]:
    known: dict[str, Any] = {}
    for place, model in models.items():
        known |= {f"{place}.{c.name}": c for c in model.coefficients}
        known |= {c.name: c for c in model.coefficients if c.name not in known}
    for name, settings in given.items():
        path = ("circuit", "coefficients", name)
        yield from _setting(path, settings, known, "the circuit's neurons have", OF_NEURONS)


def _coefficient(path: tuple[str, ...], settings: Table, coefficient: Any) -> Iterable[Problem]:
    found = []
    for key, value in settings.items():
        if key not in COEFFICIENT:
            close = nearest(key, COEFFICIENT) or f" Known: {', '.join(COEFFICIENT)}."
            found.append(Problem((*path, key), f"unknown key.{close}"))
        elif wrong := COEFFICIENT[key].problem(value):
            found.append(Problem((*path, key), wrong))
    yield from found
    if coefficient is None or found:
        return
    try:
        coefficient.changed(settings)
    except DeclarationError as error:
        yield Problem((*path, _culprit(settings)), _without_place(error))


def _culprit(settings: Table) -> str:
    return next((key for key in ("low", "high", "default", "frozen") if key in settings), "")


def _without_place(error: DeclarationError) -> str:
    return str(error).removeprefix(f"{error.where}: ")


def _search(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Ask the plan itself, one value at a time, so that each problem has its line."""
    section = _section(table, "search")
    name = section.get("optimizer", SearchPlan.optimizer)
    if not isinstance(name, str) or name not in catalogs.optimizers:
        return
    candidates = section.get("candidates", SearchPlan.candidates)
    if SECTIONS["search"]["candidates"].holds(candidates):
        yield from _refused(("search", "candidates"), optimizer=name, candidates=candidates)
    options = section.get("options")
    for option, value in options.items() if isinstance(options, Mapping) else ():
        yield from _refused(("search", "options", option), optimizer=name, options={option: value})


def _refused(path: tuple[str, ...], **settings: Any) -> Iterable[Problem]:
    try:
        SearchPlan(**settings)
    except DeclarationError as error:
        yield Problem(path, _without_place(error))


def _task_items(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    task = _chosen(table, "task", "name", catalogs.tasks)
    given = {k: v for k, v in _section(table, "task").items() if k != "name"}
    if task is None or not all(key in task.parameters and is_number(v) for key, v in given.items()):
        return
    chosen = {**task.parameters, **given}
    if task.number(task.items, chosen) < 1:
        path = ("task", next((key for key, value in given.items() if value < 1), "name"))
        wrong = f"leaves the task nothing to show: {task.items} must be at least 1."
        yield Problem(path, wrong)
    elif not task.holds(chosen):
        path = ("task", next((key for key in given if key in task.requires), "name"))
        yield Problem(path, f"is not possible: {task.requires} must hold.")


def _controls(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse control conditions that a task does not declare."""
    task = _chosen(table, "task", "name", catalogs.tasks)
    conditions = table.get("conditions", ())
    if task is None or not isinstance(conditions, list | tuple):
        return
    rule = _chosen(table, "rule", "name", catalogs.rules)
    for condition in CLAMPED:
        if condition in conditions and rule is not None and not rule.modulator:
            wrong = f"{condition!r} needs a rule with a third factor; {rule.name!r} has none."
            yield Problem(("conditions",), wrong)
    for condition, field in NEEDED.items():
        if condition in conditions and not getattr(task, field):
            wrong = f"{condition!r} needs a task with {field!r}; {task.name!r} declares none."
            yield Problem(("conditions",), wrong)


def _terms(table: Table) -> Iterable[Problem]:
    section = _section(table, "objective")
    given = section.get("terms", {})
    if not isinstance(given, Mapping):
        return
    found = [problem for name, term in given.items() for problem in _term(name, term)]
    yield from found
    if not found and SWITCH.holds(section.get("pareto", False)):
        try:
            _objective(section)
        except DeclarationError as error:
            yield Problem(("objective", "terms"), _without_place(error))


def _term(name: str, settings: Any) -> Iterable[Problem]:
    path = ("objective", "terms", name)
    if name not in MEASURES:
        close = nearest(name, MEASURES) or f" Known: {', '.join(MEASURES)}."
        yield Problem(path, f"nothing of that name is measured.{close}")
    elif wrong := TABLE.problem(settings):
        yield Problem(path, wrong)
    else:
        found = list(_settings_of_term(path, settings))
        yield from found or _contradiction(path, settings)


def _settings_of_term(path: tuple[str, ...], settings: Table) -> Iterable[Problem]:
    for key, value in settings.items():
        if key not in TERM:
            close = nearest(key, TERM) or f" Known: {', '.join(TERM)}."
            yield Problem((*path, key), f"unknown key.{close}")
        elif wrong := TERM[key].problem(value):
            yield Problem((*path, key), wrong)


def _contradiction(path: tuple[str, ...], settings: Table) -> Iterable[Problem]:
    try:
        Term(**settings)
    except DeclarationError as error:
        yield Problem((*path, error.where.removeprefix("Term.")), _without_place(error))


def _limits(table: Table) -> Iterable[Problem]:
    section = _section(table, "failures")
    if all(SECTIONS["failures"].get(key, TABLE).holds(value) for key, value in section.items()):
        try:
            FailurePlan(**section)
        except DeclarationError as error:
            key = error.where.removeprefix("FailurePlan.")
            yield Problem(("failures", key), _without_place(error))


# -- filling in ---------------------------------------------------------------------------------


def _task(section: Table, catalogs: Catalogs) -> TaskChoice:
    task = catalogs.tasks[section["name"]]
    given = {key: value for key, value in section.items() if key != "name"}
    return TaskChoice(section["name"], {**task.parameters, **given})


def _circuit(table: Table, catalogs: Catalogs) -> CircuitChoice:
    section = dict(table.get("circuit", {}))
    changes = section.pop("coefficients", {})
    settings = {
        f"{place}.{c.name}": _settings(
            c, {**changes.get(c.name, {}), **changes.get(f"{place}.{c.name}", {})}
        )
        for place, model in _models(table, catalogs).items()
        for c in model.coefficients
    }
    return CircuitChoice(**section, coefficients=settings)


def _models(table: Table, catalogs: Catalogs) -> dict[str, Any]:
    """Return the neuron model of each population that the circuit has, where it is known."""
    section = _section(table, "circuit")
    rule = _chosen(table, "rule", "name", catalogs.rules)
    keys = {"hidden": "neuron", "output": "readout"}
    if rule is not None and rule.modulator:
        keys["modulators"] = "modulator"
    if section.get("hidden") == 0:
        del keys["hidden"]
    beside = {"gru": catalogs.models["gru"]} if section.get("gru") else {}
    named = {place: section.get(key, getattr(CircuitChoice, key)) for place, key in keys.items()}
    return beside | {
        place: catalogs.models[name]
        for place, name in named.items()
        if isinstance(name, str) and not _unknown_name(("circuit", "neuron"), name, catalogs)
    }


def _rule(section: Table, catalogs: Catalogs) -> RuleChoice:
    rule = catalogs.rules[section["name"]]
    options = {option: section.get(option, allowed[0]) for option, allowed in rule.options.items()}
    changes = section.get("coefficients", {})
    settings = {c.name: _settings(c, changes.get(c.name, {})) for c in rule.coefficients}
    return RuleChoice(section["name"], options, settings)


def _settings(coefficient: Any, changes: Table) -> dict[str, object]:
    """Return all settings of a coefficient; infinite bounds of the rule's own are left out."""
    changed = coefficient.changed(changes)
    settings = {}
    for key, kind in COEFFICIENT.items():
        value = getattr(changed, key)
        if not (value in (math.inf, -math.inf) and value == getattr(coefficient, key)):
            settings[key] = float(value) if kind is NUMBER or key == "sigma" else value
    return settings


def _objective(section: Table) -> Objective:
    terms = section.get("terms")
    given = {} if terms is None else {"terms": {k: _term_of(each) for k, each in terms.items()}}
    return Objective(**given, pareto=section.get("pareto", False))


def _term_of(settings: Table) -> Term:
    numbers = {key: float(value) for key, value in settings.items() if key != "constraint"}
    return Term(**numbers, constraint=settings.get("constraint", False))


def _plan(section: Table, catalogs: Catalogs) -> SearchPlan:
    optimizer = section.get("optimizer", SearchPlan.optimizer)
    defaults = catalogs.optimizers[optimizer].options
    options = {**defaults, **section.get("options", {})}
    settings = {**section, "optimizer": optimizer}
    settings["options"] = {key: _like(defaults[key], value) for key, value in options.items()}
    if "target" in settings:
        settings["target"] = float(settings["target"])
    return SearchPlan(**settings)


def _like(default: object, value: Any) -> Any:
    return float(value) if isinstance(default, float) else value
