"""Sums that compare the spikes of a group with recorded ones, kept while the network runs.

The recorded spikes enter as those of a `SpikeGeneratorGroup`. So both trains meet in the same step,
and nothing is stored but what the comparison needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from brian2.core.base import BrianObject
from brian2.core.spikesource import SpikeSource
from brian2.groups.neurongroup import NeuronGroup
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.synapses.synapses import Synapses
from brian2.units import second

from neuromodels.models.measures.base import Kept

GAP = """
gap = int(t_in_timesteps >= {begin})*(gap*{decay!r} + came - due)
part += gap**2
is_full = int(t_in_timesteps % 256 == 255)
total += is_full*part
part -= is_full*part
"""
#: The last spike of a neuron that has not fired yet, in steps: long ago.
LONG_AGO = -(10**9)
COINCIDENCES = """
fired = int(t_in_timesteps >= {begin})*int(came > 0)
pending -= expired*int(t_in_timesteps - last > {twice})
last += fired*(t_in_timesteps - last)
matched += due*int(t_in_timesteps - last <= {window}) + fired*pending
pending = (1 - fired)*pending + due*int(t_in_timesteps - last > {window})
number += fired*came
"""


@dataclass(frozen=True)
class TrainSums:
    """What is summed over the spikes of a group and those that were recorded.

    Parameters
    ----------
    source
        The group.
    name
        With which the names of the added objects begin.
    steps
        For each neuron, the steps in which it was seen to fire, all of them counted.
    begin
        First step that counts.
    """

    source: SpikeSource
    name: str
    steps: Sequence[np.ndarray]
    begin: int

    @property
    def dt(self) -> float:
        """Length of a step in seconds."""
        return float(self.source.clock.dt_)

    def _group(self, whole: Sequence[str], real: Sequence[str], code: str) -> NeuronGroup:
        kinds = [*(f"{n} : integer" for n in whole), *(f"{n} : 1" for n in real)]
        group = NeuronGroup(
            len(self.source),
            "\n".join(kinds),
            dtype=dict.fromkeys(whole, np.int64),
            dt=self.source.clock.dt,
            name=self.name,
            namespace={},
        )
        group.run_regularly(code, dt=group.clock.dt, when="end", name=f"{self.name}_step")
        return group

    def _counting(self, source: SpikeSource, group: NeuronGroup, variable: str) -> Synapses:
        name = f"{self.name}_{variable}"
        code = f"{variable}_post += 1"
        synapses = Synapses(source, group, on_pre=code, name=name, namespace={})
        each = np.arange(len(source))
        synapses.connect(i=each, j=each)
        return synapses

    def _recorded(self, variable: str, later: int = 0) -> SpikeGeneratorGroup:
        """Return the recorded spikes as a group, each some steps later."""
        neurons = np.repeat(np.arange(len(self.steps)), [len(steps) for steps in self.steps])
        times = (np.concatenate(list(self.steps)) + later) * self.dt
        name = f"{self.name}_{variable}_source"
        dt = self.source.clock.dt
        return SpikeGeneratorGroup(len(self.steps), neurons, times * second, dt=dt, name=name)

    def _joined(self, group: NeuronGroup, later: dict[str, int]) -> list[BrianObject]:
        """Return a group with what counts spikes for it: its own ones, and those recorded."""
        objects = [group, self._counting(self.source, group, "came")]
        for variable, steps in later.items():
            recorded = self._recorded(variable, steps)
            objects += [recorded, self._counting(recorded, group, variable)]
        return objects

    def _of(self, kept: Kept, name: str) -> np.ndarray:
        return np.asarray(kept[f"{self.name}.{name}"], dtype=float)


@dataclass(frozen=True)
class FilteredGap(TrainSums):
    """The squared difference of two trains of exponentials that jump at spikes and decay.

    It is exact for spikes on the grid of steps: between two of them the difference only decays.
    Single numbers are added up in pieces, so that single precision keeps its digits.

    Parameters
    ----------
    tau
        Time constant of the decay, seconds.
    """

    tau: float

    def objects(self) -> list[BrianObject]:
        """Return the objects that keep the sums."""
        code = GAP.format(begin=self.begin, decay=math.exp(-self.dt / self.tau))
        whole, real = ("came", "due"), ("gap", "part", "total")
        return self._joined(self._group(whole, real, f"{code}came = 0\ndue = 0"), {"due": 0})

    def addresses(self) -> list[str]:
        """Return what must be kept of an episode."""
        return [f"{self.name}.{name}" for name in ("gap", "part", "total")]

    def distance(self, kept: Kept) -> np.ndarray:
        """Return the integral over the squared difference, in units of tau, for each neuron."""
        lost = math.exp(-2 * self.dt / self.tau)
        sums = self._of(kept, "total") + self._of(kept, "part")
        return (sums * (1 - lost) + self._of(kept, "gap") ** 2 * lost) / 2


@dataclass(frozen=True)
class Coincidences(TrainSums):
    """How many recorded spikes have a spike of the model near them.

    Parameters
    ----------
    window
        Largest distance in steps.
    """

    window: int

    def objects(self) -> list[BrianObject]:
        """Return the objects that keep the sums."""
        twice = 2 * self.window + 1
        code = COINCIDENCES.format(begin=self.begin, twice=twice, window=self.window)
        whole = ("came", "due", "expired", "pending", "last", "matched", "number")
        group = self._group(whole, (), f"{code}came = 0\ndue = 0\nexpired = 0")
        group.last = LONG_AGO
        return self._joined(group, {"due": 0, "expired": self.window + 1})

    def addresses(self) -> list[str]:
        """Return what must be kept of an episode."""
        return [f"{self.name}.matched", f"{self.name}.number"]

    def matched(self, kept: Kept) -> np.ndarray:
        """Return how many recorded spikes were met, for each neuron."""
        return self._of(kept, "matched")

    def number(self, kept: Kept) -> np.ndarray:
        """Return how many spikes of the model count, for each neuron."""
        return self._of(kept, "number")
