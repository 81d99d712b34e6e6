"""What can be wrong with a study's circuit: its neurons, and its types of connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from neuromodels.coefficients import OF_NEURONS
from neuromodels.errors import DeclarationError
from neuromodels.study.circuits import (
    CONNECTIONS,
    MEAN,
    AnyCircuit,
    Balanced,
    CircuitChoice,
    Layered,
    circuit_table,
    kind_of,
    silent_keys,
)
from neuromodels.study.kinds import SHARE, Key, Problem, Table, nearest, whole
from neuromodels.study.names import RULE, Catalogs, look_up, section_of, unknown_name
from neuromodels.study.rule_checks import setting_problems, settings_of
from neuromodels.study.schema import SECTIONS

RULES: Key = ("rules",)
SPIKELESS = ("input", "output")
"""Populations without spike events: channels and read-outs."""
CURES = {
    "plastic": "Name a rule per type of connection, as in [rules.IE].",
    "recurrent": "It always is; probability = { EE = 0 } leaves a type out.",
}
"""What to do in place of a key of layered circuits, beside inhibitory neurons."""


def circuit_problems(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Yield what does not fit together in a circuit, and wrong settings of its neurons."""
    section = _with_defaults(table)
    hidden, groups = section["hidden"], section["groups"]
    counted = whole(1).holds(hidden) and whole(1).holds(groups)
    if counted and hidden % groups:
        yield Problem(("circuit", "groups"), f"must divide the {hidden} hidden neurons.")
    if isinstance(section["coefficients"], Mapping):
        yield from _of_neurons(section["coefficients"], _models(table, catalogs))
    if SECTIONS["circuit"]["inhibitory"].holds(section["inhibitory"]):
        yield from PROBLEMS[kind_of(section)](section, table, catalogs)


def circuit_from(table: Table, catalogs: Catalogs) -> AnyCircuit:
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
    section, rule = _with_defaults(table), look_up(table, (*RULE, "name"), catalogs)
    return {
        place: catalogs.models[name]
        for place, name in MODELS[kind_of(section)](section, rule).items()
        if isinstance(name, str) and not unknown_name(("circuit", "neuron"), name, catalogs)
    }


def _with_defaults(table: Table) -> dict[str, Any]:
    """Return the keys of all kinds of circuit, those that are not given with their defaults."""
    return circuit_table(Layered()) | dict(section_of(table, "circuit"))


def _other_kinds(section: Table) -> Iterator[tuple[str, object]]:
    """Yield the keys that only other kinds have but that say something, and what would not."""
    for key, nothing in silent_keys(kind_of(section)).items():
        if SECTIONS["circuit"][key].holds(section[key]) and section[key] != nothing:
            yield key, nothing


# -- layered circuits -----------------------------------------------------------------------------


def _layered_models(section: Table, rule: Any) -> dict[str, Any]:
    """Return the names of models by population."""
    beside = {"gru": "gru"} if section["gru"] else {}
    hidden = {"hidden": section["neuron"]} if section["hidden"] != 0 else {}
    third = {"modulators": section["modulator"]} if rule is not None and rule.modulator else {}
    return {**beside, **hidden, "output": section["readout"], **third}


def _layered_problems(section: Table, table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse what only a circuit with inhibitory neurons has."""
    rules = [RULES] if section_of(table, *RULES) else []
    for path in [*rules, *(("circuit", key) for key, _ in _other_kinds(section))]:
        yield Problem(
            path,
            "goes with inhibitory neurons, which this circuit has not. Give"
            " circuit.inhibitory, or leave it out.",
        )


# -- circuits of excitatory and inhibitory neurons ------------------------------------------------


def _balanced_models(section: Table, rule: Any) -> dict[str, Any]:
    """Return the names of models by population."""
    keys = {"hidden": "neuron", "output": "readout", "inhibitory": "inhibitor"}
    return {place: section[key] for place, key in keys.items()}


def _balanced_problems(section: Table, table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse what layered circuits have, and rules that cannot act where they are named."""
    if whole(0).holds(section["hidden"]) and section["hidden"] == 0:
        yield Problem(("circuit", "hidden"), "must be at least 1 beside inhibitory neurons.")
    for key, nothing in _other_kinds(section):
        cure = CURES.get(key, "Leave it out.")
        wrong = f"must be {nothing!r} beside inhibitory neurons; got {section[key]!r}. {cure}"
        yield Problem(("circuit", key), wrong)
    yield from _probabilities(section)
    yield from _rules(table, catalogs)


def _probabilities(section: Table) -> Iterable[Problem]:
    given = section["probability"]
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
    problems: dict[Key, str] = {}
    for kind in CONNECTIONS:
        path = ("rules", kind) if kind in named else RULE
        rule = None if kind == MEAN and path == RULE else _with_options(table, path, catalogs)
        if chances.get(kind) == 0:
            if kind in named:
                problems[path] = f"there are none; circuit.probability.{kind} is 0. Leave it out."
        elif rule is not None and (wrong := _why_misplaced(rule, kind)):
            problems.setdefault((*path, wrong[0]), wrong[1])
    for place, text in problems.items():
        yield Problem(place, text)


def _with_options(table: Table, path: Key, catalogs: Catalogs) -> Any:
    section, rule = section_of(table, *path), look_up(table, (*path, "name"), catalogs)
    if rule is None:
        return None
    options = {key: value for key, value in section.items() if key in rule.options}
    try:
        return rule.with_options(options)
    except DeclarationError:  # reported where the option stands
        return None


def _why_misplaced(rule: Any, kind: str) -> tuple[str, str] | None:
    """Return a key of the rule and what is wrong; None where it can act in that type."""
    source, target = CONNECTIONS[kind]
    if rule.modulator:
        return "name", (
            f"{rule.name!r} has a third factor, and a circuit with inhibitory neurons has no"
            " modulatory ones. Take another rule."
        )
    if rule.is_normalised:
        return "normalisation", "must be 'none' in a circuit with inhibitory neurons."
    if (source in SPIKELESS and rule.on_pre.strip()) or (
        target in SPIKELESS and rule.on_post.strip()
    ):
        dense = " Choose form = 'dense'." if "form" in rule.options else " Take another rule."
        where = "channels" if source in SPIKELESS else "read-outs"
        return "name", f"acts at spikes in {kind}, where {where} have none.{dense}"
    return None


PROBLEMS: Mapping[type, Callable[[Table, Table, Catalogs], Iterable[Problem]]] = {
    Layered: _layered_problems,
    Balanced: _balanced_problems,
}
"""By kind: what is wrong in a circuit's section with all keys, and in the study around it."""
MODELS: Mapping[type, Callable[[Table, Any], dict[str, Any]]] = {
    Layered: _layered_models,
    Balanced: _balanced_models,
}
"""By kind: the names of neuron models by population, given all keys and the study's rule."""
