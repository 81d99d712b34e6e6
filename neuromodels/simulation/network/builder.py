"""From a study to the circuit and the network of one of its conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from neuromodels import neurons, rules, tasks
from neuromodels.coefficients import FIXED_WEIGHT
from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.assembly import Assembly, network_from
from neuromodels.simulation.network.circuit import Circuit, Population, Projection, layered
from neuromodels.simulation.network.own_circuit import own_circuit
from neuromodels.simulation.network.text import NetworkText
from neuromodels.simulation.network.writing import write_network
from neuromodels.study.circuits import (
    CONNECTIONS,
    MEAN,
    Balanced,
    Layered,
    OwnNetwork,
    projection_of,
)
from neuromodels.study.conditions import Limits, condition_with_network, controlled
from neuromodels.study.study import RuleChoice, Study


def rule_of(choice: RuleChoice, condition: str) -> PlasticityRule:
    """Return a rule under a condition; fixed weights keep the options that they share."""
    if condition_with_network(condition).weights == "plastic":
        return choice.out_of(rules.CATALOG)
    return fixed_weights(choice)


def fixed_weights(choice: RuleChoice) -> PlasticityRule:
    """Return weights that do not change, normalised and searched as those of a rule."""
    fixed = rules.CATALOG["fixed"]
    normalisation = choice.out_of(rules.CATALOG).normalisation
    weights = {
        name: {key: value for key, value in settings.items() if key not in ("frozen", "drawn")}
        for name, settings in choice.coefficients.items()
        if name == FIXED_WEIGHT.name
    }
    return fixed.with_options({"normalisation": normalisation}).with_coefficients(weights)


def circuit_of(study: Study, condition: str) -> Circuit:
    """Return the circuit of a condition.

    Raises
    ------
    DeclarationError
        Where the condition has no network of its own, or the rule lacks what it needs.
    """
    condition_with_network(condition).check(rule=study.rule.out_of(rules.CATALOG))
    built = BUILDERS[type(study.circuit)](study, study.circuit, condition)
    return _at_rest(built, condition)


def _layered_circuit(study: Study, circuit: Layered, condition: str) -> Circuit:
    """Return channels, hidden neurons and a read-out, with what a rule or a study adds to them."""
    rule, layers = rule_of(study.rule, condition), [_channels(study)]
    if circuit.hidden:
        layers.append(_hidden(study, circuit))
    layers.append(_output(study))
    modulators = (
        _population(study, "modulators", circuit.modulators, circuit.modulator)
        if rule.modulator
        else None
    )
    beside = _population(study, "gru", circuit.gru, "gru") if circuit.gru else None
    return layered(
        tuple(layers),
        rule,
        fixed_weights(study.rule),
        plastic=circuit.plastic,
        recurrent=circuit.recurrent,
        modulators=modulators,
        modulated_by=circuit.modulated_by,
        beside=beside,
        drawn=circuit.drawn,
        named={projection_of(k): _changing(each, condition) for k, each in study.rules.items()},
        context=study.task_out_of(tasks.CATALOG).context,
    )


def _balanced_circuit(study: Study, circuit: Balanced, condition: str) -> Circuit:
    """Return channels, excitatory and inhibitory neurons and a read-out, a rule for each type."""
    inhibitory = _population(study, "inhibitory", circuit.inhibitory, circuit.inhibitor)
    projections = tuple(
        Projection(
            source,
            target,
            _rule_of_type(study, circuit, kind, condition),
            probability=probability,
        )
        for kind, (source, target) in CONNECTIONS.items()
        if (probability := circuit.probability.get(kind, 1.0)) > 0
    )
    populations = (_channels(study), _hidden(study, circuit), inhibitory, _output(study))
    return Circuit(populations, projections)


def _own_circuit(study: Study, circuit: OwnNetwork, condition: str) -> Circuit:
    """Return channels, the groups of a network of the user's, and a read-out."""
    task = study.task_out_of(tasks.CATALOG)
    parameters, controls = controlled(task, study.task.parameters, condition)
    return own_circuit(
        circuit,
        task.step_length(parameters),
        (_channels(study), _output(study)),
        rule_of(study.rule, condition),
        fixed_weights(study.rule),
        erases=bool(task.between) or controls.forget is not None,
    )


BUILDERS: Mapping[type, Callable[[Study, Any, str], Circuit]] = {
    Layered: _layered_circuit,
    Balanced: _balanced_circuit,
    OwnNetwork: _own_circuit,
}
"""How a circuit of each kind is built, of a study and the name of a condition."""


def _rule_of_type(study: Study, circuit: Balanced, kind: str, condition: str) -> PlasticityRule:
    """Return the rule of a type of connection, that of the study where it has none of its own."""
    if kind == MEAN and kind not in study.rules:
        weight = {"w": {"per": "projection", "frozen": 1 / circuit.hidden}}
        return (
            rules.CATALOG["fixed"].with_options({"normalisation": "none"}).with_coefficients(weight)
        )
    return _changing(study.rules.get(kind, study.rule), condition)


def _changing(choice: RuleChoice, condition: str) -> PlasticityRule:
    """Return a rule under a condition; one that never changes is the same when all is fixed."""
    changing = rule_of(choice, "plastic")
    return rule_of(choice, condition) if changing.is_plastic else changing


def _channels(study: Study) -> Population:
    task = study.task_out_of(tasks.CATALOG)
    return Population("input", task.channels, None, task.groups, task.trace)


def _hidden(study: Study, circuit: Layered | Balanced) -> Population:
    return _population(study, "hidden", circuit.hidden, circuit.neuron, circuit.groups)


def _output(study: Study) -> Population:
    outputs = study.task_out_of(tasks.CATALOG).outputs
    return _population(study, "output", outputs, study.circuit.readout, outputs)


def _population(study: Study, name: str, size: int, model: str, groups: int = 1) -> Population:
    """Return neurons with the study's settings of their coefficients, in groups of equal size."""
    if size % groups:
        raise DeclarationError(
            "circuit.groups", f"must divide the {size} neurons of {name!r}", groups
        )
    known = study.circuit.coefficients
    settings = {key.removeprefix(f"{name}."): changes for key, changes in known.items()}
    neuron = neurons.CATALOG[model].with_coefficients(settings)
    return Population(name, size, neuron, (size // groups,) * groups)


def _at_rest(circuit: Circuit, condition: str) -> Circuit:
    """Return the circuit; where weights are fixed, its neurons learn nothing either."""
    if condition_with_network(condition).weights == "plastic":
        return circuit
    still = tuple(
        replace(each, model=each.model.unlearning) if each.model and each.model.learns else each
        for each in circuit.populations
    )
    return replace(circuit, populations=still)


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

    Raises
    ------
    DeclarationError
        Where the condition has no network of its own, or the task lacks what it needs.
    """
    task = study.task_out_of(tasks.CATALOG)
    parameters, controls = controlled(task, study.task.parameters, condition)
    more = {"record": True} if with_monitors else {"limits": limits_of(study)}
    circuit = circuit or circuit_of(study, condition)
    return write_network(circuit, task, parameters, controls=replace(controls, **more))


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
