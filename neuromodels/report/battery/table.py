"""The table of a battery: a row per cognitive value, a column per form of rule."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.analysis.cognition import ABILITIES, VALUES
from neuromodels.files import replace_file, writing
from neuromodels.report.wording.interval_text import ends_text, intervals_note

Found = Mapping[str, Any]
LEVEL = 0.05
COLUMNS = ("setting", "condition", "seed", "probe", "quantity", "value", "low", "high", "reason")


def battery_table(found: Found) -> Group:
    """Return what `neuromodels.measures.battery.collect.collect` found as a table."""
    forms = list(dict.fromkeys(_form(row) for row in found["means"]))
    shown = {(_form(row), _ability(row)): row for row in found["means"] if row["quantity"]}
    table = Table(title="Cognitive values", title_justify="left")
    for column in ("ability", "value", "unit"):
        table.add_column(column)
    for setting, condition in forms:
        table.add_column(f"{setting}\n{condition}", justify="right")
    told = {_contrast(row) for row in found["contrasts"] if _holds(row)}
    for ability in _ordered({ability for _, ability in shown}):
        cells = [_cell(shown.get((f, ability)), (f, ability) in told) for f in forms]
        table.add_row(*_words(ability), *cells)
    return Group(table, *(Text(line, "dim") for line in _notes(found, forms)))


def _form(row: Found) -> tuple[str, str]:
    return row["setting"], row["condition"]


def _ability(row: Found) -> tuple[str, str]:
    return row["probe"], row["quantity"]


def _contrast(row: Found) -> tuple[tuple[str, str], tuple[str, str]]:
    return _form(row), (row["probe"], row["value"])


def _holds(row: Found) -> bool:
    return row["p"] is not None and row["p"] < LEVEL


def _ordered(abilities: set[tuple[str, str]]) -> list[tuple[str, str]]:
    names = list(VALUES)

    def place(each: tuple[str, str]) -> tuple[int, int, str]:
        value = VALUES[each[1]]
        return ABILITIES.index(value.ability), names.index(each[1]), each[0]

    return sorted(abilities, key=place)


def _words(ability: tuple[str, str]) -> tuple[str, str, str]:
    probe, name = ability
    value = VALUES[name]
    of = f" ({probe})" if name == "area under doses" else ""
    return value.ability, name + of, "" if value.unit == "1" else value.unit


def _cell(row: Found | None, differs: bool) -> str:
    if row is None:
        return ""
    missing = f", {row['missing']} without" if row["missing"] else ""
    if row["value"] is None:
        return f"none{missing}"
    ends = f" ({ends_text(row)})" if row["low"] is not None else ""
    return f"{row['value']:.3g}{ends}{missing}{' *' if differs else ''}"


def _notes(found: Found, forms: list[tuple[str, str]]) -> list[str]:
    rows = [{**row, "interval_over": "seeds"} for row in found["means"] if row["low"] is not None]
    first = f"Means over searches; {found['trials']:,} fresh trials each. {intervals_note(rows)}"
    without = "'N without' counts searches that have no such number."
    lines = [first, without if any(row["missing"] for row in found["means"]) else ""]
    if len(forms) > 1:
        name = " ".join(found["reference"].values())
        lines.append(f"* differs from {name}: p < .05, largest t over all columns of the row.")
    reasons = dict.fromkeys(
        f"{row['probe']}: {row['reason']}" for row in found["means"] if row["reason"]
    )
    return [line for line in (*lines, _not_asked(reasons)) if line]


def _not_asked(reasons: Mapping[str, None]) -> str:
    return f"Not asked: {'; '.join(reasons)}." if reasons else ""


def write_csv(path: Path, found: Found) -> None:
    """Write every value of every search as a row."""
    lines = [dict.fromkeys(COLUMNS, "") | row for row in _search_rows(found)]
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, _csv_text(lines).encode())


def _csv_text(rows: list[dict[str, Any]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _search_rows(found: Found) -> list[dict[str, Any]]:
    rows = []
    for cell in found["cells"]:
        about = {key: cell[key] for key in ("setting", "condition", "seed", "probe", "reason")}
        for name, quantity in cell["values"].items():
            rows.append({**about, "quantity": name, **quantity, **_why(quantity)})
        if cell["reason"]:
            rows.append({**about, "quantity": ""})
    return rows


def _why(quantity: Found) -> dict[str, str]:
    return {"reason": quantity.get("reason", "")}
