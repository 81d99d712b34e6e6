"""The coefficients of a circuit: which are searched, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from neuromodels.report.methods.columns import count_of, paragraph, table
from neuromodels.report.methods.described import Described, arrow
from neuromodels.simulation.network.circuit import Circuit, block_of

_MOST_NAMES = 6
"""Of more names in a row only the first and the last are printed."""


def coefficient_rows(circuit: Circuit) -> list[dict[str, Any]]:
    """Return every coefficient of a circuit as plain values, searched or not."""
    synaptic = [
        (arrow(each), coefficient, block_of(each, coefficient, *circuit.sides(each)).size)
        for each in circuit.projections
        for coefficient in each.rule.coefficients
    ]
    neural = [
        (each.name, coefficient, each.block(coefficient).size)
        for each in circuit.populations
        for coefficient in each.coefficients
    ]
    return [
        {
            "owner": owner,
            "name": coefficient.name,
            "numbers": numbers,
            "per": coefficient.per,
            "start": coefficient.default,
            "low": coefficient.low if isfinite(coefficient.low) else None,
            "high": coefficient.high if isfinite(coefficient.high) else None,
            "scale": coefficient.scale,
            "sigma": coefficient.sigma,
            "searched": not coefficient.frozen,
            **({"unit": coefficient.unit} if coefficient.unit else {}),
        }
        for owner, coefficient, numbers in [*synaptic, *neural]
    ]


def coefficients_in_words(described: Described) -> list[str]:
    """Return a table; coefficients of one owner with the same settings share a row."""
    merged: dict[tuple[str, ...], list[str]] = {}
    for row in coefficient_rows(described.circuit):
        merged.setdefault(_settings(row), []).append(row["name"])
    header = ("of", "coefficient", "numbers", "one per", "start", "searched in", "scale", "spread")
    rows = [(owner, _shorten(names), *cells) for (owner, *cells), names in merged.items()]
    total = described.circuit.coefficients.dimension
    sentence = (
        f"{count_of(total, 'number')} in all {'is' if total == 1 else 'are'} searched, from the"
        " start on; the spread is the first standard deviation of the search, on its scale. What is"
        " frozen stays at its start."
    )
    return [*paragraph(sentence), "", *table(header, rows)] if rows else []


def _shorten(names: list[str]) -> str:
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{names[0]} to {names[-1]} ({len(names)})"


def _settings(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the owner and the cells behind the name."""
    unit = f" {row['unit']}" if "unit" in row else ""
    cells = row["owner"], f"{row['numbers']:,}", row["per"], f"{row['start']:g}{unit}"
    if not row["searched"]:
        return *cells, "frozen", "", ""
    low = "-inf" if row["low"] is None else f"{row['low']:g}"
    high = "inf" if row["high"] is None else f"{row['high']:g}"
    bounds = "all numbers" if (low, high) == ("-inf", "inf") else f"{low} to {high}"
    return *cells, f"{bounds}{unit}", row["scale"], f"{row['sigma']:g}"
