"""The populations, projections and rules of a network in words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from neuromodels.report.methods.columns import (
    Equation,
    align,
    count_of,
    equations_in,
    in_words,
    paragraph,
    reference_in,
    statements_in,
    table,
    under_heading,
)
from neuromodels.report.methods.described import Described, arrow
from neuromodels.report.methods.parts import constants_in_words
from neuromodels.rules import PlasticityRule
from neuromodels.rules.normalisation import SMALLEST_NORM
from neuromodels.simulation.network.circuit import Population, Projection
from neuromodels.simulation.network.text import Spikes

_THIRD = {"m", "M"}
"""Variables of the third factor, which are printed where a rule reads them."""


def populations_in_words(described: Described) -> list[str]:
    """Return every population with its model, one block each."""
    blocks = [_population(described, each) for each in described.circuit.populations]
    return [line for block in blocks for line in [*block, ""]][:-1]


def _population(described: Described, population: Population) -> list[str]:
    name, group = population.name, described.groups[population.name]
    equations = [e for e in equations_in(group.equations) if not described.is_own(e.variable)]
    lines = [
        *_heading(population),
        *align([*equations, *described.arriving_from_task(name)]),
        *constants_in_words(group.constants),
    ]
    resets = [p for p in described.text.parts if isinstance(p, Spikes) and p.owner == name]
    after = "After the reset:" if resets else "In each step:"
    blocks = [
        ("In each step:", described.statements(name, "stimulus")),
        ("Before the threshold:", described.statements(name, "clearing")),
        *((f"At a spike, where {group.threshold}:", statements_in(p.reset)) for p in resets),
        *_own_reset(population),
        (after, described.statements(name, "each_step")),
    ]
    return lines + [line for block in blocks for line in under_heading(*block)]


def _own_reset(population: Population) -> list[tuple[str, list[str]]]:
    """Return what happens at a spike in a group of a network of one's own."""
    model = population.model
    if model is None or model.threshold is None or not population.is_own:
        return []
    return [(f"At a spike, where {model.threshold}:", statements_in(model.reset or ""))]


def _sees(population: Population) -> str:
    signal = f"Its signal is {population.signal}" if population.signal else "It has no signal"
    trace = f"plasticity reads {population.trace}" if population.trace else "it has no trace"
    return f"{signal}; {trace}."


def _heading(population: Population) -> list[str]:
    model, sizes = population.model, population.groups
    size = count_of(population.size, "neuron" if model else "channel")
    groups = ""
    if len(sizes) > 1 and max(sizes) > 1:
        alike = len(set(sizes)) == 1
        groups = f" in {len(sizes)} groups of {sizes[0] if alike else in_words(map(str, sizes))}"
    what = (
        f" of the model {model.name}{groups}: {model.summary}{reference_in(model.reference)}"
        if model
        else f"{groups}, driven by the task"
    )
    return paragraph(f"{population.name}: {size}{what}. {_sees(population)}")


def projections_in_words(described: Described) -> list[str]:
    """Return a table of who projects to whom, when and as what."""
    order = {name: group.order for name, group in described.groups.items()}
    rows = []
    for projection in described.circuit.projections:
        is_late = order[projection.source] >= order[projection.target]
        when = "next step" if is_late else "same step"
        arrival = "as you have written it"
        if projection.own:
            when = "-"
        else:
            arrival = described.arrivals(described.connections[projection.name])[0].text
        rows.append((arrow(projection), _pairs(projection), projection.rule.name, when, arrival))
    header = ("projection", "pairs", "rule", "arrives in", "as")
    sparse = any(each.is_sparse for each in described.circuit.projections)
    note = (
        "Each pair of neurons of a projection with p < 1 is connected (is_connected = 1) with that"
        " probability, drawn anew for each trial."
    )
    notes = [paragraph(note)] if sparse else []
    notes += [_drawn(each) for each in described.circuit.projections if each.drawn]
    if described.circuit.own is not None:
        build = described.circuit.own.reference.rpartition("/")[2]
        other = f"All other synapses and inputs are those that {build} has made; they do not change"
        notes.append(paragraph(f"{other} under the rule and are not listed."))
    return [*table(header, rows), *(line for each in notes for line in ["", *each])]


def _drawn(projection: Projection) -> list[str]:
    """Return how the weights of a projection are drawn."""
    return paragraph(
        f"The weights of {arrow(projection)} are drawn anew for each trial, from a normal"
        f" distribution around 0 with standard deviation {projection.drawn:g}; no search changes"
        " them."
    )


def _pairs(projection: Projection) -> str:
    """Return which pairs of neurons a projection connects."""
    if projection.pairs is not None:
        return count_of(projection.pairs.shape[1], "synapse")
    return f"p = {projection.probability:g}" if projection.is_sparse else "all"


def rules_in_words(described: Described) -> list[str]:
    """Return every rule with its equations; projections with the same rule share one block."""
    sharing: dict[tuple[str, ...], list[Projection]] = {}
    for projection in described.circuit.projections:
        sharing.setdefault(tuple(_rule(described, projection)), []).append(projection)
    lines = []
    for block, projections in sharing.items():
        rule = projections[0].rule
        title = f"{rule.name}: {rule.summary}{reference_in(rule.reference)}."
        on = f"On {in_words(arrow(each) for each in projections)}."
        lines += [*paragraph(title, on), *block, *_sides(described, projections), ""]
    return lines[:-1]


def _rule(described: Described, projection: Projection) -> list[str]:
    """Return equations and statements of a rule, as they are on one projection."""
    connection, rule = described.connections[projection.name], projection.rule
    when = {
        "In each step:": described.statements(projection.name, "plasticity"),
        "At a presynaptic spike:": statements_in(connection.on_pre),
        "At a postsynaptic spike:": statements_in(connection.on_post),
    }
    lines = align(_own_equations(described, projection))
    lines += constants_in_words(connection.constants)
    for words, statements in when.items():
        lines += under_heading(words, [x for x in statements if not _switches_off(x, rule.learns)])
    return [*lines, *_normalisation(rule)]


def _own_equations(described: Described, projection: Projection) -> list[Equation]:
    """Return the equations of a synapse, without what arrives and what differs by its sides."""
    connection, rule = described.connections[projection.name], projection.rule
    searched = {each.symbol for each in rule.coefficients if not rule.is_start(each)}
    hidden = {*searched, "is_connected", "x", "y", "sx", "sy", *rule.means, *rule.pools}
    read = _words_of(rule.each_step, rule.on_pre, rule.on_post, rule.model)
    if read & {*rule.third_factors}:
        read.add("m")
    return [
        each
        for each in equations_in(connection.equations)
        if each.variable not in hidden
        and "(summed)" not in each.unit
        and (each.variable not in _THIRD or each.variable in read)
    ]


def _switches_off(statement: str, learns: Iterable[str]) -> bool:
    """Whether a statement is there only so that a control can switch the rule off."""
    return any(f"before_{name}" in _words_of(statement) for name in learns)


def _words_of(*texts: str) -> set[str]:
    return {word for text in texts for word in re.findall(r"\w+", text)}


def _sides(described: Described, projections: list[Projection]) -> list[str]:
    """Return what a rule reads on the two sides of its projections, and of the third factor."""
    rule = projections[0].rule
    read = _words_of(rule.each_step, rule.on_pre, rule.on_post, rule.model)
    averaged = (summed for summed, _ in rule.means.values())
    read |= _words_of(*averaged)
    names = [name for name in ("x", "y", "sx", "sy", "er", "psi", "typed") if name in read]
    rows = []
    for projection in projections:
        equations = equations_in(described.connections[projection.name].equations)
        seen = {each.variable: each.text.partition(" = ")[2] for each in equations}
        rows.append((arrow(projection), *(seen.get(name, "-") for name in names)))
    said = f"Here {in_words(names)} {'are' if len(names) > 1 else 'is'}:" if names else ""
    lines = [said, *table(("projection", *names), rows)] if names else []
    notes = []
    if rule.modulator:
        notes.append("m is the summed input of the target neuron from modulatory neurons.")
    over = {"synapses": "all synapses", "group": "the synapses from the same group of sources"}
    for name, (summed, which) in rule.means.items():
        notes.append(
            f"{name} is the mean of {summed} over {over[which]} onto the same neuron, at the end of"
            " the last step."
        )
    for name, summed in rule.pools.items():
        notes.append(f"{name} is the sum of {summed} over all target neurons, in this step.")
    if rule.needs_type:
        notes.append("typed is 1 for a real sample, -1 for a false one, and 0 for none.")
    return [*lines, *paragraph(*notes)]


def _normalisation(rule: PlasticityRule) -> list[str]:
    if not rule.is_normalised:
        # the summary of a rule that offers the choice may speak of its default
        return ["Here weights are not normalised."] if "normalisation" in rule.options else []
    return paragraph(
        "In each step, before they transmit, all weights of a projection are divided by their"
        f" 8-norm, (sum of w**8)**(1/8), or by {SMALLEST_NORM:g} where that is less."
    )
