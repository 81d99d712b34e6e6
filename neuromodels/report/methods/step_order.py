"""What happens within one step of a network, in which order and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from neuromodels.report.methods.columns import equations_in, in_words, paragraph
from neuromodels.simulation.network.circuit import heard
from neuromodels.simulation.network.text import (
    EACH_STEP,
    Additions,
    Connection,
    Group,
    NetworkText,
    Part,
    PlasticSynapses,
    Spikes,
    Statements,
)
from neuromodels.simulation.network.writing import OWN

_GROUPS, _SYNAPSES, _END = range(3)
"""Slots of Brian2's step that are used here, in their order."""
_WORDS: Mapping[str, str] = {
    "drawing": "drawn anew",
    "stimulus": "the stimulus is set",
    "clearing": "statements before the threshold",
    "each_step": "statements of each step",
    "normalisation": "weights are normalised",
    "plasticity": "the rule's statements of each step",
    "erasure": "state is erased where that is due",
    "body": "statements of the body",
    "scoring": "loss and score are updated",
}
"""What statements do, by the end of their name."""


class Event(NamedTuple):
    """Something that happens to somebody at a place within a step.

    Parameters
    ----------
    place
        Slot, and order within it.
    owner
        Name of a group or connection.
    words
        What happens; empty where a variable arrives from a source.
    """

    place: tuple[int, int]
    owner: str
    words: str
    variable: str = ""
    source: str = ""


def events_of(
    text: NetworkText, owners: Iterable[str], is_hidden: Callable[[str], bool]
) -> list[Event]:
    """Return what happens within a step to groups and connections, in order.

    Parameters
    ----------
    owners
        Names of those that are of interest; what happens to others is left out.
    is_hidden
        Whether the arrival of a variable of this name is left out, too.
    """
    named = {group.name: group for group in text.groups}
    named |= {
        p.owner: Group(p.owner, 0, "", OWN[0]) for p in text.parts if isinstance(p, Additions)
    }
    kept = set(owners)
    events = [
        event
        for part in text.parts
        for kind, tell in _TELLERS.items()
        if isinstance(part, kind)
        for event in tell(part, named)
        if event.owner in kept and not is_hidden(event.variable)
    ]
    return sorted(events, key=lambda event: event.place)


def _of_group(group: Group, named: Mapping[str, Group]) -> Iterator[Event]:
    if "/dt" in group.equations:
        yield Event((_GROUPS, group.order), group.name, "differential equations are integrated")


def _of_connection(connection: Connection, named: Mapping[str, Group]) -> Iterator[Event]:
    for equation in equations_in(connection.equations):
        if "(summed)" in equation.unit and equation.variable.endswith("_post"):
            variable = equation.variable.removesuffix("_post")
            place = (_GROUPS, named[connection.target].order - 1)
            yield Event(place, connection.target, "", variable, heard(connection.source))
    sides = {"pre": (connection.on_pre, -1), "post": (connection.on_post, 1)}
    for side, (statements, order) in sides.items():
        if statements.strip():
            words = f"the rule's statements at {side}synaptic spikes"
            yield Event((_SYNAPSES, order), connection.name, words)


def _of_statements(statements: Statements, named: Mapping[str, Group]) -> Iterator[Event]:
    kind = statements.name.removeprefix(f"{statements.owner}_")
    slot = _GROUPS if statements.slot == EACH_STEP else _END
    yield Event((slot, statements.order), statements.owner, _WORDS.get(kind, kind))


def _of_spikes(spikes: Spikes, named: Mapping[str, Group]) -> Iterator[Event]:
    yield Event((_GROUPS, spikes.threshold_order), spikes.owner, "spikes are found")
    yield Event((_GROUPS, spikes.reset_order), spikes.owner, "reset of those that spiked")


def _of_own_group(part: Additions, named: Mapping[str, Group]) -> Iterator[Event]:
    place = (_GROUPS, named[part.owner].order)
    yield Event(place, part.owner, "the step of your network, in the order of its own schedule")


def _of_plastic(synapses: PlasticSynapses, named: Mapping[str, Group]) -> Iterator[Event]:
    for side, statements in (("pre", synapses.on_pre), ("post", synapses.on_post)):
        if statements.strip():
            words = f"the rule's statements at {side}synaptic spikes"
            yield Event((_SYNAPSES, 0), synapses.name, words)


_TELLERS: Mapping[type[Part], Callable[..., Iterator[Event]]] = {
    Group: _of_group,
    Connection: _of_connection,
    Statements: _of_statements,
    Spikes: _of_spikes,
    Additions: _of_own_group,
    PlasticSynapses: _of_plastic,
}


def order_in_words(events: Iterable[Event], labels: Mapping[str, str]) -> list[str]:
    """Return numbered lines: who, and what happens; those to whom the same happens share one.

    Parameters
    ----------
    labels
        What each owner is called.
    """
    rows = [
        (labels[owner], "; ".join(_happening(list(group))))
        for owner, group in groupby(events, key=lambda event: event.owner)
    ]
    shared = [
        (in_words(dict.fromkeys(label for label, _ in group)), words)
        for words, group in groupby(rows, key=lambda row: row[1])
    ]
    return [
        line
        for number, (who, words) in enumerate(shared, start=1)
        for line in paragraph(f"{number}. {who}: {words}.", hanging="   ")
    ]


def _happening(events: list[Event]) -> Iterator[str]:
    """Yield what happens to one owner; what comes from the same source comes together."""
    for (source, words), group in groupby(events, key=lambda event: (event.source, event.words)):
        variables = [event.variable for event in group]
        verb = "arrives" if len(variables) == 1 else "arrive"
        yield f"{in_words(variables)} {verb} from {source}" if source else words
