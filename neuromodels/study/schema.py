"""The form of a study file: its sections, its keys, and what each value must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from neuromodels.coefficients import GRANULARITIES, OF_NEURONS
from neuromodels.study.conditions import CONDITIONS
from neuromodels.study.kinds import (
    FROZEN,
    NAME,
    NOT_NEGATIVE,
    NUMBER,
    SWITCH,
    TABLE,
    TEXT,
    Kind,
    is_number,
    list_of,
    one_of,
    whole,
)
from neuromodels.study.objective import FailurePlan
from neuromodels.study.study import CONNECTIONS

SEEDS = list_of("whole numbers >= 0, at least one", whole(0).holds)
CONDITION_LIST = list_of(
    f"names out of {', '.join(CONDITIONS)}",
    lambda name: isinstance(name, str) and name in CONDITIONS,
)

SECTIONS: Mapping[str, Mapping[str, Kind]] = {
    "": {"name": NAME, "question": TEXT, "seeds": SEEDS, "conditions": CONDITION_LIST},
    "task": {"name": TEXT},
    "circuit": {
        "hidden": whole(0),
        "neuron": TEXT,
        "groups": whole(1),
        "readout": TEXT,
        "plastic": one_of("all", "input", "output"),
        "recurrent": SWITCH,
        "modulators": whole(1),
        "modulator": TEXT,
        "modulated_by": one_of("hidden", "all"),
        "gru": whole(0),
        "inhibitory": whole(0),
        "inhibitor": TEXT,
        "probability": TABLE,
        "coefficients": TABLE,
    },
    "rule": {"name": TEXT, "coefficients": TABLE},
    "rules": dict.fromkeys(CONNECTIONS, TABLE),
    "search": {
        "optimizer": TEXT,
        "candidates": whole(2),
        "trials": whole(1),
        "generations": whole(1),
        "options": TABLE,
        "checkpoint_every": whole(1),
        "start": TEXT,
        "patience": whole(0),
        "target": NOT_NEGATIVE,
    },
    "test": {
        "trials": whole(1),
        "finalists": whole(1),
        "every": whole(1),
        "curve_trials": whole(1),
        "random_rules": whole(1),
        "archive": whole(0),
        "archive_margin": NOT_NEGATIVE,
        "front": whole(1),
    },
    "objective": {"terms": TABLE, "pareto": SWITCH},
    "failures": {each.name: NOT_NEGATIVE for each in fields(FailurePlan)},
    "device": {
        "name": one_of("batch", "auto", "cuda"),
        "dtype": one_of("float32", "float64"),
        "threads": whole(0),
    },
}
REQUIRED = (("name",), ("task", "name"), ("rule", "name"))

TERM = {
    "weight": Kind("a number > 0", lambda v: is_number(v) and v > 0),
    "low": NUMBER,
    "high": NUMBER,
    "constraint": SWITCH,
}
COEFFICIENT = {
    "per": one_of(*GRANULARITIES, *OF_NEURONS),
    "scale": one_of("linear", "log"),
    "default": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "sigma": Kind("a number > 0", lambda v: is_number(v) and v > 0),
    "frozen": FROZEN,
}
