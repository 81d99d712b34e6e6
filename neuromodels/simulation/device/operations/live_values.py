"""Brian2's own variables show and change what a program holds, while Python code of the user runs.

Nothing is copied in advance.  A variable is brought when somebody looks at it, and what was changed
goes back to the program when the code has ended.  Monitors get what they have recorded so far.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from brian2.core.clocks import BaseClock, Clock
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable, DynamicArrayVariable
from brian2.groups.group import VariableOwner

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation.arrays.layout import Array
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import fired_name, spoken
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.library import Call
from neuromodels.simulation.device.monitors import MONITORS
from neuromodels.simulation.device.operations.live_device import stock_device, told_of
from neuromodels.simulation.device.write_back import (
    present_values,
    return_flights,
    return_recording,
)
from neuromodels.simulation.source.timing import step_at, time_of

CURE = "Do it before the run, or between two runs."


class LiveValues:
    """The variables of a network whose only instance runs.

    Parameters
    ----------
    network
        Which one.
    instances
        The instance.
    """

    def __init__(self, network: Network, instances: Instances):
        self.network = network
        self.instances = instances
        self._arrays = _arrays_of(instances)
        self._recorded = _recorded_variables(instances)  # by variable: its monitor
        self._clocks = _clock_variables(network, instances)
        turned = {clock.name for clock in instances.layout.clocks}
        self._dials = [Dial(clock) for clock in instances.layout.clocks]
        self._idle = [Dial(clock) for clock in network._clocks if clock.name not in turned]
        self._held: list[ArrayVariable] = []
        self._before: dict[ArrayVariable, np.ndarray] = {}  # of those brought, as they came
        self._call: Call | None = None
        self._is_open = self._is_collected = False
        self._flushed: set[str] = set()  # monitors

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the variables of the network during the block."""
        self._held = [variable for variable in self._arrays if _is_held(variable)]
        variables = [*self._arrays, *self._recorded, *self._clocks]
        with told_of(variables, self._look, self._check_size, self._check_clock):
            yield

    @contextmanager
    def shown(self, call: Call | None = None) -> Iterator[None]:
        """Let Python code see and change the program's values; `call` stands still for it."""
        self._set_clocks(call)
        self._call, self._is_open = call, True
        self._is_collected, self._flushed = call is None, set()
        try:
            for variable in self._held:
                self._look(variable)
            yield
        finally:
            self._is_open = False
            brought, self._before = self._before, {}
            for variable, before in brought.items():
                self._take_over(variable, before)

    def bring_flights(self) -> None:
        """Put the spikes under way into Brian2's queues, for whoever stores the network."""
        if self._is_open and self.instances.has_run:
            return_flights(self.instances)

    # ---------------------------------------------------------------------------- from the program

    def _set_clocks(self, call: Call | None) -> None:
        """Tell Brian2's clocks the time."""
        halt = None if call is None else call.halt
        steps = self.instances.steps if halt is None else halt.steps
        for dial, step in zip(self._dials, steps.tolist(), strict=True):
            dial.turn_to(step)
        now = self.instances.time if halt is None else min(dial.t.item() for dial in self._dials)
        self.network.t_ = now
        for dial in self._idle:
            dial.turn_to(step_at(dial.clock, now))

    def _look(self, variable: ArrayVariable) -> None:
        """Bring a variable, unless that was done."""
        if not self._is_open or variable in self._before:
            return
        if variable in self._recorded:
            self._flush(self._recorded[variable])
        elif variable in self._arrays:
            values = _values_of(variable)
            found = present_values(self.instances, self._arrays[variable])
            values[...] = found.reshape(values.shape)
            self._before[variable] = values.copy()

    def _flush(self, monitor: Captured) -> None:
        """Append to one of Brian2's monitors what it has seen so far."""
        if monitor.name in self._flushed or not self.instances.has_run:
            return
        self._flushed.add(monitor.name)
        if self._call is not None and not self._is_collected:
            self._is_collected = True
            self.instances.recordings.collect(self.instances.ready().plan, self._call)
        return_recording(self.instances, monitor)

    # ------------------------------------------------------------------------------ to the program

    def _take_over(self, variable: ArrayVariable, before: np.ndarray) -> None:
        """Give the program what has been changed of a variable."""
        values, array = _values_of(variable), self._arrays[variable]
        changed = (values != before).ravel()
        if not changed.any():
            return
        present = present_values(self.instances, array)
        present[changed] = values.ravel()[changed]
        self._store(array, present)
        fired = self.instances.layout.arrays.get(fired_name(array.name))
        if fired is not None:
            mask = np.zeros(fired.size, dtype=np.uint8)
            mask[present[: present[-1]]] = 1
            self._store(fired, mask)

    def _store(self, array: Array, values: np.ndarray) -> None:
        """Put values where the program reads them: of a table, where a call has its address."""
        state = self.instances.state
        rows = state.stored(array, values[np.newaxis])
        if state.is_live and array.is_state:
            state.set(array, rows)
        else:
            state.table(array).values[:1] = rows

    def _check_size(self, variable: ArrayVariable) -> None:
        """Refuse another size, but of what monitors have recorded."""
        self._look(variable)
        if self._is_open and variable in self._arrays and variable not in self._recorded:
            raise UnsupportedFeature(
                spoken(array_name(variable)),
                "sizes and wirings cannot change inside of a run",
                self.network.name,
                CURE,
            )

    def _check_clock(self, variable: ArrayVariable) -> None:
        """Refuse another time step: the program has it as a number."""
        if self._is_open and variable in self._clocks and variable.name == "dt":
            raise UnsupportedFeature(
                f"{variable.owner.name}.dt",
                "a time step cannot change inside of a run",
                self.network.name,
                CURE,
            )


class Dial:
    """What a clock of Brian2 shows, set without a detour: it is set at every stop."""

    def __init__(self, clock: BaseClock):
        self.clock = clock
        self.step, self.t = (_values_of(clock.variables[name]) for name in ("timestep", "t"))
        self._dt = clock.dt_ if isinstance(clock, Clock) else None

    def turn_to(self, step: int) -> None:
        """Show a step and its time."""
        self.step[:] = step
        self.t[:] = time_of(self.clock, step) if self._dt is None else step * self._dt


def _arrays_of(instances: Instances) -> dict[ArrayVariable, Array]:
    """Return the arrays that a program has of a network's variables."""
    arrays = instances.layout.arrays.values()
    return {
        array.variable: array
        for array in arrays
        if array.variable is not None and not isinstance(array.variable.owner, BaseClock)
    }


def _recorded_variables(instances: Instances) -> dict[ArrayVariable, Captured]:
    """Return the variables in which monitors keep what they see."""
    monitors = [code for code in instances.captured if code.template in MONITORS]
    return {variable: code for code in monitors for variable in _own_variables(code.runner)}


def _clock_variables(network: Network, instances: Instances) -> set[ArrayVariable]:
    # by name: those of a layout may be proxies, which no set takes
    clocks = {clock.name: clock for clock in (*network._clocks, *instances.layout.clocks)}
    return {variable for clock in clocks.values() for variable in _own_variables(clock)}


def _own_variables(owner: VariableOwner) -> list[ArrayVariable]:
    variables: Mapping = owner.variables
    return [
        variable
        for variable in variables.values()
        if isinstance(variable, ArrayVariable) and variable.owner.name == owner.name
    ]


def _values_of(variable: ArrayVariable) -> np.ndarray:
    """Return the array in which Brian2 keeps a variable."""
    return stock_device(variable).get_value(variable)


def _is_held(variable: ArrayVariable) -> bool:
    """Whether a user keeps the array of a variable, such as ``v = group.v[:]``.

    Nobody can tell of a dynamic array, and Brian2 itself keeps what begins with an underscore.
    """
    if isinstance(variable, DynamicArrayVariable) or variable.name.startswith("_"):
        return False
    return _references(stock_device(variable).arrays, variable) > _references({0: np.zeros(1)}, 0)


def _references(arrays: Mapping, key: Any) -> int:
    return sys.getrefcount(arrays[key])
