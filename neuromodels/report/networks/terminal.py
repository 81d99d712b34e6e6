"""What a terminal shows of a network's run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.report.networks.tables import Columns, tables_of, unfinished_note


def network_tables(summary: Mapping[str, Any]) -> Group:
    """Return the tables of a summary for a terminal."""
    head = f"{summary['study']}  {summary['action']}  {summary['digest']}  {summary['status']}"
    parts: list[Any] = [Text(head, "bold")]
    if summary["question"]:
        parts.append(Text(summary["question"]))
    for columns in tables_of(summary):
        parts += [_table(columns), *(Text(note, "dim") for note in columns.notes)]
    if note := unfinished_note(summary):
        parts.append(Text(note))
    return Group(*parts)


def _table(columns: Columns) -> Table:
    table = Table(title=columns.title, title_justify="left")
    for number, head in enumerate(columns.heads):
        table.add_column(head, justify="left" if number < columns.texts else "right")
    for row in columns.rows:
        table.add_row(*row)
    return table
