"""What can be wrong with a study's rules, for all of a circuit or for a type of connection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neuromodels.coefficients import GRANULARITIES, OF_NEURONS, Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.study.circuits import with_scale
from neuromodels.study.kinds import (
    TABLE,
    Key,
    Kind,
    Problem,
    Table,
    is_among,
    nearest,
    one_of,
)
from neuromodels.study.mechanisms.checks import mechanism_problems
from neuromodels.study.mechanisms.tables import (
    MECHANISMS,
    RULE_OF,
    composed,
    mechanisms_of,
    options_of,
)
from neuromodels.study.names import (
    RULE,
    Catalogs,
    look_up,
    member_of,
    rule_tables,
    section_of,
    unknown_name,
)
from neuromodels.study.schema import COEFFICIENT, OWN_COEFFICIENT, SECTIONS
from neuromodels.study.study import RuleChoice

ANYTHING = Kind("tables", lambda value: True)
"""What only checks of its own can judge."""


def rule_problems(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Yield what is wrong with rules of connection types, and with every rule's coefficients."""
    for path, section in rule_tables(table).items():
        rule = look_up(table, (*path, "name"), catalogs)
        if path != RULE:
            member = member_of(section.get("name"), catalogs)
            yield from _of_type(path, section, member, catalogs)
        yield from mechanism_problems(path, section, catalogs, rule_kinds)
        yield from _coefficients((*path, "coefficients"), section.get("coefficients"), rule)
        for name, mechanism in mechanisms_of(section).items():
            place = (*path, MECHANISMS, name, "coefficients")
            yield from _of_mechanism(place, name, mechanism, rule)
        for need in NEEDS:
            yield from _untold(need, path, section, table, rule, catalogs)


def _of_mechanism(path: Key, name: str, section: Table, rule: Any) -> Iterable[Problem]:
    """Check the coefficients of one mechanism, whose names a composed rule begins with its name."""
    given = section.get("coefficients")
    if rule is None or not isinstance(given, Mapping):
        return
    own = (c for c in rule.coefficients if c.name.startswith(f"{name}."))
    known = {c.name.removeprefix(f"{name}."): c for c in own}
    owner = f"the mechanism {name!r} has"
    for key, settings in given.items():
        yield from setting_problems((*path, key), settings, known, owner, GRANULARITIES)


def _task_as_chosen(table: Table, catalogs: Catalogs) -> Any:
    """Return the task with its options, None where it is unknown or cannot be made."""
    task = look_up(table, ("task", "name"), catalogs)
    if task is None:
        return None
    given = section_of(table, "task").items()
    texts = {key: value for key, value in given if isinstance(value, str)}  # others are told
    try:
        return task.with_options({key: texts[key] for key in task.options if key in texts})
    except DeclarationError:  # told where the option stands
        return None


@dataclass(frozen=True)
class ToldNeed:
    """Something that a rule may need and a task may tell, as fields of both."""

    of_rule: str
    of_task: str
    what: str
    untold: str
    cure: str


NEEDS = (
    ToldNeed(
        "needs_error",
        "taught",
        "an error",
        "tells the read-out nothing",
        "a task that tells answers, such as few_shot",
    ),
    ToldNeed(
        "needs_type",
        "typed",
        "the type of each sample",
        "tells none",
        "a task from arrays with the array `types`",
    ),
)


def _untold(
    need: ToldNeed, path: Key, section: Table, table: Table, rule: Any, catalogs: Catalogs
) -> Iterable[Problem]:
    """Refuse a rule that needs an error, or the type of a sample, where the task tells none."""
    if rule is None or not getattr(rule, need.of_rule):
        return
    task = _task_as_chosen(table, catalogs)
    if task is None or getattr(task, need.of_task):
        return
    parts = {
        name: member_of(each.get(RULE_OF), catalogs)
        for name, each in mechanisms_of(section).items()
    }
    needing = [
        name for name, each in parts.items() if each is not None and getattr(each, need.of_rule)
    ]
    place = (*path, MECHANISMS, needing[0], RULE_OF) if needing else (*path, "name")
    named = parts[needing[0]].name if needing else rule.name
    yield Problem(
        place,
        f"{named!r} needs {need.what}, and the task {task.name!r} {need.untold}."
        f" Take {need.cure}, or another rule.",
    )


def rule_kinds(rule: Any) -> dict[str, Kind]:
    """Return the keys of a rule's table, those of its options among them if it is known."""
    if rule is None:
        return dict(SECTIONS["rule"])
    terms = {"terms": _terms_of(rule)} if rule.terms else {}
    options = {
        name: one_of(*allowed) for name, allowed in (*rule.options.items(), *rule.ways.items())
    }
    mechanisms = {MECHANISMS: ANYTHING} if rule.ways else {}
    return {**SECTIONS["rule"], **options, **terms, **mechanisms}


def _terms_of(rule: Any) -> Kind:
    """Return the kind of a text that says which terms of the rule stay."""
    return Kind(
        f"names out of {' '.join(rule.terms)}, each once, or 'all'",
        rule.are_terms,
        (*rule.terms, "all"),
    )


def _of_type(path: Key, section: Table, rule: Any, catalogs: Catalogs) -> Iterable[Problem]:
    if "name" not in section:
        yield Problem((*path, "name"), "is missing. Each type of connection has one rule.")
    kinds = rule_kinds(rule)
    for key, value in section.items():
        if key in kinds:
            wrong = kinds[key].problem(value) or unknown_name((*path, key), value, catalogs)
            if wrong:
                yield Problem((*path, key), wrong)
        elif rule is not None:
            close = nearest(key, kinds) or f" Known here: {', '.join(kinds)}."
            yield Problem((*path, key), f"unknown key.{close}")


# -- coefficients -------------------------------------------------------------------------------


def _coefficients(path: Key, given: Any, rule: Any) -> Iterable[Problem]:
    if not isinstance(given, Mapping):
        return
    known = {c.name: c for c in rule.coefficients} if rule else {}
    owner = f"the rule {rule.name!r} has" if rule else ""
    for name, settings in given.items():
        yield from setting_problems((*path, name), settings, known, owner, GRANULARITIES)


def setting_problems(
    path: Key, settings: Any, known: Mapping[str, Any], owner: str, granularities: tuple[str, ...]
) -> Iterable[Problem]:
    """Check one coefficient's settings; `owner` is empty where nobody knows what there is."""
    name = path[-1]
    if owner and name not in known:
        close = nearest(name, known) or f" Known: {', '.join(known) or 'none'}."
        yield Problem(path, f"{owner} no such coefficient.{close}")
    elif wrong := TABLE.problem(settings):
        yield Problem(path, wrong)
    elif is_among({*GRANULARITIES, *OF_NEURONS} - set(granularities), settings.get("per")):
        yield Problem((*path, "per"), f"is here one of {', '.join(granularities)}.")
    else:
        yield from _coefficient(path, settings, known.get(name))


def own_setting_problems(path: Key, settings: Table) -> Iterable[Problem]:
    """Check the settings of a constant of a user's neurons, which has `default` and bounds."""
    if is_among(set(GRANULARITIES) | {"group"}, settings.get("per")):
        yield Problem((*path, "per"), "is here one of neuron, population.")
        return
    problems = list(_wrong_values(path, settings, OWN_COEFFICIENT))
    yield from problems
    if problems:
        return
    low, high = settings["low"], settings["high"]
    if not -math.inf < low < high < math.inf:
        yield Problem((*path, "low"), f"must be finite and below high, {high:g}; got {low:g}.")
        return
    try:
        Coefficient(path[-1]).with_settings(with_scale(settings))
    except DeclarationError as error:
        yield Problem((*path, _culprit(settings)), without_place(error))


def _wrong_values(path: Key, settings: Table, kinds: Mapping[str, Kind]) -> Iterable[Problem]:
    for key, value in settings.items():
        if key not in kinds:
            close = nearest(key, kinds) or f" Known: {', '.join(kinds)}."
            yield Problem((*path, key), f"unknown key.{close}")
        elif wrong := kinds[key].problem(value):
            yield Problem((*path, key), wrong)


def _coefficient(path: Key, settings: Table, coefficient: Any) -> Iterable[Problem]:
    problems = list(_wrong_values(path, settings, COEFFICIENT))
    yield from problems
    if coefficient is None or problems:
        return
    try:
        coefficient.with_settings(settings)
    except DeclarationError as error:
        yield Problem((*path, _culprit(settings)), without_place(error))


def _culprit(settings: Table) -> str:
    return next((key for key in ("low", "high", "default", "frozen") if key in settings), "")


def without_place(error: DeclarationError) -> str:
    """Return what an error says, without where."""
    return str(error).removeprefix(f"{error.where}: ")


# -- filling in ---------------------------------------------------------------------------------


def rule_from(section: Table, catalogs: Catalogs) -> RuleChoice:
    """Return a rule's table without problems, all defaults filled in."""
    rule = catalogs.rules[section["name"]]
    if section.get(MECHANISMS):
        return _composed_from(rule, section, catalogs)
    options = {option: section.get(option, allowed[0]) for option, allowed in rule.options.items()}
    if rule.terms and (terms := rule.kept_terms(section.get("terms", "all"))):
        options["terms"] = " ".join(terms)
    changes, kept = section.get("coefficients", {}), rule.with_options(options).coefficients
    settings = {c.name: settings_of(c, changes.get(c.name, {})) for c in kept}
    return RuleChoice(section["name"], options, settings)


def _composed_from(rule: Any, section: Table, catalogs: Catalogs) -> RuleChoice:
    """Return a composed rule's table, the coefficients of all mechanisms by their whole names."""
    tables, changes = mechanisms_of(section), dict(section.get("coefficients", {}))
    for name, each in tables.items():
        own = each.get("coefficients", {}).items()
        changes |= {f"{name}.{key}": settings for key, settings in own}
    whole = composed(rule, section, catalogs.rules.__getitem__)
    mechanisms = {name: _mechanism_from(each, catalogs) for name, each in tables.items()}
    ways = {key: section.get(key, words[0]) for key, words in rule.ways.items()}
    settings = {c.name: settings_of(c, changes.get(c.name, {})) for c in whole.coefficients}
    return RuleChoice(section["name"], ways, settings, mechanisms)


def _mechanism_from(section: Table, catalogs: Catalogs) -> RuleChoice:
    """Return the rule of a mechanism and all its options."""
    name = section[RULE_OF]
    chosen = rule_from({"name": name, **options_of(catalogs.rules[name], section)}, catalogs)
    return RuleChoice(name, chosen.options)


def settings_of(coefficient: Any, changes: Table) -> dict[str, object]:
    """Return all settings of a coefficient; infinite bounds of the rule's own are left out."""
    changed = coefficient.with_settings(changes)
    settings = {}
    for key, kind in COEFFICIENT.items():
        value = getattr(changed, key)
        if key == "drawn" and not value:
            continue  # studies from before it was there stay the same
        if not (value in (math.inf, -math.inf) and value == getattr(coefficient, key)):
            settings[key] = kind.value(value)
    return settings
