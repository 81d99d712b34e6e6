"""How much the output synapses of a neuron have changed, for rules at its input synapses.

    q_j = sum_k |d_jk| / mean over j' of sum_k |d_j'k|        (SBP, Zhang et al. 2021, Sci Adv 7)

d is a variable of the synapse that its rule names, see `PlasticityRule.changed`. The sum goes over
the projections of neuron j toward the read-out whose rules name one too. Where none does, or where
nothing has changed, q is 1. It is made of what synapses hold at the end of the last step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuromodels.simulation.network.circuit import Circuit, Population, Projection


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
