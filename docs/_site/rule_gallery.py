"""The gallery of rules: a page for each rule of the catalog, written from the catalog itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from repository_pages import ROOT, write_if_new
from rule_pictures import picture_of

from neuromodels.rules import CATALOG, PlasticityRule
from neuromodels.rules.markdown import (
    MOMENTS,
    coefficient_table,
    equations_of,
    options_of,
    resting_points,
    table,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "gallery"
INTRODUCTION = """# Gallery of rules

Each plasticity rule of the package, with its equations, the numbers that a search may change, and
the check against its paper. The names in the equations are explained in
[rules and neuron models](../reference/rules.md#variables-in-a-statement).
"""


def write_gallery(app: Sphinx) -> None:
    """Write the page of each rule, and the page that leads to all of them."""
    folder = Path(app.srcdir) / FOLDER
    rows = table_rows()
    for rule in CATALOG.values():
        picture = picture_of(rule, folder / "pictures")
        page = page_of(rule, rows.get(rule.name), picture)
        write_if_new(folder / "rules" / f"{rule.name}.md", page)
    write_if_new(folder / "index.md", index_of(list(CATALOG.values())))


def index_of(rules: list[PlasticityRule]) -> str:
    """Return the page that leads to all rules."""
    rows = [[f"[{rule.name}](rules/{rule.name}.md)", sentence(rule.summary)] for rule in rules]
    return f"{INTRODUCTION}\n{table(['rule', 'what it does'], rows)}\n"


def page_of(
    rule: PlasticityRule, row: tuple[str, str] | None, picture: tuple[Path, str] | None = None
) -> str:
    """Return the page of a rule.

    Parameters
    ----------
    row
        Its check and its source in the table of rules; None: the table has none.
    picture
        A file, and what it shows; None: it has none.
    """
    parts = [
        f"# {rule.name}\n\n{sentence(rule.summary)}",
        "## Equations",
        *equations_of(rule),
        *resting_points(rule),
        *under("What pairs of spikes do", shown(rule, picture)),
        "## As Brian2 reads it",
        *source_of(rule),
        *under("Coefficients", coefficient_table(rule)),
        *under("Options", options_of(rule)),
        *check_of(rule, row),
    ]
    return "\n\n".join(parts) + "\n"


def shown(rule: PlasticityRule, picture: tuple[Path, str] | None) -> list[str]:
    """Return a picture with what it shows; nothing where there is none."""
    if picture is None:
        return []
    file, caption = picture
    return [
        f"![What pairs of spikes do to a weight by {rule.name}](../pictures/{file.name})",
        caption,
    ]


def under(heading: str, parts: list[str]) -> list[str]:
    """Return parts of a page under a heading; nothing where there are none."""
    return [f"## {heading}", *parts] if parts else []


def sentence(text: str) -> str:
    """Return a summary as a sentence: an equation as code, or words from a capital on."""
    first, colon, rest = text.partition(": ")
    first = f"`{first}`" if "=" in first else plain(from_a_capital(first))
    return f"{first}{colon}{plain(rest)}".rstrip(".") + "."


def from_a_capital(text: str) -> str:
    """Return a text that begins with a capital, unless it begins with the name of a rule."""
    word = text.split(" ")[0]
    return text[0].upper() + text[1:] if word.isalpha() and word not in CATALOG else text


def plain(text: str) -> str:
    """Return a text in which Markdown finds no emphasis."""
    return re.sub(r"([*_])", r"\\\1", text)


def source_of(rule: PlasticityRule) -> list[str]:
    """Return the texts of a rule as they stand in its file."""
    texts = {"model": rule.model, **{field: getattr(rule, field) for field in MOMENTS}}
    texts |= {"modulator": rule.modulator, "forget": rule.forget}
    shown = [f"# {field}\n{dedented(text)}" for field, text in texts.items() if text.strip()]
    return ["```python\n" + "\n\n".join(shown) + "\n```"]


def dedented(text: str) -> str:
    """Return a text whose lines begin at the margin."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def check_of(rule: PlasticityRule, row: tuple[str, str] | None) -> list[str]:
    """Return how the rule is checked, and its source."""
    lines = [f"- Source: {rule.reference}"] if rule.reference else []
    if row:
        lines = [f"- Checked: {row[0]}", f"- Source: {row[1]}"]
        lines += [f"- Reference: {rule.reference}"] if rule.reference else []
    return ["## Check and source", "\n".join(lines)] if lines else []


def table_rows() -> dict[str, tuple[str, str]]:
    """Return check and source of each rule, from the table that people keep by hand."""
    text = (ROOT / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    found: dict[str, tuple[str, str]] = {}
    source = ""
    for line in re.findall(r"(?m)^\| `.*\|$", text):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4:
            check = cells[2]
            source = source if cells[3] == "as above" else cells[3]
            found |= dict.fromkeys(re.findall(r"`(\w+)`", cells[0]), (check, source))
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the gallery before Sphinx looks for pages."""
    app.connect("builder-inited", write_gallery, priority=400)
    return {"parallel_read_safe": True}
