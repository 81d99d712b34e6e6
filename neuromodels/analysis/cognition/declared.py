"""What a cognitive value is: what it says, its formula, its unit, and what a null network has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

ABILITIES = (
    "performance",
    "working memory",
    "learning",
    "flexibility",
    "generalisation",
    "adaptability",
    "interference",
    "network state",
)
"""What values are about, in the order of tables."""


@dataclass(frozen=True)
class CognitiveValue:
    """A number that says how much of a cognitive ability a network has.

    Parameters
    ----------
    name
        As in tables.
    ability
        One of `ABILITIES`.
    about
        What it says, in one line.
    formula
        How it is computed, in the symbols of its function.
    unit
        ``"1"`` for a ratio or a share.
    null
        What a network has that answers by chance; None where it has none, as for 0/0.
    reference
        Where the value comes from.
    compute
        The function.
    """

    name: str
    ability: str
    about: str
    formula: str
    unit: str
    null: float | None
    reference: str
    compute: Callable[..., Any]


LEAST = 0.05
"""A score that lies less above chance than this has nothing to keep or to transfer."""


def above_chance(score: Any, reference: Any, chance: float, least: float = LEAST) -> Any:
    """Return which part of another score's distance from chance a score has.

    It is ``(score - chance)/(reference - chance)``, for arrays elementwise; not-a-number where the
    reference is less than `least` above chance. A ratio to such a distance would be noise.
    """
    distance = np.asarray(reference, dtype=float) - chance
    is_above = (distance > 0) & (distance >= least)
    found = np.where(is_above, np.asarray(score) - chance, np.nan) / np.where(is_above, distance, 1)
    return float(found) if found.ndim == 0 else found
