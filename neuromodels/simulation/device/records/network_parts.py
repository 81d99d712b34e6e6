"""What a network is made of, part by part, to tell the state of one network from another's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from brian2.core.clocks import BaseClock, EventClock
from brian2.core.variables import Constant
from brian2.input.timedarray import TimedArray
from brian2.utils.stringtools import word_substitute

from neuromodels.simulation.arrays.delays import Delays
from neuromodels.simulation.arrays.layout import Layout, owner_name
from neuromodels.simulation.arrays.wiring import Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import PLACE
from neuromodels.simulation.capture.noise_names import Identities


class StableNames:
    """Names without the numbers that Brian2 gives to what a user has not named.

    It counts through the whole process, so a network that is built again has other numbers.

    Parameters
    ----------
    identities
        Of the network's objects.
    captured, layout
        Their code, and the arrays that it uses.
    """

    def __init__(self, identities: Identities, captured: Iterable[Captured], layout: Layout):
        self._identities = identities
        owners = {owner_name(array) for array in layout.arrays.values()}
        names = {*(code.name for code in captured), *(c.name for c in layout.clocks), *owners}
        self._parts: dict[str, str] = {}
        ranks: Counter[str] = Counter()
        for name in sorted(filter(PART.fullmatch, names), key=_made):
            base = self._base(name)
            self._parts[name] = f"{base}#{ranks[base]}"
            ranks[base] += 1

    def of(self, name: str) -> str:
        """Return the name of an object, of a part of one, or of a clock."""
        return self._parts.get(name) or self._identities.of(name)

    def _base(self, name: str) -> str:
        """Return a name without numbers."""
        match = PART.fullmatch(name)
        return f"{self._base(match[1])}{match[2]}" if match else self._identities.of(name)


#: Names that Brian2 makes of an object's name for its clock, its parts and its operations.
PART = re.compile(
    r"(.*?)(_?(?:event)?clock|_subgroup|_subexpression_update|_run_regularly|_run_custom|_run_at)"
    r"(?:_\d+)?"
)


#: The name of a part of a group within the name of a variable.
SUBGROUP = re.compile(r"_subgroup_\d+")


def parts_of_network(
    captured: Iterable[Captured],
    wirings: Mapping[str, Wiring],
    delays: Mapping[str, Delays],
    names: StableNames,
) -> dict[str, str]:
    """Return what decides what the numbers of an instance mean and how they go on, by part."""
    objects: dict[str, str] = {}
    for code in captured:
        name = f"object {names.of(code.name)}"
        objects[name] = _digest([objects.get(name, ""), *_texts_of(code, names)])
    for name, wiring in wirings.items():
        ends = [wiring.pre.tobytes(), wiring.post.tobytes()]
        objects[f"wiring of {names.of(name)}"] = _digest(ends)
    for name, each in delays.items():
        objects[f"spikes under way to {names.of(name)}"] = _digest([each.carried.tobytes()])
    return objects


def _texts_of(code: Captured, names: StableNames) -> list[str]:
    """Return what a code object does."""
    lines = [*code.scalar.lines, *code.vector.lines, *code.support.source]
    constants = sorted(
        (name, repr(np.asarray(variable.get_value()).item()))
        for name, variable in code.variables.items()
        if isinstance(variable, Constant)
    )
    about = [code.template, _beat_of(code.clock), repr(constants)]
    given = _given_names(code)
    about += [stable_text(word_substitute(line, given), names) for line in lines]
    return [SUBGROUP.sub("_subgroup", text) for text in about]


def _beat_of(clock: BaseClock) -> str:
    """Return when a clock ticks."""
    if isinstance(clock, EventClock):
        return _digest([np.asarray(clock.variables["times"].get_value()).tobytes()])
    return repr(float(clock.dt_))


def _given_names(code: Captured) -> dict[str, str]:
    """Return other words for those that hold a number of Brian2's, or a digest of one."""
    spaces = {space: f"own{k}" for k, space in enumerate(code.support.functions)}
    timed = (v.name for v in code.variables.values() if isinstance(v, TimedArray))
    numbered = {name: f"course{k}" for k, name in enumerate(sorted(set(timed), key=_made))}
    pointers = {f"_namespace{n}_values": f"{new}_values" for n, new in numbered.items()}
    return {**spaces, **numbered, **pointers}


def _made(name: str) -> tuple[int, str]:
    """Sort names in the order in which Brian2 has numbered them."""
    return len(name), name


def stable_text(line: str, names: StableNames) -> str:
    """Return C++ whose names hold no numbers that Brian2 has given to objects."""
    done, place = [], PLACE.search(line)
    while place:
        end = place.end() + int(place[1])
        part = line[place.end() : end]
        known = names.of(part)
        done.append(line[: place.end()] if known == part else line[: place.start()] + "_")
        done.append(known)
        line = line[end:]
        place = PLACE.search(line)
    return "".join([*done, line])


def _digest(texts: Iterable[Any]) -> str:
    whole = sha256()
    for text in texts:
        whole.update(text if isinstance(text, bytes) else text.encode())
        whole.update(b"\n")
    return whole.hexdigest()[:16]


def first_difference(stored: dict[str, str], present: dict[str, str]) -> str:
    """Return the first part that is not the same; empty where all are."""
    names = [*stored, *(name for name in present if name not in stored)]
    return next((name for name in names if stored.get(name) != present.get(name)), "")
