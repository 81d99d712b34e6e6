"""The type of a sample, for rules that need one: real or false, as the task tells it.

Each neuron with such a rule hears it: 1 while the sample is real, -1 while it is false, and 0 where
the task tells nothing. It reaches plasticity alone, and no error is sent back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuromodels.errors import DeclarationError

if TYPE_CHECKING:
    from neuromodels.simulation.network.circuit import Circuit, Population, Projection
    from neuromodels.tasks import Task

VARIABLE = "sample_type"
"""What a neuron hears."""


def hears_type(circuit: Circuit, population: Population) -> bool:
    """Whether a rule onto a population needs the type of a sample."""
    onto = (each for each in circuit.projections if each.target == population.name)
    return any(each.rule.needs_type for each in onto)


def types_seen(projection: Projection) -> list[str]:
    """Return what synapses see of the type."""
    return [f"typed = {VARIABLE}_post : 1"] if projection.rule.needs_type else []


def check_types(circuit: Circuit, task: Task) -> None:
    """Refuse a rule that needs the type of a sample where the task tells none.

    Raises
    ------
    DeclarationError
        With the rule and the task.
    """
    needing = [each.rule.name for each in circuit.projections if each.rule.needs_type]
    if needing and circuit.own is not None:
        raise DeclarationError(
            "rule.name",
            f"{needing[0]!r} needs the type of each sample, which no network of your own hears",
            cure="Take another rule.",
        )
    if needing and not task.typed:
        raise DeclarationError(
            "rule.name",
            f"{needing[0]!r} needs the type of each sample, and the task {task.name!r} tells none",
            cure="Take a task from arrays with the array `types`, or another rule.",
        )
