"""What there is to choose from, as plain values and as tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from neuromodels.errors import DeclarationError
from neuromodels.report.bundled import bundled_folder
from neuromodels.search.optimizers import OPTIMIZERS
from neuromodels.study.file import text_of
from neuromodels.study.limits.toml_text import UnreadableText, table_in

ACTS = {"each_step": "each step", "on_pre": "pre spike", "on_post": "post spike"}
"""Fields of a rule with statements, and when they act."""
KINDS = ("rules", "neurons", "tasks", "measures", "optimizers", "studies")


def items_of(kind: str) -> list[dict[str, Any]]:
    """Return the members of a kind, each with its name and one line about it.

    Parameters
    ----------
    kind
        One of `KINDS`; studies of the current folder go before those of the package.
    """
    if kind == "studies":
        return _all_studies(Path.cwd(), bundled_folder())
    return [_ITEM[kind](name, value) for name, value in sorted(_catalog(kind).items())]


def _catalog(kind: str) -> Mapping[str, Any]:
    if kind == "optimizers":
        return OPTIMIZERS
    return import_module(f"neuromodels.{kind}").CATALOG


def _rule(name: str, rule: Any) -> dict[str, Any]:
    coefficients = [
        {
            "name": c.name,
            "default": c.default,
            "low": _finite(c.low),
            "high": _finite(c.high),
            "per": c.per,
            "scale": c.scale,
            "searched": not c.frozen,
        }
        for c in rule.coefficients
    ]
    forms = [rule.with_options({"form": form}) for form in rule.options.get("form", ())] or [rule]
    return {
        **_item(name, rule),
        "acts": [" and ".join(_acts(form)) or "never" for form in forms],
        "factors": (3 if rule.modulator else 2) if rule.is_plastic else 0,
        "reads": _reads(rule),
        "state": _state(rule),
        "weight": rule.weight,
        "learns": list(rule.learns) if rule.is_plastic else [],
        "coefficients": coefficients,
        "options": {option: list(allowed) for option, allowed in rule.options.items()},
        "terms": list(rule.terms),
    }


def _finite(bound: float) -> float | None:
    return bound if isfinite(bound) else None


def _acts(rule: Any) -> list[str]:
    return [when for field, when in ACTS.items() if getattr(rule, field).strip()]


def _reads(rule: Any) -> list[str]:
    """Return what a rule sees of the neurons on both sides: traces, signals, third factor."""
    words = set(re.findall(r"\w+", " ".join([rule.model, *(getattr(rule, f) for f in ACTS)])))
    return [name for name in ("x", "y", "sx", "sy", "M") if name in words]


def _state(rule: Any) -> list[str]:
    """Return the variables that a synapse keeps beside its coefficients and what it learns."""
    names = re.findall(r"(?m)^\s*(?:d(\w+)/dt\b|(\w+)\s*:)", rule.model)
    known = {*rule.learns, *(coefficient.symbol for coefficient in rule.coefficients)}
    return [name for pair in names for name in pair if name and name not in known]


def _task(name: str, task: Any) -> dict[str, Any]:
    return {**_item(name, task), "parameters": dict(task.parameters)}


def _measure(name: str, measure: Any) -> dict[str, Any]:
    options = ["--vary"] if measure.settings else []
    conditions = list(measure.conditions)
    return {"name": name, "summary": measure.about, "conditions": conditions, "options": options}


def _optimizer(name: str, info: Any) -> dict[str, Any]:
    return {**_item(name, info), "source": info.source, "options": info.defaults}


def _item(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "summary": value.summary, "reference": value.reference}


WEIGHT_WIDTH = 13
_ITEM = {
    "rules": _rule,
    "neurons": _item,
    "tasks": _task,
    "measures": _measure,
    "optimizers": _optimizer,
}


def _all_studies(here: Path, bundled: Path) -> list[dict[str, Any]]:
    """Return the studies of a folder, and those of the package that it does not replace."""
    own = _studies(here / "studies", "this folder")
    if here == bundled:
        return own
    files = {item["file"] for item in own}
    theirs = _studies(bundled / "studies", "the package")
    return [*own, *(item for item in theirs if item["file"] not in files)]


def _studies(folder: Path, place: str) -> list[dict[str, Any]]:
    items = []
    below = [sorted(folder.glob(f"{part}*.toml")) for part in ("", "networks/", "populations/")]
    for path in [path for paths in below for path in paths]:
        try:
            table = table_in(text_of(path))
        except (DeclarationError, UnreadableText) as error:
            table = {"question": f"cannot be read: {error}"}
        name, question = str(table.get("name", path.stem)), str(table.get("question", ""))
        file = str(path.relative_to(folder.parent))
        items.append({"name": name, "summary": question, "file": file, "of": place})
    return items


def catalog_table(kind: str, items: list[dict[str, Any]]) -> Table:
    """Return a table of the members of a kind."""
    if kind == "rules":
        return _comparison(items)
    table = Table(title=kind, title_justify="left")
    columns = [key for key in (items[0] if items else {"name": ""}) if key != "reference"]
    for column in [*columns, *(["reference"] if items and "reference" in items[0] else [])]:
        table.add_column(column)
    for item in items:
        cells = [_cell(item[column]) for column in columns]
        table.add_row(*cells, *([item["reference"]] if "reference" in item else []))
    return table


def _in_short_words(text: str, width: int) -> str:
    """Return an expression that a column can break: behind each sign of a product if it must."""
    is_long = any(len(word) > width for word in text.split())
    return text.replace("*", "* ") if is_long else text


def _comparison(rules: list[dict[str, Any]]) -> Table:
    """Return the rules side by side, about 110 columns wide."""
    table = Table(title="rules", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("rule", no_wrap=True)
    for name, width in (
        ("acts", 13),
        ("factors", 7),
        ("reads, keeps", 14),
        ("weight", WEIGHT_WIDTH),
        ("searched", 17),
        ("reference", 24),
    ):
        table.add_column(name, max_width=width)
    for rule in rules:
        searched = [c["name"] for c in rule["coefficients"] if c["searched"]]
        table.add_row(
            rule["name"],
            "\nor ".join(rule["acts"]),
            str(rule["factors"] or "-"),
            "; ".join(" ".join(each) for each in (rule["reads"], rule["state"]) if each),
            _in_short_words(rule["weight"], WEIGHT_WIDTH),
            _short_list(searched),
            rule["reference"],
        )
    return table


def _short_list(names: list[str]) -> str:
    """Return names in a row, a long run of numbered ones by its ends."""
    numbered = [name for name in names if re.fullmatch(r"[a-z]+\d+", name)]
    if len(numbered) < 4:
        return " ".join(names)
    others = [name for name in names if name not in numbered]
    return " ".join([*others, f"{numbered[0]}..{numbered[-1]}"])


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{key} = {_cell(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " ".join(each["name"] if isinstance(each, Mapping) else str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
