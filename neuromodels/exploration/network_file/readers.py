"""Values of a network's study file that no signature describes: points, targets, measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromodels import models
from neuromodels.exploration.network_file.arguments import (
    REQUIRED,
    Argument,
    Finders,
    arguments_of,
)
from neuromodels.exploration.network_file.spikes import are_spikes, read_spikes
from neuromodels.models import Parameter
from neuromodels.models.measures.base import Measure
from neuromodels.models.quantities import (
    Unreadable,
    quantity_of,
    stepped,
    unreadable,
    values_of,
)
from neuromodels.study.kinds import nearest

MEASURES: Mapping[str, type[Measure]] = {
    name: kind
    for name, kind in vars(models).items()
    if isinstance(kind, type) and issubclass(kind, Measure)
}
KIND = "measure"
"""The key that names the class of a measure; ``kind`` is a field of one."""
STEPS = {"low", "high", "count", "scale"}
MOST_STEPS = 1_000_000


def read_choices(written: Any, finders: Finders) -> Any:
    """Return the values that a parameter may have: numbers, or lists of spikes."""
    if are_spikes(written):
        return read_spikes(written, finders)
    return finders.data(written) if isinstance(written, Mapping) else values_of(written)


PARAMETER = {
    **arguments_of(Parameter),
    "choices": Argument("choices", Any, None, read_choices),
}


def read_axes(written: Any, finders: Finders) -> dict[str, Any]:
    """Return the values of parameters: a list of each, or steps between two ends."""
    if not isinstance(written, Mapping) or not written:
        raise unreadable("must be a table with a list of values for each parameter", written)
    return {name: _axis(f"{name}: ", values, finders) for name, values in written.items()}


def _axis(named: str, values: Any, finders: Finders) -> Any:
    try:
        if isinstance(values, Mapping) and "count" in values:
            return _steps(values)
        found = read_choices(values, finders)
    except Unreadable as error:
        raise Unreadable(f"{named}{error}") from None
    return found if isinstance(values, list | Mapping) else [found]


def _steps(values: Mapping[str, Any]) -> Any:
    for key in values:
        if key not in STEPS:
            raise unreadable("has an unknown key", key, nearest(key, STEPS))
    count, scale = values["count"], values.get("scale", "linear")
    if not isinstance(count, int) or isinstance(count, bool) or not 2 <= count <= MOST_STEPS:
        raise unreadable(f"count must be a whole number from 2 to {MOST_STEPS:,}", count)
    if scale not in ("linear", "log"):
        raise unreadable("scale must be 'linear' or 'log'", scale)
    if not {"low", "high"} <= set(values):
        raise Unreadable("needs low and high beside count.")
    return stepped(quantity_of(values["low"]), quantity_of(values["high"]), count, scale == "log")


def read_loss(written: Any, finders: Finders) -> Any:
    """Return targets with tolerances, an expression, or a function of the user's."""
    if isinstance(written, str):
        return finders.function(written) if ".py:" in written else written
    if not isinstance(written, Mapping) or not written:
        told = "must be text, or a table such as {rate = ['5 Hz', '1 Hz']}"
        raise unreadable(told, written)
    return {name: _target(name, pair) for name, pair in written.items()}


def _target(name: str, pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise unreadable(f"{name}: must be a value and a tolerance, such as ['5 Hz', '1 Hz']", pair)
    try:
        return values_of(pair[0]), values_of(pair[1])
    except Unreadable as error:
        raise Unreadable(f"{name}: {error}") from None


def read_observed(written: Any, finders: Finders) -> dict[str, Any]:
    """Return the observed values of measures."""
    if not isinstance(written, Mapping) or not written:
        raise unreadable("must be a table with the values of measures", written)
    found = {}
    for name, value in written.items():
        try:
            found[name] = finders.data(value) if isinstance(value, Mapping) else values_of(value)
        except Unreadable as error:
            raise Unreadable(f"{name}: {error}") from None
    return found


def read_measure(written: Any, finders: Finders) -> tuple[type[Measure], dict[str, Any]]:
    """Return the class of a measure and its arguments.

    Raises
    ------
    Unreadable
        With what is wrong with the first of them.
    """
    if isinstance(written, str):
        return models.Reduced, {"text": written}
    if not isinstance(written, Mapping) or KIND not in written:
        told = f"must be text, or a table with the key {KIND!r}"
        raise unreadable(told, written, f" For example {{{KIND} = 'Rate', group = 'exc'}}.")
    given = dict(written)
    kind = given.pop(KIND)
    if not isinstance(kind, str) or kind not in MEASURES:
        known = f" There are: {', '.join(MEASURES)}."
        raise unreadable(f"{KIND} must be one there is", kind, nearest(kind, MEASURES) or known)
    return MEASURES[kind], read_table(arguments_of(MEASURES[kind]), given, finders)


def read_parameter(written: Any, finders: Finders) -> dict[str, Any]:
    """Return the arguments of a parameter.

    Raises
    ------
    Unreadable
        With what is wrong with the first of them.
    """
    if isinstance(written, str):
        return {"address": written}
    if not isinstance(written, Mapping):
        told = "must be an address, or a table such as {address = 'syn.w', low = 0, high = 1}"
        raise unreadable(told, written)
    return read_table(PARAMETER, written, finders)


def read_table(
    known: Mapping[str, Argument], written: Mapping[str, Any], finders: Finders
) -> dict[str, Any]:
    """Return all arguments of a table.

    Raises
    ------
    Unreadable
        Where one is unknown, missing or wrong.
    """
    for name in written:
        if name not in known:
            told = nearest(name, known) or f" There are: {', '.join(known)}."
            raise unreadable("has an unknown key", name, told)
    missing = [n for n, each in known.items() if each.default is REQUIRED]
    for name in missing:
        if name not in written:
            raise Unreadable(f"needs {name!r}.")
    found = {}
    for name, value in written.items():
        try:
            found[name] = known[name].value(value, finders)
        except Unreadable as error:
            raise Unreadable(f"{name} {error}") from None
    return found
