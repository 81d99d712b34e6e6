"""A rule in Markdown: what a notebook shows of it, and what the site's gallery is made of."""

from __future__ import annotations

import re

from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from brian2.parsing.sympytools import str_to_sympy

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.fixed_points import fixed_points
from neuromodels.rules.latex import lines_of, written

MOMENTS = {
    "each_step": "In each step",
    "on_pre": "At a presynaptic spike",
    "on_post": "At a postsynaptic spike",
}
"""Field of a rule -> when its statements act, in the order in which they do."""


def markdown_of(rule: PlasticityRule) -> str:
    """Return the equations of a rule in LaTeX, and a table of its coefficients."""
    parts = [f"**{rule.name}**", *equations_of(rule), *resting_points(rule)]
    return "\n\n".join([*parts, *coefficient_table(rule)])


def equations_of(rule: PlasticityRule) -> list[str]:
    """Return the equations of a rule in LaTeX, in the order in which they act."""
    found = [maths("Always", model_lines(rule))] if model_lines(rule) else []
    if rule.weight != "w":
        found.append(f"A synapse transmits ${written(str_to_sympy(rule.weight))}$.")
    for field, moment in MOMENTS.items():
        if lines := lines_of(getattr(rule, field)):
            found.append(maths(moment, lines))
    if rule.third_factors:
        found.append(maths("Third factor", [equated(*each) for each in rule.third_factors.items()]))
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


def equated(name: str, expression: str) -> str:
    """Return a name and what it stands for, in LaTeX."""
    return f"{symbol(name)} = {written(str_to_sympy(expression))}"


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
    name = symbol(rule.learns[0]) if rule.learns else "w"
    points = [
        f"- ${name} = {point.latex[0]}$, {words[point.is_stable]} (slope ${point.latex[1]}$)"
        for point in fixed_points(rule)
    ]
    lead = "While the activities stay as they are, what is learned rests at:\n\n"
    return [lead + "\n".join(points)] if points else []


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def coefficient_table(rule: PlasticityRule) -> list[str]:
    """Return a table of the numbers that a search may change."""
    if not rule.coefficients:
        return []
    head = ["coefficient", "default", "from", "to", "scale", "one per"]
    return [table(head, [coefficient_row(c) for c in rule.coefficients])]


def coefficient_row(c: Coefficient) -> list[str]:
    """Return a row of that table."""
    return [f"`{c.name}`", *(f"{x:g}" for x in (c.default, c.low, c.high)), c.scale, c.per]


def options_of(rule: PlasticityRule) -> list[str]:
    """Return the options that a study may choose."""
    if not rule.options:
        return []
    rows = [[f"`{name}`", ", ".join(values)] for name, values in rule.options.items()]
    return [table(["option", "values, the default first"], rows)]
