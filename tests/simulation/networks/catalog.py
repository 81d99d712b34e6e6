"""The catalog of small networks: name -> function that builds a fresh case."""

from simulation.networks import (
    delays,
    events,
    neurons,
    synapses,
    wiring,
)
from simulation.networks.cases import CATALOG, Case

#: Connected at random during set-up, which each device of Brian2 does with its own numbers.
DRAWN = ("drawn_connections",)

__all__ = [
    "CATALOG",
    "DRAWN",
    "Case",
    "delays",
    "events",
    "neurons",
    "synapses",
    "wiring",
]
