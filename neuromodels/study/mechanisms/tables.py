"""The tables of a rule's mechanisms, and the rule that they compose.

A mechanism is ``[rule.mechanisms.oja]`` with ``rule = "oja"``, the options of that rule, and its
``coefficients``. The order in the file says nothing: mechanisms stand in the order of their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.study.kinds import Key, Table

MECHANISMS = "mechanisms"
RULE_OF = "rule"
"""Key of a mechanism's table that names its rule."""


def mechanisms_of(section: Table) -> dict[str, Table]:
    """Return the tables of a rule's mechanisms by name, in order; those that are none left out."""
    given = section.get(MECHANISMS)
    if not isinstance(given, Mapping):
        return {}
    return {name: given[name] for name in sorted(given) if isinstance(given[name], Mapping)}


def paths_of(path: Key, section: Table) -> list[Key]:
    """Return where the rules of a rule's mechanisms are named."""
    return [(*path, MECHANISMS, name, RULE_OF) for name in mechanisms_of(section)]


def is_of_mechanism(path: Key) -> bool:
    """Whether a key names the rule of a mechanism."""
    return len(path) >= 4 and path[-3] == MECHANISMS and path[-1] == RULE_OF


def options_of(rule: Any, section: Table) -> dict[str, Any]:
    """Return what a table says of the options of a rule, its terms among them."""
    known = {*rule.options, *(("terms",) if rule.terms else ())}
    return {key: value for key, value in section.items() if key in known}


def composed(rule: Any, section: Table, member: Callable[[str], Any]) -> Any:
    """Return the rule that a table with mechanisms declares.

    Parameters
    ----------
    rule
        The member of the catalog that the table names.
    member
        Returns the rule of a name, None where there is none.

    Raises
    ------
    DeclarationError
        What the mechanisms or their composition are refused with.
    """
    parts = {name: member(str(each.get(RULE_OF))) for name, each in mechanisms_of(section).items()}
    if missing := [name for name, each in parts.items() if each is None]:
        raise DeclarationError(f"{MECHANISMS}.{missing[0]}.{RULE_OF}", "must name a rule")
    chosen = {
        name: part.with_options(options_of(part, section[MECHANISMS][name]))
        for name, part in parts.items()
    }
    return rule.composed_of(chosen, {key: section[key] for key in rule.ways if key in section})
