"""The tables of docs/explanation/statistics.md, from what `interval_coverage.py` has written.

usage: python benchmarks/statistics/page_tables.py [FILE]
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

TABLE = Path(__file__).parent / "interval_coverage.csv"
SHOWN = ("coverage", "false positives", "power")
Rows = list[dict[str, str]]


def stored_rows(path: Path = TABLE) -> Rows:
    """Return the rows of a table that was written."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_over_sizes(rows: Rows, name: str) -> str:
    """Return a table of one name in Markdown: a line for each method and data, a column per n."""
    mine = [row for row in rows if row["table"] == name]
    sizes = sorted({int(row["n"]) for row in mine})
    cells = {(row["method"], row["data"], int(row["n"])): _text(row["rate"]) for row in mine}
    lines = [["method", "data", *(f"n = {n}" for n in sizes)], ["---"] * (2 + len(sizes))]
    for method, data in dict.fromkeys((row["method"], row["data"]) for row in mine):
        lines.append([method, data, *(cells.get((method, data, n), "") for n in sizes)])
    return _markdown(lines)


def table_of_contrasts(rows: Rows) -> str:
    """Return the table of contrasts in Markdown: a column for what was there to be found."""
    mine = [row for row in rows if row["table"].startswith("12 contrasts")]
    names = list(dict.fromkeys(row["table"] for row in mine))
    cells = {(row["method"], row["data"], row["table"]): _text(row["rate"]) for row in mine}
    heads = [name.partition(", ")[2] for name in names]
    lines = [["method", "data", *heads], ["---"] * (2 + len(names))]
    for method, data in dict.fromkeys((row["method"], row["data"]) for row in mine):
        lines.append([method, data, *(cells[method, data, name] for name in names)])
    return _markdown(lines)


def page_tables(rows: Rows) -> list[str]:
    """Return all tables of the page."""
    return [*(table_over_sizes(rows, name) for name in SHOWN), table_of_contrasts(rows)]


def _text(rate: str) -> str:
    return f"{float(rate):.3f}".removeprefix("0")


def _markdown(lines: Iterable[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print("\n\n".join(page_tables(stored_rows(*map(Path, sys.argv[1:])))))
