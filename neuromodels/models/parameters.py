"""A named number of a network that a sweep, a fit or an inference may change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    Quantity,
    get_dimensions,
    get_unit,
    have_same_dimensions,
)

from neuromodels.errors import DeclarationError
from neuromodels.models.spike_lists import SpikeList, is_spike_list, spike_list

SCALES = ("linear", "log")
SHARED, EACH = "shared", "each"


@dataclass(frozen=True)
class Parameter:
    """What may change, between which bounds, and as how many numbers.

    Parameters
    ----------
    address
        ``"group.variable"``, ``"synapses_pre.delay"``, a constant that the equations find in the
        namespace (``"tau"``), the probability of a wiring (``"synapses.p"``), a `TimedArray`, a
        `SpikeGeneratorGroup`, or the rate of a `PoissonInput` (``"input.rate"``). A group is
        called by its Brian2 name or by the name of the Python variable that holds it in the
        function that builds the network.
    low, high
        Bounds, with their unit. A sweep over given values needs none.
    scale
        ``"log"`` steps and searches along the logarithm; it needs ``0 < low``.
    per
        ``"shared"`` is one number for the whole variable, ``"each"`` one for each neuron or
        synapse. A list of whole numbers says of each neuron or synapse which number it takes.
    unit
        In which tables and pictures show it; by default that of `low`, or of `high` if `low` is 0.
    choices
        The only values it may have, in place of bounds. In ascending order they are steps of one
        quantity, in any other order they have nothing to do with each other. Those of a
        `SpikeGeneratorGroup` are pairs ``(indices, times)``; its values are their numbers 0, 1, ...

    Raises
    ------
    DeclarationError
        Where bounds are reversed or have two units, or a word is unknown.
    """

    address: str
    low: Any = None
    high: Any = None
    scale: Literal["linear", "log"] = "linear"
    per: str | Sequence[int] = SHARED
    unit: Any = None
    choices: Any = None

    def __post_init__(self) -> None:
        where = f"Parameter({self.address!r})"
        if not isinstance(self.address, str) or not self.address.strip():
            raise DeclarationError("Parameter.address", "must be text", self.address)
        if self.choices is not None:
            self._take_bounds_of_choices(where)
        if (self.low is None) != (self.high is None):
            raise DeclarationError(where, "give both bounds, or none", (self.low, self.high))
        if self.scale not in SCALES:
            raise DeclarationError(f"{where}.scale", f"must be one of {SCALES}", self.scale)
        if isinstance(self.per, str) and self.per not in (SHARED, EACH):
            told = f"must be {SHARED!r}, {EACH!r} or a list of whole numbers"
            raise DeclarationError(f"{where}.per", told, self.per)
        if self.low is not None:
            self._check_bounds(where)
        if self.unit is not None and not is_number(self.unit):
            raise DeclarationError(f"{where}.unit", "must be a Brian2 unit", self.unit)

    def _take_bounds_of_choices(self, where: str) -> None:
        if self.low is not None or self.high is not None:
            raise DeclarationError(where, "give bounds or choices, not both")
        values = list(self.choices) if np.iterable(self.choices) else []
        if values and all(map(is_spike_list, values)):
            lists = [spike_list(f"{where}.choices[{k}]", v) for k, v in enumerate(values)]
            object.__setattr__(self, "choices", tuple(lists))
            object.__setattr__(self, "high", len(lists) - 1)
            object.__setattr__(self, "low", 0)
            return
        if len(values) < 2 or not all(is_number(value) for value in values):
            told = "must be two numbers or more"
            raise DeclarationError(f"{where}.choices", told, self.choices)
        if not all(have_same_dimensions(value, values[0]) for value in values):
            raise DeclarationError(f"{where}.choices", "must have one unit", self.choices)
        object.__setattr__(self, "choices", tuple(values))
        object.__setattr__(self, "low", min(values))
        object.__setattr__(self, "high", max(values))

    def _check_bounds(self, where: str) -> None:
        for bound in (self.low, self.high):
            if not is_number(bound) or not math.isfinite(float(np.asarray(bound))):
                raise DeclarationError(where, "bounds must be finite numbers", bound)
        if not have_same_dimensions(self.low, self.high):
            told = f"{self.low} and {self.high}"
            raise DeclarationError(where, "both bounds must have one unit", told)
        low, high = self.bounds
        if low >= high and not self.spike_lists:
            told = f"{self.low} and {self.high}"
            raise DeclarationError(where, "low < high must hold", told, "Swap the bounds.")
        if self.scale == "log" and low <= 0:
            raise DeclarationError(where, "a log scale needs 0 < low", self.low)

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value, in SI units."""
        if self.low is None:
            cure = "Write Parameter(address, low, high)."
            raise DeclarationError(f"Parameter({self.address!r})", "needs bounds here", cure=cure)
        return float(np.asarray(self.low)), float(np.asarray(self.high))

    @property
    def shown_unit(self) -> Any:
        """The unit that tables show, as a number of SI units; 1.0 where nothing says one."""
        if self.unit is not None:
            return self.unit
        if self.low is None:
            return 1.0
        return _unit_of(self.low if float(np.asarray(self.low)) else self.high)

    @property
    def spike_lists(self) -> tuple[SpikeList, ...]:
        """The spikes of a generator that it may choose; none where it chooses something else."""
        is_spikes = self.choices and isinstance(self.choices[0], SpikeList)
        return self.choices if is_spikes else ()

    @property
    def values_of_choices(self) -> np.ndarray:
        """The values it may have, in SI units; none where it has bounds."""
        if self.spike_lists:
            return np.arange(len(self.spike_lists), dtype=float)
        return np.array([float(np.asarray(value)) for value in self.choices or ()])

    def values_at(self, places: np.ndarray) -> np.ndarray:
        """Return values for places between 0 and 1, along the scale; choices have equal shares."""
        if self.choices is not None:
            steps = np.floor(np.asarray(places) * len(self.choices)).astype(int)
            return self.values_of_choices[np.clip(steps, 0, len(self.choices) - 1)]
        low, high = self.bounds
        if self.scale == "log":
            return np.exp(math.log(low) + places * (math.log(high) - math.log(low)))
        return low + places * (high - low)

    def places_of(self, values: np.ndarray) -> np.ndarray:
        """Return where values lie between the bounds, along the scale."""
        if self.choices is not None:
            away = np.abs(np.asarray(values)[..., np.newaxis] - self.values_of_choices)
            return (away.argmin(axis=-1) + 0.5) / len(self.choices)
        low, high = self.bounds
        if self.scale == "log":
            return (np.log(values) - math.log(low)) / (math.log(high) - math.log(low))
        return (np.asarray(values) - low) / (high - low)


def _unit_of(quantity: Any) -> Any:
    if not isinstance(quantity, Quantity) or quantity.dim is DIMENSIONLESS:
        return 1.0
    return quantity.get_best_unit()


def is_number(value: Any) -> bool:
    """Whether a value is one real number, with or without a unit."""
    try:
        return np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iuf"
    except (TypeError, ValueError):
        return False


def in_si(where: str, values: Any, dim: Dimension) -> np.ndarray:
    """Return values without their unit, as numbers of SI units.

    Raises
    ------
    DeclarationError
        Where they have another unit, or are no numbers.
    """
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        told = type(values).__name__
        raise DeclarationError(where, "values must be numbers", told) from None
    if get_dimensions(values) != dim:
        told, cure = unit_name(get_dimensions(values)), "Multiply them by a Brian2 unit."
        raise DeclarationError(where, f"values must have the unit {unit_name(dim)}", told, cure)
    return numbers


def unit_name(dim: Dimension) -> str:
    """Return the name of the SI unit of a dimension; ``1`` for a plain number."""
    return "1" if dim is DIMENSIONLESS else str(get_unit(dim))
