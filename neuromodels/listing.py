"""What there is to choose from, as plain values and as tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

KINDS = ("rules", "models", "tasks", "optimizers", "studies")


def items_of(kind: str, checkout: Path) -> list[dict[str, Any]]:
    """Return the members of a kind, each with its name and one line about it.

    Parameters
    ----------
    kind
        One of `KINDS`.
    checkout
        Where ``studies/`` lies.
    """
    if kind == "studies":
        return _studies(checkout / "studies")
    return [_ITEM[kind](name, value) for name, value in sorted(_catalog(kind).items())]


def _catalog(kind: str) -> Mapping[str, Any]:
    if kind == "optimizers":
        from neuromodels.search.optimizer import OPTIMIZERS

        return OPTIMIZERS
    from importlib import import_module

    return import_module(f"neuromodels.{kind}").CATALOG


def _rule(name: str, rule: Any) -> dict[str, Any]:
    coefficients = [
        {"name": c.name, "default": c.default, "per": c.per, "scale": c.scale}
        for c in rule.coefficients
    ]
    options = {option: list(allowed) for option, allowed in rule.options.items()}
    return {**_named(name, rule), "coefficients": coefficients, "options": options}


def _task(name: str, task: Any) -> dict[str, Any]:
    return {**_named(name, task), "parameters": dict(task.parameters)}


def _optimizer(name: str, info: Any) -> dict[str, Any]:
    return {**_named(name, info), "source": info.source, "options": dict(info.options)}


def _named(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "summary": value.summary, "reference": value.reference}


_ITEM = {"rules": _rule, "models": _named, "tasks": _task, "optimizers": _optimizer}


def _studies(folder: Path) -> list[dict[str, Any]]:
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            table = {"question": f"cannot be read: {error}"}
        name, question = table.get("name", path.stem), table.get("question", "")
        found.append({"name": name, "summary": question, "file": f"{folder.name}/{path.name}"})
    return found


def table_of(kind: str, items: list[dict[str, Any]]) -> Table:
    """Return a table of the members of a kind."""
    table = Table(title=kind, title_justify="left")
    columns = [key for key in (items[0] if items else {"name": ""}) if key != "reference"]
    for column in [*columns, *(["reference"] if items and "reference" in items[0] else [])]:
        table.add_column(column)
    for item in items:
        cells = [_cell(item[column]) for column in columns]
        table.add_row(*cells, *([item["reference"]] if "reference" in item else []))
    return table


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{key} = {_cell(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " ".join(each["name"] if isinstance(each, Mapping) else str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
