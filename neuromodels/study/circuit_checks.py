"""What can be wrong with a study's circuit: its neurons, and its types of connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from neuromodels.catalog import names_in
from neuromodels.coefficients import OF_NEURONS
from neuromodels.errors import DeclarationError, shown
from neuromodels.study.circuits import (
    CONNECTIONS,
    LAYERS,
    MEAN,
    AnyCircuit,
    Balanced,
    CircuitChoice,
    Layered,
    OwnNetwork,
    circuit_table,
    is_of_group,
    kind_of,
    projection_of,
    silent_keys,
    with_scale,
    words_of,
)
from neuromodels.study.kinds import SHARE, TABLE, Key, Problem, Table, nearest, whole
from neuromodels.study.names import RULE, Catalogs, look_up, section_of, unknown_name
from neuromodels.study.rule_checks import (
    own_setting_problems,
    setting_problems,
    settings_of,
    without_place,
)
from neuromodels.study.schema import OWN_COEFFICIENT, SECTIONS

RULES: Key = ("rules",)
SPIKELESS = ("input", "output")
"""Populations without spike events: channels and read-outs."""
CURES = {
    "plastic": "Name a rule per type of connection, as in [rules.IE].",
    "recurrent": "It always is; probability = { EE = 0 } leaves a type out.",
}
"""What to do in place of a key of layered circuits, beside inhibitory neurons."""
OWN_KEYS = ("build", "input", "output", "signal", "trace")
"""Keys that only a network of one's own has."""
PART = r"[A-Za-z_]\w*"
FORMS = {
    "input": (rf"{PART}\.{PART}", "a group and its variable, as in 'cells.I'"),
    "plastic": (PART, "Synapses by their name=..., as in 'recurrent'"),
    "output": (PART, "a group by its name=..., as in 'cells'"),
}
"""What each of the words of a key must look like, and that in words."""


def circuit_problems(table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Yield what does not fit together in a circuit, and wrong settings of its neurons."""
    section = _with_defaults(table)
    hidden, groups = section["hidden"], section["groups"]
    counted = whole(1).holds(hidden) and whole(1).holds(groups)
    if counted and hidden % groups:
        yield Problem(("circuit", "groups"), f"must divide the {hidden} hidden neurons.")
    if isinstance(section["coefficients"], Mapping):
        given = section["coefficients"]
        if kind_of(section) is OwnNetwork:
            yield from _of_own_neurons({a: x for a, x in given.items() if is_of_group(a)})
            given = {a: x for a, x in given.items() if not is_of_group(a)}
        yield from _of_neurons(given, _models(table, catalogs))
    if kind_of(section) is not Balanced or SECTIONS["circuit"]["inhibitory"].holds(
        section["inhibitory"]
    ):
        yield from PROBLEMS[kind_of(section)](section, table, catalogs)


def circuit_from(table: Table, catalogs: Catalogs) -> AnyCircuit:
    """Return the circuit of a table without problems, all defaults filled in."""
    section = dict(table.get("circuit", {}))
    changes = section.pop("coefficients", {})
    chances = {kind: SHARE.value(p) for kind, p in section.pop("probability", {}).items()}
    own = _of_groups(changes) if section.get("build") else {}
    settings = {
        f"{place}.{c.name}": settings_of(
            c, {**changes.get(c.name, {}), **changes.get(f"{place}.{c.name}", {})}
        )
        for place, model in _models(table, catalogs).items()
        for c in model.coefficients
    }
    return CircuitChoice(**section, coefficients=settings | own, probability=chances)


def _of_groups(changes: Table) -> dict[str, dict[str, Any]]:
    """Return all settings of constants of the user's neurons."""
    filled = {a: with_scale(each) for a, each in changes.items() if is_of_group(a)}
    return {
        address: {key: kind.value(each[key]) for key, kind in OWN_COEFFICIENT.items()}
        for address, each in filled.items()
    }


def _of_neurons(given: Table, models: Mapping[str, Any]) -> Iterable[Problem]:
    known: dict[str, Any] = {}
    for place, model in models.items():
        known |= {f"{place}.{c.name}": c for c in model.coefficients}
        known |= {c.name: c for c in model.coefficients if c.name not in known}
    for name, settings in given.items():
        path = ("circuit", "coefficients", name)
        yield from setting_problems(path, settings, known, "the circuit's neurons have", OF_NEURONS)


def _of_own_neurons(given: Table) -> Iterable[Problem]:
    """Yield what is wrong with constants of the user's neurons, before anything is built."""
    for address, settings in given.items():
        path = ("circuit", "coefficients", address)
        wrong = TABLE.problem(settings)
        missing = [k for k in ("default", "low", "high") if not wrong and k not in settings]
        if wrong or missing:
            cure = "Write default, low and high, in the unit that `unit` names."
            yield Problem(path, wrong or f"lacks {', '.join(missing)}. {cure}")
            continue
        yield from own_setting_problems(path, settings)


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
    """Refuse what only a circuit with inhibitory neurons has, and a rule that cannot act."""
    kinds = [kind for kind in section_of(table, *RULES) if projection_of(kind) not in LAYERS]
    others = [(*RULES, kind) for kind in kinds]
    for path in [*others, *(("circuit", key) for key, _ in _other_kinds(section))]:
        is_own = path[-1] in OWN_KEYS
        with_what = "a network of one's own" if is_own else "inhibitory neurons"
        key = "build" if is_own else "inhibitory"
        yield Problem(
            path,
            f"goes with {with_what}, which this circuit has not. Give"
            f" circuit.{key}, or leave it out.",
        )
    if section["plastic"] == "recurrent" and not _has_recurrent(section):
        wrong = "is 'recurrent', which needs recurrent = true and hidden neurons."
        yield Problem(("circuit", "plastic"), wrong)
        return
    if section["drawn"] and section["hidden"] == 0:
        yield Problem(("circuit", "drawn"), "needs hidden neurons. Write hidden above 0.")
        return
    yield from _deaf_modulators(section, table, catalogs)
    yield from _named_projections(section, table, catalogs)
    rule, models = _with_options(table, RULE, catalogs), _models(table, catalogs)
    if rule is None:
        return
    named = {projection_of(kind) for kind in section_of(table, *RULES)}
    pairs = (pair for pair in _plastic_pairs(section) if "_".join(pair) not in named)
    found = (_why_not_here(rule, pair, models) for pair in pairs)
    yield from [Problem((*RULE, "name"), wrong) for wrong in found if wrong][:1]


def _has_recurrent(section: Table) -> bool:
    return section["recurrent"] is True and section["hidden"] != 0


def _deaf_modulators(section: Table, table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse modulatory neurons that hear nobody but a task without rewards."""
    task = look_up(table, ("task", "name"), catalogs)
    if section["modulated_by"] == "task" and task is not None and not task.rewarded:
        wrong = f"is 'task', and {task.name!r} gives no rewards. Choose 'hidden' or 'all'."
        yield Problem(("circuit", "modulated_by"), wrong)


def _named_projections(section: Table, table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse rules of projections that are not there, and rules that cannot act on them."""
    models, seen = _models(table, catalogs), set[str]()
    for kind in section_of(table, *RULES):
        path, name = (*RULES, kind), projection_of(kind)
        if name not in LAYERS:
            continue
        if name in seen:
            yield Problem(path, f"the projection {name} has a rule already. Leave one out.")
        seen.add(name)
        if absent := _why_absent(name, section, table, catalogs):
            yield Problem(path, f"there is no such projection: {absent}")
            continue
        rule = _with_options(table, path, catalogs)
        if rule is None:
            continue
        if rule.modulator:
            wrong = f"{rule.name!r} has a third factor. Name it under [rule], or take another rule."
            yield Problem((*path, "name"), wrong)
        elif wrong := _why_not_here(rule, LAYERS[name], models):
            yield Problem((*path, "name"), wrong)


def _why_absent(name: str, section: Table, table: Table, catalogs: Catalogs) -> str:
    """Return why a layered circuit has no projection of a name; empty: it has."""
    has_hidden = section["hidden"] != 0
    if "hidden" in LAYERS[name] and not has_hidden:
        return "hidden is 0."
    if name == "input_output" and has_hidden:
        return "the channels project to hidden neurons. Write hidden = 0, or another name."
    if name == "hidden_hidden" and not _has_recurrent(section):
        return "hidden neurons do not project to each other. Write recurrent = true."
    task = look_up(table, ("task", "name"), catalogs)
    if name == "context_hidden" and task is not None and not task.context:
        return f"no channels of the task {task.name!r} say which task it is. Write input_hidden."
    return ""


def _plastic_pairs(section: Table) -> list[tuple[str, str]]:
    """Return source and target of the projections that follow the rule."""
    names = ["input", *(["hidden"] if section["hidden"] != 0 else []), "output"]
    forward = list(pairwise(names))
    back = [("hidden", "hidden")] if _has_recurrent(section) else []
    pairs = {"input": [forward[0], *back], "output": [forward[-1]], "recurrent": back}
    return pairs.get(str(section["plastic"]), [*forward, *back])


def _why_not_here(rule: Any, pair: tuple[str, str], models: Mapping[str, Any]) -> str:
    """Return what is wrong with a rule between two populations; empty: nothing."""
    if silent := next((p for p, text in _acting(rule, pair) if not _spikes(p, models)), ""):
        wrong = f"{rule.name!r} acts at spikes, and {WORDS.get(silent, silent)} have none."
        return f"{wrong} {_spike_cure(rule)}"
    return _missing_variables(rule, pair, models) or _name_of_both(rule, pair, models)


WORDS = {"input": "channels", "output": "read-outs", "hidden": "these hidden neurons"}
"""Populations in messages."""


def _acting(rule: Any, pair: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the populations at whose spikes a rule acts."""
    statements = zip(pair, (rule.on_pre, rule.on_post), strict=True)
    return [(name, text) for name, text in statements if text.strip()]


def _spikes(place: str, models: Mapping[str, Any]) -> bool:
    """Whether a population has spikes, as far as its model is known."""
    if place == "input":
        return False
    return place not in models or models[place].threshold is not None


def _spike_cure(rule: Any) -> str:
    """Return what to do about a rule that acts at spikes in a layered circuit."""
    dense = "form = 'dense', which acts in each step" if "form" in rule.options else ""
    alone = "" if rule.on_pre.strip() else "circuit.plastic = 'input'"
    if dense:
        return f"Choose {', or '.join(filter(None, [alone, dense]))}."
    between = (
        "circuit.plastic = 'recurrent' with recurrent = true, where only hidden neurons are joined;"
        " or circuit.inhibitory with a rule in [rules.EE];"
    )
    between = f"{alone}; or {between}" if alone else between
    return f"Choose {between} or write it in each_step, where sx and sy are the two signals."


def _missing_variables(rule: Any, pair: tuple[str, str], models: Mapping[str, Any]) -> str:
    """Return which variables of neurons a rule reads that their models lack; empty: none."""
    for place, end in zip(pair, ("pre", "post"), strict=True):
        if place not in models:
            continue
        texts = (rule.model, rule.each_step, rule.on_pre, rule.on_post, rule.weight)
        read = set(re.findall(rf"\b([A-Za-z]\w*)_{end}\b", re.sub("#.*", "", "\n".join(texts))))
        own = set(re.findall(r"[A-Za-z_]\w*", re.sub("#.*", "", models[place].equations)))
        own |= {name[1:] for name in own if name.startswith("d")}
        own |= {c.name for c in models[place].coefficients} | {"N"}
        if missing := sorted(read - own):
            return (
                f"{rule.name!r} reads {', '.join(missing)} of {place!r} neurons, and the model"
                f" {models[place].name!r} has no such variable. Take another model or rule."
            )
    return ""


def _name_of_both(rule: Any, pair: tuple[str, str], models: Mapping[str, Any]) -> str:
    """Return which coefficient a synapse and its neurons would both have; empty: none."""
    own = {c.symbol for c in rule.coefficients if c.per in ("synapse", "block", "projection")}
    for model in (models[place] for place in pair if place in models):
        if shared := sorted(own & {c.name for c in model.coefficients}):
            return (
                f"{rule.name!r} and the model {model.name!r} both have a coefficient"
                f" {shared[0]!r}. Take another model or rule, or rename it in one of your own."
            )
    return ""


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
        wrong = f"must be {nothing!r} beside inhibitory neurons; got {shown(section[key])}. {cure}"
        yield Problem(("circuit", key), wrong)
    yield from _probabilities(section)
    for kind in set(section_of(table, *RULES)) & set(LAYERS):
        wrong = f"has another name beside inhibitory neurons. Known: {', '.join(CONNECTIONS)}."
        yield Problem((*RULES, kind), wrong)
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
    models = _models(table, catalogs)
    for kind in CONNECTIONS:
        path = ("rules", kind) if kind in named else RULE
        rule = None if kind == MEAN and path == RULE else _with_options(table, path, catalogs)
        if chances.get(kind) == 0:
            if kind in named:
                problems[path] = f"there are none; circuit.probability.{kind} is 0. Leave it out."
        elif rule is not None and (wrong := _why_misplaced(rule, kind)):
            problems.setdefault((*path, wrong[0]), wrong[1])
        elif rule is not None and (lacking := _missing_variables(rule, CONNECTIONS[kind], models)):
            problems.setdefault((*path, "name"), lacking)
    for place, text in problems.items():
        yield Problem(place, text)


def _with_options(table: Table, path: Key, catalogs: Catalogs) -> Any:
    section, rule = section_of(table, *path), look_up(table, (*path, "name"), catalogs)
    if rule is None:
        return None
    known = {*rule.options, *(("terms",) if rule.terms else ())}
    options = {key: value for key, value in section.items() if key in known}
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


# -- networks of one's own ------------------------------------------------------------------------


def _own_models(section: Table, rule: Any) -> dict[str, Any]:
    """Return the names of models by population; only the read-out is no group of the user's."""
    return {"output": section["readout"]}


def _own_problems(section: Table, table: Table, catalogs: Catalogs) -> Iterable[Problem]:
    """Refuse what other circuits have, and what does not name a network and its parts."""
    for key, nothing in _other_kinds(section):
        wrong = f"must be {nothing!r} beside a network of one's own; got {shown(section[key])}."
        yield Problem(("circuit", key), f"{wrong} Leave it out.")
    if section_of(table, *RULES):
        wrong = "goes with inhibitory neurons. Name one rule under [rule]."
        yield Problem(RULES, wrong)
    if section_of(table, "search").get("start"):
        wrong = "cannot begin the search of a network of one's own. Leave it out."
        yield Problem(("search", "start"), wrong)
    yield from _network_problems(section)


def _network_problems(section: Table) -> Iterable[Problem]:
    """Yield what does not name a function of a file, and parts of its network."""
    yield from _function(section["build"])
    for key, (form, words) in FORMS.items():
        if isinstance(section[key], str) and (wrong := _names(section, key, form, words)):
            yield Problem(("circuit", key), wrong)
    for key in ("signal", "trace"):
        value = section[key]
        if isinstance(value, str) and not re.fullmatch(PART, value):
            wrong = f"must name a variable of your groups; got {shown(value)}."
            yield Problem(("circuit", key), wrong)


def _names(section: Table, key: str, form: str, words: str) -> str:
    """Return what is wrong with names of parts; empty: nothing."""
    names = words_of(section[key])
    if not names or names == ["all"] or not all(re.fullmatch(form, each) for each in names):
        return f"must name {words}; several with commas; got {shown(section[key])}."
    parts = [each.partition(".")[0] for each in names]
    return f"names {parts[0]!r} twice." if len({*parts}) < len(parts) else ""


def _function(build: object) -> Iterable[Problem]:
    path = ("circuit", "build")
    if not isinstance(build, str):
        return  # said already
    file, _, name = build.rpartition(":")
    if not file.endswith(".py") or not name:
        wrong = f"must name a function of a file, as in 'my_network.py:build'; got {shown(build)}."
        yield Problem(path, wrong)
        return
    try:
        found = names_in(file, "circuit.build") if Path(file).is_file() else None
    except DeclarationError as error:
        yield Problem(path, without_place(error))
        return
    if found is None:
        yield Problem(path, f"no such file: {shown(file)}. Write its path from the study's folder.")
    elif not callable(found.get(name)):
        known = [key for key, value in found.items() if getattr(value, "__code__", None)]
        yield Problem(
            path,
            f"{Path(file).name} must define a function {name!r}."
            f" It defines: {', '.join(known) or 'none'}.",
        )


PROBLEMS: Mapping[type, Callable[[Table, Table, Catalogs], Iterable[Problem]]] = {
    Layered: _layered_problems,
    Balanced: _balanced_problems,
    OwnNetwork: _own_problems,
}
"""By kind: what is wrong in a circuit's section with all keys, and in the study around it."""
MODELS: Mapping[type, Callable[[Table, Any], dict[str, Any]]] = {
    Layered: _layered_models,
    Balanced: _balanced_models,
    OwnNetwork: _own_models,
}
"""By kind: the names of neuron models by population, given all keys and the study's rule."""
