"""Simulated time in steps of a clock, counted as Brian2 counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from brian2.core.clocks import BaseClock, Clock, EventClock
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, have_same_dimensions

from neuromodels.errors import SimulationError

#: No run is longer in seconds: its steps are counted in 64 bits.
LONGEST = 1e9


def step_at(clock: BaseClock, seconds: float) -> int:
    """Return the step of a clock at a time, as its `set_interval` does."""
    if isinstance(clock, EventClock):
        return int(np.searchsorted(clock.variables["times"].get_value(), seconds))
    nearest = int(np.round(seconds / clock.dt_))
    if abs(nearest * clock.dt_ - seconds) / clock.dt_ <= Clock.epsilon_dt:
        return nearest
    return int(np.ceil(seconds / clock.dt_))


def time_of(clock: BaseClock, step: int) -> float:
    """Return the time of a step of a clock in seconds."""
    if isinstance(clock, EventClock):
        return float(clock.variables["times"].get_value()[step])
    return float(step * clock.dt_)


def tolerance(one: BaseClock, other: BaseClock) -> float:
    """Return how far apart (seconds) steps of two clocks may be to count as one, as `same_time`."""
    steps = [clock.dt_ for clock in (one, other) if isinstance(clock, Clock)]
    return Clock.epsilon_dt * min(steps) if steps else BaseClock.epsilon


def steps_until(clocks: Sequence[BaseClock], first: np.ndarray, seconds: float) -> np.ndarray:
    """Return the steps at which a run ends that begins with the steps `first`.

    A clock counts alone as Brian2 counts.  Where that leaves out a step that comes before another
    clock's last one, it is taken: a slow clock calls an end that is within 1e-4 of its `dt` after a
    step the time of this step.  Brian2 would lose steps of the others there, or raise.
    """
    last = np.maximum(first, [step_at(clock, seconds) for clock in clocks])
    while True:
        behind = [k for k, clock in enumerate(clocks) if _is_behind(clock, k, clocks, first, last)]
        if not behind:
            return last
        last[behind] += 1


def _is_behind(
    clock: BaseClock, k: int, clocks: Sequence[BaseClock], first: np.ndarray, last: np.ndarray
) -> bool:
    """Whether a step of another clock runs although the next one of `clock` comes before it."""
    waiting = time_of(clock, last[k])
    return any(
        m != k
        and last[m] > first[m]
        and waiting < time_of(other, last[m] - 1) + tolerance(clock, other)
        for m, other in enumerate(clocks)
    )


def cut(clocks: Sequence[BaseClock], first: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
    """Return steps at which a run may pause without a difference to its results.

    Parameters
    ----------
    clocks
        Of the network.
    first, last
        Steps at which the run stands, and where it will end.
    count
        After about how many steps of its fastest clock it shall pause.
    """
    regular = [k for k, clock in enumerate(clocks) if isinstance(clock, Clock)]
    if not regular:
        return last
    fastest = min(regular, key=lambda k: clocks[k].dt_)
    stride, step = 1, int(first[fastest]) + max(1, int(count))
    while step < last[fastest]:
        pause = step * clocks[fastest].dt_ - Clock.epsilon_dt * clocks[fastest].dt_
        steps = np.array([_first_step_from(clock, pause) for clock in clocks], dtype=np.int64)
        steps = np.clip(steps, first, last)
        if _parts(clocks, first, steps, last):
            return steps
        stride, step = 2 * stride, step + stride
    return last


def next_time(clocks: Sequence[BaseClock], steps: np.ndarray, last: np.ndarray) -> float:
    """Return the time (seconds) of the earliest step from `steps` on, before `last`."""
    return min(time_of(clock, n) for clock, n in _where(clocks, steps, steps < last))


def time_after(clocks: Sequence[BaseClock], steps: np.ndarray, idle: Iterable[BaseClock]) -> float:
    """Return the time (seconds) of the step that follows the present one, as Brian2 counts it.

    Parameters
    ----------
    clocks, steps
        Clocks on which something runs, and the next step of each.
    idle
        Others of the network: Brian2 takes their steps, too.
    """
    now = max(time_of(clock, n - 1) for clock, n in _where(clocks, steps, steps > 0))
    coming = [time_of(clock, n) for clock, n in _where(clocks, steps, steps >= 0)]
    for clock in idle:
        step = step_at(clock, now)
        is_due = time_of(clock, step) - now < tolerance(clock, clock)
        coming.append(time_of(clock, step + is_due))
    return min(coming)


def _first_step_from(clock: BaseClock, seconds: float) -> int:
    """Return the first step of a clock that is not before a time."""
    if isinstance(clock, EventClock):
        return int(np.searchsorted(clock.variables["times"].get_value(), seconds))
    step = int(np.ceil(seconds / clock.dt_)) - 1
    while step * clock.dt_ < seconds:
        step += 1
    return step


def _parts(
    clocks: Sequence[BaseClock], first: np.ndarray, steps: np.ndarray, last: np.ndarray
) -> bool:
    """Whether no step before `steps` counts as simultaneous with one after them."""
    done = [(clock, time_of(clock, n - 1)) for clock, n in _where(clocks, steps, steps > first)]
    left = [(clock, time_of(clock, n)) for clock, n in _where(clocks, steps, steps < last)]
    return all(
        after - before > 2 * tolerance(one, other)
        for one, before in done
        for other, after in left
        if one is not other
    )


def _where(
    clocks: Sequence[BaseClock], steps: np.ndarray, chosen: np.ndarray
) -> Iterator[tuple[BaseClock, int]]:
    return ((clocks[int(k)], int(steps[k])) for k in np.flatnonzero(chosen))


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
    is_text = duration is None or isinstance(duration, str | list | tuple)
    if is_text or not have_same_dimensions(duration, second):
        raise SimulationError(where, "the duration must be a time", duration, "Write 1*second.")
    if np.shape(duration) or not np.isfinite(float(duration)):
        raise SimulationError(where, "the duration must be one finite time", duration)
    if float(duration) < 0:
        raise SimulationError(where, "the duration must not be negative", duration)
    if float(duration) > LONGEST:
        raise SimulationError(where, f"the duration must be at most {LONGEST:g} s", duration)
    return float(duration)
