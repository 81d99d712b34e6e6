"""The form of a study file: its sections, its keys, and what each value must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from neuromodels.coefficients import GRANULARITIES, OF_NEURONS
from neuromodels.study.objective import FailurePlan
from neuromodels.study.study import CONDITIONS, CONNECTIONS

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """What is wrong with the value at `path`, as one sentence without its place."""

    path: tuple[str, ...]
    text: str

    @property
    def key(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Kind:
    """What a value must be, and the words for it."""

    must: str
    holds: Callable[[Any], bool]
    choices: tuple[str, ...] = ()

    def problem(self, value: object) -> str | None:
        """Return what is wrong with a value, or None."""
        if self.holds(value):
            return None
        return f"must be {self.must}; got {value!r}.{nearest(value, self.choices)}"


def nearest(value: object, known: Any) -> str:
    """Return a sentence with the nearest known name, or an empty string."""
    close = get_close_matches(str(value), list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def whole(low: int) -> Kind:
    """Return the kind of whole numbers from `low` on."""
    return Kind(f"a whole number >= {low}", lambda v: is_whole(v) and low <= v < 2**63)


def one_of(*names: str) -> Kind:
    """Return the kind of a word out of a closed list."""
    return Kind(f"one of {', '.join(names)}", lambda v: v in names, names)


def _distinct(value: object, holds: Callable[[Any], bool]) -> bool:
    if not isinstance(value, list | tuple) or not value or not all(holds(v) for v in value):
        return False
    return len(set(value)) == len(value)


TEXT = Kind("text", lambda v: isinstance(v, str))
NUMBER = Kind("a number", is_number)
NOT_NEGATIVE = Kind("a number >= 0", lambda v: is_number(v) and v >= 0)
SHARE = Kind("a number from 0 to 1", lambda v: is_number(v) and 0 <= v <= 1)
SWITCH = Kind("true or false", lambda v: isinstance(v, bool))
TABLE = Kind("a table", lambda v: isinstance(v, Mapping))
FROZEN = Kind(
    "a number to freeze at, or true or false", lambda v: isinstance(v, bool) or is_number(v)
)
NAME = Kind(
    "letters, digits, '_', '-' or '.', starting with a letter or digit",
    lambda v: isinstance(v, str) and re.fullmatch(r"[A-Za-z0-9][\w.-]*", v, re.ASCII) is not None,
)
SEEDS = Kind(
    "a list of distinct whole numbers >= 0, at least one",
    lambda v: _distinct(v, whole(0).holds),
)
CONDITION_LIST = Kind(
    f"a list of distinct names out of {', '.join(CONDITIONS)}",
    lambda v: _distinct(v, lambda each: each in CONDITIONS),
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
