"""One condition of a study with its network: what the sections of a methods text look up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from neuromodels import tasks
from neuromodels.report.methods.columns import Equation, equations_in, statements_in
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.simulation.network.circuit import Circuit, Population, Projection, heard
from neuromodels.simulation.network.text import Connection, Group, NetworkText, PlasticSynapses
from neuromodels.simulation.network.writing import OWN
from neuromodels.study.conditions import Controls, controlled
from neuromodels.study.study import Study
from neuromodels.tasks import Task


@dataclass(frozen=True)
class Described:
    """One condition of a study, and all that there is to say of it.

    Parameters
    ----------
    study, condition
        The condition has a network of its own.
    circuit, text
        Of the condition.
    setting
        Name of the setting, where the study is one of a sweep; else empty.
    """

    study: Study
    condition: str
    circuit: Circuit
    text: NetworkText
    setting: str = ""

    @cached_property
    def task(self) -> Task:
        """The task, from its catalog, as its parameters make it."""
        task: Task = self.study.task_out_of(tasks.CATALOG)
        return task.at(task.with_defaults(self.study.task.parameters))

    @property
    def parameters(self) -> Mapping[str, float]:
        """Of the task, in this condition."""
        return controlled(self.task, self.study.task.parameters, self.condition)[0]

    @property
    def told_parameters(self) -> dict[str, float]:
        """The parameters less those that say nothing, see `Task.added`."""
        silent = self.task.added
        return {k: v for k, v in self.parameters.items() if silent.get(k) != v}

    @property
    def controls(self) -> Controls:
        """What the condition does to the network."""
        return controlled(self.task, self.study.task.parameters, self.condition)[1]

    @cached_property
    def groups(self) -> Mapping[str, Group]:
        """Groups of the text by name, those of a network of one's own among them."""
        written = {group.name: group for group in self.text.groups}
        return written | {
            each.name: _own_group(each) for each in self.circuit.populations if each.is_own
        }

    @cached_property
    def connections(self) -> Mapping[str, Connection]:
        """Connections of the text by name, the user's plastic synapses among them."""
        written = {connection.name: connection for connection in self.text.connections}
        ends = {each.name: (each.source, each.target) for each in self.circuit.projections}
        own = {
            part.name: Connection(
                part.name,
                *ends[part.name],
                part.equations,
                part.on_pre,
                part.on_post,
                part.constants,
            )
            for part in self.text.parts
            if isinstance(part, PlasticSynapses)
        }
        return written | own

    @cached_property
    def labels(self) -> dict[str, str]:
        """What populations, projections, items and score are called, by name."""
        populations = {each.name: each.name for each in self.circuit.populations}
        arrows = {each.name: arrow(each) for each in self.circuit.projections}
        body = "body" if self.task.acts else "items"
        return {"items": body, **populations, **arrows, "score": "score"}

    def statements(self, owner: str, kind: str) -> list[str]:
        """Return the lines of the statements of one kind, such as ``"stimulus"``."""
        return [
            line
            for part in self.text.statements_of(owner)
            if part.name == f"{owner}_{kind}"
            for line in statements_in(part.code)
        ]

    def arriving_from_task(self, target: str) -> list[Equation]:
        """Return what is summed into a group over the items or, for a task, over the read-out."""
        projections = {each.name for each in self.circuit.projections}
        return [
            arrival
            for connection in self.text.connections
            if connection.target == target and connection.name not in projections
            for arrival in self.arrivals(connection)
        ]

    def arrivals(self, connection: Connection) -> list[Equation]:
        """Return what a connection sums into its target, without the network's own counts."""
        return [
            Equation(variable, f"{variable} = sum over {heard(connection.source)} of {_sent(each)}")
            for each in equations_in(connection.equations)
            if "(summed)" in each.unit and each.variable.endswith("_post")
            for variable in [each.variable.removesuffix("_post")]
            if not self.is_own(variable)
        ]

    def is_own(self, variable: str) -> bool:
        """Whether a variable is the network's own book-keeping, or a coefficient in a neuron."""
        names = "|".join(re.escape(each.name) for each in self.circuit.projections)
        counted = rf"(?:q|scale|beyond|centre)_(?:{names})(?:_\d+)?"
        return bool(re.fullmatch(counted, variable)) or variable in self._coefficient_variables

    @cached_property
    def _coefficient_variables(self) -> set[str]:
        """Variables of neurons that hold coefficients."""
        owners = {each.name for each in self.circuit.populations}
        places = (address.split(".") for address in self.text.addresses.values())
        return {variable for owner, variable in places if owner in owners}


def _own_group(population: Population) -> Group:
    """Return a group of the user's in the words of those that are written here."""
    assert population.model is not None
    model = population.model
    return Group(population.name, population.size, model.equations, OWN[0], "", {}, model.threshold)


def described_as(study: Study, condition: str, setting: str = "") -> Described:
    """Return a condition of a study with its circuit and text; parameters as of `Described`."""
    circuit = circuit_of(study, condition)
    return Described(study, condition, circuit, text_of(study, condition, circuit), setting)


def arrow(projection: Projection) -> str:
    """Return who projects to whom, and what of it where that is not its input."""
    if projection.own:
        return f"{projection.source} -> {projection.target} ({projection.own})"
    gate = projection.into not in ("input", "modulation")
    return f"{projection.source} -> {projection.target}" + f" ({projection.into})" * gate


def _sent(equation: Equation) -> str:
    """Return what is summed, a sum in parentheses."""
    sent = equation.text.partition(" = ")[2].replace("(is_connected*(w))", "is_connected*w")
    outside, inner = sent, ""
    while outside != inner:
        inner, outside = outside, re.sub(r"\([^()]*\)", "", outside)
    return f"({sent})" if re.search(r" [+-] ", outside) else sent
