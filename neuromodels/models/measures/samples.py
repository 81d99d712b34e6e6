"""Values of an expression, reduced over time for each neuron or synapse while the network runs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from brian2.core.clocks import Clock
from brian2.groups.group import Group
from brian2.synapses.synapses import Synapses
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from neuromodels.models.measures.base import Kept
from neuromodels.simulation.source.timing import step_at

BEGINNING = """
{name}_seen += 1
number = {name}_seen - {first}
inside = int(number > 0)
x_now = {expression}
"""
MEAN = """
change = inside*(x_now - {name}_mean)
{name}_mean += change/clip(1.0*number, 1, 1e18)
{name}_squares += change*(x_now - {name}_mean)
"""
LOW = """
is_low = inside*int(x_now < {name}_low or number == 1)
{name}_low = is_low*x_now + (1 - is_low)*{name}_low
"""
HIGH = """
is_high = inside*int(x_now > {name}_high or number == 1)
{name}_high = is_high*x_now + (1 - is_high)*{name}_high
"""
CODE = {"mean": MEAN, "low": LOW, "high": HIGH}


@dataclass
class Samples:
    """One expression of a group's variables, looked at in equal steps of time.

    A mean follows Welford: in single precision it keeps its digits, however many samples there are.

    Parameters
    ----------
    group
        Neurons or synapses.
    expression
        In Brian2's syntax.
    dim
        Its unit.
    name
        With which the names of the added variables begin.
    every
        Seconds from one sample to the next.
    span
        Where the run begins, and what counts of it begins and ends, in seconds.
    """

    group: Group
    expression: str
    dim: Dimension
    name: str
    every: float
    span: tuple[float, float, float]
    wanted: dict[str, None] = field(default_factory=dict)

    @property
    def _samples(self) -> tuple[int, int, int]:
        """At which sample the run begins, and what counts begins and ends."""
        start, begin, end = (step_at(Clock(self.every * second), x) for x in self.span)
        return start, begin, end

    @property
    def first(self) -> int:
        """How many samples come before those that count."""
        start, begin, _ = self._samples
        return begin - start

    @property
    def number(self) -> int:
        """How many samples count."""
        _, begin, end = self._samples
        return end - begin

    def want(self, sums: str) -> None:
        """Ask for ``mean`` (and squares), ``low``, ``high`` or ``last``."""
        self.wanted[sums] = None

    def _variables(self) -> dict[str, Dimension]:
        names = {f"{self.name}_{sums}": self.dim for sums in self.wanted}
        if "mean" in self.wanted:
            names[f"{self.name}_squares"] = self.dim**2
        return names

    def add(self) -> None:
        """Add the variables to the group, and the operations that change them."""
        for name, dim in self._variables().items():
            _add_variable(self.group, name, dim)
        looked = [CODE[sums] for sums in self.wanted if sums in CODE]
        if looked:
            text = "".join([BEGINNING, *looked])
            code = text.format(expression=self.expression, first=self.first, name=self.name)
            _add_counter(self.group, f"{self.name}_seen")
            self.group.run_regularly(code, dt=self.every * second, name=self.name)
        if "last" in self.wanted:
            code = f"{self.name}_last = {self.expression}"
            clock = self.group.clock
            times = [(step_at(clock, self.span[-1]) - 1) * clock.dt_] * second
            self.group.run_at(code, times=times, when="end", name=f"{self.name}_at_the_end")

    def addresses(self) -> list[str]:
        """Return what must be kept of an episode."""
        return [f"{self.group.name}.{name}" for name in self._variables()]

    def of(self, kept: Kept, sums: str) -> np.ndarray:
        """Return one of the sums, (episodes, size)."""
        return np.asarray(kept[f"{self.group.name}.{self.name}_{sums}"], dtype=float)


def _add_counter(group: Group, name: str) -> None:
    """Add a whole number: other clocks than the group's have no count of their own in its code."""
    group.variables.add_array(name, size=1, dtype=np.int64, scalar=True)


def _add_variable(group: Group, name: str, dim: Dimension) -> None:
    if isinstance(group, Synapses):
        group.variables.add_dynamic_array(name, size=len(group), dimensions=dim)
        group.register_variable(group.variables[name])
        group.variables[name].set_value(np.zeros(len(group)))
    else:
        group.variables.add_array(name, size=len(group), dimensions=dim or DIMENSIONLESS)
