"""Statements of a rule in LaTeX."""

from __future__ import annotations

import re
from typing import Any

import sympy
from brian2.parsing.sympytools import str_to_sympy

from neuromodels.rules.base import PlasticityRule

GREEK = {"alpha", "beta", "gamma", "eta", "kappa", "rho", "tau", "theta"}
"""Names that LaTeX writes as a letter; other words are set upright."""
SPECIAL = {"dt": r"\Delta t", "second": r"\mathrm{s}"}
"""Names with a symbol of their own."""


def latex_of(rule: PlasticityRule) -> list[str]:
    """Return the statements of a rule as lines of LaTeX, those of each step first.

    ``w += dw`` becomes ``\\Delta w = dw``, and ``w = f`` becomes ``w \\leftarrow f``.
    """
    fields = (rule.each_step, rule.on_pre, rule.on_post)
    return [line for text in fields for line in lines_of(text)]


def lines_of(statements: str) -> list[str]:
    """Return statements of Brian2 as lines of LaTeX; see `latex_of`."""
    lines = [line.strip() for line in re.split(r"[\n;]", statements)]
    return [_line(line) for line in lines if line]


def _line(line: str) -> str:
    left, operator, right = re.split(r"\s*([-+*/]?=)\s*", line, maxsplit=1)
    if operator in ("+=", "-="):
        sign = "-" if operator == "-=" else ""
        change = _latex(right)
        return rf"\Delta {_symbol(left)} = {sign}{_grouped(change) if sign else change}"
    whole = right if operator == "=" else f"{left}{operator[0]}({right})"
    return rf"{_symbol(left)} \leftarrow {_latex(whole)}"


def _grouped(text: str) -> str:
    return rf"\left({text}\right)"


def _symbol(name: str) -> str:
    return written(sympy.Symbol(name))


def _latex(expression: str) -> str:
    return written(str_to_sympy(expression))


def written(expression: Any) -> str:
    """Return an expression of sympy in LaTeX, with words upright."""
    names = {symbol: symbol.name for symbol in expression.free_symbols}
    words = {s: rf"\mathrm{{{n}}}" for s, n in names.items() if _is_word(n)}
    special = {s: SPECIAL[n] for s, n in names.items() if n in SPECIAL}
    return str(sympy.latex(expression, symbol_names=words | special))


def _is_word(name: str) -> bool:
    return len(name) > 1 and name.isalpha() and name not in GREEK
