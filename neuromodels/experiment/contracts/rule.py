"""What every plasticity rule keeps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from neuromodels.experiment.contracts.contract import Contract, Same, leave_out, require
from neuromodels.experiment.contracts.equations import (
    check_bounds,
    check_use,
    drawn_vectors,
    stored,
    variables,
    words,
)
from neuromodels.experiment.contracts.networks import EXAMINED, Trials, rule_trials
from neuromodels.experiment.influence import names_that_count
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.equations import assigned
from neuromodels.study.conditions import Controls

CANDIDATES, STREAMS = 8, (1, 2)
EARLY = 0.1
"""Share of a trial after which weights are looked at for the first time."""
ROUNDING = 1e-9


class RuleContract(Contract):
    """Promises of a plasticity rule; a subclass gives the fixture ``rule``."""

    kind = PlasticityRule

    def test_says_what_it_is_and_where_it_comes_from(self, rule: PlasticityRule) -> None:
        """It has a summary and a reference."""
        for field in ("summary", "reference"):
            value = getattr(rule, field)
            require(bool(value.strip()), f"{_name(rule)}.{field}", "must not be empty", value)

    def test_changes_and_erases_only_its_own_variables(self, rule: PlasticityRule) -> None:
        """What it learns and forgets stands in its model, and it forgets nothing that it learns."""
        own, erased = variables(rule.model), assigned(rule.forget)
        for field, names in (("learns", rule.learns), ("forget", erased)):
            strange = sorted(set(names) - set(own))
            must = f"variables of its model are {', '.join(own)}"
            require(not strange, f"{_name(rule)}.{field}", must, strange)
        both = sorted(set(erased) & set(rule.learns))
        require(not both, f"{_name(rule)}.forget", "must not erase what the rule learns", both)

    def test_options_begin_with_the_default(self, rule: PlasticityRule) -> None:
        """The first value of each option is the rule as it stands."""
        for option, values in rule.options.items():
            require(
                rule.with_options({option: values[0]}) == rule,
                f"{_name(rule)}.choices.{option}",
                "the first value must be the rule's default",
                values[0],
            )

    def test_options_keep_the_coefficients(self, rule: PlasticityRule) -> None:
        """Every value of every option has the same coefficients."""
        for choice, chosen in _variants(rule):
            require(
                chosen.coefficients == rule.coefficients,
                f"{_name(rule)}.choices.{choice}",
                "must not change the coefficients",
                [coefficient.name for coefficient in chosen.coefficients],
            )

    def test_can_be_built_with_every_option(self, rule: PlasticityRule) -> None:
        """Brian2 reads its equations, units included, and the device has all that they need."""
        _trials(Same(rule))
        for _, chosen in list(_variants(rule))[1:]:
            rule_trials(chosen)

    def test_coefficients_have_bounds_that_a_search_can_use(self, rule: PlasticityRule) -> None:
        """The default of every searched coefficient lies between its bounds."""
        check_bounds(_name(rule), rule.coefficients, rule.is_start)

    def test_every_coefficient_is_used(self, rule: PlasticityRule) -> None:
        """Weights depend on every coefficient, in the rule or in one of its options."""
        used = {name for _, chosen in _variants(rule) for name in names_that_count(chosen)}
        must = "must lead to a weight through equations and statements"
        check_use(_name(rule), rule.coefficients, used, must)

    def test_weights_stay_finite(self, rule: PlasticityRule) -> None:
        """Driven on both sides, weights are numbers, at the defaults and within the bounds."""
        for name, values in _learned(rule).items():
            broken = np.flatnonzero(~np.isfinite(values).all(axis=(1, 2)))
            which = "the defaults" if 0 in broken else f"{len(broken)} of {CANDIDATES} candidates"
            require(
                not broken.size,
                f"{_name(rule)}.{name}",
                "must stay finite in a trial whose neurons spike",
                f"not a finite number at {which}",
                "Clip the variable, or narrow the bounds of the coefficients.",
            )

    def test_learns_when_both_sides_are_active(self, rule: PlasticityRule) -> None:
        """Some coefficients within the bounds change what the rule says that it learns."""
        early, late = _learned(rule, EARLY), _learned(rule)
        for name in rule.learns:
            require(
                bool((early[name] != late[name]).any()),
                f"{_name(rule)}.{name}",
                "must change while neurons on both sides spike",
                "no change",
                "See whether a statement changes it, or leave it out of `learns`.",
            )

    def test_weights_are_still_when_frozen(self, rule: PlasticityRule) -> None:
        """No variable of the weight changes once the control `frozen` has stopped learning."""
        names = [name for name in stored(rule.model) if name in words(rule.weight)]
        early, late = (_values(rule, names, share, frozen=True) for share in (EARLY, 1.0))
        for name in early:
            require(
                np.allclose(early[name], late[name], ROUNDING, ROUNDING, equal_nan=True),
                f"{_name(rule)}.{name}",
                "must stay what it is when nothing is learned, as the weight depends on it",
                f"changes by up to {np.abs(early[name] - late[name]).max():g}",
                "Name it in `learns`.",
            )

    def test_a_stream_is_a_trial(self, rule: PlasticityRule) -> None:
        """Equal streams leave equal weights, bit for bit, whoever runs beside them."""
        trials = _trials(Same(rule))
        addresses, xs = _written(rule, rule.learns), drawn_vectors(trials.circuit.coefficients, 2)
        many = trials.run(addresses, (1, 2, 1), xs)
        alone = trials.run(addresses, (1,), xs[:1])
        for address, values in many.items():
            same = (values[:, 0], values[:, 2]), (values[:1, 0], alone[address][:, 0])
            require(
                all(np.array_equal(a, b, equal_nan=True) for a, b in same),
                f"{_name(rule)}.{address.removeprefix(EXAMINED + '.')}",
                "must depend on nothing but coefficients and stream",
                "other weights in the same trial",
            )


def _name(rule: PlasticityRule) -> str:
    return f"PlasticityRule.{rule.name}"


def _variants(rule: PlasticityRule) -> Iterator[tuple[str, PlasticityRule]]:
    """Yield the rule as it stands, and with each value of each option."""
    yield "default", rule
    for option, values in rule.options.items():
        for value in values[1:]:
            yield f"{option}.{value}", rule.with_options({option: value})


def _written(rule: PlasticityRule, names: tuple[str, ...] | list[str]) -> list[str]:
    """Return the addresses of those variables that the network changes."""
    statements = "\n".join([rule.each_step, rule.on_pre, rule.on_post, rule.forget, rule.model])
    changed = {name for name in names if _changes(name, statements)}
    if rule.is_normalised:
        changed.add("w")
    return [f"{EXAMINED}.{name}" for name in names if name in changed]


def _changes(name: str, statements: str) -> bool:
    """Whether a statement assigns to a variable, or a differential equation moves it."""
    for line in statements.replace(";", "\n").splitlines():
        left = line.partition("=")[0].strip(" +-*/")
        if left in (name, f"d{name}/dt") and "=" in line:
            return True
    return False


@lru_cache(maxsize=2)
def _trials(same: Same, frozen: bool = False) -> Trials:
    """Return the network of a rule, kept for the promises that follow."""
    return rule_trials(same.declared, Controls(freeze_at=0) if frozen else None)


def _learned(rule: PlasticityRule, share: float = 1.0) -> dict[str, np.ndarray]:
    leave_out(unless=rule.is_plastic, reason="the rule changes nothing")
    return _values(rule, rule.learns, share)


def _values(
    rule: PlasticityRule,
    names: tuple[str, ...] | list[str],
    share: float,
    frozen: bool = False,
) -> dict[str, np.ndarray]:
    """Return what variables are after a share of a trial, (candidates, streams, synapses)."""
    trials, addresses = _trials(Same(rule), frozen), _written(rule, names)
    xs = drawn_vectors(trials.circuit.coefficients, CANDIDATES)
    found = trials.run(addresses, STREAMS, xs, share) if addresses else {}
    return {address.removeprefix(f"{EXAMINED}."): values for address, values in found.items()}
