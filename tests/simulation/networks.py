"""The catalog of small networks: name -> function that builds a fresh case."""

from simulation import (
    delay_networks,
    event_networks,
    neuron_networks,
    synapse_networks,
    wiring_networks,
)
from simulation.cases import CATALOG, Case

#: Connected at random during set-up, which each device of Brian2 does with its own numbers.
DRAWN = ("drawn_connections",)

__all__ = [
    "CATALOG",
    "DRAWN",
    "Case",
    "delay_networks",
    "event_networks",
    "neuron_networks",
    "synapse_networks",
    "wiring_networks",
]
