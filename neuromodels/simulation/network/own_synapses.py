"""Synapses of a user's network: whether a rule can take over their weight, and their state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
from brian2.core.network import Network
from brian2.core.variables import Variable
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import Synapses
from brian2.units.fundamentalunits import DIMENSIONLESS

from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.own_source import WHERE, parts_of


def check_plastic(name: str, known: Mapping[str, Synapses]) -> None:
    """Refuse synapses whose weight a rule cannot take over."""
    where = "OwnNetwork.plastic"
    if name not in known:
        there = f"There are: {', '.join(known) or 'none'}."
        raise DeclarationError(
            where, "must name Synapses of the network, by their name=...", name, there
        )
    synapses = known[name]
    for end in (synapses.source, synapses.target):
        if isinstance(end, Subgroup) or not isinstance(end, NeuronGroup):
            must = f"{name!r} must join whole NeuronGroups"
            cure = "Make the part of the group a NeuronGroup of its own."
            raise DeclarationError(where, must, type(end).__name__, cure)
    _check_weight(name, synapses)
    _check_pairs(name, synapses)


def _check_weight(name: str, synapses: Synapses) -> None:
    equation = synapses.equations.get("w")
    is_weight = equation is not None and equation.type == PARAMETER
    if not is_weight or equation.dim is not DIMENSIONLESS or "shared" in equation.flags:
        raise DeclarationError(
            "OwnNetwork.plastic",
            f"{name!r} must have a weight 'w : 1', which the rule takes over",
            cure="Write 'w : 1' in its equations; multiply it with a unit where it is used.",
        )
    texts = [path.code for path in synapses._pathways]
    regular = [each for each in synapses.contained_objects if _is_regular(each, synapses)]
    if regular or any(_assigns("w", text) for text in texts):
        raise DeclarationError(
            "OwnNetwork.plastic",
            f"{name!r} must not change w itself, nor run_regularly; the study's rule does it",
            regular[0].name if regular else next(t for t in texts if _assigns("w", t)),
            "Leave these statements out.",
        )
    if synapses._linked_variables or synapses.subexpression_updater:
        must = f"{name!r} must have neither linked variables nor 'constant over dt'"
        raise DeclarationError("OwnNetwork.plastic", must, cure="Leave them out.")


def _check_pairs(name: str, synapses: Synapses) -> None:
    if not synapses._connect_called or not len(synapses):
        must, cure = f"{name!r} must connect some neurons", "Call connect()."
        raise DeclarationError("OwnNetwork.plastic", must, "no synapses", cure)
    pairs = np.asarray(synapses.i[:], dtype=int) * len(synapses.target) + synapses.j[:]
    if synapses.multisynaptic_index is not None or len(np.unique(pairs)) < len(pairs):
        must, cure = f"{name!r} must connect no pair twice", "Leave n= out of connect."
        raise DeclarationError("OwnNetwork.plastic", must, cure=cure)


def names_of(rule: PlasticityRule) -> set[str]:
    """Return the names that synapses with a rule have."""
    declared = re.findall(r"(?m)^\s*(?:d(\w+)/dt\b|(\w+)\s*[:=])", rule.model)
    own = {name for pair in declared for name in pair if name}
    own |= {"x", "y", "sx", "sy", *rule.constants, *(c.symbol for c in rule.coefficients)}
    own |= {"m", *rule.third_factors} if rule.modulator else set()
    return own | {*rule.means}


def check_memory(network: Network) -> None:
    """Refuse to erase the state of a network where some of it lies where it cannot be erased.

    Raises
    ------
    DeclarationError
        With the first variable that would outlive it.
    """
    for each in parts_of(network):
        if isinstance(each, NeuronGroup):
            kept = [n for n, v in _stored(each) if v.scalar or np.dtype(v.dtype).kind != "f"]
        elif isinstance(each, Synapses):
            kept = list(_synaptic_state(each))
        else:
            continue
        if kept:
            raise DeclarationError(
                f"{WHERE}.{each.name}",
                "the condition 'reset' and tasks of several trials must erase all state, that is"
                " real variables of neurons",
                kept[0],
                "Keep it in neurons, or leave the condition out.",
            )


def _stored(group: NeuronGroup) -> Iterator[tuple[str, Variable]]:
    for name, equation in group.user_equations.items():
        if equation.type != SUBEXPRESSION and not {"constant", "linked"} & set(equation.flags):
            yield name, group.variables[name]


def _synaptic_state(synapses: Synapses) -> Iterator[str]:
    """Yield the variables of synapses that change while the network runs."""
    equations = [*synapses.equations.values(), *(synapses.event_driven or {}).values()]
    texts = [path.code for path in synapses._pathways]
    texts += [e.abstract_code for e in synapses.contained_objects if _is_regular(e, synapses)]
    for equation in equations:
        changes = any(_assigns(equation.varname, text) for text in texts)
        if equation.type == DIFFERENTIAL_EQUATION or (equation.type == PARAMETER and changes):
            yield equation.varname


def _is_regular(each: object, synapses: Synapses) -> bool:
    """Whether an object of synapses is a `run_regularly`."""
    known = [*synapses._pathways, *synapses.summed_updaters.values()]
    known += [synapses.state_updater, synapses.subexpression_updater]
    return not any(each is other for other in known)


def _assigns(name: str, text: str) -> bool:
    return re.search(rf"\b{name}\s*(?:[-+*/%]|\*\*|//)?=(?!=)", text) is not None
