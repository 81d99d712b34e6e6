"""From a study to the circuit and the network of one of its conditions."""

from __future__ import annotations

from dataclasses import replace

from neuromodels import neurons, rules, tasks
from neuromodels.coefficients import FIXED_WEIGHT
from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.assembly import Assembly, network_from
from neuromodels.simulation.network.circuit import Circuit, Population, Projection, layered
from neuromodels.simulation.network.text import NetworkText
from neuromodels.simulation.network.writing import write_network
from neuromodels.study.conditions import Limits, controlled, recorded
from neuromodels.study.study import CONNECTIONS, MEAN, SEARCH_OF, RuleChoice, Study


def rule_of(chosen: RuleChoice, condition: str) -> PlasticityRule:
    """Return a rule under a condition; fixed weights keep the options that they share."""
    if SEARCH_OF.get(condition, condition) != "fixed":
        rule = rules.CATALOG[chosen.name].with_options(dict(chosen.options))
        return rule.with_coefficients(chosen.coefficients)
    return fixed_weights(chosen)


def fixed_weights(chosen: RuleChoice) -> PlasticityRule:
    """Return weights that do not change, normalised and searched as those of a rule."""
    fixed = rules.CATALOG["fixed"]
    normalisation = rules.CATALOG[chosen.name].with_options(dict(chosen.options)).normalisation
    weights = {
        name: {key: value for key, value in settings.items() if key != "frozen"}
        for name, settings in chosen.coefficients.items()
        if name == FIXED_WEIGHT.name
    }
    return fixed.with_options({"normalisation": normalisation}).with_coefficients(weights)


def circuit_of(study: Study, condition: str) -> Circuit:
    """Return the circuit of a condition."""
    chosen = study.circuit
    if chosen.inhibitory:
        return _balanced(study, condition)
    rule, layers = rule_of(study.rule, condition), [_channels(study)]
    if chosen.hidden:
        layers.append(_population(study, "hidden", chosen.hidden, chosen.neuron, chosen.groups))
    layers.append(_output(study))
    modulators = (
        _population(study, "modulators", chosen.modulators, chosen.modulator)
        if rule.modulator
        else None
    )
    beside = _population(study, "gru", chosen.gru, "gru") if chosen.gru else None
    return layered(
        tuple(layers),
        rule,
        fixed_weights(study.rule),
        plastic=chosen.plastic,
        recurrent=chosen.recurrent,
        modulators=modulators,
        modulated_by=chosen.modulated_by,
        beside=beside,
    )


def _balanced(study: Study, condition: str) -> Circuit:
    """Return channels, excitatory and inhibitory neurons and a read-out, a rule for each type."""
    chosen = study.circuit
    excitatory = _population(study, "hidden", chosen.hidden, chosen.neuron, chosen.groups)
    inhibitory = _population(study, "inhibitory", chosen.inhibitory, chosen.inhibitor)
    projections = tuple(
        Projection(source, target, _of_type(study, kind, condition), probability=probability)
        for kind, (source, target) in CONNECTIONS.items()
        if (probability := chosen.probability.get(kind, 1.0)) > 0
    )
    return Circuit((_channels(study), excitatory, inhibitory, _output(study)), projections)


def _of_type(study: Study, kind: str, condition: str) -> PlasticityRule:
    """Return the rule of a type of connection; what never changes is the same when all is fixed."""
    if kind == MEAN and kind not in study.rules:
        weight = {"w": {"per": "projection", "frozen": 1 / study.circuit.hidden}}
        fixed = rules.CATALOG["fixed"].with_options({"normalisation": "none"})
        return fixed.with_coefficients(weight)
    chosen = study.rules.get(kind, study.rule)
    changing = rule_of(chosen, "plastic")
    return rule_of(chosen, condition) if changing.is_plastic else changing


def _channels(study: Study) -> Population:
    task = tasks.CATALOG[study.task.name]
    return Population("input", task.channels, None, task.groups, task.trace)


def _output(study: Study) -> Population:
    outputs = tasks.CATALOG[study.task.name].outputs
    return _population(study, "output", outputs, study.circuit.readout, outputs)


def _population(study: Study, name: str, size: int, model: str, groups: int = 1) -> Population:
    """Return neurons with the study's settings of their coefficients, in groups of equal size."""
    if size % groups:
        raise DeclarationError(
            "circuit.groups", f"must divide the {size} neurons of {name!r}", groups
        )
    known = study.circuit.coefficients
    settings = {key.removeprefix(f"{name}."): each for key, each in known.items()}
    chosen = neurons.CATALOG[model].with_coefficients(settings)
    return Population(name, size, chosen, (size // groups,) * groups)


def text_of(
    study: Study, condition: str, circuit: Circuit | None = None, with_monitors: bool = False
) -> NetworkText:
    """Return the text of the network of a condition; no Brian2 object is made.

    Parameters
    ----------
    circuit
        That of the condition; None: `circuit_of` makes it.
    with_monitors
        Whether signals, traces and weights are recorded; then no limit ends a trial early.
    """
    task = tasks.CATALOG[study.task.name]
    parameters, controls = controlled(task, study.task.parameters, condition)
    chosen = recorded(controls) if with_monitors else replace(controls, limits=limits_of(study))
    circuit = circuit or circuit_of(study, condition)
    return write_network(circuit, task, parameters, controls=chosen)


def network_of(
    study: Study, condition: str, circuit: Circuit, with_monitors: bool = False
) -> Assembly:
    """Return the Brian2 network of a condition; for the arguments see `text_of`."""
    text = text_of(study, condition, circuit, with_monitors)
    return Assembly(network_from(text), text)


def limits_of(study: Study) -> Limits:
    """Return what ends a trial, and whether its spikes are counted."""
    plan = study.failures
    return Limits(plan.highest_rate, plan.largest_weight, study.sees_spikes)
