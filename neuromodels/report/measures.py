"""The table of a measure for a terminal: one row per quantity, one column per solution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.measures import CATALOG, Measure
from neuromodels.report.wording.interval_text import ends_text, intervals_note

Row = Mapping[str, Any]
Column = tuple[str, int | None]
"""A condition and a seed; None: all seeds."""


def measure_table(found: Mapping[str, Any]) -> Group:
    """Return what `neuromodels.measures.examine.examine_solutions` found as a table."""
    measure, rows = CATALOG[found["measure"]], found["rows"]
    columns = _columns(measure, rows)
    table = Table(title=measure.name.capitalize(), title_justify="left")
    table.add_column(measure.name)
    for condition, seed in columns:
        of = "all seeds" if seed is None else f"seed {seed}"
        table.add_column(f"{condition}\n{of}", justify="right")
    cells = {(row["quantity"], row["condition"], row["seed"]): _cell(row) for row in rows}
    for name in dict.fromkeys(row["quantity"] for row in rows):
        table.add_row(name, *(cells.get((name, *column), "") for column in columns))
    notes = (measure.note, f"{found['trials']:,} fresh trials.", _note(rows, columns))
    return Group(table, Text(" ".join(each for each in notes if each), "dim"))


def _note(rows: list[Row], columns: list[Column]) -> str:
    """Return which intervals the columns show."""
    seen = [row for row in rows if (row["condition"], row["seed"]) in columns]
    over = [
        {**row, "interval_over": "seeds" if row["seed"] is None else "trials"}
        for row in seen
        if row["low"] is not None
    ]
    return intervals_note(over)


def _columns(measure: Measure, rows: list[Row]) -> list[Column]:
    """Return a column per solution; only those over seeds where they stand for the others."""
    columns = list(dict.fromkeys((row["condition"], row["seed"]) for row in rows))
    over_seeds = [column for column in columns if column[1] is None]
    return columns if measure.shows_seeds else over_seeds or columns


def _cell(row: Row) -> str:
    if row["value"] is None:
        return "never"
    if row["low"] is None:
        return f"{row['value']:.3g}"
    return f"{row['value']:.3f} ({ends_text(row)})"
