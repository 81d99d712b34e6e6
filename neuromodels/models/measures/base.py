"""What a measure is, and the part of a run in which it measures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

if TYPE_CHECKING:
    from neuromodels.models.measures.recorded import Watched
    from neuromodels.models.measures.scene import Scene

#: Variables of all episodes at their end: by address, (episodes, size).
Kept = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Record:
    """Recorded data that a measure compares with, as sums over time.

    Parameters
    ----------
    count
        How many recorded numbers, or spikes, there are.
    sums
        Takes what is kept at a time, and this time in seconds; returns sums over all that was
        compared until then, (episodes, ...).
    value
        Returns the measure from such sums, (..., parts) to (...) or as the sums are shaped.
    """

    count: int
    sums: Callable[[Kept, float], np.ndarray]
    value: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Reading:
    """How a measure's values come from the variables that were kept.

    Parameters
    ----------
    values
        Returns them from what was kept: (episodes,), or (episodes, ...) with `axes`.
    dim
        Their unit.
    counted
        Returns how many neurons or events each value rests on, (episodes,); None: all there are.
    axes
        Names and coordinates of further axes.
    record
        The recorded data that the measure compares with; None: there is none.
    watched
        The function that works the values out of each instance's recording; None: sums suffice.
    """

    values: Callable[[Kept], np.ndarray]
    dim: Dimension = DIMENSIONLESS
    counted: Callable[[Kept], np.ndarray] | None = None
    axes: Mapping[str, np.ndarray] | None = None
    record: Record | None = None
    watched: Watched | None = None


class Measure(ABC):
    """A quantity of a network's activity."""

    @abstractmethod
    def read_in(self, scene: Scene) -> Reading:
        """Ask a scene for what must be kept, and return how to read it.

        Raises
        ------
        DeclarationError
            Where the network has nothing of that name, or it does not suit.
        """


def over_neurons(
    each: Callable[[Kept], np.ndarray],
    enough: Callable[[Kept], np.ndarray],
    dim: Dimension = DIMENSIONLESS,
) -> Reading:
    """Return the reading of a mean over neurons, and of how many it rests on.

    Parameters
    ----------
    each
        The value of each neuron, (episodes, neurons).
    enough
        Which neurons have spiked often enough to have one.
    """
    return Reading(
        lambda kept: mean_where(each(kept), enough(kept)),
        dim,
        lambda kept: enough(kept).sum(axis=-1),
    )


def mean_where(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return means over the last axis of the values that `counts` says exist; NaN for none."""
    total = np.where(counts, values, 0.0).sum(axis=-1)
    number = counts.sum(axis=-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
