"""The text of a network as plain values, and part by part as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from neuromodels.report.methods.columns import INDENT, in_words, paragraph
from neuromodels.simulation.network.text import NetworkText, Part, Table

_CODE = ("equations", "code", "on_pre", "on_post", "reset")
"""Fields of parts that hold lines of code."""


def plain_values(text: NetworkText) -> dict[str, Any]:
    """Return a text as JSON can hold it: parts with their kind, quantities with their unit.

    Of a table, which may hold a data set, there is only the shape.
    """
    values = {each.name: _plain(getattr(text, each.name)) for each in fields(text)}
    return {**values, "parts": [_with_kind(part) for part in text.parts]}


def _with_kind(part: Part) -> dict[str, Any]:
    return {"kind": type(part).__name__.lower(), **_plain(part)}


def _plain(value: Any) -> Any:
    if isinstance(value, Table):
        return {"shape": list(value.values.shape)}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if hasattr(value, "dim"):  # a quantity of Brian2's
        return {"value": float(value), "unit": str(value.dim)}
    return value.item() if isinstance(value, np.generic) else value


def quantity_in_words(value: object) -> str:
    """Return a constant with its unit: ``20 ms``; a table as its shape."""
    if isinstance(value, Table):
        return f"a table of {' x '.join(map(str, value.values.shape))} numbers"
    if hasattr(value, "dim"):
        number, _, unit = str(value).partition(" ")
        return f"{float(number):g} {unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def constants_in_words(constants: Mapping[str, object]) -> list[str]:
    """Return a sentence with the values of constants; nothing where there are none."""
    if not constants:
        return []
    return paragraph(
        f"Here {in_words(f'{name} = {quantity_in_words(v)}' for name, v in constants.items())}."
    )


def all_parts(text: NetworkText) -> list[str]:
    """Return every part in the order in which the network is made, field by field."""
    lines = []
    for part in text.parts:
        values = {each.name: getattr(part, each.name) for each in fields(part)}
        said = [
            f"{key} = {_as_text(value)}" for key, value in values.items() if _is_short(key, value)
        ]
        lines.append(f"{type(part).__name__}: {', '.join(said)}")
        for key in _CODE:
            code = [line.strip() for line in (values.get(key) or "").splitlines() if line.strip()]
            lines += [f"{INDENT}{key}:", *(2 * INDENT + line for line in code)] if code else []
    return lines


def _is_short(key: str, value: object) -> bool:
    return key not in _CODE and value is not None and value != {}


def _as_text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {quantity_in_words(inner)}" for key, inner in value.items())
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return quantity_in_words(value)
