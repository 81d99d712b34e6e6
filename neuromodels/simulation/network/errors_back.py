"""Errors of neurons for rules that need one: told to the read-out, fed back to those before it.

    er_k = the error of a read-out that a task has told something, see `NeuronModel.error`
    er_j = sum_k w_jk*er_k*psi_k    over the projections of neuron j toward the read-out

psi is the derivative of a neuron's signal, for spikes a pseudo-derivative. Weights of the way back
are those of the way there. What comes back is the error at the end of the last step: nothing is
sent back through time. This is the spatial part of the gradient of STBP (Wu et al. 2018, Front
Neurosci 12:331); its part through time is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels.errors import DeclarationError

if TYPE_CHECKING:
    from neuromodels.simulation.network.circuit import Circuit, Population, Projection


def erring(circuit: Circuit) -> list[str]:
    """Return the populations that have an error, the read-out first; none where nobody asks."""
    if not any(needing_error(circuit)):
        return []
    output = circuit.populations[-1]
    found = [output.name] if output.model is not None and output.model.error else []
    for population in reversed(circuit.populations[1:-1]):
        if any(_goes_back(circuit, p, found) for p in leaving(circuit, population)):
            found.append(population.name)
    return found


def needing_error(circuit: Circuit) -> Iterator[str]:
    """Yield the names of rules and neuron models that need an error."""
    yield from (each.rule.name for each in circuit.projections if each.rule.needs_error)
    models = (each.model for each in circuit.populations)
    yield from (model.name for model in models if model is not None and model.needs_error)


def leaving(circuit: Circuit, population: Population) -> list[Projection]:
    """Return the projections of a population."""
    return [each for each in circuit.projections if each.source == population.name]


def _goes_back(circuit: Circuit, projection: Projection, known: list[str]) -> bool:
    """Whether an error comes back on a projection: it goes forward, to neurons that have one."""
    names = [each.name for each in circuit.populations]
    forward = names.index(projection.source) < names.index(projection.target)
    source = circuit.population(projection.source).model
    has_slope = source is not None and bool(source.derivative)
    is_input = projection.into == "input" and not projection.own
    return forward and is_input and has_slope and projection.target in known


def errors_of(circuit: Circuit, population: Population) -> list[str]:
    """Return the variables in which a population keeps its error."""
    if population.name not in erring(circuit):
        return []
    return [
        "er_own : 1",
        "psi_own : 1",
        *(f"{name} : 1" for name in _summands(circuit, population)),
    ]


def error_statements(circuit: Circuit, population: Population) -> str:
    """Return the statements that set a population's error in each step; empty: it has none."""
    model = population.model
    if model is None or population.name not in erring(circuit):
        return ""
    error = " + ".join(_summands(circuit, population)) or model.error
    return f"er_own = {error}\npsi_own = {model.derivative}"


def of_own_error(statements: str) -> str:
    """Return statements of neurons in which ``er`` and ``psi`` are their own.

    Neurons may not have variables of these names: synapses have.
    """
    return re.sub(r"\b(er|psi)\b", r"\1_own", statements)


def erased_errors(circuit: Circuit, population: Population) -> str:
    """Return statements that erase an error between trials, where neurons are moved by theirs."""
    is_moved = any(_learns_from_error(each) for each in circuit.populations)
    return "er_own = 0" if is_moved and population.name in erring(circuit) else ""


def _summands(circuit: Circuit, population: Population) -> list[str]:
    """Return what comes back to a population, one variable for each of its projections."""
    known = erring(circuit)
    back = (p for p in leaving(circuit, population) if _goes_back(circuit, p, known))
    return [f"er_{each.name}" for each in back]


def errors_seen(circuit: Circuit, projection: Projection, weight: str) -> list[str]:
    """Return what synapses see of an error, and what they send back."""
    known = erring(circuit)
    seen = ["er = er_own_post : 1", "psi = psi_own_post : 1"] if projection.rule.needs_error else []
    if projection.source in known and _goes_back(circuit, projection, known):
        seen.append(f"er_{projection.name}_pre = ({weight})*er_own_post*psi_own_post : 1 (summed)")
    return seen


def _learns_from_error(population: Population) -> bool:
    return population.model is not None and population.model.needs_error


def check_neurons(circuit: Circuit, population: Population) -> None:
    """Refuse neurons that learn from an error which they do not have.

    Raises
    ------
    DeclarationError
        With the read-out to take.
    """
    if not _learns_from_error(population) or population.name in erring(circuit):
        return
    assert population.model is not None
    raise DeclarationError(
        f"Population.{population.name}.model",
        f"{population.model.name!r} learns from an error, and {population.name!r} has none",
        cure="Choose readout = 'leaky_readout', toward which these neurons project.",
    )


def check_error(circuit: Circuit, projection: Projection) -> None:
    """Refuse a rule that needs an error where its target has none.

    Raises
    ------
    DeclarationError
        With the neuron model to take.
    """
    if not projection.rule.needs_error or projection.target in erring(circuit):
        return
    cure = "Choose readout = 'leaky_readout' and neuron = 'lif'."
    if projection.own:
        cure = "Take another rule: networks of your own have no errors."
    raise DeclarationError(
        f"Projection.{projection.name}.rule",
        f"the rule {projection.rule.name!r} needs an error of {projection.target!r},"
        " which has none",
        cure=cure,
    )
