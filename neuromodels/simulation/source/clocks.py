"""The loop over time: one clock, or several that are due at different steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from brian2.core.clocks import BaseClock, Clock, EventClock

from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import clock_name
from neuromodels.simulation.source.lines import Lines
from neuromodels.simulation.source.loops import Loops

#: As `EventClock.same_time` and `Clock.same_time` measure.
SAME_EVENT, SAME_STEP = BaseClock.epsilon, Clock.epsilon_dt


def now_of(code: Captured) -> str:
    """Return the step of an object's clock."""
    return f"{clock_name(code.clock)}_timestep[0]"


class Clockwork:
    """The clocks of a program.

    Parameters
    ----------
    clocks
        In the order in which a run passes their first and last steps.
    loops
        How an instance leaves the loop over time.
    """

    def __init__(self, clocks: Sequence[BaseClock], loops: Loops):
        self.clocks = list(clocks)
        self.loops = loops

    def arrays(self) -> Lines:
        """Declare step, time and time step of each clock at the start of a run."""
        lines: Lines = []
        for k, clock in enumerate(self.clocks):
            name = clock_name(clock)
            if isinstance(clock, Clock):
                lines.append(f"const double {name}_dt[1] = {{{clock.dt_!r}}};")
            lines += [
                f"int64_t {name}_timestep[1] = {{run.first_steps[{k}]}};",
                f"double {name}_t[1] = {{{time_text(clock)}}};",
            ]
        return lines

    def loop(self, steps: Lines) -> Lines:
        """Run `steps` at every step of the run."""
        if not self.clocks:
            return []
        if len(self.clocks) > 1 or isinstance(self.clocks[0], EventClock):
            return self._several(steps)
        name = clock_name(self.clocks[0])
        counted = f"{name}_timestep[0]++; "
        return [
            f"for (; {name}_timestep[0] < run.last_steps[0]; {name}_timestep[0]++) {{",
            [f"{name}_t[0] = {time_text(self.clocks[0])};", *steps, *self.loops.leave(counted)],
            "}",
            *self._count(),
        ]

    def _count(self) -> Lines:
        """Note after how many steps the instance ended."""
        name = clock_name(self.clocks[0])
        ran = f"if (run.ran) run.ran[instance] = {name}_timestep[0] - run.first_steps[0];"
        return self.loops.alone([ran])

    def condition(self, clock: BaseClock) -> str | None:
        """Return what must hold for an object of `clock` to run in this step; None: nothing."""
        alone = len(self.clocks) == 1 and isinstance(clock, Clock)
        return None if alone else f"{clock_name(clock)}_due"

    def number_clocks(self, source: str) -> str:
        """Number the clocks: Brian2 names them by how many the process has made."""
        numbers = {clock_name(clock): f"clock{k}" for k, clock in enumerate(self.clocks)}
        names = "|".join(numbers) or r"\b\B"
        found = re.compile(rf"\b({names})(?=_(?:dt|t|times|timestep|due)\b)")
        return found.sub(lambda match: numbers[match[1]], source)

    def _several(self, steps: Lines) -> Lines:
        """Advance the clocks that are due together, as `Network.run` does.

        A clock that is at its end waits: the others go on to theirs.
        """
        return [
            "while (true) {",
            [
                "double _now = INFINITY, _same = 0;",
                *(_earlier(clock, k) for k, clock in enumerate(self.clocks)),
                "if (_now == INFINITY) break;",
                *(_due(clock, k) for k, clock in enumerate(self.clocks)),
                *steps,
                *(_advance(clock) for clock in self.clocks),
                *self.loops.leave(""),
            ],
            "}",
            *self._count(),
        ]


def time_text(clock: BaseClock) -> str:
    """Return the time of a clock's present step."""
    name = clock_name(clock)
    if isinstance(clock, EventClock):
        return f"{name}_times[{name}_timestep[0]]"
    return f"{name}_timestep[0] * {name}_dt[0]"


def _waits(clock: BaseClock, number: int) -> str:
    """Return whether a clock has steps to go."""
    return f"{clock_name(clock)}_timestep[0] < run.last_steps[{number}]"


def _earlier(clock: BaseClock, number: int) -> str:
    name = clock_name(clock)
    same = f"{SAME_STEP!r} * {name}_dt[0]" if isinstance(clock, Clock) else "INFINITY"
    first = f"{_waits(clock, number)} && {name}_t[0] < _now"
    return f"if ({first}) {{ _now = {name}_t[0]; _same = {same}; }}"


def _due(clock: BaseClock, number: int) -> str:
    """Compare with the first clock as closely as the finer one of both allows."""
    name = clock_name(clock)
    if isinstance(clock, Clock):
        same = f"fmin({SAME_STEP!r} * {name}_dt[0], _same)"
    else:
        same = f"(_same < INFINITY ? _same : {SAME_EVENT!r})"
    due = f"{_waits(clock, number)} && {name}_t[0] - _now < {same}"
    return f"const bool {name}_due = {due};"


def _advance(clock: BaseClock) -> str:
    name = clock_name(clock)
    return f"if ({name}_due) {{ {name}_timestep[0]++; {name}_t[0] = {time_text(clock)}; }}"
