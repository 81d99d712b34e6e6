"""Lists of spikes that a generator may fire: neurons and times, known by their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Quantity, get_dimensions

from neuromodels.errors import DeclarationError
from neuromodels.simulation.device.addresses import checked_whole, real_numbers


@dataclass(frozen=True, eq=False, repr=False)
class SpikeList:
    """Spikes of one generator.

    Parameters
    ----------
    indices, times
        Which neuron fires when, (n,) each, in any order.
    """

    indices: np.ndarray
    times: Quantity

    @property
    def digest(self) -> str:
        """The same for the same spikes in the same order."""
        held = self.indices.astype(np.int64).tobytes(), np.asarray(self.times, float).tobytes()
        return hashlib.sha256(b"".join(held)).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"SpikeList({len(self.indices)} spikes, {self.digest})"


def is_spike_list(value: Any) -> bool:
    """Whether a value can be nothing but neurons and times of spikes: whole numbers, then times."""
    if isinstance(value, SpikeList):
        return True
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    if not all(isinstance(part, Sequence | np.ndarray) for part in value):
        return False
    units = [_unit_of(part) for part in value]
    return units == [DIMENSIONLESS, second.dim] or (
        isinstance(value, tuple) and units[0] is DIMENSIONLESS and _are_whole(value[0])
    )


def spike_list(where: str, value: Any) -> SpikeList:
    """Return what a user gave as ``(indices, times)``.

    Raises
    ------
    DeclarationError
        Where it is no such pair, or there are not as many times as indices.
    """
    if isinstance(value, SpikeList):
        return value
    if not is_spike_list(value):
        told, cure = type(value).__name__, "Write ([0, 1], [5, 10]*ms)."
        raise DeclarationError(where, "must be a pair (indices, times)", told, cure)
    who, times = checked_whole(where, value[0]), real_numbers(where, value[1])
    if len(times) and _unit_of(value[1]) != second.dim:
        raise DeclarationError(where, "times must be times", value[1], "Write [1, 2]*ms.")
    if who.shape != times.shape or who.ndim != 1:
        told = "there must be as many times as indices"
        raise DeclarationError(where, told, (who.shape, times.shape))
    return SpikeList(np.array(who), Quantity(np.array(times, dtype=float), dim=second.dim))


def _unit_of(values: Any) -> Any:
    """Return the unit of numbers, or of the first of a list of quantities."""
    if isinstance(values, list | tuple) and values:
        return get_dimensions(values[0])
    return get_dimensions(values)


def _are_whole(values: Any) -> bool:
    try:
        return np.asarray(values).dtype.kind in "iu" or np.size(values) == 0
    except ValueError:  # lists of several lengths
        return False
