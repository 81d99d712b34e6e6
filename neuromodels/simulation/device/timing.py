"""Simulated time in steps of a clock, counted as Brian2 counts."""

from __future__ import annotations

import numpy as np
from brian2.core.clocks import BaseClock, Clock, EventClock
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, have_same_dimensions

from neuromodels.errors import SimulationError


def step_at(clock: BaseClock, seconds: float) -> int:
    """Return the step of a clock at a time, as its `set_interval` does."""
    if isinstance(clock, EventClock):
        return int(np.searchsorted(clock.variables["times"].get_value(), seconds))
    nearest = int(np.round(seconds / clock.dt_))
    if abs(nearest * clock.dt_ - seconds) / clock.dt_ <= Clock.epsilon_dt:
        return nearest
    return int(np.ceil(seconds / clock.dt_))


def times_between(clock: BaseClock, first: int, last: int) -> np.ndarray:
    """Return the times of the steps `first` to `last` - 1 of a clock in seconds."""
    if isinstance(clock, EventClock):
        return np.array(clock.variables["times"].get_value()[first:last])
    return np.arange(first, last) * clock.dt_


def checked_seconds(where: str, duration: Quantity) -> float:
    """Return a duration in seconds.

    Raises
    ------
    SimulationError
        Where it is no time, or negative.
    """
    if not have_same_dimensions(duration, second):
        raise SimulationError(where, "the duration must be a time", duration, "Write 1*second.")
    if float(duration) < 0:
        raise SimulationError(where, "the duration must not be negative", duration)
    return float(duration)
