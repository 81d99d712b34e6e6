"""Spikes of a generator that differ between instances: neurons and steps, in rows of one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neuromodels.simulation.arrays.layout import Array

#: The step of places that hold no spike: none ever comes to it.
NEVER = np.iinfo(np.int32).max

#: A row has room for so many spikes at least; each length is a program of its own.
LEAST_ROOM = 16


@dataclass(frozen=True)
class GivenSpikes:
    """Spikes of one generator.

    Parameters
    ----------
    neurons, steps
        Which neuron fires in which step, (1, n) for all instances or (lists, n), sorted by
        step; places behind the last spike hold the step `NEVER`.
    list_of
        The list of each instance, shape (instances,); None: list 0 is the first one's, and so on.
    """

    neurons: np.ndarray
    steps: np.ndarray
    list_of: np.ndarray | None = None

    def in_place_of(self, array: Array) -> Array:
        """Return an array of the generator with these spikes."""
        name = getattr(array.variable, "name", "")
        if name == "_lastindex":
            return replace(array, initial=np.zeros_like(array.initial))
        found = {"neuron_index": self.neurons, "_timebins": self.steps}.get(name)
        if found is None:
            return array
        rows = found if len(found) > 1 else None
        return replace(array, initial=found[0], rows=rows, row_of=self.list_of)


def given_spikes(
    rows: Sequence[tuple[np.ndarray, np.ndarray]], list_of: np.ndarray | None = None
) -> GivenSpikes:
    """Return spikes from neurons and steps of each row, in any order."""
    longest = max((len(neurons) for neurons, _ in rows), default=0)
    room = max(LEAST_ROOM, 1 << max(longest - 1, 0).bit_length())
    neurons = np.zeros((len(rows), room), dtype=np.int32)
    steps = np.full((len(rows), room), NEVER, dtype=np.int32)
    for row, (who, when) in enumerate(rows):
        order = np.lexsort((who, when))
        neurons[row, : len(who)], steps[row, : len(who)] = who[order], when[order]
    return GivenSpikes(neurons, steps, list_of)
