"""One mechanism of a composed rule: a rule whose own names carry the mechanism's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.synergy.renaming import (
    SIDES,
    assigned_in,
    declared_in,
    in_equations,
    in_statements,
)

GIVEN = ("M", "centre", "pool", "q")
"""What the network gives to each rule on its own."""
TAKEN = ("pre", "post", "lambda", "summed")
"""Names that would make other names of Brian2's or of the shares."""


@dataclass(frozen=True)
class Mechanism:
    """A rule inside of a composed rule, in names of its own.

    Parameters
    ----------
    name
        Of the mechanism: the end of its names, ``w_oja`` and ``eta_oja``.
    rule
        Name of its rule, for lists.
    model, weight, learns, each_step, on_pre, on_post, forget, coefficients, constants
        As of a `PlasticityRule`.
    modulator, centred, centred_over, pooled, changed, normalisation
        As of a `PlasticityRule`; statements say ``M_oja``, ``centre_oja`` and ``pool_oja``.
    """

    name: str
    rule: str
    model: str
    weight: str
    learns: tuple[str, ...]
    each_step: str
    on_pre: str
    on_post: str
    forget: str
    coefficients: tuple[Coefficient, ...]
    constants: Mapping[str, object]
    modulator: str
    centred: str
    centred_over: str
    pooled: str
    changed: str
    normalisation: str
    needs_error: bool
    needs_type: bool
    is_plastic: bool

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of its synapses."""
        return tuple(declared_in(self.model))


def mechanism_of(name: str, rule: PlasticityRule) -> Mechanism:
    """Return a rule in the names of a mechanism.

    Raises
    ------
    DeclarationError
        Where the name can be none, or the rule is composed itself.
    """
    _check_name(name)
    _check_rule(name, rule)
    names = {each: f"{each}_{name}" for each in _own_names(rule)}
    shared = {key: each for key, each in rule.constants.items() if callable(each)}
    kept = {names[key]: each for key, each in rule.constants.items() if key not in shared}
    statements = {
        field: in_statements(getattr(rule, field), names)
        for field in ("weight", "each_step", "on_pre", "on_post", "forget", "modulator", "centred")
    }
    return Mechanism(
        name=name,
        rule=rule.name,
        model=in_equations(rule.model, names),
        learns=tuple(names[each] for each in rule.learns),
        coefficients=tuple(replace(c, name=f"{name}.{c.name}") for c in rule.coefficients),
        constants={**shared, **kept},
        centred_over=rule.centred_over,
        pooled=rule.pooled,
        changed=names.get(rule.changed, ""),
        normalisation=rule.normalisation,
        needs_error=rule.needs_error,
        needs_type=rule.needs_type,
        is_plastic=rule.is_plastic,
        **statements,
    )


def _own_names(rule: PlasticityRule) -> list[str]:
    """Return every name that belongs to the rule and not to the network around it."""
    statements = (rule.each_step, rule.on_pre, rule.on_post, rule.forget)
    local = set[str]().union(*map(assigned_in, statements))
    plain = {key for key, each in rule.constants.items() if not callable(each)}
    own = {*declared_in(rule.model), *(c.symbol for c in rule.coefficients), *plain, *local}
    return sorted({*own, *GIVEN})


def _check_name(name: str) -> None:
    is_plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", name) is not None
    if not is_plain or name in TAKEN or name.endswith(SIDES):
        raise DeclarationError(
            f"Synergy.mechanisms.{name}",
            "must have a name of letters, digits and single underscores, none of"
            f" {', '.join(TAKEN)}, and none that ends in _pre or _post",
            name,
            "Give the mechanism another name.",
        )


def _check_rule(name: str, rule: PlasticityRule) -> None:
    """Refuse a rule that cannot stand beside others."""
    where = f"Synergy.mechanisms.{name}"
    if not isinstance(rule, PlasticityRule):
        raise DeclarationError(where, "must be a PlasticityRule", rule)
    if rule.mechanisms:
        raise DeclarationError(
            where,
            "must be a plain rule, none that is composed itself",
            rule.name,
            "Name its mechanisms here, one by one.",
        )
    if summed := [each for each in declared_in(rule.model) if each.endswith(SIDES)]:
        raise DeclarationError(
            where,
            "must not sum into variables of neurons, since another mechanism may do the same",
            summed[0],
            "Use `centred` for a mean over synapses.",
        )
