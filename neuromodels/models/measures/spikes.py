"""Measures of spikes: rates, intervals, counts in windows, synchrony."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.units import hertz, ms, second

from neuromodels.models.measures.base import Kept, Measure, Reading, over_neurons
from neuromodels.models.measures.scene import Scene
from neuromodels.models.measures.spike_sums import SpikeSums, variance_of
from neuromodels.simulation.source.timing import checked_seconds


def _mean(sums: SpikeSums, kept: Kept) -> np.ndarray:
    """Return the mean of each neuron's intervals, in steps."""
    return sums.of(kept, "gap_sum") / np.maximum(sums.gaps(kept), 1)


def _variance(sums: SpikeSums, kept: Kept) -> np.ndarray:
    """Return the variance of each neuron's intervals, in steps squared."""
    total, squares = sums.whole(kept, "gap_sum"), sums.whole(kept, "gap_squares")
    return variance_of(total, squares, np.maximum(sums.gaps(kept), 1))


@dataclass(frozen=True)
class Rate(Measure):
    """Spikes per neuron and second.

    Parameters
    ----------
    group
        Whose.
    """

    group: str

    def read_in(self, scene: Scene) -> Reading:
        """Count the spikes of each neuron."""
        sums = scene.spikes("Rate", self.group)
        return Reading(lambda kept: sums.of(kept, "count").mean(axis=1) / sums.seconds, hertz.dim)


@dataclass(frozen=True)
class MeanInterval(Measure):
    """Mean interval between the spikes of a neuron, as a mean over the neurons that have one.

    Parameters
    ----------
    group
        Whose.
    """

    group: str

    def read_in(self, scene: Scene) -> Reading:
        """Sum the intervals of each neuron."""
        sums = scene.spikes("MeanInterval", self.group)
        sums.want("gaps")

        return over_neurons(
            lambda kept: _mean(sums, kept) * sums.dt,
            lambda kept: sums.gaps(kept) >= 1,
            second.dim,
        )


@dataclass(frozen=True)
class IntervalCV(Measure):
    """Coefficient of variation of the intervals between spikes: standard deviation over mean.

    It is the mean over neurons with two intervals or more.

    Parameters
    ----------
    group
        Whose.
    """

    group: str

    def read_in(self, scene: Scene) -> Reading:
        """Sum the intervals of each neuron and their squares."""
        sums = scene.spikes("IntervalCV", self.group)
        sums.want("gaps")

        def each(kept: Kept) -> np.ndarray:
            mean = _mean(sums, kept)
            return np.sqrt(_variance(sums, kept)) / np.where(mean > 0, mean, 1)

        return over_neurons(each, lambda kept: sums.gaps(kept) >= 2)


@dataclass(frozen=True)
class _OfPairs(Measure):
    """A measure of each two intervals in a row, as a mean over neurons with such a pair."""

    group: str

    def _reading(self, scene: Scene, name: str) -> Reading:
        sums = scene.spikes(type(self).__name__, self.group)
        sums.want("pairs")

        return over_neurons(
            lambda kept: sums.of(kept, name) / np.maximum(sums.gaps(kept) - 1, 1),
            lambda kept: sums.gaps(kept) >= 2,
        )


@dataclass(frozen=True)
class CV2(_OfPairs):
    """Local variation of intervals that follow each other: mean of ``2*|a - b|/(a + b)``.

    Holt et al., J. Neurophysiol. 75 (1996), equation 1. It is the mean over neurons with two
    intervals or more.

    Parameters
    ----------
    group
        Whose.
    """

    def read_in(self, scene: Scene) -> Reading:
        """Sum over pairs of intervals."""
        return self._reading(scene, "cv2")


@dataclass(frozen=True)
class LV(_OfPairs):
    """Local variation of intervals that follow each other: mean of ``3*((a - b)/(a + b))**2``.

    Shinomoto et al., Neural Comput. 15 (2003), equation 2.2. It is the mean over neurons with two
    intervals or more.

    Parameters
    ----------
    group
        Whose.
    """

    def read_in(self, scene: Scene) -> Reading:
        """Sum over pairs of intervals."""
        return self._reading(scene, "lv")


@dataclass(frozen=True)
class BurstIndex(Measure):
    """Share of intervals that are not longer than `longest`, as a mean over neurons.

    Parameters
    ----------
    group
        Whose.
    longest
        Longest interval within a burst.
    """

    group: str
    longest: Any = field(default_factory=lambda: 10 * ms)

    def read_in(self, scene: Scene) -> Reading:
        """Count the short intervals of each neuron."""
        sums = scene.spikes("BurstIndex", self.group)
        longest = checked_seconds("BurstIndex.longest", self.longest)
        steps = int(np.floor(longest / sums.dt * (1 + 1e-9)))
        sums.want("short", steps)

        return over_neurons(
            lambda kept: sums.of(kept, f"short_{steps}") / np.maximum(sums.gaps(kept), 1),
            lambda kept: sums.gaps(kept) >= 1,
        )


@dataclass(frozen=True)
class FanoFactor(Measure):
    """Variance over mean of a neuron's spike counts in windows, as a mean over neurons that fire.

    Parameters
    ----------
    group
        Whose.
    window
        Length of a window; what is left at the end of the measured time does not count.
    """

    group: str
    window: Any = field(default_factory=lambda: 100 * ms)

    def read_in(self, scene: Scene) -> Reading:
        """Sum the squares of each neuron's counts."""
        sums = scene.spikes("FanoFactor", self.group)
        window = checked_seconds("FanoFactor.window", self.window)
        steps = scene.steps("FanoFactor.window", window, sums.source)
        sums.want("window", steps)

        def each(kept: Kept) -> np.ndarray:
            mean, variance = counts_in_windows(sums, steps, kept)
            return variance / np.where(mean > 0, mean, 1)

        return over_neurons(each, lambda kept: sums.whole(kept, f"counted_{steps}") > 0)


def counts_in_windows(sums: SpikeSums, steps: int, kept: Kept) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance over windows of each neuron's counts, (episodes, neurons)."""
    windows = sums.windows(steps)
    total, squares = sums.whole(kept, f"counted_{steps}"), sums.whole(kept, f"squares_{steps}")
    return total / windows, variance_of(total, squares, windows)


@dataclass(frozen=True)
class Synchrony(Measure):
    """How much neurons fire together: variance of the mean count over the mean variance.

    Spikes are counted in windows. The measure is the square of chi of Golomb and Rinzel (Phys. Rev.
    E 48, 1993, equation 5), with counts in place of voltages: 1 where all neurons do the same,
    about one over their number where each fires on its own.

    Parameters
    ----------
    group
        Whose.
    window
        Length of a window; what is left at the end of the measured time does not count.
    """

    group: str
    window: Any = field(default_factory=lambda: 5 * ms)

    def read_in(self, scene: Scene) -> Reading:
        """Sum the squares of each neuron's counts, and of those of the group."""
        window = checked_seconds("Synchrony.window", self.window)
        whole = scene.population("Synchrony", self.group, window)
        sums = scene.spikes("Synchrony", self.group)
        steps = scene.steps("Synchrony.window", window, sums.source)
        sums.want("window", steps)
        size = len(sums.source)

        def values(kept: Kept) -> np.ndarray:
            single = counts_in_windows(sums, steps, kept)[1].mean(axis=1)
            together = whole.variance(kept) / size**2
            return np.where(single > 0, together / np.where(single > 0, single, 1), np.nan)

        return Reading(
            values, counted=lambda kept: (sums.whole(kept, f"counted_{steps}") > 0).sum(axis=1)
        )


@dataclass(frozen=True)
class Correlation(Measure):
    """Pearson's correlation of the spike counts of two groups, each as a whole.

    Parameters
    ----------
    first, second
        The groups.
    window
        Length of the windows in which spikes are counted.
    """

    first: str
    second: str
    window: Any = field(default_factory=lambda: 5 * ms)

    def read_in(self, scene: Scene) -> Reading:
        """Sum squares and products of both counts."""
        window = checked_seconds("Correlation.window", self.window)
        sums = scene.pair("Correlation", (self.first, self.second), window)

        def values(kept: Kept) -> np.ndarray:
            scale = np.sqrt(sums.variance(kept, 0) * sums.variance(kept, 1))
            return np.where(
                scale > 0, sums.covariance(kept) / np.where(scale > 0, scale, 1), np.nan
            )

        return Reading(values, counted=lambda kept: sums.spikes(kept).min(axis=1))
