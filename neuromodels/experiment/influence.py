"""What equations and statements make of what: from names that they read to names that they set.

Text is read line by line, and the order of lines does not count. So a name may be said to reach
more than it does, and never less: nobody is told that something is of no use which is of use.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from neuromodels.neurons import NeuronModel
from neuromodels.rules import PlasticityRule

OF_RULE = ("model", "weight", "each_step", "on_pre", "on_post", "centred", "modulator", "forget")
"""Fields of a rule whose text takes part in a network."""
OF_NEURON = (
    *("equations", "signal", "trace", "input", "threshold", "reset", "each_step"),
    *("before_spikes", "forget", "taught", "plasticity"),
)
"""Fields of a neuron model whose text does."""
SIDES = ("_pre", "_post")
"""Ends of the names under which a synapse reads and sets variables of its neurons."""
_UNFINISHED = re.compile(r"([-+*/%(,=<>\\])[ \t]*\n")
_ASSIGNED = re.compile(r"^\s*(?:d(\w+)/dt|(\w+))\s*(?:\*\*|//|[-+*/%])?=(?!=)")
_DECLARED = re.compile(r"^\s*\w+\s*:")
_NAME = re.compile(r"\b[A-Za-z_]\w*")


@dataclass(frozen=True)
class Flow:
    """A line of text: what it reads, and what it sets; empty where that is not known."""

    read: frozenset[str]
    into: str = ""


def texts_of(declared: PlasticityRule | NeuronModel) -> list[str]:
    """Return all text of a rule or a neuron model that takes part in a network."""
    fields = OF_RULE if isinstance(declared, PlasticityRule) else OF_NEURON
    return [getattr(declared, field) or "" for field in fields]


def names_read(texts: Iterable[str]) -> set[str]:
    """Return the names that equations and statements read.

    A name that is only declared or assigned to is not among them.
    """
    return {name for text in texts for flow in flows_in(text) for name in flow.read}


def flows_in(text: str) -> Iterator[Flow]:
    """Yield what each line of equations or statements reads and sets."""
    whole = _UNFINISHED.sub(r"\1 ", re.sub(r"#.*", "", text))
    into = ""
    for line in re.split(r"[\n;]", whole):
        if _DECLARED.match(line):
            into = ""
            continue
        if assigned := _ASSIGNED.match(line):
            into = assigned[1] or assigned[2]
        # a line that sets nothing goes on with the expression of the line before
        yield Flow(frozenset(_NAME.findall(_ASSIGNED.sub("", line))), into)


def names_that_count(
    declared: PlasticityRule | NeuronModel, seen: Collection[str] = ()
) -> set[str]:
    """Return all names from which equations and statements lead to what a network does.

    For a rule that is its weight and what it sets in neurons; for a neuron its signal, its trace,
    its spikes, and what others see of it.

    Parameters
    ----------
    seen
        Variables of a neuron that the rules around it read.
    """
    if isinstance(declared, PlasticityRule):
        return _reaching(_flows_of_rule(declared), _called(declared))
    flows = [*_flows_of_neuron(declared), *(Flow(frozenset({name})) for name in seen)]
    return _reaching(flows, _called(declared))


def _flows_of_rule(rule: PlasticityRule) -> Iterator[Flow]:
    for text in (rule.model, rule.each_step, rule.on_pre, rule.on_post, rule.forget):
        yield from flows_in(text)
    means = ((text, name) for name, (text, _) in rule.means.items())
    factors = ((text, name) for name, text in rule.third_factors.items())
    for text, into in ((rule.weight, ""), *means, *factors):
        yield Flow(frozenset(_NAME.findall(text)), into)


def _flows_of_neuron(neuron: NeuronModel) -> Iterator[Flow]:
    texts = (neuron.equations, neuron.reset, neuron.each_step, neuron.before_spikes, neuron.forget)
    for text in (*texts, neuron.plasticity):
        yield from flows_in(text or "")
    ends = f"{neuron.signal} {neuron.trace} {neuron.threshold or ''}"
    yield Flow(frozenset(_NAME.findall(ends)))


def _called(declared: PlasticityRule | NeuronModel) -> frozenset[str]:
    """Return the functions of a user's own: what they are given may go anywhere."""
    return frozenset(name for name, each in declared.constants.items() if callable(each))


def _reaching(flows: Iterable[Flow], called: frozenset[str]) -> set[str]:
    """Return the names from which a chain of flows leads out of the text."""
    left, reached = list(flows), set[str]()
    while ready := [each for each in left if _leads_out(each, reached, called)]:
        left = [each for each in left if each not in ready]
        reached |= {name for each in ready for name in each.read}
    return reached


def _leads_out(flow: Flow, reached: Collection[str], called: frozenset[str]) -> bool:
    into = flow.into
    return not into or into.endswith(SIDES) or into in reached or bool(flow.read & called)
