"""A network of the user's own as a circuit: its groups, and the synapses that follow a rule.

What is not plastic stays as the user has written it and is seen by nobody. The channels of the
task project to the user's groups, and these to a read-out, with fixed weights that are searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.variables import Variable
from brian2.equations.equations import PARAMETER, SUBEXPRESSION
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers

from neuromodels.errors import DeclarationError
from neuromodels.models.building import Built
from neuromodels.neurons import NeuronModel
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.simulation.network.own_constants import assigned_by, own_constants
from neuromodels.simulation.network.own_source import WHERE, OwnSource, discard, parts_of
from neuromodels.simulation.network.own_synapses import check_memory, check_plastic, names_of
from neuromodels.simulation.network.text import OwnConstant
from neuromodels.study.circuits import OwnNetwork, words_of

DRAWING = re.compile(r"\b(randn?|poisson|binomial)\s*\(")
INPUT, OUTPUT = ENDS = "input", "output"
THIRD = "modulation"
"""Variable of a user's group that rules with a third factor read."""


def own_circuit(
    circuit: OwnNetwork,
    step: float,
    ends: tuple[Population, Population],
    rule: PlasticityRule,
    fixed: PlasticityRule,
    erases: bool,
) -> Circuit:
    """Return channels, the groups of a user's network, and a read-out.

    Parameters
    ----------
    step
        Length of a time step, s.
    ends
        Channels and read-out.
    rule, fixed
        How the weights of plastic projections and of all others change.
    erases
        Whether state is erased, in a delay or between two trials of an episode.

    Raises
    ------
    DeclarationError
        Where the network lacks what the study names, or has what a study cannot change.
    """
    if rule.is_normalised:
        raise DeclarationError(
            "rule.normalisation",
            "must be 'none' in a network of one's own",
            rule.normalisation,
            "Set normalisation = 'none' under [rule], or take a rule without it.",
        )
    source = OwnSource(circuit.build, step)
    built = source.take(Clock(step * second, name="examined_clock"))
    try:
        if erases:
            check_memory(built.network)
        network = _Own(circuit, built)
        projections = network.projections(rule, fixed)
        return Circuit((ends[0], *network.populations, ends[1]), projections, source, network.draws)
    finally:
        discard(built.network.objects)


def _is_delay(address: str) -> bool:
    return address.endswith(".delay")


class _Own:
    """A user's network as a study names its parts."""

    def __init__(self, circuit: OwnNetwork, built: Built):
        self.circuit, self.expressions = circuit, built.expressions
        parts = parts_of(built.network)
        self.groups = {p.name: p for p in parts if isinstance(p, NeuronGroup)}
        self.synapses = {p.name: p for p in parts if isinstance(p, Synapses)}
        for name in {*ENDS} & set(self.groups):
            must = "must not have an object with a name of the study's own"
            raise DeclarationError(WHERE, must, name, "Give it another name.")
        self.into = dict(self._inputs())
        self.names = [n for n in words_of(circuit.plastic) if n not in ENDS]
        self.sources = words_of(circuit.output)
        for name in self.sources:
            self._group(name, "output")
            self._check_plain(name, circuit.signal, "signal", "what the read-out hears")
        for name in self.names:
            check_plastic(name, self.synapses)
        self.summed = {
            updater.target_var
            for each in self.synapses.values()
            for updater in each.summed_updaters.values()
        }
        self._check_inputs()
        self.constants = own_constants(circuit.of_groups, self.groups, self._written())

    def _written(self) -> set[tuple[str, str]]:
        """Return the groups and variables that channels or synapses write."""
        summed = {(each.owner.name, each.name) for each in self.summed}
        return summed | assigned_by(self.synapses.values()) | {*self.into.items()}

    def _constants_of(self, group: str) -> tuple[OwnConstant, ...]:
        found = self.constants.items()
        return tuple(each for address, each in found if address.partition(".")[0] == group)

    @property
    def populations(self) -> list[Population]:
        """All groups of neurons, in the order of their names."""
        return [
            Population(
                name,
                len(group),
                self._model(name, group),
                is_own=True,
                has_modulation=self._is_plain(name, THIRD),
                constants=self._constants_of(name),
            )
            for name, group in self.groups.items()
        ]

    @property
    def draws(self) -> dict[str, str]:
        """What variables were set to with random numbers, which each trial draws anew.

        Delays belong to the wiring, which all trials share.
        """
        searched = {*(f"{name}.w" for name in self.names), *self.constants}
        return {
            address: text
            for address, text in self.expressions.items()
            if DRAWING.search(text) and address not in searched and not _is_delay(address)
        }

    def projections(self, rule: PlasticityRule, fixed: PlasticityRule) -> tuple[Projection, ...]:
        """Return those from the channels, the user's own with a rule, and those to the read-out."""
        chosen = {end: rule if end in words_of(self.circuit.plastic) else fixed for end in ENDS}
        projections = (
            *(Projection(INPUT, name, chosen[INPUT]) for name in self.into),
            *self._plastic(rule),
            *(Projection(name, OUTPUT, chosen[OUTPUT]) for name in self.sources),
        )
        for projection in projections:
            self.check_names(projection)
            if projection.rule.is_plastic:
                self.check_rule(projection)
        return projections

    def _plastic(self, rule: PlasticityRule) -> list[Projection]:
        """Return the user's synapses that follow the rule."""
        found = [(name, self.synapses[name]) for name in self.names]
        return [
            Projection(
                each.source.name,
                each.target.name,
                rule,
                own=name,
                pairs=np.array([each.i[:], each.j[:]], dtype=int),
            )
            for name, each in found
        ]

    def check_names(self, projection: Projection) -> None:
        """Refuse variables of neurons that synapses could not tell from their own."""
        for end in (projection.source, projection.target):
            known = set(self.groups[end].equations.names) if end in self.groups else set()
            known |= {each.name for each in self._constants_of(end)}
            if both := sorted(known & names_of(projection.rule)):
                must = f"{end!r} must have no variable with a name that its synapses have too"
                raise DeclarationError(WHERE, must, both[0], "Give it another name.")

    def check_rule(self, projection: Projection) -> None:
        """Refuse a rule that reads what the user's neurons do not have, or names their names."""
        rule, circuit = projection.rule, self.circuit
        averaged = (summed for summed, _ in rule.means.values())
        texts = (rule.model, rule.each_step, rule.on_pre, rule.on_post, *averaged)
        read = get_identifiers(re.sub("#.*", "", "\n".join((*texts, rule.forget, rule.modulator))))
        wants = {
            "x": (projection.source, circuit.trace, "trace"),
            "y": (projection.target, circuit.trace, "trace"),
            "sx": (projection.source, circuit.signal, "signal"),
            "sy": (projection.target, circuit.signal, "signal"),
        }
        for name, (group, variable, key) in wants.items():
            if name in read and group in self.groups:
                self._check_plain(group, variable, key, f"what {rule.name!r} reads as {name}")
        for end, group in (("_pre", projection.source), ("_post", projection.target)):
            for name in sorted(each for each in read if each.endswith(end)):
                self._check_read(group, name.removesuffix(end), rule)
        self._check_third(projection)
        if projection.own:
            self._check_own_rule(projection)

    def _check_read(self, group: str, name: str, rule: PlasticityRule) -> None:
        if group in self.groups and name not in self.groups[group].variables:
            raise DeclarationError(
                "rule.name",
                f"{rule.name!r} reads {name!r} of {group!r}, which has no such variable",
                cure="Write an equation for it in the group, or take another rule.",
            )

    # -- what is named ----------------------------------------------------------------------------

    def _inputs(self) -> Iterator[tuple[str, str]]:
        for place in words_of(self.circuit.input):
            group, _, variable = place.partition(".")
            self._group(group, "input")
            self._check_plain(group, variable, "input", "where the channels arrive", PARAMETER)
            yield group, variable

    def _check_inputs(self) -> None:
        for group, variable in self.into.items():
            if self.groups[group].variables[variable] in self.summed:
                raise DeclarationError(
                    "OwnNetwork.input",
                    "must be a variable into which no synapses sum",
                    f"{group}.{variable}",
                    "Declare another one, and add both in your equations.",
                )

    def _group(self, name: str, key: str) -> NeuronGroup:
        if name not in self.groups:
            known = f"There are: {', '.join(self.groups) or 'none'}."
            must = "must name a NeuronGroup of the network, by its name=..."
            raise DeclarationError(f"OwnNetwork.{key}", must, name, known)
        return self.groups[name]

    def _is_plain(self, group: str, name: str) -> bool:
        """Whether a group has a variable without a unit, one number for each neuron."""
        variable: Variable | None = self.groups[group].variables.get(name)
        return variable is not None and variable.dim is DIMENSIONLESS and not variable.scalar

    def _check_plain(self, group: str, name: str, key: str, what: str, kind: str = "") -> None:
        equation = self.groups[group].equations.get(name)
        is_right = not kind or (equation is not None and equation.type == kind)
        if not self._is_plain(group, name) or not is_right:
            line = f"{name} : 1"
            raise DeclarationError(
                f"OwnNetwork.{key}",
                f"the group {group!r} must have a variable {name!r} without a unit, {what}",
                cure=f"Write the line '{line}' in its equations"
                + (", and use it there." if kind else " or an equation for it, or name another."),
            )

    # -- rules ------------------------------------------------------------------------------------

    def _check_third(self, projection: Projection) -> None:
        if projection.rule.modulator and not (
            projection.target in self.groups and self._is_plain(projection.target, THIRD)
        ):
            raise DeclarationError(
                "rule.name",
                f"{projection.rule.name!r} has a third factor, which a variable {THIRD!r} of"
                f" {projection.target!r} must provide",
                cure=f"Write '{THIRD} : 1' or an equation for it in the group, or take a rule"
                " without.",
            )

    def _check_own_rule(self, projection: Projection) -> None:
        """Refuse a rule whose names the user's synapses have, or that needs all pairs."""
        rule, synapses = projection.rule, self.synapses[projection.own]
        theirs = set(synapses.equations.names) | set(synapses.event_driven or {})
        theirs |= {name for path in synapses._pathways for name in get_identifiers(path.code)}
        theirs |= {
            name for each in synapses.equations.values() if each.expr for name in each.identifiers
        }
        for updater in synapses.summed_updaters.values():
            theirs |= updater.expression.identifiers
        ends = (projection.source, projection.target)
        if both := sorted(
            theirs & {c.name for end in ends for c in self._constants_of(end) if c.is_new}
        ):
            must = f"{projection.own!r} must not use a constant of its neurons that is searched"
            cure = "Give the one of the synapses another name."
            raise DeclarationError("OwnNetwork.coefficients", must, both[0], cure)
        if both := sorted((names_of(rule) & theirs) - {"w"}):
            must = f"{projection.own!r} must have no name that the rule {rule.name!r} has too"
            raise DeclarationError("OwnNetwork.plastic", must, both[0], "Give it another name.")
        sizes = [self.groups[end] for end in (projection.source, projection.target)]
        if rule.means and len(synapses) < len(sizes[0]) * len(sizes[1]):
            must = f"{rule.name!r} takes a mean over all pairs, and {projection.own!r} joins some"
            raise DeclarationError("rule.name", must, cure="Connect all pairs, or take another.")

    # -- groups -----------------------------------------------------------------------------------

    def _model(self, name: str, group: NeuronGroup) -> NeuronModel:
        """Return a group in the words of a neuron model."""
        is_spiking = "spike" in group.events
        circuit = self.circuit
        return NeuronModel(
            name=name,
            summary=f"{name!r} of {circuit.build.rpartition('/')[2]}",
            equations=str(group.user_equations),
            signal=circuit.signal if self._is_plain(name, circuit.signal) else "",
            trace=circuit.trace if self._is_plain(name, circuit.trace) else "",
            input=self.into.get(name, ""),
            threshold=str(group.events["spike"]) if is_spiking else None,
            reset=str(group.event_codes.get("spike", "")) if is_spiking else None,
            forget="\n".join(f"{variable} = 0" for variable in self._state(group)),
            coefficients=tuple(each.coefficient for each in self._constants_of(name)),
        )

    def _state(self, group: NeuronGroup) -> list[str]:
        """Return the variables in which neurons can keep something."""
        return [
            name
            for name, equation in group.user_equations.items()
            if equation.type != SUBEXPRESSION
            and not {"constant", "linked"} & set(equation.flags)
            and group.variables[name] not in self.summed
            and self.into.get(group.name) != name
            and f"{group.name}.{name}" not in self.constants
        ]
