"""P values of several tests at once: which of them still hold, by Holm and by the largest t."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.permutations import TIE, share_as_large, sign_flips


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number, in their order (Holm 1979).

    Call those below a level failures: the probability that any right one is among them is at most
    the level.
    """
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=float)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(p) for p in corrected]


@dataclass(frozen=True)
class Contrasts:
    """What a test of several contrasts at once says of each.

    Parameters
    ----------
    differences
        Mean of each contrast, (contrasts,).
    t
        Its Student's t.
    p
        Corrected two-sided p values.
    seeds
        How many pairs each contrast has.
    """

    differences: np.ndarray
    t: np.ndarray
    p: np.ndarray
    seeds: int


def max_t(differences: np.ndarray) -> Contrasts:
    """Test several contrasts of the same seeds at once, by flips of the signs of whole seeds.

    A seed's contrasts flip together, which keeps what they share. The largest t of each flip then
    says how large one becomes by chance: steps down as of Westfall and Young (1993). At most at the
    level any contrast without an effect is called one. Where contrasts share a reference it finds
    more than Holm.

    Parameters
    ----------
    differences
        Differences of pairs, (seeds, contrasts).

    Raises
    ------
    ValueError
        Fewer than two seeds, no contrast, or what is not finite.
    """
    values = np.asarray(differences, dtype=float)
    if values.ndim != 2 or values.shape[0] < 2 or not values.size or not np.isfinite(values).all():
        told = "must be finite, (seeds, contrasts), of two seeds or more"
        raise ValueError(f"differences {told}; got shape {values.shape}")
    seeds = len(values)
    flipped = _student(sign_flips(seeds) @ values, values)
    return Contrasts(values.mean(axis=0), flipped[0], step_down(np.abs(flipped)), seeds)


def _student(sums: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return t of flipped values from their sums, (flips, contrasts): squares do not flip.

    Values without spread have an infinite t, and zeros one of 0.
    """
    seeds = len(values)
    squares = (values**2).sum(axis=0)
    variance = np.maximum(squares - sums**2 / seeds, 0.0) / (seeds - 1)
    variance[variance <= TIE**2 * np.maximum(squares, 1e-300)] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        t = sums / np.sqrt(seeds * variance)
    return np.where(sums == 0, 0.0, t)


def step_down(sizes: np.ndarray) -> np.ndarray:
    """Return corrected p values of sizes of t, (permutations, tests); the first row is the data."""
    order = np.argsort(-sizes[0], kind="stable")
    largest = np.maximum.accumulate(sizes[:, order[::-1]], axis=1)[:, ::-1]
    steps = share_as_large(largest)
    p = np.empty(len(order))
    p[order] = np.maximum.accumulate(steps)
    return p
