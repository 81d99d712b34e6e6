"""Where a step stands still while Python code of the user runs, and how it goes on.

A program with such code leaves its loop at the code's place in the step and notes where that is.
The next call goes back to that place.  Programs without such code know nothing of all this.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from brian2.core.clocks import BaseClock, EventClock

from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.python_code import OPERATION
from neuromodels.simulation.capture.translation import clock_name
from neuromodels.simulation.source.clocks import time_text
from neuromodels.simulation.source.lines import Lines
from neuromodels.simulation.source.plan import Plan, counter_name, counting_monitors


def has_operations(plan: Plan) -> bool:
    """Whether a program stops for Python code."""
    return any(code.template == OPERATION for code in plan.captured)


class Halt:
    """Where a call stands.

    Parameters
    ----------
    plan
        Of its program.
    first_steps
        The step of each clock at which the call begins.

    Attributes
    ----------
    numbers
        What the program reads and writes, int64: all that follows, one behind the other.
    place
        1 + the number of the Python code that is due, shape (1,); 0: the call is at its end.
    steps
        The step of each clock.
    due
        Whether each clock takes part in this step.
    """

    def __init__(self, plan: Plan, first_steps: np.ndarray):
        clocks = len(plan.layout.clocks)
        self.numbers = np.zeros(1 + 2 * clocks + len(counting_monitors(plan)), dtype=np.int64)
        self.place, self.steps, self.due, _ = np.split(self.numbers, np.cumsum([1, clocks, clocks]))
        self.steps[:] = first_steps

    @property
    def is_over(self) -> bool:
        """Whether the call is at its end."""
        return not self.place[0]

    @property
    def number(self) -> int:
        """The number of the Python code that is due."""
        return int(self.place[0]) - 1

    def has_passed(self, number: int, clock: int) -> bool:
        """Whether a code object, by its number and that of its clock, has run in this step."""
        return bool(number < self.number and self.due[clock])


def declaration(plan: Plan) -> Lines:
    """Return what such a program is given: a run, and the numbers of a `Halt`."""
    return ["struct HaltingRun { Run run; int64_t* halt; };"] if has_operations(plan) else []


def opening_lines(plan: Plan) -> Lines:
    """Return what brings clocks and counters to where the last call has left them."""
    if not has_operations(plan):
        return []
    lines: Lines = ["int64_t* const nm_halt = ((const HaltingRun*)&run)->halt;"]
    for number, clock in enumerate(plan.layout.clocks):
        name = clock_name(clock)
        lines.append(f"{name}_timestep[0] = nm_halt[{1 + number}];")
        lines.append(f"{name}_t[0] = {time_text(clock)};")
    return [*lines, *(f"{name} = {place};" for name, place in _counters(plan))]


def way_back(plan: Plan) -> Lines:
    """Return what leads, within a step, to where the last call has left it."""
    return [
        f"if (nm_halt[0] == {number}) goto nm_behind_{number};"
        for number, code in enumerate(plan.captured, 1)
        if code.template == OPERATION
    ]


def render_operation(code: Captured, plan: Plan, _: object) -> Lines:
    """Leave the loop, and come back to this place."""
    number = plan.captured.index(code) + 1
    clocks = plan.layout.clocks
    due = [
        f"nm_halt[{1 + len(clocks) + k}] = {_is_due(clock, clocks)};"
        for k, clock in enumerate(clocks)
    ]
    return [
        f"nm_halt[0] = {number};",
        *_noted(plan),
        *due,
        "return;",
        f"nm_behind_{number}: nm_halt[0] = 0;",
    ]


def closing_lines(plan: Plan) -> Lines:
    """Return what notes at the end of a call where it has come to."""
    if not has_operations(plan):
        return []
    return ["nm_halt[0] = 0;", *_noted(plan)]


def _noted(plan: Plan) -> Lines:
    clocks = enumerate(plan.layout.clocks, 1)
    steps = [f"nm_halt[{number}] = {clock_name(clock)}_timestep[0];" for number, clock in clocks]
    return [*steps, *(f"{place} = {name};" for name, place in _counters(plan))]


def _counters(plan: Plan) -> list[tuple[str, str]]:
    """Return the names of all numbers of samples, and where they are noted."""
    first = 1 + 2 * len(plan.layout.clocks)
    monitors = enumerate(counting_monitors(plan), first)
    return [(counter_name(code), f"nm_halt[{place}]") for place, code in monitors]


def _is_due(clock: BaseClock, clocks: Sequence[BaseClock]) -> str:
    alone = len(clocks) == 1 and not isinstance(clock, EventClock)
    return "1" if alone else f"{clock_name(clock)}_due"
