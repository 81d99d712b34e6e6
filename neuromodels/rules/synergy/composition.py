"""A rule composed of rules: each mechanism owns its weights, they meet in one current.

    I = sum_i lambda_i*w_i*s        (MPSL, arXiv:2508.13673, Eqs. 4 and 5)

Each mechanism keeps the weights, traces, factors and statements of its rule, in names of its own:
``w`` of the mechanism ``oja`` is ``w_oja``, and its coefficient ``eta`` is called ``oja.eta`` in
studies. No mechanism reads what another one writes, so their order does not count: all see the same
activity of a step. They share the spikes, and so the activity that the others cause as well.

Own weights, own updates, one current with learnable lambda [P]; any rules as mechanisms [I].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.rules.base import RESERVED, PlasticityRule
from neuromodels.rules.synergy.mechanism import Mechanism, mechanism_of
from neuromodels.rules.synergy.renaming import declared_in
from neuromodels.rules.synergy.shares import ASSIGNMENTS, FOLLOWED, SHARES, Shares

AUTO = "auto"
REFERENCE = "form of Liu, Deng & Yu 2025, arXiv:2508.13673"
GIVEN = {*RESERVED, "er", "psi", "typed", "is_connected"}
"""Names that a network gives to synapses."""


@dataclass(frozen=True)
class Synergy(PlasticityRule):
    """A rule composed of rules; `compose` makes one.

    Parameters
    ----------
    parts
        Its mechanisms.
    shares, assignment
        How the share of each comes about; see `neuromodels.rules.synergy.shares`.
    followed
        Means that learned shares follow: name -> what is averaged.
    """

    parts: tuple[Mechanism, ...] = ()
    shares: str = SHARES[0]
    assignment: str = ASSIGNMENTS[0]
    followed: Mapping[str, str] = field(default_factory=dict)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Names of its mechanisms."""
        return tuple(each.name for each in self.parts)

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """Options of a composition, the default first."""
        return {"shares": SHARES, "assignment": ASSIGNMENTS, "follow": (AUTO, *FOLLOWED)}

    @property
    def third_factors(self) -> Mapping[str, str]:
        """The third factor of each mechanism that has one."""
        return {f"M_{each.name}": each.modulator for each in self.parts if each.modulator}

    @property
    def means(self) -> Mapping[str, tuple[str, str]]:
        """The means that mechanisms and learned shares see."""
        own = {
            f"centre_{each.name}": (each.centred, each.centred_over)
            for each in self.parts
            if each.centred
        }
        return own | {name: (summed, "synapses") for name, summed in self.followed.items()}

    @property
    def pools(self) -> Mapping[str, str]:
        """The sums over the target population that mechanisms see."""
        return {f"pool_{each.name}": each.pooled for each in self.parts if each.pooled}

    @property
    def retrogrades(self) -> Mapping[str, str]:
        """The factors from output synapses that mechanisms see, each of its own changes."""
        return {f"q_{each.name}": each.changed for each in self.parts if each.changed}

    @property
    def normed(self) -> Mapping[str, str]:
        """The weights of normalised mechanisms, each with a norm of its own."""
        return {f"_{e.name}": f"w_{e.name}" for e in self.parts if e.normalisation != "none"}

    def normalise(self, weights: np.ndarray) -> np.ndarray:
        """Return fused weights as they are: each mechanism's own are normalised before."""
        return weights

    def learns_of(self, mechanism: str) -> tuple[str, ...]:
        """Return the variables that one mechanism changes; empty name: those that all change."""
        if not mechanism:
            return self.learns
        return self.part(mechanism).learns if mechanism in self.mechanisms else ()

    def weight_without(self, mechanism: str) -> str:
        """Return the weight without one mechanism; the shares of the others stay."""
        return fused_weight([each for each in self.parts if each.name != mechanism])

    def part(self, name: str) -> Mechanism:
        """Return a mechanism by name.

        Raises
        ------
        DeclarationError
            Where there is none.
        """
        for each in self.parts:
            if each.name == name:
                return each
        where = f"PlasticityRule.{self.name}.mechanisms"
        raise DeclarationError(where, f"are {', '.join(self.mechanisms)}", name)

    def composed_of(
        self, rules: Mapping[str, PlasticityRule], options: Mapping[str, str]
    ) -> PlasticityRule:
        """Return another composition under the same name; `options` as of `compose`."""
        return compose(rules, name=self.name, **options)


def compose(
    mechanisms: Mapping[str, PlasticityRule] | Iterable[tuple[str, PlasticityRule]],
    *,
    shares: str = SHARES[0],
    assignment: str = ASSIGNMENTS[0],
    follow: str = AUTO,
    name: str = "synergy",
    summary: str = "",
) -> Synergy:
    """Return the rule composed of several rules.

    Parameters
    ----------
    mechanisms
        The rules by the names of their mechanisms, two at least; one rule may stand twice.
    shares
        ``"softmax"``: the shares of a synapse sum to 1; ``"free"``: any numbers.
    assignment
        ``"searched"``, ``"local"`` or ``"learned"``; see `neuromodels.rules.synergy.shares`.
    follow
        What learned shares follow: ``"error"``, ``"reward"``, that is the input m of the third
        factor, or ``"activity"``; ``"auto"``: the first of them that a mechanism has.
    name, summary
        Of the composed rule.

    Raises
    ------
    DeclarationError
        Where mechanisms share a name, or names of two of them become the same.
    """
    pairs = list(mechanisms.items() if isinstance(mechanisms, Mapping) else mechanisms)
    _check_pairs(pairs)
    _check_word("shares", shares, SHARES)
    _check_word("assignment", assignment, ASSIGNMENTS)
    parts = tuple(mechanism_of(each, rule) for each, rule in pairs)
    _check_word("follow", follow, (AUTO, *FOLLOWED))
    follow = _followed_by(parts) if follow == AUTO else follow
    way = Shares(shares, assignment, FOLLOWED[follow])
    coefficients = [c for part in parts for c in (*part.coefficients, *way.coefficients(part.name))]
    rule = Synergy(
        name=name,
        summary=summary or _summary(parts),
        model=_lines([*(part.model for part in parts), way.model(parts)]),
        weight=fused_weight(parts),
        learns=(*(each for part in parts for each in part.learns), *way.learns(parts)),
        each_step=_lines([*(part.each_step for part in parts), way.changes(parts)]),
        on_pre=_lines(part.on_pre for part in parts),
        on_post=_lines(part.on_post for part in parts),
        forget=_lines(part.forget for part in parts),
        modulator=_modulator(parts, follow if assignment == "learned" else ""),
        coefficients=(*coefficients, *way.common),
        constants=_constants(parts),
        needs_error=any(part.needs_error for part in parts)
        or (assignment, follow) == ("learned", "error"),
        needs_type=any(part.needs_type for part in parts),
        reference=REFERENCE,
        parts=parts,
        shares=shares,
        assignment=assignment,
        followed=way.currents(parts),
    )
    _check_names(rule)
    return rule


def _followed_by(parts: Sequence[Mechanism]) -> str:
    if any(part.needs_error for part in parts):
        return "error"
    return "reward" if any(part.modulator for part in parts) else "activity"


def _modulator(parts: Sequence[Mechanism], follow: str) -> str:
    """Return what all third factors read; not empty where there is one."""
    own = [part.modulator for part in parts if part.modulator]
    return " + ".join([*own, *(["m"] if follow == "reward" and not own else [])])


def _summary(parts: Sequence[Mechanism]) -> str:
    return f"one current of {' + '.join(part.rule for part in parts)}, each with its own weights"


def fused_weight(parts: Iterable[Mechanism]) -> str:
    """Return the weight that several mechanisms make together."""
    return " + ".join(f"lambda_{part.name}*{_grouped(part.weight)}" for part in parts)


def _grouped(weight: str) -> str:
    return weight if weight.isidentifier() else f"({weight})"


def _lines(texts: Iterable[str]) -> str:
    """Return the lines of several texts below each other, without empty ones."""
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _constants(parts: Sequence[Mechanism]) -> dict[str, object]:
    """Return the constants of all mechanisms; functions keep their names and must be the same."""
    found: dict[str, object] = {}
    for part in parts:
        for name, value in part.constants.items():
            if name in found and found[name] is not value:
                raise DeclarationError(
                    f"Synergy.mechanisms.{part.name}",
                    f"must not call another function {name!r} than the mechanisms before it",
                    part.rule,
                    "Give one of the two functions another name.",
                )
            found[name] = value
    return found


# -- checks -------------------------------------------------------------------------------------


def _check_pairs(pairs: Sequence[tuple[str, PlasticityRule]]) -> None:
    names = [name for name, _ in pairs]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DeclarationError(
            "Synergy.mechanisms",
            "must each have a name of its own",
            twice[0],
            "Rename one of the two; the names are yours to choose.",
        )
    if len(names) < 2:
        raise DeclarationError(
            "Synergy.mechanisms", "must be two at least", ", ".join(names) or "none"
        )


def _check_word(key: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise DeclarationError(f"Synergy.{key}", f"must be one of {', '.join(allowed)}", value)


def _check_names(rule: Synergy) -> None:
    """Refuse mechanisms whose names become the same, as ``a_b`` and ``b`` may let them."""
    owned = [(part.name, each) for part in rule.parts for each in _names_of(part)]
    shares = {*declared_in(rule.model)} - {each for _, each in owned}
    seen: dict[str, str] = dict.fromkeys({*shares, *rule.followed}, "the shares")
    for owner, each in owned:
        if seen.setdefault(each, owner) != owner or each in GIVEN:
            raise DeclarationError(
                f"Synergy.mechanisms.{owner}",
                f"must not have a variable {each!r}, as {seen[each]} or the network has one",
                owner,
                "Give the mechanism another name.",
            )


def _names_of(part: Mechanism) -> list[str]:
    own = {*part.variables, *(c.symbol for c in part.coefficients)}
    plain = {name for name, each in part.constants.items() if not callable(each)}
    given = {f"M_{part.name}", f"centre_{part.name}", f"pool_{part.name}", f"q_{part.name}"}
    return sorted({*own, *plain, *given})
