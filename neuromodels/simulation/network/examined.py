"""Whether a rule can be examined on synapses of its own, outside of a network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from brian2 import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS
from brian2.equations import Equations
from brian2.utils.stringtools import get_identifiers

from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.capture.messages import reading
from neuromodels.simulation.network.hidden_names import check_constants

SIGNALS = {"sx", "sy"}
SIDES = {"x", "y", *SIGNALS, "M", "centre"}
"""What protocols give a rule to see of the two sides, beside what it declares."""


def check_examined(rule: PlasticityRule, values: Mapping[str, float] | None) -> None:
    """Refuse a rule that needs more of a network than its synapses' two sides.

    Raises
    ------
    DeclarationError
        For a normalised rule, one that reads variables of a neuron model, and unknown `values`.
    """
    where = f"PlasticityRule.{rule.name}"
    names = [c.name for c in rule.coefficients]
    check_constants(where, rule.constants)
    for name in values or {}:
        if name not in names:
            raise DeclarationError(where, f"coefficients are {', '.join(names)}", name)
    if rule.is_normalised:
        raise DeclarationError(
            f"{where}.normalisation",
            "must be 'none', since a norm is over all synapses of a projection",
            rule.normalisation,
            "Choose normalisation = 'none'.",
        )
    if missing := sorted(_read(rule) - _known(rule)):
        raise DeclarationError(
            where,
            "must read nothing that only a neuron model or a circuit has",
            ", ".join(missing),
            "Examine it in a network.",
        )


def reads_signals(rule: PlasticityRule) -> bool:
    """Whether a rule sees spikes in its statements of each step."""
    return bool(SIGNALS & _names_in(rule.each_step))


def is_watching(rule: PlasticityRule) -> bool:
    """Whether a rule acts in each step, or reads traces, signals or a third factor."""
    given = {*SIDES, *rule.third_factors, *rule.means}
    return bool(rule.each_step.strip() or given & _read(rule))


def _read(rule: PlasticityRule) -> set[str]:
    """Return every name in what a rule computes."""
    statements = (rule.each_step, rule.on_pre, rule.on_post, rule.weight, rule.centred)
    return set().union(*map(_names_in, [*statements, *_right_sides(rule)]))


def _names_in(text: str) -> set[str]:
    return get_identifiers(re.sub("#.*", "", text))


def _right_sides(rule: PlasticityRule) -> Iterable[str]:
    """Return the right sides of a rule's equations."""
    equations = _equations(rule)
    return (str(each.expr.code) for each in equations.values() if each.expr is not None)


def _equations(rule: PlasticityRule) -> Equations:
    with reading(f"PlasticityRule.{rule.name}", rule.model):
        return Equations(rule.model)


def _known(rule: PlasticityRule) -> set[str]:
    own = {*_equations(rule), *rule.constants, *(c.symbol for c in rule.coefficients)}
    own |= {*rule.third_factors, *rule.means}
    assigned = {
        line.split("=")[0].strip()
        for text in (rule.each_step, rule.on_pre, rule.on_post)
        for line in text.splitlines()
        if "=" in line
    }
    brian2 = {*DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS, *DEFAULT_UNITS}
    return own | assigned | SIDES | brian2 | {"dt", "t"}
