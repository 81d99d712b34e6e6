"""Sums over a population that rules onto it read, such as the goodness of a layer.

A neuron group of one neuron takes the sum, and another one, as large as the population, brings it
back to each neuron. Brian2 sums into a group before its own update, so both groups come between the
population and whatever follows it. The sum is that of this step, spikes included.
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
    """Yield what sums over a population and brings each sum back to all of its neurons.

    Parameters
    ----------
    order
        Of the population in a step.
    """
    for name, summed in pools_of(circuit, population):
        total, spread = f"sum_{name}", f"spread_{name}"
        over, back = f"total_post = {summed} : 1 (summed)", "pool_post = total_pre : 1 (summed)"
        yield Group(total, 1, "total : 1", order + SUM)
        yield Connection(f"over_{name}", population.name, total, over)
        yield Group(spread, population.size, "pool : 1", order + SPREAD)
        yield Connection(f"back_{name}", total, spread, back)
        yield Link(population.name, name, spread, "pool")


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
