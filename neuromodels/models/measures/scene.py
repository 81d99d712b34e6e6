"""A network that is measured: what all its measures need is kept once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from brian2.core.base import BrianObject
from brian2.core.network import Network
from brian2.core.spikesource import SpikeSource
from brian2.groups.group import Group
from brian2.units.fundamentalunits import Dimension

from neuromodels.errors import DeclarationError
from neuromodels.models.measures.population_sums import PopulationSums
from neuromodels.models.measures.samples import Samples
from neuromodels.models.measures.spike_sums import SpikeSums
from neuromodels.models.names import Groups
from neuromodels.simulation.source.timing import step_at


class Scene:
    """What is kept of a run.

    Parameters
    ----------
    network
        To which the sums are added.
    groups
        Of the network, by name.
    names
        What expressions may use.
    span
        Where a run begins, and what counts of it begins and ends, in seconds.
    """

    def __init__(
        self,
        network: Network,
        groups: Groups,
        names: Mapping[str, Any],
        span: tuple[float, float, float],
    ):
        self.network = network
        self.groups, self.names = groups, names
        self.span = span
        self._spikes: dict[str, SpikeSums] = {}
        self._populations: dict[tuple[str, str, int], PopulationSums] = {}
        self._samples: dict[tuple, Samples] = {}
        self._objects: list[BrianObject] = []
        self._addresses: list[str] = []
        self._named = 0

    def steps(self, where: str, seconds: float, group: Group) -> int:
        """Return a length of time in steps of a group.

        Raises
        ------
        DeclarationError
            Where it is no whole number of them, or longer than what counts.
        """
        dt = float(group.clock.dt_)
        steps = round(seconds / dt)
        if steps < 1 or abs(steps * dt - seconds) > 1e-6 * dt:
            told = f"must be a whole number of steps of {dt:g} s"
            raise DeclarationError(where, told, f"{seconds:g} s")
        begin, end = self.steps_of(group)
        if steps > end - begin:
            told = f"must not be longer than what is measured, {(end - begin) * dt:g} s"
            raise DeclarationError(where, told, f"{seconds:g} s")
        return steps

    def source(self, where: str, name: str) -> SpikeSource:
        """Return the group of that name, whose spikes can be counted."""
        group = self.groups.find(name, where)
        if not isinstance(group, SpikeSource):
            told = "must be a group that can spike"
            raise DeclarationError(where, told, f"{name}: {type(group).__name__}")
        if "spike" not in getattr(group, "events", {"spike": ""}):
            cure = "Give the group a threshold."
            raise DeclarationError(where, "the group must have a threshold", name, cure)
        return group

    def spikes(self, where: str, name: str) -> SpikeSums:
        """Return the sums over the spikes of a group."""
        group = self.source(where, name)
        if group.name not in self._spikes:
            begin, end = self.steps_of(group)
            self._spikes[group.name] = SpikeSums(group, f"spike_sums_of_{group.name}", begin, end)
        return self._spikes[group.name]

    def population(self, where: str, name: str, window: float) -> PopulationSums:
        """Return the sums over the spikes of a group as a whole, in windows of time."""
        group = self.source(where, name)
        steps = self.steps(where, window, group)
        key = (group.name, "", steps)
        if key not in self._populations:
            begin, end = self.steps_of(group)
            label = f"population_{group.name}_{steps}"
            self._populations[key] = PopulationSums([group], label, begin, end, steps)
        return self._populations[key]

    def pair(self, where: str, names: tuple[str, str], window: float) -> PopulationSums:
        """Return the sums over the spikes of two groups, each as a whole."""
        first, second = (self.source(where, name) for name in names)
        if float(first.clock.dt_) != float(second.clock.dt_):
            told = f"{first.clock.dt} and {second.clock.dt}"
            raise DeclarationError(where, "both groups must have one dt", told)
        steps = self.steps(where, window, first)
        key = (first.name, second.name, steps)
        if key not in self._populations:
            begin, end = self.steps_of(first)
            label = f"pair_{first.name}_{second.name}_{steps}"
            self._populations[key] = PopulationSums([first, second], label, begin, end, steps)
        return self._populations[key]

    def samples(self, group: Group, expression: str, dim: Dimension, every: float) -> Samples:
        """Return the samples of an expression of a group."""
        key = (group.name, expression, every)
        if key not in self._samples:
            name = f"sample_{len(self._samples)}_of_{group.name}"
            self._samples[key] = Samples(group, expression, dim, name, every, self.span)
        return self._samples[key]

    @property
    def begin(self) -> float:
        """Where what counts begins, in seconds."""
        return self.span[1]

    @property
    def end(self) -> float:
        """Where what counts, and the run, ends, in seconds."""
        return self.span[2]

    def objects(self) -> Iterator[BrianObject]:
        """Yield the objects of the network, and those that were made for it."""
        yield from (*self.network.objects, *self._objects)

    def name_for(self, what: str, group: Group) -> str:
        """Return a name that nothing else in the network has."""
        self._named += 1
        return f"{what}_{self._named}_of_{group.name}"

    def keep(self, objects: Sequence[BrianObject], addresses: Sequence[str]) -> None:
        """Add objects of a measure to the network, and keep some of their variables."""
        self._objects += objects
        self._addresses += addresses

    def add(self) -> list[str]:
        """Add everything to the network; return the addresses of what must be kept."""
        sums: list[SpikeSums | PopulationSums]
        sums = [*self._spikes.values(), *self._populations.values()]
        for each in sums:
            self.network.add(*each.objects())
        self.network.add(*self._objects)
        for samples in self._samples.values():
            samples.add()
        for each in self.objects():  # else Brian2 warns where a model is refused before it runs
            each._network = self.network.id
        kept = [*sums, *self._samples.values()]
        return [*(a for each in kept for a in each.addresses()), *self._addresses]

    def steps_of(self, group: Group) -> tuple[int, int]:
        """Return the first step of a group that counts, and the first that counts no more."""
        _, begin, end = self.span
        return step_at(group.clock, begin), step_at(group.clock, end)
