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
    trials = f"{found['trials']:,} fresh trials." if measure.runs_trials else ""
    notes = (measure.note, trials, _note(rows, columns))
    told = Text(" ".join(each for each in notes if each), "dim")
    return Group(table, told, *(Text(line, "dim") for line in _readings(rows)))


def _note(rows: list[Row], columns: list[Column]) -> str:
    """Return which intervals the columns show."""
    seen = [row for row in rows if (row["condition"], row["seed"]) in columns]
    over = [{**row, "interval_over": _over(row)} for row in seen if row["low"] is not None]
    return intervals_note(over)


def _over(row: Row) -> str:
    """Return what an interval is over."""
    return "seeds" if row["seed"] is None else row.get("interval_over", "trials")


def _readings(rows: list[Row]) -> list[str]:
    """Return lines on how something was read: from how many inputs and folds, and what was not."""
    whose: dict[str, dict[str, None]] = {}
    for row in rows:
        if "folds" in row:
            whose.setdefault(_reading(row), {})[f"{row['condition']} seed {row['seed']}"] = None
    return [f"Of {', '.join(names)}: {how}." for how, names in whose.items()]


def _reading(row: Row) -> str:
    lost = f"; {row['left_out']:,} states not finite" if row["left_out"] else ""
    why = f"; {row['reason']}" if row["reason"] else ""
    decoder = row["decoder"].replace("_", " ")
    how = f"read by {decoder}, {row['inputs']:,} inputs in {row['folds']} folds"
    return how + lost + why


def _columns(measure: Measure, rows: list[Row]) -> list[Column]:
    """Return a column per solution; only those over seeds where they stand for the others."""
    columns = list(dict.fromkeys((row["condition"], row["seed"]) for row in rows))
    over_seeds = [column for column in columns if column[1] is None]
    return columns if measure.shows_seeds else over_seeds or columns


def _cell(row: Row) -> str:
    if row["value"] is None:
        return "not read" if "folds" in row else "never"
    if row["low"] is None:
        return f"{row['value']:.3g}"
    return f"{row['value']:.3f} ({ends_text(row)})"
