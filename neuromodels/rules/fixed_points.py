"""Where a rule comes to rest: weights at which it changes nothing, and whether it returns to them.

Activities, third factor and eligibility are taken as constant. A point is stable where the change
falls with the weight: ``d(dw)/dw < 0``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sympy
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str

from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.latex import written

HIGHEST = 2
"""Highest power of the weight of which all fixed points are given in formulas."""
MOST_NAMES = 12
"""Names in a change of which a formula can still be read."""


@dataclass(frozen=True)
class FixedPoint:
    """A weight at which a rule changes nothing.

    Parameters
    ----------
    weight
        An expression of activities and coefficients, as Brian2 reads it.
    slope
        The derivative of the change by the weight at that point; below 0 the point is stable.
    latex
        Both in LaTeX.
    """

    weight: str
    slope: str
    latex: tuple[str, str]

    @property
    def is_stable(self) -> bool | None:
        """Whether the rule returns to the point; None where it depends on the signs of numbers."""
        sign = _with_positive(str_to_sympy(self.slope))
        if sign.is_negative:
            return True
        return False if sign.is_nonnegative else None


def fixed_points(rule: PlasticityRule) -> list[FixedPoint]:
    """Return where a rule that acts in each step comes to rest.

    Returns
    -------
    list of FixedPoint
        Empty where the change does not depend on the weight, is no polynomial of it of degree
        `HIGHEST` or less, has more than `MOST_NAMES` names, or is made at spikes or by several
        statements.
    """
    weight, change = _change(rule)
    return _roots(change, weight)


def turning_points(rule: PlasticityRule, activity: str = "y") -> list[FixedPoint]:
    """Return the postsynaptic activities at which a rule turns from weakening to strengthening.

    Where the slope is above 0, it strengthens above that activity and weakens below, as BCM's rule
    does at its threshold. If a stronger weight makes the neuron more active, activity then moves
    away from that point; where the slope is below 0 it comes to rest there.

    Parameters
    ----------
    activity
        ``"y"``, or ``"x"`` for the presynaptic side.

    Returns
    -------
    list of FixedPoint
        With the activity in the place of the weight. Empty where `fixed_points` would be: no
        change of a step, too many names, or too high a power.
    """
    return _roots(_change(rule)[1], sympy.Symbol(activity, real=True))


def _roots(change: Any, symbol: Any) -> list[FixedPoint]:
    """Return where a change is 0 as one of its names varies."""
    if change is None or not change.has(symbol) or not change.is_polynomial(symbol):
        return []
    if len(change.free_symbols) > MOST_NAMES:
        return []
    polynomial = sympy.Poly(change, symbol)
    if polynomial.degree() > HIGHEST:
        return []
    slope = sympy.diff(change, symbol)
    roots = sympy.roots(polynomial, symbol)
    return [_point(root, sympy.simplify(slope.subs(symbol, root))) for root in roots]


def _point(weight: Any, slope: Any) -> FixedPoint:
    texts = sympy_to_str(weight), sympy_to_str(slope)
    return FixedPoint(*texts, (written(weight), written(slope)))


def _change(rule: PlasticityRule) -> tuple[Any, Any]:
    """Return the symbol of what a rule learns, and the change of it in a step; None: no such."""
    name = rule.learns[0]
    found = [_assignment(line, name) for line in _statements(rule)]
    matched = [each for each in found if each is not None]
    if len(matched) != 1 or _assignment_in(rule.on_pre + "\n" + rule.on_post, name):
        return sympy.Symbol(name, real=True), None
    operator, text = matched[0].groups()
    expression = _with_definitions(rule, str_to_sympy(text))
    return _parsed(name, expression, is_sum=operator == "+")


def _statements(rule: PlasticityRule) -> list[str]:
    return re.split(r"[\n;]", rule.each_step)


def _assignment(line: str, name: str) -> re.Match[str] | None:
    return re.match(rf"\s*{name}\s*(\+?)=(?!=)\s*(.+?)\s*$", line)


def _assignment_in(statements: str, name: str) -> bool:
    return bool(re.search(rf"(?m)^\s*{name}\s*[-+*/]?=(?!=)", statements))


def _with_definitions(rule: PlasticityRule, expression: Any) -> Any:
    """Return an expression in which names that the model defines stand for their definitions."""
    lines = re.findall(r"(?m)^\s*(\w+)\s*=\s*(.+?)\s*:\s*\S+", rule.model)
    known = {sympy.Symbol(name, real=True): str_to_sympy(text) for name, text in lines}
    for _ in known:
        expression = expression.subs(known)
    return expression


def _parsed(name: str, expression: Any, *, is_sum: bool) -> tuple[Any, Any]:
    expression = _unclipped(expression)
    weight = sympy.Symbol(name, real=True)
    return weight, sympy.expand(expression if is_sum else expression - weight)


def _unclipped(expression: Any) -> Any:
    """Return what a clip takes, since its bounds are no fixed points of the rule itself."""
    is_clip = getattr(expression.func, "__name__", "") == "clip"
    return expression.args[0] if is_clip else expression


def _with_positive(expression: Any) -> Any:
    """Return an expression whose squares and rates are known to be positive."""
    names = {s: sympy.Symbol(s.name, real=True, nonzero=True) for s in expression.free_symbols}
    positive = {s: sympy.Symbol("eta", positive=True) for s in names if s.name == "eta"}
    return expression.xreplace({**names, **positive})
