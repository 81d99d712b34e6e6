"""Who is connected to whom: dense rectangles without index arrays, or sorted lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from brian2.core.variables import ArrayVariable
from brian2.synapses.synapses import Synapses
from brian2.utils.arrays import calc_repeats

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
        Indices of both ends, counted in the parent groups: shape (n_synapses,); or, where it is
        not the network's, one row for each instance or one for all.
    dense
        Whether every pair of the two ranges is connected once, in order.
    inner
        The side of the inner loop; synapses are stored row by row with it varying fastest.
    counts
        How many synapses each row has, shape (rows,); None: the wiring is the network's.
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
    counts: np.ndarray | None = None

    @property
    def n_synapses(self) -> int:
        """The number of synapses; the largest one where instances differ."""
        return self.pre.shape[-1]

    @property
    def is_real(self) -> np.ndarray:
        """Whether a place of a row holds a synapse, shape (rows, n_synapses)."""
        counts = [self.n_synapses] if self.counts is None else self.counts
        return np.arange(self.n_synapses) < np.reshape(counts, (-1, 1))

    @property
    def transposed(self) -> bool:
        """Whether stored synapses stand in another order than Brian2's."""
        return self.dense and self.inner == "pre"

    def in_stored_order(self, values: np.ndarray) -> np.ndarray:
        """Reorder values (..., n_synapses) from Brian2's order to the stored one."""
        if not self.transposed:
            return values
        shape = values.shape[:-1]
        grid = values.reshape(*shape, self.n_pre, self.n_post)
        return np.swapaxes(grid, -1, -2).reshape(*shape, -1)

    def in_brian2_order(self, values: np.ndarray) -> np.ndarray:
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

    def size(self, side: Side) -> int:
        """Return the number of neurons of one side."""
        return self.n_pre if side == "pre" else self.n_post

    def starts(self, side: Side) -> np.ndarray:
        """Return where each neuron's synapses begin in a list sorted by it, (rows, size + 1)."""
        counts = self.degrees(side)
        return np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0))).astype(np.int32)

    def degrees(self, side: Side) -> np.ndarray:
        """Return how many synapses each neuron of one side has, (rows, size)."""
        rows = np.atleast_2d(self.ends(side))
        size, real = self.size(side), self.is_real
        return np.array(
            [np.bincount(row[kept], minlength=size) for row, kept in zip(rows, real, strict=True)]
        )

    def repeats(self) -> np.ndarray:
        """Return how many synapses of the same pair stand before each one, (rows, n_synapses)."""
        pairs = np.atleast_2d(self.pre.astype(np.int64) << 32 | self.post)
        numbers = np.array([calc_repeats(row) for row in pairs], dtype=np.int32)
        return np.where(self.is_real, numbers.reshape(pairs.shape), 0)

    def by_source(self, side: Side, then_by: np.ndarray | None = None) -> np.ndarray:
        """Return the stored places of all synapses sorted by the neuron of one side, (rows, n).

        Parameters
        ----------
        side
            Of the neuron.
        then_by
            Sorts the synapses of each neuron further, shape (rows, n_synapses) in stored order;
            those that are equal stay in Brian2's order.
        """
        places = self.position(np.arange(self.n_synapses))
        ends = np.where(self.is_real, np.atleast_2d(self.ends(side)), self.size(side))
        if then_by is None:
            return places[np.argsort(ends, axis=1, kind="stable")].astype(np.int32)
        further, ends = np.broadcast_arrays(then_by[:, places], ends)
        rows = [np.lexsort(keys) for keys in zip(further, ends, strict=True)]
        return places[np.array(rows, dtype=np.int64)].astype(np.int32)


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
    return Wiring(synapses.name, pre, post, pre_start, post_start, n_pre, n_post, dense, inner)


def is_derived(variable: ArrayVariable) -> bool:
    """Whether the values of a variable of synapses follow from their wiring."""
    counted = getattr(variable.owner, "multisynaptic_index", None)
    return variable.name in (*DERIVED, counted)


def drawn_values(wiring: Wiring | None, variable: ArrayVariable) -> np.ndarray | None:
    """Return a variable that follows from the wiring, (rows, size), where it is not the network's.

    There is one row for each instance, or one for all.
    """
    if wiring is None or wiring.counts is None or not is_derived(variable):
        return None
    derive = DERIVED.get(variable.name, Wiring.repeats)
    return np.asarray(derive(wiring), dtype=np.int32)


#: What follows from a wiring, by the name of the variable.
DERIVED: dict[str, Callable[[Wiring], np.ndarray]] = {
    "_synaptic_pre": lambda wiring: wiring.pre,
    "_synaptic_post": lambda wiring: wiring.post,
    "N": lambda wiring: wiring.is_real.sum(axis=1, keepdims=True),
    "N_outgoing": lambda wiring: wiring.degrees("pre"),
    "N_incoming": lambda wiring: wiring.degrees("post"),
}


def _range(group: object) -> tuple[int, int]:
    return int(getattr(group, "start", 0) or 0), len(group)  # type: ignore[arg-type]
