"""Sums over a population that rules onto it read: the goodness of a layer, changes of its output.

A neuron group of one neuron takes the sum, and another one, as large as the population, brings it
back to each neuron. Brian2 sums into a group before its own update, so both groups come between the
population and whatever follows it. The sum is that of this step, spikes included.

How much the output synapses of a neuron have changed is told to rules at its input synapses:

    q_j = sum_k |d_jk| / mean over j' of sum_k |d_j'k|        (SBP, Zhang et al. 2021, Sci Adv 7)

d is a variable of the synapse that its rule names, see `PlasticityRule.changed`. The sum goes over
the projections of neuron j toward the read-out whose rules name one too. Where none does, or where
nothing has changed, q is 1. It is made of what synapses hold at the end of the last step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from neuromodels.errors import DeclarationError
from neuromodels.simulation.network.text import Connection, Group, Link, Part

if TYPE_CHECKING:
    from neuromodels.simulation.network.circuit import Circuit, Population, Projection

SUM, SPREAD = 6, 7
"""Orders of the two groups, behind that of their population: its statements end at 5."""


def pools_of(circuit: Circuit, population: Population) -> Iterator[tuple[str, str]]:
    """Yield the sums that a population's neurons see: their variable, and what is summed."""
    for projection in circuit.projections:
        if projection.target == population.name:
            for pool, text in projection.rule.pools.items():
                yield f"{pool}_{projection.name}", _of_source(text, population)


def _of_source(text: str, population: Population) -> str:
    """Return an expression of y and sy in variables of a neuron that sends it."""
    variables = {"y": population.trace, "sy": population.signal}
    return re.sub(r"\b(y|sy)\b", lambda found: f"{variables[found[0]]}_pre", text)


def pool_parts(circuit: Circuit, population: Population, order: int) -> Iterator[Part]:
    """Yield what takes sums over a population, and brings each sum back to all of its neurons.

    Parameters
    ----------
    order
        Of the population in a step.
    """
    for name, summed in pools_of(circuit, population):
        yield from _pool(population, order, name, name, summed)
    for factor, leaving in factors_of(circuit, population).items():
        name, changes = f"{factor}_{population.name}", summed_by(factor, leaving, "_pre")
        yield from _pool(population, order, name, f"all_{factor}", changes)


def _pool(
    population: Population, order: int, name: str, variable: str, summed: str
) -> Iterator[Part]:
    """Yield what sums over a population, and what brings the sum to a variable of its neurons."""
    total, spread = f"sum_{name}", f"spread_{name}"
    yield Group(total, 1, "total : 1", order + SUM)
    yield Connection(f"over_{name}", population.name, total, f"total_post = {summed} : 1 (summed)")
    yield Group(spread, population.size, "pool : 1", order + SPREAD)
    yield Connection(f"back_{name}", total, spread, "pool_post = total_pre : 1 (summed)")
    yield Link(population.name, variable, spread, "pool")


def pools_seen(projection: Projection) -> list[str]:
    """Return what synapses see of the sums over their target population."""
    return [f"{pool} = {pool}_{projection.name}_post : 1" for pool in projection.rule.pools]


def check_pools(circuit: Circuit, projection: Projection) -> None:
    """Refuse a rule that sums over neurons of the user's own.

    Raises
    ------
    DeclarationError
        With another way.
    """
    target, rule = circuit.population(projection.target), projection.rule
    if rule.pools and target.is_own:
        raise DeclarationError(
            f"Projection.{projection.name}.rule",
            f"the rule {rule.name!r} sums over {target.name!r}, neurons of your own network",
            cure="Take another rule, or write the sum into your network.",
        )


# -- changes of output synapses -------------------------------------------------------------------


def factors_of(circuit: Circuit, population: Population) -> dict[str, list[Projection]]:
    """Return the factors that rules onto a population read, and the projections they sum over."""
    onto = (each for each in circuit.projections if each.target == population.name)
    names = dict.fromkeys(name for each in onto for name in each.rule.retrogrades)
    found = {name: list(_leaving(circuit, population, name)) for name in names}
    return {name: leaving for name, leaving in found.items() if leaving}


def _leaving(circuit: Circuit, population: Population, factor: str) -> Iterator[Projection]:
    """Yield the projections of a population toward the read-out that have a factor."""
    places = [each.name for each in circuit.populations]
    for each in circuit.projections:
        forward = places.index(each.source) < places.index(each.target)
        if each.source == population.name and forward and factor in each.rule.retrogrades:
            yield each


def variable(factor: str, projection: Projection) -> str:
    """Return the variable in which a neuron sums the changes of one projection."""
    return f"changed_{factor}_{projection.name}"


def summed_by(factor: str, projections: list[Projection], side: str = "") -> str:
    """Return the sum of changes of all projections of a neuron."""
    return " + ".join(f"{variable(factor, each)}{side}" for each in projections)


def kept_by(circuit: Circuit, population: Population) -> list[str]:
    """Return what a population keeps of the changes of its output synapses."""
    lines = []
    for factor, leaving in factors_of(circuit, population).items():
        total, own = f"all_{factor}", summed_by(factor, leaving)
        lines += [f"{variable(factor, each)} : 1" for each in leaving]
        lines.append(f"{total} : 1 (linked)")
        # nothing has changed: the second summand is 1, and the first one 0
        ratio = f"{population.size}*({own})/({total} + int({total} <= 0))"
        lines.append(f"own_{factor} = {ratio} + int({total} <= 0) : 1")
    return lines


def factors_seen(circuit: Circuit, projection: Projection) -> list[str]:
    """Return what synapses see of the factors of their target, and what they send back."""
    known = factors_of(circuit, circuit.population(projection.target))
    lines = [
        f"{factor} = own_{factor}_post : 1" if factor in known else f"{factor} = 1 : 1"
        for factor in projection.rule.retrogrades
    ]
    asked = factors_of(circuit, circuit.population(projection.source))
    there = "is_connected*" if projection.is_sparse else ""
    for factor, change in projection.rule.retrogrades.items():
        if projection in asked.get(factor, []):
            sent = f"{variable(factor, projection)}_pre"
            lines.append(f"{sent} = {there}abs({change}) : 1 (summed)")
    return lines
