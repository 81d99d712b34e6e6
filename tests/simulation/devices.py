"""One script on one device of Brian2 and on another, and all that a network holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import brian2
import numpy as np
from brian2 import Network, defaultclock, get_device
from brian2.devices.device import previous_devices, reset_device

import neuromodels.simulation  # noqa: F401  (makes the device known to Brian2)
from simulation.networks.scripts import Script
from simulation.outcomes import Outcome


@contextmanager
def active(name: str, **options: Any) -> Iterator:
    """Use a device for a while; the one before comes back whatever happens."""
    depth, step = len(previous_devices), defaultclock.dt
    brian2.set_device(name, **options)
    try:
        yield get_device()
    finally:
        while len(previous_devices) > depth:
            reset_device()
        defaultclock.dt = step


def numbers(network: Network) -> Outcome:
    """Return every variable of every object, what monitors saw included, and the time."""
    found = {"t": np.array(network.t_)}
    for name, states in network.get_states(units=False).items():
        found |= {f"{name}.{variable}": np.array(values) for variable, values in states.items()}
    return found


def outcomes(script: Script, device: str) -> list[Outcome]:
    """Return what a script gives away, each time, on a device."""
    with active(device):
        return [numbers(network) for network in script()]
