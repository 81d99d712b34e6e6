"""Spikes on their way: when each synapse of a pathway hears of them.

A spike is stored once, with its neuron and the step in which it was fired.  If all synapses share
one delay, spikes arrive in the order in which they left.  If delays differ, the synapses of a
neuron are sorted by delay and each spike keeps its place in that order.  Either way events are
processed in the order of Brian2's own queue: first fired, first served.

Spikes that were under way before the program was built (Brian2 keeps them by synapse) are *carried*
over: a list of steps and synapses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from brian2.synapses.synapses import SynapticPathway

from neuromodels.errors import DeclarationError
from neuromodels.simulation.arrays.wiring import Wiring

#: Nested lists are nested lines.
Lines = list

Kind = Literal["none", "common", "own"]

#: Of delays, in steps: far beyond any memory, and safely within 32 bits.
LONGEST = 10**6

#: Of finished spikes, before those under way are moved to the front.
WASTE = 64


@dataclass(frozen=True)
class Delays:
    """The delays of one pathway in steps of its source's clock.

    Parameters
    ----------
    name
        Of the pathway.
    steps
        Per row (one for all instances, or one each) and synapse in stored order; one column if
        all synapses share a delay.
    carried
        (n, 2): the step in which a synapse hears of an earlier spike, and that synapse.
    """

    name: str
    steps: np.ndarray
    carried: np.ndarray

    @property
    def kind(self) -> Kind:
        """Whether there are delays, and whether synapses of one instance differ."""
        if not self.steps.any():
            return "none"
        return "own" if (self.steps != self.steps[:, :1]).any() else "common"

    def given(self, seconds: np.ndarray, dt: float, wiring: Wiring) -> Delays:
        """Return other delays (rows, synapses) for the same spikes."""
        return replace(self, steps=_stored_steps(self.name, seconds, dt, wiring))

    @property
    def longest(self) -> int:
        return int(self.steps.max(initial=0))


def delays_of(pathway: SynapticPathway, wiring: Wiring) -> Delays:
    """Return the delays of a pathway, and the spikes in its queue, as they are now."""
    clock = pathway.source.clock
    seconds = np.asarray(pathway.variables["delay"].get_value(), dtype=float)[np.newaxis]
    if wiring.counts is not None:
        seconds = seconds[:, :1] if seconds.size else np.zeros((1, 1))
    now = int(clock.variables["timestep"].get_value().item())
    steps = _stored_steps(pathway.name, seconds, clock.dt_, wiring)
    return Delays(pathway.name, steps, _carried(pathway, wiring, now))


def _stored_steps(name: str, seconds: np.ndarray, dt: float, wiring: Wiring) -> np.ndarray:
    """Return delays in whole steps, rounded as Brian2's queue rounds them."""
    wrong = seconds[~((seconds >= 0) & (seconds < LONGEST * dt))]
    if len(wrong):
        raise DeclarationError(
            f"{name}.delay",
            f"delays must lie between 0 and {LONGEST} steps of {dt:g} s",
            f"{wrong[0]:g} s",
        )
    steps = (seconds / dt + 0.5).astype(np.int32)
    return wiring.stored(steps) if steps.shape[1] == wiring.n_synapses else steps


def _carried(pathway: SynapticPathway, wiring: Wiring, now: int) -> np.ndarray:
    """Return the events in a queue: the step of each, and the synapse."""
    offset, slots = pathway.queue._full_state()
    events = [
        np.column_stack([np.full(len(slot), now + k), wiring.position(np.array(slot))])
        for k, slot in enumerate(slots[offset:] + slots[:offset])
        if len(slot)
    ]
    return np.concatenate(events) if events else np.zeros((0, 2), dtype=np.int32)


def flights_name(pathway: str) -> str:
    """Return what the names of a pathway's lists begin with in the source."""
    return f"_array_{pathway}__flights"


def capacity(delays: Delays, neurons: int) -> int:
    """Return how many spikes can be under way, each neuron firing in every step."""
    steps = 1 << int(delays.longest).bit_length()
    return 2 * neurons * (steps + 1) + WASTE


# ------------------------------------------------------------------------------------- source code


def push(name: str, width: int, picks: Lines, now: str, cursor: str = "") -> Lines:
    """Note the spikes of this step; `picks` opens a loop that names each ``_source``."""
    entry = [
        f"{name}[{width} * {name}_ends[1]] = _source;",
        f"{name}[{width} * {name}_ends[1] + 1] = (int32_t){now};",
    ]
    if cursor:
        entry.append(f"{name}[{width} * {name}_ends[1] + 2] = {cursor};")
    return [*picks, [*entry, f"{name}_ends[1]++;"], "}"]


def tidy(name: str) -> Lines:
    """Move the spikes under way to the front, when most of the list is past."""
    return [
        f"if ({name}_ends[0] >= {WASTE} && 2 * {name}_ends[0] >= {name}_ends[1]) {{",
        [
            f"{name}_ends[1] -= {name}_ends[0];",
            f"memmove({name}, {name} + 2 * {name}_ends[0], 8 * (size_t){name}_ends[1]);",
            f"{name}_ends[0] = 0;",
        ],
        "}",
    ]


def arriving(name: str, delay: str, now: str) -> Lines:
    """Open a loop over the spikes that arrive in this step after a common delay."""
    first = f"{name}[2 * {name}_ends[0] + 1]"
    waited = f"(int32_t){now} - {first} >= {delay}[0]"
    return [
        f"for (; {name}_ends[0] < {name}_ends[1] && {waited}; {name}_ends[0]++) {{",
        [f"const int32_t _source = {name}[2 * {name}_ends[0]];"],
    ]


def due(name: str, delay: str, now: str) -> tuple[Lines, Lines]:
    """Open a loop that leaves the list as it is; and what takes those spikes off it afterwards."""
    first = f"{name}[2 * _flight + 1]"
    waits = f"_flight < {name}_ends[1] && (int32_t){now} - {first} >= {delay}[0]"
    loop = f"for (; {waits}; _flight++)"
    begin = f"int32_t _flight = {name}_ends[0];"
    visit = [begin, f"{loop} {{", [f"const int32_t _source = {name}[2 * _flight];"]]
    return visit, [begin, f"{loop};", f"{name}_ends[0] = _flight;"]


def sweep(name: str, start: str, steps: str, now: str, synapse: Lines) -> Lines:
    """Visit the synapses that each spike under way reaches in this step; drop finished spikes.

    `synapse` is what to do at place ``_k`` of the list sorted by neuron and delay.
    """
    return [
        "int32_t _kept = 0;",
        f"for (int32_t _spike = 0; _spike < {name}_ends[1]; _spike++) {{",
        [
            f"const int32_t _source = {name}[3 * _spike], _fired = {name}[3 * _spike + 1];",
            f"const int32_t _age = (int32_t){now} - _fired, _last = {start}[_source + 1];",
            f"int32_t _k = {name}[3 * _spike + 2];",
            f"for (; _k < _last && {steps}[_k] <= _age; _k++) {{",
            synapse,
            "}",
            "if (_k == _last) continue;",
            f"{name}[3 * _kept] = _source; {name}[3 * _kept + 1] = _fired;",
            f"{name}[3 * _kept++ + 2] = _k;",
        ],
        "}",
        f"{name}_ends[1] = _kept;",
    ]


def carried(name: str, now: str, synapse: Lines) -> Lines:
    """Visit the synapses that hear of spikes from before the program was built."""
    listed, step = f"{name}_carried", f"{name}_carried[2 * {name}_next[0]"
    return [
        f"for (; {name}_next[0] < {listed}_count[0] && {step}] <= {now}; {name}_next[0]++) {{",
        [f"const int32_t _idx = {step} + 1], _vectorisation_idx = _idx;", *synapse],
        "}",
    ]
