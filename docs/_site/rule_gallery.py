"""The gallery of rules: a page for each rule of the catalog, written from the catalog itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from brian2.parsing.sympytools import str_to_sympy
from repository_pages import ROOT, write_if_new

from neuromodels.coefficients import Coefficient
from neuromodels.rules import CATALOG, PlasticityRule
from neuromodels.rules.fixed_points import fixed_points
from neuromodels.rules.latex import lines_of, written

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "gallery"
INTRODUCTION = """# Gallery of rules

Each plasticity rule of the package, with its equations, the numbers that a search may change, and
the check against its paper. The names in the equations are explained in
[rules and neuron models](../reference/rules.md#variables-in-a-statement).
"""
_MOMENTS = {
    "each_step": "In each step",
    "on_pre": "At a presynaptic spike",
    "on_post": "At a postsynaptic spike",
}


def write_gallery(app: Sphinx) -> None:
    """Write the page of each rule, and the page that leads to all of them."""
    folder = Path(app.srcdir) / FOLDER
    rows = table_rows()
    for rule in CATALOG.values():
        write_if_new(folder / "rules" / f"{rule.name}.md", page_of(rule, rows.get(rule.name)))
    write_if_new(folder / "index.md", index_of(list(CATALOG.values())))


def index_of(rules: list[PlasticityRule]) -> str:
    """Return the page that leads to all rules."""
    rows = [[f"[{rule.name}](rules/{rule.name}.md)", sentence(rule.summary)] for rule in rules]
    return f"{INTRODUCTION}\n{table(['rule', 'what it does'], rows)}\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page_of(rule: PlasticityRule, row: tuple[str, str] | None) -> str:
    """Return the page of a rule.

    Parameters
    ----------
    row
        Its check and its source in the table of rules; None: the table has none.
    """
    parts = [
        f"# {rule.name}\n\n{sentence(rule.summary)}",
        "## Equations",
        *equations_of(rule),
        *resting_points(rule),
        "## As Brian2 reads it",
        *source_of(rule),
        *coefficient_table(rule),
        *options_of(rule),
        *check_of(rule, row),
    ]
    return "\n\n".join(parts) + "\n"


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


def equations_of(rule: PlasticityRule) -> list[str]:
    """Return the equations of a rule in LaTeX, in the order in which they act."""
    found = [maths("Always", model_lines(rule))] if model_lines(rule) else []
    if rule.weight != "w":
        found.append(f"A synapse transmits ${written(str_to_sympy(rule.weight))}$.")
    for field, moment in _MOMENTS.items():
        if lines := lines_of(getattr(rule, field)):
            found.append(maths(moment, lines))
    if rule.modulator:
        found.append(maths("Third factor", [f"M = {written(str_to_sympy(rule.modulator))}"]))
    if rule.forget:
        found.append(maths("Between two trials of an episode", lines_of(rule.forget)))
    return found or ["Nothing changes."]


def model_lines(rule: PlasticityRule) -> list[str]:
    """Return the differential equations and the definitions of a rule's model in LaTeX."""
    lines = []
    for equation in Equations(rule.model).ordered:
        if equation.type == DIFFERENTIAL_EQUATION:
            name = rf"\frac{{\mathrm{{d}}\,{symbol(equation.varname)}}}{{\mathrm{{d}}t}}"
        elif equation.type == SUBEXPRESSION:
            name = symbol(equation.varname)
        else:
            continue
        lines.append(f"{name} = {written(str_to_sympy(equation.expr.code))}")
    return lines


def symbol(name: str) -> str:
    """Return a name in LaTeX."""
    return written(str_to_sympy(name))


def maths(moment: str, lines: list[str]) -> str:
    """Return lines of LaTeX under the moment at which they act."""
    body = " \\\\\n".join(at_its_sign(line) for line in lines)
    return f"{moment}:\n\n\\begin{{align*}}\n{body}\n\\end{{align*}}"


def at_its_sign(line: str) -> str:
    """Return a line that is aligned at its first equals sign or arrow."""
    return re.sub(r" (=|\\leftarrow) ", r" &\1 ", line, count=1)


def resting_points(rule: PlasticityRule) -> list[str]:
    """Return where the rule comes to rest, if it says so in a formula."""
    words = {True: "stable", False: "not stable", None: "stable where the slope is negative"}
    points = [
        f"- $w = {point.latex[0]}$, {words[point.is_stable]} (slope ${point.latex[1]}$)"
        for point in fixed_points(rule)
    ]
    lead = "While the activities stay as they are, the weight rests at:\n\n"
    return [lead + "\n".join(points)] if points else []


def source_of(rule: PlasticityRule) -> list[str]:
    """Return the texts of a rule as they stand in its file."""
    texts = {"model": rule.model, **{field: getattr(rule, field) for field in _MOMENTS}}
    texts |= {"modulator": rule.modulator, "forget": rule.forget}
    shown = [f"# {field}\n{dedented(text)}" for field, text in texts.items() if text.strip()]
    return ["```python\n" + "\n\n".join(shown) + "\n```"]


def dedented(text: str) -> str:
    """Return a text whose lines begin at the margin."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def coefficient_table(rule: PlasticityRule) -> list[str]:
    """Return a table of the numbers that a search may change."""
    if not rule.coefficients:
        return []
    head = ["coefficient", "default", "from", "to", "scale", "one per"]
    return ["## Coefficients", table(head, [coefficient_row(c) for c in rule.coefficients])]


def coefficient_row(c: Coefficient) -> list[str]:
    """Return a row of that table."""
    return [f"`{c.name}`", *(f"{x:g}" for x in (c.default, c.low, c.high)), c.scale, c.per]


def options_of(rule: PlasticityRule) -> list[str]:
    """Return the options that a study may choose."""
    if not rule.options:
        return []
    rows = [[f"`{name}`", ", ".join(values)] for name, values in rule.options.items()]
    return ["## Options", table(["option", "values, the default first"], rows)]


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
            found |= {name: (check, source) for name in re.findall(r"`(\w+)`", cells[0])}
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the gallery before Sphinx looks for pages."""
    app.connect("builder-inited", write_gallery, priority=400)
    return {"parallel_read_safe": True}
