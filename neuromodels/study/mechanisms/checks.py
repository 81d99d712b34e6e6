"""What can be wrong with the mechanisms of a rule in a study file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from neuromodels.errors import DeclarationError, shown
from neuromodels.study.kinds import TABLE, Key, Kind, Problem, Table, nearest
from neuromodels.study.mechanisms.tables import MECHANISMS, RULE_OF, composed, mechanisms_of
from neuromodels.study.names import Catalogs, member_of, unknown_name

Kinds = Callable[[Any], dict[str, Kind]]
"""Returns the keys of a rule's table."""
NOT_HERE = ("name", *(MECHANISMS,))


def mechanism_problems(
    path: Key, section: Table, catalogs: Catalogs, kinds: Kinds
) -> Iterable[Problem]:
    """Yield what is wrong with mechanisms, coefficients left out.

    Parameters
    ----------
    path
        Of the rule's table.
    kinds
        What each key of a rule's table must be.
    """
    given, rule = section.get(MECHANISMS), member_of(section.get("name"), catalogs)
    place = (*path, MECHANISMS)
    if rule is None:
        return
    if given is None:
        yield from _of_nothing(path, rule, section)
        return
    if not rule.ways:
        yield Problem(place, "go with name = 'synergy' alone. Write that, or leave them out.")
        return
    if not isinstance(given, Mapping):
        yield Problem(place, "must be tables with a name each. Write [rule.mechanisms.NAME].")
        return
    problems = [
        p for name, each in given.items() for p in _of_one((*place, name), each, catalogs, kinds)
    ]
    yield from problems or _of_all(place, rule, section, catalogs)


def _of_nothing(path: Key, rule: Any, section: Table) -> Iterable[Problem]:
    """Refuse what says how mechanisms are put together where there are none."""
    for key in rule.ways:
        if key in section:
            yield Problem(
                (*path, key), "goes with mechanisms. Write [rule.mechanisms.NAME] tables."
            )


def _of_one(path: Key, given: Any, catalogs: Catalogs, kinds: Kinds) -> Iterable[Problem]:
    """Yield what is wrong with the table of one mechanism."""
    if not isinstance(given, Mapping):
        yield Problem(path, f"{TABLE.problem(given)} It needs rule = 'NAME' at least.")
        return
    name = given.get(RULE_OF)
    if not isinstance(name, str):
        missing = "is missing. Every mechanism has one." if name is None else "must be text"
        yield Problem(
            (*path, RULE_OF), missing if name is None else f"{missing}; got {shown(name)}."
        )
        return
    if wrong := unknown_name((*path, RULE_OF), name, catalogs):
        yield Problem((*path, RULE_OF), wrong)
        return
    rule = member_of(name, catalogs)
    known = {key: each for key, each in kinds(rule).items() if key not in NOT_HERE}
    for key, value in given.items():
        if key in known:
            if wrong := known[key].problem(value):
                yield Problem((*path, key), wrong)
        elif key != RULE_OF:
            close = nearest(key, known) or f" Known here: {', '.join((RULE_OF, *known))}."
            yield Problem((*path, key), f"unknown key.{close}")


def _of_all(path: Key, rule: Any, section: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Yield why mechanisms that are right each cannot stand beside each other."""
    if any(key in section and section[key] not in words for key, words in rule.ways.items()):
        return  # said where the key stands
    try:
        composed(rule, section, lambda name: member_of(name, catalogs))
    except DeclarationError as error:
        name = error.where.rpartition(".")[2]
        place = (*path, name) if name in mechanisms_of(section) else path
        yield Problem(place, str(error).removeprefix(f"{error.where}: "))
