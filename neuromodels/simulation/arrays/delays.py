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
from neuromodels.simulation.capture.identifiers import global_name

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

    def with_seconds(self, seconds: np.ndarray, dt: float, wiring: Wiring) -> Delays:
        """Return other delays (rows, synapses) for the same spikes."""
        return replace(self, steps=_whole_steps(self.name, seconds, dt, wiring))

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
    steps = _whole_steps(pathway.name, seconds, clock.dt_, wiring)
    return Delays(pathway.name, steps, _queued_events(pathway, wiring, now))


def _whole_steps(name: str, seconds: np.ndarray, dt: float, wiring: Wiring) -> np.ndarray:
    """Return delays in whole steps, rounded as Brian2's queue rounds them."""
    wrong = seconds[~((seconds >= 0) & (seconds < LONGEST * dt))]
    if len(wrong):
        raise DeclarationError(
            f"{name}.delay",
            f"delays must lie between 0 and {LONGEST} steps of {dt:g} s",
            f"{wrong[0]:g} s",
        )
    steps = (seconds / dt + 0.5).astype(np.int32)
    return wiring.in_stored_order(steps) if steps.shape[1] == wiring.n_synapses else steps


def _queued_events(pathway: SynapticPathway, wiring: Wiring, now: int) -> np.ndarray:
    """Return the events in a queue: the step of each, and the synapse."""
    offset, slots = pathway.queue._full_state()
    events = [
        np.column_stack([np.full(len(slot), now + k), wiring.position(np.array(slot))])
        for k, slot in enumerate(slots[offset:] + slots[:offset])
        if len(slot)
    ]
    return np.concatenate(events) if events else np.zeros((0, 2), dtype=np.int32)


def queue_name(pathway: str) -> str:
    """Return what the names of a pathway's lists begin with in the source."""
    return global_name("flights", pathway)


def capacity(delays: Delays, neurons: int) -> int:
    """Return how many spikes can be under way, each neuron firing in every step."""
    steps = 1 << int(delays.longest).bit_length()
    return 2 * neurons * (steps + 1) + WASTE
