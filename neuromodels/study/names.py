"""Names in a study that stand for members of catalogs, and the tables that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuromodels.errors import DeclarationError, shown
from neuromodels.study.kinds import Key, Table, nearest
from neuromodels.study.mechanisms.tables import MECHANISMS, composed, is_of_mechanism

RULE: Key = ("rule",)
NEURONS = ("neuron", "inhibitor", "readout", "modulator")
"""Keys of a circuit that name a neuron model."""


@dataclass(frozen=True)
class Catalogs:
    """The catalogs of everything that a study chooses by name."""

    rules: Mapping[str, Any]
    models: Mapping[str, Any]
    tasks: Mapping[str, Any]
    optimizers: Mapping[str, Any]

    def behind(self, path: Key) -> Mapping[str, Any] | None:
        """Return the catalog whose names a key may have as its value; None where it is no name."""
        if is_of_mechanism(path):
            return self.rules
        if path[0] == "rules":
            path = ("rule", *path[2:])
        known: dict[Key, Mapping[str, Any]] = {
            ("task", "name"): self.tasks,
            ("rule", "name"): self.rules,
            ("search", "optimizer"): self.optimizers,
            **{("circuit", key): self.models for key in NEURONS},
        }
        return known.get(path)


def section_of(table: Table, *path: str) -> Any:
    """Return the table at `path`, empty where there is none."""
    for name in path:
        table = table.get(name, {})
        if not isinstance(table, Mapping):
            return {}
    return table


def rule_tables(table: Table) -> dict[Key, Table]:
    """Return ``[rule]`` and the rules of connection types, by their paths."""
    given = section_of(table, "rules").items()
    paths = [RULE, *(("rules", kind) for kind, rule in given if isinstance(rule, Mapping))]
    return {path: section_of(table, *path) for path in paths}


def look_up(table: Table, path: Key, catalogs: Catalogs) -> Any:
    """Return the member of a catalog that is named at `path`, None where the name is unknown.

    A rule with mechanisms is composed of them, and None where it cannot be.
    """
    section, catalog = section_of(table, *path[:-1]), catalogs.behind(path)
    found = named_in(catalog, section.get(path[-1]))
    if found is None or catalog is not catalogs.rules or not section.get(MECHANISMS):
        return found
    try:
        return composed(found, section, lambda name: member_of(name, catalogs))
    except (DeclarationError, AttributeError, TypeError):  # the checks of mechanisms say so
        return None


def member_of(name: Any, catalogs: Catalogs) -> Any:
    """Return the rule of a name as it stands in its catalog, None where there is none."""
    return named_in(catalogs.rules, name)


def named_in(catalog: Mapping[str, Any] | None, name: Any) -> Any:
    """Return the member of a catalog, None where there is none of that name."""
    try:
        return catalog.get(name) if isinstance(name, str) and catalog is not None else None
    except DeclarationError:  # a user's own file that cannot be used: `unknown_name` says so
        return None


def unknown_name(path: Key, value: Any, catalogs: Catalogs) -> str | None:
    """Return what is wrong with a name, None if it is known or if the value is no name."""
    catalog = catalogs.behind(path)
    try:
        if catalog is None or value in catalog:
            return None
    except DeclarationError as error:
        return str(error)
    own = "task" if path[0] == "task" else "rule"
    noun = {"name": own, "rule": "rule", "optimizer": "optimizer"}.get(path[-1], "neuron model")
    known = (
        ", ".join(catalog) if len(catalog) <= 12 else f"see `neuromodels list {noun.split()[0]}s`"
    )
    return f"unknown {noun} {shown(value)}.{nearest(value, catalog)} Known: {known}."
