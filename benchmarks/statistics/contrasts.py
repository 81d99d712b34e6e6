"""Twelve settings against one reference at once: what Holm and the largest t find and invent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from populations import POPULATIONS
from scipy import special

from neuromodels.analysis.corrections import holm, max_t
from neuromodels.analysis.permutations import share_as_large, sign_flips
from neuromodels.seeding import generator

CONTRASTS, SEEDS = 12, 12
SIZES = (1.0, 1.5)
"""Of effects: the mean of a difference over its standard deviation."""

Corrected = Callable[[np.ndarray], np.ndarray]


def p_of_flips(differences: np.ndarray) -> list[float]:
    """Return p of `neuromodels.analysis.comparisons.sign_flip` of each contrast, all at once."""
    return list(share_as_large(np.abs(sign_flips(SEEDS) @ differences)))


def p_of_student(differences: np.ndarray) -> list[float]:
    """Return the p values of paired t tests."""
    errors = differences.std(axis=0, ddof=1) / np.sqrt(SEEDS)
    return list(2 * special.stdtr(SEEDS - 1, -np.abs(differences.mean(axis=0) / errors)))


METHODS: dict[str, Corrected] = {
    "Holm of sign flips": lambda d: np.array(holm(p_of_flips(d))),
    "Holm of paired t": lambda d: np.array(holm(p_of_student(d))),
    "max-T": lambda d: max_t(d).p,
}


def differences_of(data: str, sets: int) -> np.ndarray:
    """Return differences of settings from a reference they share, (sets, seeds, contrasts)."""
    rng = generator(0, "contrasts", data)
    scores = POPULATIONS[data].draw(rng, (sets, SEEDS, CONTRASTS + 1))
    return scores[..., 1:] - scores[..., :1]


def contrast_rows(sets: int) -> Iterator[tuple[str, str, str, int, int, float]]:
    """Return how often any of no effects is seen, and which part of true ones.

    Effects are in a quarter of the contrasts, or in all.
    """
    for data in ("normal", "stuck"):
        differences = differences_of(data, sets)
        spread = float(differences.std())
        for method, corrected in METHODS.items():
            seen = [(corrected(d) < 0.05).any() for d in differences]
            yield "12 contrasts, any false", method, data, SEEDS, sets, float(np.mean(seen))
            for size in SIZES:
                for count in (3, CONTRASTS):
                    shift = np.where(np.arange(CONTRASTS) < count, size * spread, 0.0)
                    found = [(corrected(d + shift)[:count] < 0.05).mean() for d in differences]
                    table = f"12 contrasts, {count} of {size:g}"
                    yield table, method, data, SEEDS, sets, float(np.mean(found))
