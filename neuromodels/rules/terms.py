"""Rules with fewer terms: a coefficient becomes 0, and what it multiplied leaves the equations.

    dw = eta*(A*x*(y - C) + B*y + D)   without B:   dw = eta*(A*x*(y - C) + D)

What nothing reads any more leaves with it: other coefficients, such as ``C`` without ``A``, and
variables, such as an eligibility that no term fills.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from neuromodels.errors import DeclarationError

if TYPE_CHECKING:
    from neuromodels.rules.base import PlasticityRule

ALL = "all"
"""The value of the option ``terms`` that keeps every term."""
STATEMENTS = ("each_step", "on_pre", "on_post", "forget")
ASSIGNMENT = re.compile(r"^\s*(\w+)\s*([-+*/%]?)=(?!=)\s*(.+?)\s*$")


def names_of(terms: str) -> tuple[str, ...]:
    """Return the coefficients in a text such as ``"A, B D"``."""
    return tuple(re.findall(r"[^\s,]+", terms))


def with_terms(rule: PlasticityRule, terms: str) -> PlasticityRule:
    """Return a rule that keeps some of its terms.

    Parameters
    ----------
    rule
        One that names its `terms`.
    terms
        Coefficients of the terms that stay, with spaces or commas between them; ``"all"``: all.

    Raises
    ------
    DeclarationError
        Where a name is none of the rule's terms, or none is left.
    """
    if not rule.are_terms(terms):
        must = f"must name some of {' '.join(rule.terms)}, each once, or be {ALL!r}"
        raise DeclarationError(f"PlasticityRule.{rule.name}.terms", must, terms)
    kept = rule.kept_terms(terms)
    return without(rule, set(rule.terms) - set(kept)) if kept else rule


def without(rule: PlasticityRule, names: Collection[str]) -> PlasticityRule:
    """Return a rule whose coefficients `names` are 0, and what they multiplied is gone."""
    changed = _statements_without(rule, {*names, *_resting(rule, names)})
    reduced = replace(
        rule,
        **changed,  # type: ignore[arg-type]
        terms=tuple(term for term in rule.terms if term not in names),
        coefficients=tuple(c for c in rule.coefficients if c.name not in names),
    )
    return _without_coefficients(_without_variables(reduced))


def _resting(rule: PlasticityRule, names: Collection[str]) -> set[str]:
    """Return variables that begin at 0 and that no statement then moves from there."""
    own = {_defined(line) for line in _model_lines(rule) if re.fullmatch(r"\w+\s*:.*", line)}
    own -= {*rule.learns, *(coefficient.name for coefficient in rule.coefficients)}
    while own:
        zeroed = _statements_without(rule, {*names, *own})
        moved = {_assigned(line) for text in zeroed.values() for line in text.splitlines()}
        if not own & moved:
            break
        own -= moved
    return own


def _statements_without(rule: PlasticityRule, names: Collection[str]) -> dict[str, str]:
    return {field: _lines_without(getattr(rule, field), names) for field in STATEMENTS}


def _lines_without(statements: str, names: Collection[str]) -> str:
    lines = (_line_without(line, names) for line in re.split(r"[\n;]", statements))
    return "\n".join(line for line in lines if line)


def _line_without(line: str, names: Collection[str]) -> str:
    """Return a statement in which coefficients are 0; empty where it then changes nothing."""
    matched = ASSIGNMENT.match(line)
    if matched is None or not set(re.findall(r"\w+", line)) & set(names):
        return line.strip()
    variable, operator, text = matched.groups()
    expression = _Zeroed(names).visit(ast.parse(text, mode="eval").body)
    keeps_value = operator in ("+", "-") or variable in names
    if keeps_value and _is_zero(expression):
        return ""
    return f"{variable} {operator}= {ast.unparse(expression)}"


class _Zeroed(ast.NodeTransformer):
    """An expression in which some names are 0, with products and sums of 0 worked out."""

    def __init__(self, names: Collection[str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(0) if node.id in self.names else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if _is_zero(node.operand) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        left, right = _is_zero(node.left), _is_zero(node.right)
        if isinstance(node.op, ast.Mult) and (left or right):
            return ast.Constant(0)
        if isinstance(node.op, ast.Div | ast.Mod | ast.FloorDiv) and right:
            must = "must not be what a statement divides by, where it can be left out"
            raise DeclarationError("PlasticityRule.terms", must, ", ".join(sorted(self.names)))
        if isinstance(node.op, ast.Div | ast.Pow) and left and not right:
            return node.left
        if isinstance(node.op, ast.Add) and left:
            return node.right
        if isinstance(node.op, ast.Sub) and left:
            return node.right if right else ast.UnaryOp(ast.USub(), node.right)
        return node.left if isinstance(node.op, ast.Add | ast.Sub) and right else node


def _is_zero(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


# -- what nothing reads -------------------------------------------------------------------------


def _without_variables(rule: PlasticityRule) -> PlasticityRule:
    """Return a rule without variables that lead to no weight, and without an idle third factor."""
    kept = _read_by_weights(rule)
    model = [line for line in _model_lines(rule) if _defined(line) in kept]
    statements = {
        field: "\n".join(line for line in _lines(rule, field) if _assigned(line) in kept)
        for field in STATEMENTS
    }
    modulator = rule.modulator if "M" in kept else ""
    centred = rule.centred if "centre" in kept else ""
    return replace(
        rule,
        model="\n".join(model),
        modulator=modulator,
        centred=centred,
        **statements,  # type: ignore[arg-type]
    )


def _read_by_weights(rule: PlasticityRule) -> set[str]:
    """Return every name that the weight, or what it learns, depends on, in the end."""
    kept = {*rule.learns, *re.findall(r"\w+", rule.weight)}
    while True:
        read = set(kept)
        for name, text in _definitions(rule):
            if name in kept:
                read |= set(re.findall(r"[A-Za-z_]\w*", text))
        read |= {rule.centred} if "centre" in read and rule.centred else set()
        if read == kept:
            return kept
        kept = read


def _definitions(rule: PlasticityRule) -> Iterator[tuple[str, str]]:
    """Yield each name that is defined, and the text that defines it."""
    for line in _model_lines(rule):
        yield _defined(line), line
    for field in ("each_step", "on_pre", "on_post"):
        for line in _lines(rule, field):
            yield _assigned(line), line
    yield "M", rule.modulator


def _without_coefficients(rule: PlasticityRule) -> PlasticityRule:
    """Return a rule without coefficients and constants that no equation names."""
    texts = [rule.model, rule.weight, rule.modulator, *(getattr(rule, f) for f in STATEMENTS)]
    named = set(re.findall(r"[A-Za-z_]\w*", " ".join(texts)))
    return replace(
        rule,
        coefficients=tuple(c for c in rule.coefficients if c.name in named),
        constants={name: value for name, value in rule.constants.items() if name in named},
    )


def _model_lines(rule: PlasticityRule) -> list[str]:
    return [line.strip() for line in rule.model.splitlines() if line.strip()]


def _lines(rule: PlasticityRule, field: str) -> list[str]:
    lines = re.split(r"[\n;]", getattr(rule, field))
    return [line.strip() for line in lines if line.strip()]


def _defined(line: str) -> str:
    matched = re.match(r"d(\w+)/dt|(\w+)", line)
    return "" if matched is None else matched[1] or matched[2]


def _assigned(line: str) -> str:
    matched = ASSIGNMENT.match(line)
    return "" if matched is None else matched[1]
