"""The loop over time: one clock, or several that are due at different steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from brian2.core.clocks import BaseClock, Clock, EventClock

from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.source.lines import Lines
from neuromodels.simulation.source.loops import Loops

#: As `EventClock.same_time` and `Clock.same_time` measure.
SAME_EVENT, SAME_STEP = BaseClock.epsilon, Clock.epsilon_dt


def clock_name(clock: BaseClock) -> str:
    """Return what the names of a clock's variables begin with in the source."""
    return f"_array_{clock.name}"


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
                f"double {name}_t[1] = {{{_time(clock)}}};",
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
            [f"{name}_t[0] = {_time(self.clocks[0])};", *steps, *self.loops.leave(counted)],
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
        return None if alone else f"_due{clock_name(clock)}"

    def number_clocks(self, source: str) -> str:
        """Number the clocks: Brian2 names them by how many the process has made."""
        for k, clock in enumerate(self.clocks):
            name = rf"{re.escape(clock_name(clock))}(?=_(?:dt|t|times|timestep)\b|\b)"
            source = re.sub(name, f"_array_clock_{k}", source)
        return source

    def _several(self, steps: Lines) -> Lines:
        """Advance the clocks that are due together, as `Network.run` does."""
        names = [clock_name(clock) for clock in self.clocks]
        running = " && ".join(
            f"({n}_t[0] > _now || {n}_timestep[0] < run.last_steps[{k}])"
            for k, n in enumerate(names)
        )
        return [
            "while (true) {",
            [
                "double _now = INFINITY, _same = 0;",
                *(_earlier(clock) for clock in self.clocks),
                f"if (!({running})) break;",
                *(_due(clock) for clock in self.clocks),
                *steps,
                *(_advance(clock) for clock in self.clocks),
                *self.loops.leave(""),
            ],
            "}",
            *self._count(),
        ]


def _time(clock: BaseClock) -> str:
    name = clock_name(clock)
    if isinstance(clock, EventClock):
        return f"{name}_times[{name}_timestep[0]]"
    return f"{name}_timestep[0] * {name}_dt[0]"


def _earlier(clock: BaseClock) -> str:
    name = clock_name(clock)
    same = f"{SAME_STEP!r} * {name}_dt[0]" if isinstance(clock, Clock) else repr(SAME_EVENT)
    return f"if ({name}_t[0] < _now) {{ _now = {name}_t[0]; _same = {same}; }}"


def _due(clock: BaseClock) -> str:
    name = clock_name(clock)
    same = f"{SAME_STEP!r} * {name}_dt[0]" if isinstance(clock, Clock) else "_same"
    return f"const bool _due{name} = {name}_t[0] - _now < {same};"


def _advance(clock: BaseClock) -> str:
    name = clock_name(clock)
    return f"if (_due{name}) {{ {name}_timestep[0]++; {name}_t[0] = {_time(clock)}; }}"
