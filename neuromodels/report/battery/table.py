"""The table of a battery: a row per cognitive value, a column per form of rule."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
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
CURVE_COLUMNS = ("setting", "condition", "seed", "probe", "of", "place", "score", "low", "high")


def battery_table(found: Found) -> Group:
    """Return what `neuromodels.measures.battery.collect.collect` found as a table."""
    forms = list(dict.fromkeys(_form(row) for row in found["means"]))
    shown = {(_form(row), _ability(row)): row for row in found["means"] if row["quantity"]}
    table = Table(title="Cognitive values", title_justify="left")
    for column in ("ability", "value", "unit"):
        table.add_column(column)
    for setting, condition in forms:
        table.add_column(f"{setting}\n{condition}", justify="right")
    marks = {_contrast(row): _mark(row) for row in found["contrasts"]}
    for ability in _ordered({ability for _, ability in shown}):
        cells = [_cell(shown.get((f, ability)), marks.get((f, ability), "")) for f in forms]
        table.add_row(*_words(ability), *cells)
    return Group(table, *(Text(line, "dim") for line in _notes(found, forms)))


def _form(row: Found) -> tuple[str, str]:
    return row["setting"], row["condition"]


def _ability(row: Found) -> tuple[str, str]:
    return row["probe"], row["quantity"]


def _contrast(row: Found) -> tuple[tuple[str, str], tuple[str, str]]:
    return _form(row), (row["probe"], row["value"])


def _mark(row: Found) -> str:
    """Return a star where a form differs from the reference, and = where it is as good."""
    differs = row["p"] is not None and row["p"] < LEVEL
    is_equal = row["equal_p"] is not None and row["equal_p"] < LEVEL
    return f"{' *' if differs else ''}{' =' if is_equal else ''}"


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


def _cell(row: Found | None, mark: str) -> str:
    if row is None:
        return ""
    missing = f", {row['missing']} without" if row["missing"] else ""
    if row["value"] is None:
        return f"none{missing}"
    ends = f" ({ends_text(row)})" if row["low"] is not None else ""
    return f"{row['value']:.3g}{ends}{missing}{mark}"


def _notes(found: Found, forms: list[tuple[str, str]]) -> list[str]:
    rows = [{**row, "interval_over": "seeds"} for row in found["means"] if row["low"] is not None]
    first = f"Means over searches; {found['trials']:,} fresh trials each. {intervals_note(rows)}"
    without = "'N without' counts searches that have no such number."
    lines = [first, without if any(row["missing"] for row in found["means"]) else ""]
    if len(forms) > 1:
        lines += _marks_note(found)
    reasons = dict.fromkeys(
        f"{row['probe']}: {row['reason']}" for row in found["means"] if row["reason"]
    )
    return [line for line in (*lines, _not_asked(reasons), *_missing(found)) if line]


def _marks_note(found: Found) -> list[str]:
    name = " ".join(found["reference"].values())
    lines = [f"* differs from {name}: p < .05, largest t over all columns of the row."]
    margins = {row["value"]: row["margin"] for row in found["contrasts"] if row["margin"]}
    if margins:
        listed = ", ".join(f"{value} {margin:g}" for value, margin in margins.items())
        lines.append(f"= less than a margin from it: p < .05, two one-sided t tests ({listed}).")
    return lines


def _missing(found: Found) -> list[str]:
    """Return a line about searches that are not finished, and about settings without values."""
    short = [
        f"{row['setting']} {row['condition']} {row['finished']} of {row['declared']}"
        for row in found["searches"]
        if row["finished"] < row["declared"]
    ]
    absent = [f"{row['setting']} ({row['reason']})" for row in found["absent"]]
    return [
        f"Finished searches: {'; '.join(short)}." if short else "",
        f"Without values: {'; '.join(absent)}" if absent else "",
    ]


def _not_asked(reasons: Mapping[str, None]) -> str:
    return f"Not asked: {'; '.join(reasons)}." if reasons else ""


def write_csv(path: Path, found: Found) -> None:
    """Write every value of every search as a row."""
    _write_rows(path, COLUMNS, [*search_rows(found), *_absent_rows(found)])


def write_curves(path: Path, found: Found) -> None:
    """Write every point of every curve as a row: the score at a dose, a delay or a length."""
    _write_rows(path, CURVE_COLUMNS, _curve_rows(found))


def _write_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    text = StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**dict.fromkeys(columns, ""), **row} for row in rows)
    replace_file(path, text.getvalue().encode())


def _absent_rows(found: Found) -> list[dict[str, Any]]:
    return [{"setting": row["setting"], "reason": row["reason"]} for row in found["absent"]]


def _curve_rows(found: Found) -> list[dict[str, Any]]:
    rows = []
    for cell in found["cells"]:
        about = {key: cell[key] for key in ("setting", "condition", "seed", "probe")}
        for curve in (q["curve"] for q in cell["values"].values() if "curve" in q):
            points = zip(*(curve[key] for key in ("places", "value", "low", "high")), strict=True)
            for place, score, low, high in points:
                ends = {"score": score, "low": low, "high": high}
                rows.append({**about, "of": curve["name"], "place": place, **ends})
    return rows


def search_rows(found: Found) -> list[dict[str, Any]]:
    """Return a row for each value of each search, and for each that has none."""
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
