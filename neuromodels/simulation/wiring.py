"""Who is connected to whom: dense rectangles without index arrays, or sorted lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from brian2.synapses.synapses import Synapses

Side = Literal["pre", "post"]

#: Below this many neurons on one side, the longer side becomes the inner loop.
LONG_ENOUGH = 16


@dataclass(frozen=True)
class Wiring:
    """The connections of one `Synapses` object.

    Parameters
    ----------
    name
        Of the synapses.
    pre, post
        Indices of both ends, shape (n_synapses,), counted in the parent groups.
    dense
        Whether every pair of the two ranges is connected once, in order.
    inner
        The side of the inner loop; synapses are stored row by row with it varying fastest.
    """

    name: str
    pre: np.ndarray
    post: np.ndarray
    pre_start: int
    post_start: int
    n_pre: int
    n_post: int
    dense: bool
    inner: Side

    @property
    def n_synapses(self) -> int:
        return len(self.pre)

    @property
    def transposed(self) -> bool:
        """Whether stored synapses stand in another order than Brian2's."""
        return self.dense and self.inner == "pre"

    def stored(self, values: np.ndarray) -> np.ndarray:
        """Reorder values (..., n_synapses) from Brian2's order to the stored one."""
        if not self.transposed:
            return values
        shape = values.shape[:-1]
        grid = values.reshape(*shape, self.n_pre, self.n_post)
        return np.swapaxes(grid, -1, -2).reshape(*shape, -1)

    def restored(self, values: np.ndarray) -> np.ndarray:
        """Reorder values (..., n_synapses) from the stored order to Brian2's."""
        if not self.transposed:
            return values
        shape = values.shape[:-1]
        grid = values.reshape(*shape, self.n_post, self.n_pre)
        return np.swapaxes(grid, -1, -2).reshape(*shape, -1)

    def position(self, indices: np.ndarray) -> np.ndarray:
        """Return where synapses with Brian2's `indices` are stored."""
        if not self.transposed:
            return indices
        row, column = np.divmod(indices, self.n_post)
        return column * self.n_pre + row

    def ends(self, side: Side) -> np.ndarray:
        """Return the neuron of one side of each synapse, counted from the start of its range."""
        return self.pre - self.pre_start if side == "pre" else self.post - self.post_start

    def starts(self, side: Side) -> np.ndarray:
        """Return where the synapses of each neuron of one side begin in a list sorted by it."""
        size = self.n_pre if side == "pre" else self.n_post
        counts = np.bincount(self.ends(side), minlength=size)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def by_source(self, side: Side, then_by: np.ndarray | None = None) -> np.ndarray:
        """Return the stored places of all synapses sorted by the neuron of one side.

        Parameters
        ----------
        side
            Of the neuron.
        then_by
            Sorts the synapses of each neuron further, shape (n_synapses,) in stored order; those
            that are equal stay in Brian2's order.
        """
        places = self.position(np.arange(self.n_synapses))
        keys = (self.ends(side),) if then_by is None else (then_by[places], self.ends(side))
        return places[np.lexsort(keys)].astype(np.int32)


def wiring_of(synapses: Synapses, may_transpose: bool = True) -> Wiring:
    """Return the wiring of a `Synapses` object as it is now."""
    pre = np.asarray(synapses.variables["_synaptic_pre"].get_value()).copy()
    post = np.asarray(synapses.variables["_synaptic_post"].get_value()).copy()
    pre_start, n_pre = _range(synapses.source)
    post_start, n_post = _range(synapses.target)
    dense = (
        len(pre) == n_pre * n_post
        and np.array_equal(pre, pre_start + np.repeat(np.arange(n_pre), n_post))
        and np.array_equal(post, post_start + np.tile(np.arange(n_post), n_pre))
    )
    short = n_post < LONG_ENOUGH and n_post < n_pre
    inner: Side = "pre" if dense and short and (may_transpose or n_post == 1) else "post"
    return Wiring(
        synapses.name, pre, post, pre_start, post_start, n_pre, n_post, dense, inner
    )  # fmt: skip


def _range(group: object) -> tuple[int, int]:
    return int(getattr(group, "start", 0) or 0), len(group)  # type: ignore[arg-type]
