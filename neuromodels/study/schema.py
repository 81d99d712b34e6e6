"""The form of a study file: its sections, its keys, and what each value must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from neuromodels.coefficients import GRANULARITIES, OF_NEURONS
from neuromodels.errors import DeclarationError
from neuromodels.search.plan import SearchPlan
from neuromodels.study.circuits import CONNECTIONS, KEYS, LAYERS, Balanced, Layered, OwnNetwork
from neuromodels.study.conditions import CONDITIONS
from neuromodels.study.kinds import (
    ABOVE_ZERO,
    BOUND,
    FROZEN,
    NAME,
    NOT_NEGATIVE,
    NUMBER,
    SWITCH,
    TABLE,
    TEXT,
    Kind,
    list_of,
    one_of,
    whole,
)
from neuromodels.study.objective import FailurePlan, Objective, Term
from neuromodels.study.stages.checks import STAGES
from neuromodels.study.study import DeviceChoice, TestPlan

WORD = 2**63 - 1
MOST_THREADS = 2**16
SEEDS = list_of("whole numbers >= 0, at least one", whole(0, WORD).holds)
CONDITION_LIST = list_of(
    f"names out of {', '.join(CONDITIONS)}",
    lambda name: isinstance(name, str) and name in CONDITIONS,
)


def kinds_of(section: type, **given: Kind) -> dict[str, Kind]:
    """Return what the value of each key of a section must be.

    Parameters
    ----------
    section
        The dataclass whose fields are the section's keys.
    given
        Kinds of the keys whose types do not say enough: a whole number has a lowest value.

    Raises
    ------
    DeclarationError
        Where neither says it.
    """
    hints = get_type_hints(section)
    return {f.name: given.get(f.name) or _kind_of(section, f.name, hints) for f in fields(section)}


def _kind_of(section: type, key: str, hints: Mapping[str, Any]) -> Kind:
    hint = hints[key]
    if get_origin(hint) is Literal:
        return one_of(*get_args(hint))
    known = {bool: SWITCH, str: TEXT, Mapping: TABLE}
    if kind := known.get(get_origin(hint) or hint):
        return kind
    raise DeclarationError(
        f"{section.__name__}.{key}",
        "must have a kind, since its type does not say what it may be",
        hint,
        "Give it one in neuromodels.study.schema.",
    )


CIRCUIT_KINDS = {
    **kinds_of(OwnNetwork),
    **kinds_of(
        Layered,
        hidden=whole(0),
        groups=whole(1),
        modulators=whole(1),
        gru=whole(0),
        drawn=NOT_NEGATIVE,
    ),
    **kinds_of(Balanced, hidden=whole(0), groups=whole(1), inhibitory=whole(0)),
}
SECTIONS: Mapping[str, Mapping[str, Kind]] = {
    "": {"name": NAME, "question": TEXT, "seeds": SEEDS, "conditions": CONDITION_LIST},
    "task": {"name": TEXT},
    "circuit": {key: CIRCUIT_KINDS[key] for key in KEYS},
    "rule": {"name": TEXT, "coefficients": TABLE},
    "rules": dict.fromkeys((*CONNECTIONS, *LAYERS), TABLE),
    "search": kinds_of(
        SearchPlan,
        candidates=whole(2),
        trials=whole(1),
        generations=whole(1),
        checkpoint_every=whole(1, WORD),
        patience=whole(0, WORD),
        target=NOT_NEGATIVE,
        stages=STAGES,
    ),
    "test": kinds_of(
        TestPlan,
        trials=whole(1),
        finalists=whole(1),
        every=whole(1, WORD),
        curve_trials=whole(1),
        random_rules=whole(1),
        archive=whole(0),
        archive_margin=NOT_NEGATIVE,
        front=whole(1),
    ),
    "objective": kinds_of(Objective),
    "failures": {f.name: NOT_NEGATIVE for f in fields(FailurePlan)},
    "device": kinds_of(DeviceChoice, threads=whole(0, MOST_THREADS)),
}
"""What each key of each section must be; the first are the keys beside all sections."""
REQUIRED = (("name",), ("task", "name"), ("rule", "name"))

TERM = kinds_of(
    Term,
    weight=ABOVE_ZERO,
    low=BOUND,
    high=BOUND,
)
COEFFICIENT = {
    "per": one_of(*GRANULARITIES, *OF_NEURONS),
    "scale": one_of("linear", "log", "range"),
    "default": NUMBER,
    "low": BOUND,
    "high": BOUND,
    "sigma": ABOVE_ZERO,
    "frozen": FROZEN,
    "drawn": NOT_NEGATIVE,
}
OWN_COEFFICIENT = {**COEFFICIENT, "unit": TEXT}
del OWN_COEFFICIENT["drawn"]
"""Of a constant of a user's own neurons, which may have a unit; synapses alone are drawn."""
