"""Circuits: which populations there are, who projects to whom, and with which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from neuromodels.coefficients import SUMMED, Block, Coefficient, CoefficientVector, Side
from neuromodels.errors import DeclarationError
from neuromodels.neurons import NeuronModel
from neuromodels.neurons.readout import READOUT
from neuromodels.rules import PlasticityRule
from neuromodels.rules.synergy.renaming import declared_in
from neuromodels.simulation.network.errors_back import check_error, check_neurons
from neuromodels.simulation.network.own_source import OwnSource
from neuromodels.simulation.network.pools import check_pools
from neuromodels.simulation.network.text import OwnConstant

CONTEXT = "context_hidden"
"""Name of the projection of the channels that say which task it is, where it has its own rule."""
ECHO = "_echo_"
"""In the name of an echo between its source and its target, see `Circuit.begins_in`."""


@dataclass(frozen=True)
class Population:
    """Neurons of one model.

    Parameters
    ----------
    name
        Unique in the circuit.
    size
        Number of neurons.
    model
        Their equations; None for input channels, which a task drives.
    groups
        Sizes of the groups that share coefficients; empty: one group.
    channel_trace
        Of input channels, the variable that plasticity rules see.
    is_own
        Whether they are a group of a network that the user brings.
    has_modulation
        Whether a variable of their own, ``modulation``, is the third factor of rules.
    constants
        Of a user's group, what is searched in its equations beside the rule.
    """

    name: str
    size: int
    model: NeuronModel | None = None
    groups: tuple[int, ...] = ()
    channel_trace: str = "u"
    is_own: bool = False
    has_modulation: bool = False
    constants: tuple[OwnConstant, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 1:
            raise DeclarationError(
                f"Population.{self.name}.size", "there must be at least 1 neuron", self.size
            )
        if self.groups and (sum(self.groups) != self.size or min(self.groups) < 1):
            raise DeclarationError(
                f"Population.{self.name}.groups",
                f"must divide its {self.size} neurons",
                self.groups,
            )

    @property
    def side(self) -> Side:
        """Its size and groups, as coefficients count them."""
        return Side(self.size, self.groups)

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """What a search may change in its neurons."""
        return self.model.coefficients if self.model else ()

    def block(self, coefficient: Coefficient) -> Block:
        """Return the numbers of a coefficient of its neurons."""
        if coefficient.name in {each.name for each in self.constants if each.is_shared}:
            return Block(self.name, coefficient, 1)
        return _block(self.name, coefficient, self.side, self.side)

    @property
    def signal(self) -> str:
        return self.model.signal if self.model else "u"

    @property
    def trace(self) -> str:
        return self.model.trace if self.model else self.channel_trace


@dataclass(frozen=True)
class Projection:
    """Synapses from one population to another, between all pairs or between some.

    Parameters
    ----------
    source, target
        Names of populations.
    rule
        How the weights change.
    carries
        What of a source neuron reaches the target: its ``"signal"`` or its ``"trace"``.
    into
        Where it arrives: the target's ``"input"``, its ``"modulation"``, or another variable of
        its model, by name.
    probability
        Of each pair to be connected, drawn anew in each trial; a pair that is not transmits
        nothing.
    drawn
        Standard deviation of weights that each trial draws anew, normally distributed around 0; 0:
        they begin where the rule says.
    own
        Name of the user's synapses that it is; empty: it is written here, between all pairs.
    pairs
        Of the user's synapses, and of a part: source and target neuron of each, (2, synapses).
    part
        Name of the source neurons in which it begins, where it does not begin in all of them.
    """

    source: str
    target: str
    rule: PlasticityRule
    carries: Literal["signal", "trace"] = "signal"
    into: str = "input"
    probability: float = 1.0
    drawn: float = 0.0
    own: str = ""
    pairs: np.ndarray | None = field(default=None, compare=False)
    part: str = ""

    def __post_init__(self) -> None:
        where = f"Projection.{self.name}"
        if not 0 < self.probability <= 1:
            raise DeclarationError(
                f"{where}.probability", "must be above 0 and at most 1", self.probability
            )
        if self.is_sparse and self.rule.is_normalised:
            raise DeclarationError(
                f"{where}.rule",
                "weights of which only some transmit cannot be normalised",
                self.rule.normalisation,
                "Choose normalisation = 'none'.",
            )
        if (self.is_sparse or self.part) and self.rule.means:
            raise DeclarationError(
                f"{where}.rule",
                "no mean is known over synapses of which only some exist",
                self.rule.name,
                "Connect all pairs.",
            )

    @property
    def is_sparse(self) -> bool:
        """Whether only some pairs are connected."""
        return self.probability < 1

    @property
    def name(self) -> str:
        if self.own:
            return self.own
        extra = "" if self.into in ("input", "modulation") else f"_{self.into}"
        return f"{self.part or self.source}_{self.target}{extra}"

    @property
    def sources(self) -> tuple[int, ...]:
        """Of a part, the first source neuron and the one behind the last; else empty: all."""
        if not self.part or self.pairs is None:
            return ()
        return int(self.pairs[0].min()), int(self.pairs[0].max()) + 1


@dataclass(frozen=True)
class Circuit:
    """Populations in the order of signal flow, and projections between them.

    Parameters
    ----------
    own
        Where populations and projections that are the user's own come from.
    draws
        What the user's network draws anew in each trial, as expressions by address.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    own: OwnSource | None = None
    draws: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [population.name for population in self.populations]
        for projection in self.projections:
            missing = {projection.source, projection.target} - set(names)
            if missing:
                raise DeclarationError(
                    f"Projection.{projection.name}",
                    f"populations are {', '.join(names)}",
                    sorted(missing)[0],
                )
            self._check_normalisation(projection)
            self._check_spikes(projection)
            self._check_modulation(projection)
            check_error(self, projection)
            check_pools(self, projection)
        for population in self.populations:
            check_neurons(self, population)

    def population(self, name: str) -> Population:
        """Return a population by name."""
        return next(p for p in self.populations if p.name == name)

    @property
    def coefficients(self) -> CoefficientVector:
        """The searched numbers of all projections as one vector."""
        synaptic = [
            block_of(projection, coefficient, *self.sides(projection))
            for projection in self.projections
            for coefficient in projection.rule.coefficients
        ]
        neural = [
            population.block(coefficient)
            for population in self.populations
            for coefficient in population.coefficients
        ]
        return CoefficientVector((*synaptic, *neural))

    def sides(self, projection: Projection) -> tuple[Side, Side]:
        """Return the neurons on both sides of a projection."""
        return self.population(projection.source).side, self.population(projection.target).side

    def _check_normalisation(self, projection: Projection) -> None:
        """Refuse to let synapses of the user's begin anywhere else."""
        if projection.own and self.begins_in(projection) != projection.source:
            raise DeclarationError(
                f"Projection.{projection.name}.rule",
                "only forward projections of your own can be normalised",
                projection.rule.normalisation,
                "Choose normalisation = 'none'.",
            )

    def begins_in(self, projection: Projection) -> str:
        """Return the group in which the synapses of a projection begin.

        It is the source, but for weights that are normalised and go back, to neurons that come no
        later than their source. Their norm must be known before the target sums what arrives, and
        sums into the source come too late for that. So they begin in its echo: neurons that come
        before the target, and whose signal and trace are those of the source.
        """
        names = [population.name for population in self.populations]
        forward = names.index(projection.source) < names.index(projection.target)
        is_early = forward or not projection.rule.is_normalised
        return projection.source if is_early else f"{projection.source}{ECHO}{projection.target}"

    def is_modulated(self, name: str) -> bool:
        """Whether a population receives a modulation."""
        if self.population(name).has_modulation:
            return True
        return any(p.target == name and p.into == "modulation" for p in self.projections)

    def _check_modulation(self, projection: Projection) -> None:
        """Refuse a third factor that nothing provides."""
        if projection.rule.modulator and not self.is_modulated(projection.target):
            raise DeclarationError(
                f"Projection.{projection.name}.rule",
                f"the rule {projection.rule.name!r} needs modulatory neurons that project to"
                f" {projection.target!r}",
                cure="Give the circuit modulators, or take another rule.",
            )

    def _check_spikes(self, projection: Projection) -> None:
        """Refuse a rule that acts at spikes of neurons that have none."""
        rule = projection.rule
        acting = {projection.source: rule.on_pre, projection.target: rule.on_post}
        for name, statements in acting.items():
            model = self.population(name).model
            if statements.strip() and (model is None or model.threshold is None):
                raise DeclarationError(
                    f"Projection.{projection.name}.rule",
                    f"the rule {rule.name!r} acts at spikes of {name!r}, which has none",
                    cure="Choose a rule that acts in each step: sx and sy there are the signals of"
                    " both sides.",
                )


def heard(beginning: str) -> str:
    """Return whose signals a connection carries, by where it begins: an echo has its source's."""
    return beginning.partition(ECHO)[0]


def block_of(projection: Projection, coefficient: Coefficient, pre: Side, post: Side) -> Block:
    """Return the numbers of a coefficient in a projection, between all pairs or between some."""
    is_of_side = coefficient.per in ("pre", "post")
    if is_of_side and projection.rule.is_start(coefficient) and projection.pairs is not None:
        end = projection.pairs[int(coefficient.per == "post")]
        return Block(projection.name, coefficient, coefficient.size(pre, post), end)
    if projection.pairs is None or is_of_side:
        return _block(projection.name, coefficient, pre, post, projection.rule)
    count = projection.pairs.shape[1]
    if coefficient.per == SUMMED:
        ends = projection.pairs + np.array([[0], [pre.size]])
        return Block(projection.name, coefficient, coefficient.size(pre, post), ends)
    if coefficient.per == "synapse":
        return Block(projection.name, coefficient, count)
    is_shared = coefficient.per == "projection" and not projection.rule.is_start(coefficient)
    return Block(projection.name, coefficient, 1, None if is_shared else np.zeros(count, dtype=int))


def _block(
    owner: str, coefficient: Coefficient, pre: Side, post: Side, rule: PlasticityRule | None = None
) -> Block:
    spread = coefficient.spread(pre, post)
    if rule is not None and rule.is_start(coefficient) and spread is None:
        sources, targets = np.indices((pre.size, post.size)).reshape(2, -1)
        shared = {"projection": 0 * sources, "pre": sources, "post": targets}
        spread = shared.get(coefficient.per)
    return Block(owner, coefficient, coefficient.size(pre, post), spread)


def layered(
    layers: tuple[Population, ...],
    rule: PlasticityRule,
    fixed: PlasticityRule,
    *,
    plastic: Literal["all", "input", "output", "recurrent"] = "all",
    recurrent: bool = False,
    modulators: Population | None = None,
    modulated_by: Literal["hidden", "all", "task"] = "hidden",
    beside: Population | None = None,
    drawn: float = 0.0,
    named: Mapping[str, PlasticityRule] | None = None,
    context: int = 0,
) -> Circuit:
    """Return channels -> hidden -> read-out, or channels -> read-out.

    Parameters
    ----------
    layers
        Two or three populations, the channels first, the read-out last.
    rule, fixed
        How the weights of plastic projections and of all others change.
    plastic
        Which projections are plastic: those into the hidden layer, into the read-out, both, or
        only those between hidden neurons.
    recurrent
        Whether hidden neurons project to each other, one step later, plastic unless only the
        read-out is.
    modulators
        Neurons whose trace modulates every plastic projection; they come before the read-out, and
        are left out if the rule has no third factor.
    modulated_by
        Who projects to them: the layer before the read-out, the channels as well, or nobody, so
        that they hear the task's rewards alone.
    beside
        Gated recurrent units with fixed weights between the channels and the read-out.
    drawn
        Standard deviation of weights into the hidden layer that each trial draws anew: of fixed
        ones, and of where plastic ones begin; 0: the search finds both.
    named
        Rules of projections that have one of their own, by their names; with `CONTEXT` among them
        the last channels have a projection of their own.
    context
        How many channels these are.
    """
    named = named or {}
    names = [population.name for population in layers]
    forward = list(pairwise(names))
    back = [(names[1], names[1])] if recurrent and len(layers) == 3 else []
    changing = {
        "all": {*forward, *back},
        "input": {forward[0], *back},
        "output": {forward[-1]},
        "recurrent": {*back},
    }
    unchanged = [pair for pair in [*forward, *back] if pair not in changing[plastic]]
    projections = [
        Projection(a, b, fixed) if (a, b) in unchanged else Projection(a, b, rule)
        for a, b in [*forward, *back]
    ]
    if CONTEXT in named:
        projections = [*_divided(projections[0], layers, context), *projections[1:]]
    projections = [replace(p, rule=named.get(p.name, p.rule)) for p in projections]
    if drawn:
        projections = [_begin_anew(p, drawn) if p.target != names[-1] else p for p in projections]
    if beside is not None:
        projections += _gated(names[0], beside.name, names[-1], fixed)
        layers = (*layers[:-1], beside, layers[-1])
    if modulators is None or not rule.modulator:
        return Circuit(layers, tuple(projections))
    drivers = {"hidden": [names[-2]], "all": names[:-1], "task": []}[modulated_by]
    targets = dict.fromkeys(p.target for p in projections if p.rule is rule)
    third = [
        *(Projection(name, modulators.name, fixed, "trace") for name in drivers),
        *(Projection(modulators.name, name, fixed, "signal", "modulation") for name in targets),
    ]
    return Circuit((*layers[:-1], modulators, layers[-1]), (*projections, *third))


def _begin_anew(projection: Projection, drawn: float) -> Projection:
    """Return the projection with first weights that no search changes: each trial draws its own."""
    rule, drawn_names = projection.rule, first_weights(projection.rule)
    own = [c.name for c in rule.coefficients if c.symbol in drawn_names]
    kept = rule.with_coefficients({key: {"per": "synapse", "frozen": 0.0} for key in own})
    return replace(projection, rule=kept, drawn=drawn)


def first_weights(rule: PlasticityRule) -> list[str]:
    """Return the variables with which weights begin, one for each mechanism that has one."""
    known = {*declared_in(rule.model), *(c.symbol for c in rule.coefficients)}
    names = [f"w_{each}" for each in rule.mechanisms] or ["w"]
    return [name for name in names if name in known]


def _divided(
    projection: Projection, layers: tuple[Population, ...], context: int
) -> tuple[Projection, Projection]:
    """Return the projections of the other channels, and of the last ones, to hidden neurons."""
    channels, hidden = layers[0].size, layers[1].size
    pairs = np.indices((channels, hidden)).reshape(2, -1)
    is_context = pairs[0] >= channels - context
    return (
        replace(projection, part=projection.source, pairs=pairs[:, ~is_context]),
        replace(projection, part=CONTEXT.partition("_")[0], pairs=pairs[:, is_context]),
    )


def _gated(channels: str, units: str, output: str, fixed: PlasticityRule) -> list[Projection]:
    """Return the projections of gated recurrent units: three from channels, three of their own."""
    plain = fixed.with_options({"normalisation": "none"})
    forward = [Projection(channels, units, plain, into=gate) for gate in ("r_in", "z_in", "n_in")]
    back = [Projection(units, units, plain, into=gate) for gate in ("r_in", "z_in", "back")]
    return [*forward, *back, Projection(units, output, plain)]


def feedforward(
    channels: int, hidden: int, neuron: NeuronModel, rule: PlasticityRule, outputs: int = 1
) -> Circuit:
    """Return channels -> hidden -> linear read-out, the circuit of PDLF (arXiv:2308.12063)."""
    layers = (
        Population("input", channels),
        Population("hidden", hidden, neuron),
        Population("output", outputs, READOUT),
    )
    return layered(layers, rule, rule)
