"""Every way to flip signs or to split values in two, or a random part of them where too many."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np

from neuromodels.seeding import generator

MOST_LISTED = 70_000
"""Permutations that are listed at most: flips of 17 pairs, or splits of 18 values in halves."""
DRAWN = 10_000
"""Permutations drawn where the list would be longer, always the same ones."""
TIE = 1e-9
"""Relative difference within which two statistics count as equal: rounding must not break ties."""


def splits_are_listed(n: int, m: int) -> bool:
    """Whether all splits into groups of `n` and `m` are listed."""
    return comb(n + m, n) <= MOST_LISTED


@lru_cache(maxsize=4)
def sign_flips(pairs: int) -> np.ndarray:
    """Return signs 1 and -1, (flips, pairs), the first row without a flip.

    The last pair is never flipped: to flip all others has the same size, with the other sign.
    """
    if 2 ** (pairs - 1) <= MOST_LISTED:
        codes = np.arange(2 ** (pairs - 1))[:, None] >> np.arange(pairs)
        return _read_only(1.0 - 2.0 * (codes & 1))
    drawn = 1.0 - 2.0 * generator(0, "sign flips").integers(2, size=(DRAWN + 1, pairs))
    drawn[0] = 1.0
    return _read_only(drawn)


@lru_cache(maxsize=4)
def splits(n: int, m: int) -> np.ndarray:
    """Return which of ``n + m`` values fall into the first group, (splits, n + m), as 1 and 0.

    The first row has the first `n`. In groups of one size the first value stays in the first: to
    exchange both groups has the same size, with the other sign.
    """
    if splits_are_listed(n, m):
        chosen = np.array(list(combinations(range(n + m), n)))
        chosen = chosen[: len(chosen) // 2] if n == m else chosen
        first = np.zeros((len(chosen), n + m))
        np.put_along_axis(first, chosen, 1.0, axis=1)
        return _read_only(first)
    first = np.zeros((DRAWN + 1, n + m))
    first[:, :n] = 1.0
    first[1:] = generator(0, "splits").permuted(first[1:], axis=1)
    return _read_only(first)


def share_as_large(sizes: np.ndarray) -> np.ndarray:
    """Return the p value of the first of sizes, (permutations, ...), large ones being rare.

    The first is that of the data. It is one of the permutations, so that p is never 0 and the test
    keeps its level (Phipson and Smyth 2010) whether they are listed or drawn.
    """
    return (sizes >= sizes[0] * (1 - TIE) - TIE**2).mean(axis=0)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
