"""What can be wrong with a study's circuit: its neurons, and its types of connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neuromodels.coefficients import OF_NEURONS
from neuromodels.errors import DeclarationError
from neuromodels.study.kinds import SHARE, Problem, Table, nearest, whole
from neuromodels.study.names import RULE, Catalogs, Path, chosen, section_of, unknown_name
from neuromodels.study.rule_checks import setting_problems, settings_of
from neuromodels.study.schema import SECTIONS
from neuromodels.study.study import CONNECTIONS, MEAN, CircuitChoice

SPIKELESS = ("input", "output")
"""Populations without spike events: channels and read-outs."""
LAYERED: Mapping[str, tuple[object, str]] = {
    "plastic": ("all", "Name a rule per type of connection, as in [rules.IE]."),
    "recurrent": (False, "It always is; probability = { EE = 0 } leaves a type out."),
    "gru": (0, "Leave it out."),
}
"""Keys of layered circuits, the only value that they have elsewhere, and what to do instead."""


def circuit_problems(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Yield what does not fit together in a circuit, and wrong settings of its neurons."""
    section = section_of(table, "circuit")
    hidden, groups = (section.get(k, getattr(CircuitChoice, k)) for k in ("hidden", "groups"))
    counted = whole(1).holds(hidden) and whole(1).holds(groups)
    if counted and hidden % groups:
        yield Problem(("circuit", "groups"), f"must divide the {hidden} hidden neurons.")
    given = section.get("coefficients")
    if isinstance(given, Mapping):
        yield from _of_neurons(given, _models(table, catalogs))
    if whole(1).holds(section.get("inhibitory", 0)):
        yield from _combinations(section)
        yield from _probabilities(section)
        yield from _rules(table, catalogs)
    elif section.get("inhibitory", 0) == 0:
        yield from _without_types(table)


def circuit_from(table: Table, catalogs: Catalogs) -> CircuitChoice:
    """Return the circuit of a table without problems, all defaults filled in."""
    section = dict(table.get("circuit", {}))
    changes = section.pop("coefficients", {})
    chances = {kind: float(p) for kind, p in section.pop("probability", {}).items()}
    settings = {
        f"{place}.{c.name}": settings_of(
            c, {**changes.get(c.name, {}), **changes.get(f"{place}.{c.name}", {})}
        )
        for place, model in _models(table, catalogs).items()
        for c in model.coefficients
    }
    return CircuitChoice(**section, coefficients=settings, probability=chances)


def _of_neurons(given: Table, models: Mapping[str, Any]) -> Iterable[Problem]:
    known: dict[str, Any] = {}
    for place, model in models.items():
        known |= {f"{place}.{c.name}": c for c in model.coefficients}
        known |= {c.name: c for c in model.coefficients if c.name not in known}
    for name, settings in given.items():
        path = ("circuit", "coefficients", name)
        yield from setting_problems(path, settings, known, "the circuit's neurons have", OF_NEURONS)


def _models(table: Table, catalogs: Catalogs) -> dict[str, Any]:
    """Return the neuron model of each population that the circuit has, where it is known."""
    section = section_of(table, "circuit")
    rule = chosen(table, (*RULE, "name"), catalogs)
    keys = {"hidden": "neuron", "output": "readout"}
    if section.get("inhibitory"):
        keys["inhibitory"] = "inhibitor"
    if rule is not None and rule.modulator:
        keys["modulators"] = "modulator"
    if section.get("hidden") == 0:
        del keys["hidden"]
    beside = {"gru": catalogs.models["gru"]} if section.get("gru") else {}
    named = {place: section.get(key, getattr(CircuitChoice, key)) for place, key in keys.items()}
    return beside | {
        place: catalogs.models[name]
        for place, name in named.items()
        if isinstance(name, str) and not unknown_name(("circuit", "neuron"), name, catalogs)
    }


# -- circuits of excitatory and inhibitory neurons ------------------------------------------------


def _without_types(table: Table) -> Iterable[Problem]:
    """Refuse what only a circuit with inhibitory neurons has."""
    places: tuple[Path, ...] = (("rules",), ("circuit", "probability"))
    for path in places:
        if section_of(table, *path):
            yield Problem(
                path,
                "goes with inhibitory neurons, which this circuit has not. Give"
                " circuit.inhibitory, or leave it out.",
            )


def _combinations(section: Table) -> Iterable[Problem]:
    """Refuse what layered circuits have and one with inhibitory neurons has not."""
    if whole(0).holds(section.get("hidden")) and section["hidden"] == 0:
        yield Problem(("circuit", "hidden"), "must be at least 1 beside inhibitory neurons.")
    for key, (only, cure) in LAYERED.items():
        value = section.get(key, only)
        if SECTIONS["circuit"][key].holds(value) and value != only:
            wrong = f"must be {only!r} beside inhibitory neurons; got {value!r}. {cure}"
            yield Problem(("circuit", key), wrong)


def _probabilities(section: Table) -> Iterable[Problem]:
    given = section.get("probability")
    kinds = [kind for kind in CONNECTIONS if kind != MEAN]
    for kind, value in given.items() if isinstance(given, Mapping) else ():
        path = ("circuit", "probability", kind)
        if kind not in kinds:
            close = nearest(kind, kinds) or f" Known: {', '.join(kinds)}."
            yield Problem(path, f"unknown type of connection.{close}")
        elif wrong := SHARE.problem(value):
            yield Problem(path, wrong)


def _rules(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse rules that cannot act where they are named; a type not named follows ``[rule]``."""
    named, chances = section_of(table, "rules"), section_of(table, "circuit", "probability")
    found: dict[Path, str] = {}
    for kind in CONNECTIONS:
        path = ("rules", kind) if kind in named else RULE
        rule = None if kind == MEAN and path == RULE else _with_options(table, path, catalogs)
        if chances.get(kind) == 0:
            if kind in named:
                found[path] = f"there are none; circuit.probability.{kind} is 0. Leave it out."
        elif rule is not None and (wrong := _misplaced(rule, kind)):
            found.setdefault((*path, wrong[0]), wrong[1])
    for place, text in found.items():
        yield Problem(place, text)


def _with_options(table: Table, path: Path, catalogs: Catalogs) -> Any:
    section, rule = section_of(table, *path), chosen(table, (*path, "name"), catalogs)
    if rule is None:
        return None
    options = {key: value for key, value in section.items() if key in rule.options}
    try:
        return rule.chosen(options)
    except DeclarationError:  # reported where the option stands
        return None


def _misplaced(rule: Any, kind: str) -> tuple[str, str] | None:
    """Return the key and what is wrong, None if the rule can act in connections of that type."""
    source, target = CONNECTIONS[kind]
    if rule.modulator:
        return "name", (
            f"{rule.name!r} has a third factor, and a circuit with inhibitory neurons has no"
            " modulatory ones. Take another rule."
        )
    if rule.normalisation != "none":
        return "normalisation", "must be 'none' in a circuit with inhibitory neurons."
    if (source in SPIKELESS and rule.on_pre.strip()) or (
        target in SPIKELESS and rule.on_post.strip()
    ):
        dense = " Choose form = 'dense'." if "form" in rule.options else " Take another rule."
        where = "channels" if source in SPIKELESS else "read-outs"
        return "name", f"acts at spikes in {kind}, where {where} have none.{dense}"
    return None
