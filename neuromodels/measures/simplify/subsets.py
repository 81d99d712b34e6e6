"""Which of a rule's terms suffice: all subsets of a few, one after the other of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

MOST_LISTED = 7
"""Terms of which all subsets are tried, 127 of seven; of more, terms are left out one by one."""
Subset = tuple[str, ...]
Scores = Callable[[Sequence[Subset]], np.ndarray]
"""Returns the scores of subsets of the terms, (subsets,)."""


def smallest_subset(terms: Subset, scores: Scores, floor: float) -> Subset:
    """Return the fewest terms whose score is not below a floor.

    Parameters
    ----------
    terms
        All terms, whose own score is not below the floor.
    scores
        Scores of subsets, all on the same trials.
    floor
        The lowest score that will do.

    Returns
    -------
    tuple of str
        Of several of that size the best one, in the order of `terms`. Up to `MOST_LISTED` terms it
        is the smallest there is. Beyond, terms are left out one by one, always the one that costs
        least; a smaller set that no such way leads to is not found.
    """
    if len(terms) <= MOST_LISTED:
        return _smallest_of_all(terms, scores, floor)
    return _left_by_elimination(terms, scores, floor)


def _smallest_of_all(terms: Subset, scores: Scores, floor: float) -> Subset:
    subsets = [each for size in range(1, len(terms)) for each in combinations(terms, size)]
    if not subsets:
        return terms
    found = scores(subsets)
    good = [(len(each), -s, each) for each, s in zip(subsets, found, strict=True) if s >= floor]
    return min(good)[2] if good else terms


def _left_by_elimination(terms: Subset, scores: Scores, floor: float) -> Subset:
    kept = terms
    while len(kept) > 1:
        shorter = [tuple(t for t in kept if t != left_out) for left_out in kept]
        found = scores(shorter)
        best = int(np.argmax(found))
        if not found[best] >= floor:
            return kept
        kept = shorter[best]
    return kept
