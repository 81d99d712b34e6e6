"""Sums over spikes that a network keeps while it runs, one synapse for each neuron that is watched.

All sums are whole numbers of steps and spikes, so they are exact in both precisions and cost
something only where a neuron fires. A window of time is noticed at the first spike after it has
ended: empty windows add nothing to a sum of squares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.core.base import BrianObject
from brian2.core.spikesource import SpikeSource
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses

from neuromodels.models.measures.base import Kept

TIME = """
inside = int(t_in_timesteps >= {begin} and t_in_timesteps < {end})
"""
WINDOW_TIME = """
window_now_{steps} = (t_in_timesteps - {begin})//{steps}
whole_{steps} = inside*int(window_now_{steps} < {windows})
"""
BEGINNING = """
gap = t_in_timesteps - last
follows = inside*int(count > 0)
"""
GAPS = """
gap_sum += follows*gap
gap_squares += follows*gap*gap
"""
PAIRS = """
again = follows*int(count > 1)
change = abs(gap - gap_before)/clip(1.0*(gap + gap_before), 1, 1e18)
cv2 += again*2*change
lv += again*3*change**2
gap_before += follows*(gap - gap_before)
"""
SHORT = """
short_{steps} += follows*int(gap <= {steps})
"""
WINDOW = """
before_{steps} = before_{steps}*int(window_now_{steps} == window_{steps})
window_{steps} = window_now_{steps}
squares_{steps} += whole_{steps}*(2*before_{steps} + 1)
counted_{steps} += whole_{steps}
before_{steps} += inside
"""
END = """
last += inside*(t_in_timesteps - last)
count += inside
"""
WHOLE = {
    "gaps": ("gap_sum", "gap_squares"),
    "pairs": ("gap_before",),
    "short": ("short_{steps}",),
    "window": ("before_{steps}", "window_{steps}", "squares_{steps}", "counted_{steps}"),
}
REAL = {"pairs": ("cv2", "lv")}
CODE = {"gaps": GAPS, "pairs": PAIRS, "short": SHORT, "window": WINDOW}
OF_TIME = {"window": WINDOW_TIME}


@dataclass
class SpikeSums:
    """What is summed over the spikes of one group.

    Parameters
    ----------
    source
        The group, or a part of it.
    begin, end
        First step that counts, and the first that counts no more.
    """

    source: SpikeSource
    name: str
    begin: int
    end: int
    wanted: dict[tuple[str, int], None] = field(default_factory=dict)

    @property
    def dt(self) -> float:
        """Length of a step in seconds."""
        return float(self.source.clock.dt_)

    @property
    def seconds(self) -> float:
        """Length of what counts."""
        return (self.end - self.begin) * self.dt

    def want(self, sums: str, steps: int = 0) -> None:
        """Ask for further sums: ``gaps``, ``pairs``, ``short`` or ``window``."""
        self.wanted[sums, steps] = None

    def windows(self, steps: int) -> int:
        """Return how many whole windows of so many steps there are."""
        return (self.end - self.begin) // steps

    # ---------------------------------------------------------------------------- Brian2 objects

    def objects(self) -> list[BrianObject]:
        """Return the objects that keep the sums."""
        clock = self.source.clock  # else `t` of the synapses would be that of another clock
        sink = NeuronGroup(1, "unused : 1", clock=clock, name=f"{self.name}_sink", namespace={})
        whole = ["count", "last", *self._names(WHOLE)]
        model = [*(f"{name} : integer" for name in whole), *(f"{n} : 1" for n in self._names(REAL))]
        synapses = Synapses(
            self.source,
            sink,
            "\n".join(model),
            on_pre=self._code(),
            dtype=dict.fromkeys(whole, np.int64),
            clock=clock,
            name=self.name,
            namespace={},
        )
        follow_spikes(synapses)
        synapses.connect(i=np.arange(len(self.source)), j=0)
        return [sink, synapses]

    def _names(self, kinds: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
        for sums, steps in self.wanted:
            yield from (name.format(steps=steps) for name in kinds.get(sums, ()))

    def _code(self) -> str:
        """Return what a spike does: what depends on the time alone comes first."""
        texts = [(TIME, 0), *((OF_TIME[s], n) for s, n in self.wanted if s in OF_TIME)]
        texts += [(BEGINNING, 0), *((CODE[sums], steps) for sums, steps in self.wanted)]
        return "".join(self._filled(text, steps) for text, steps in [*texts, (END, 0)])

    def _filled(self, text: str, steps: int) -> str:
        windows = self.windows(steps) if steps else 0
        return text.format(begin=self.begin, end=self.end, steps=steps, windows=windows)

    # ----------------------------------------------------------------------------------- reading

    def addresses(self) -> list[str]:
        """Return what must be kept of an episode."""
        read = [n for n in self._names(WHOLE) if not n.startswith(("before_", "window_", "gap_b"))]
        return [f"{self.name}.{name}" for name in ("count", *read, *self._names(REAL))]

    def of(self, kept: Kept, name: str) -> np.ndarray:
        """Return one of the sums, (episodes, neurons), as real numbers."""
        return np.asarray(kept[f"{self.name}.{name}"], dtype=float)

    def whole(self, kept: Kept, name: str) -> np.ndarray:
        """Return one of the sums, (episodes, neurons), as whole numbers."""
        return np.asarray(kept[f"{self.name}.{name}"]).astype(np.int64)

    def gaps(self, kept: Kept) -> np.ndarray:
        """Return the number of intervals between spikes, (episodes, neurons)."""
        return np.maximum(self.whole(kept, "count") - 1, 0)


def follow_spikes(synapses: Synapses) -> None:
    """Let synapses act right after their source has fired, whatever the network's schedule."""
    source = getattr(synapses.source, "source", synapses.source)  # of a part: the whole
    firing = source.thresholder["spike"] if hasattr(source, "thresholder") else source
    synapses.pre.when, synapses.pre.order = firing.when, firing.order + 1


def variance_of(total: np.ndarray, squares: np.ndarray, number: Any) -> np.ndarray:
    """Return the variance of whole numbers from their sum, that of their squares, and their number.

    Only whole numbers are subtracted, so that equal numbers have no variance at all.
    """
    return covariance_of(total, total, squares, number)


def covariance_of(
    one: np.ndarray, other: np.ndarray, products: np.ndarray, number: Any
) -> np.ndarray:
    """Return the covariance of so many pairs, from both sums and that of the products."""
    middle, middle_other = one // number, other // number
    rest, rest_other = one - number * middle, other - number * middle_other
    about = products - middle * other - middle_other * one + number * middle * middle_other
    return about / number - (rest / number) * (rest_other / number)
