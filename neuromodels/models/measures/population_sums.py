"""Sums over the spikes of whole groups, in windows of time, kept by one neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from brian2.core.base import BrianObject
from brian2.core.spikesource import SpikeSource
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses

from neuromodels.models.measures.base import Kept
from neuromodels.models.measures.spike_sums import covariance_of, follow_spikes, variance_of

BEGINNING = """
inside = int(t_in_timesteps >= {begin} and t_in_timesteps < {end})
window = (t_in_timesteps - {begin})//{steps}
same = int(window == window_now)
window_now = window
"""
EACH = """
now_{k} = now_{k}*inside
before_{k} = before_{k}*same
squares_{k} += now_{k}*(2*before_{k} + now_{k})
"""
PRODUCT = """
products += now_0*before_1 + now_1*before_0 + now_0*now_1
"""
END = """
before_{k} += now_{k}
sum_{k} += now_{k}
now_{k} = 0
"""


@dataclass(frozen=True)
class PopulationSums:
    """Counts of all spikes of one or two groups, window after window.

    The sums are whole numbers. In each step, the squares and products of the counts grow by what
    the new spikes of that step add to them.

    Parameters
    ----------
    sources
        One group, or two.
    begin, end
        First step that counts, and the first that counts no more.
    steps
        Length of a window.
    """

    sources: Sequence[SpikeSource]
    name: str
    begin: int
    end: int
    steps: int

    @property
    def windows(self) -> int:
        """How many whole windows there are."""
        return (self.end - self.begin) // self.steps

    def objects(self) -> list[BrianObject]:
        """Return the objects that keep the sums."""
        numbers = range(len(self.sources))
        whole = [f"{n}_{k}" for k in numbers for n in ("now", "before", "squares", "sum")]
        whole += ["window_now", *(["products"] if len(self.sources) > 1 else [])]
        sums = NeuronGroup(
            1,
            "\n".join(f"{name} : integer" for name in whole),
            dtype=dict.fromkeys(whole, np.int64),
            clock=self.sources[0].clock,
            name=self.name,
            namespace={},
        )
        sums.run_regularly(self._code(), when="end", name=f"{self.name}_step")
        counting = [self._counting(k, source, sums) for k, source in enumerate(self.sources)]
        return [sums, *counting]

    def _code(self) -> str:
        last = self.begin + self.windows * self.steps
        parts = [BEGINNING.format(begin=self.begin, end=last, steps=self.steps)]
        numbers = range(len(self.sources))
        parts += [EACH.format(k=k) for k in numbers]
        parts += [PRODUCT] if len(self.sources) > 1 else []
        return "".join([*parts, *(END.format(k=k) for k in numbers)])

    def _counting(self, k: int, source: SpikeSource, sums: NeuronGroup) -> Synapses:
        name = f"{self.name}_count_{k}"
        code = f"now_{k}_post += 1"
        clock = source.clock
        synapses = Synapses(source, sums, on_pre=code, clock=clock, name=name, namespace={})
        follow_spikes(synapses)
        synapses.connect()
        return synapses

    def addresses(self) -> list[str]:
        """Return what must be kept of an episode."""
        names = [f"{name}_{k}" for k in range(len(self.sources)) for name in ("squares", "sum")]
        names += ["products"] if len(self.sources) > 1 else []
        return [f"{self.name}.{name}" for name in names]

    def _whole(self, kept: Kept, name: str) -> np.ndarray:
        """Return one of the sums, (episodes,)."""
        return np.asarray(kept[f"{self.name}.{name}"]).astype(np.int64)[:, 0]

    def spikes(self, kept: Kept) -> np.ndarray:
        """Return the number of spikes of each group, (episodes, groups)."""
        numbers = range(len(self.sources))
        return np.stack([self._whole(kept, f"sum_{k}") for k in numbers], axis=1)

    def variance(self, kept: Kept, k: int = 0) -> np.ndarray:
        """Return the variance of the counts over windows, all windows being known."""
        total, squares = self._whole(kept, f"sum_{k}"), self._whole(kept, f"squares_{k}")
        return variance_of(total, squares, self.windows)

    def covariance(self, kept: Kept) -> np.ndarray:
        """Return the covariance of the counts of two groups over windows."""
        one, other = self.spikes(kept).T
        return covariance_of(one, other, self._whole(kept, "products"), self.windows)
