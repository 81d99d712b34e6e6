"""Where a search was, generation after generation: its centre at the test points, for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

MOST = 128
"""Intervals between centres at most; beyond, every other centre is forgotten."""


def centres_path(folder: Path, condition: str, seed: int) -> Path:
    """Return where the centres of a search lie."""
    return folder / "centres" / f"{condition}-seed{seed}.npz"


def with_centre(
    stored: Mapping[str, np.ndarray] | None, generation: int, centre: np.ndarray, every: int
) -> dict[str, np.ndarray]:
    """Return stored centres and one more.

    What is there of later generations belongs to an earlier life of the search and is dropped. What
    is kept depends on `generation` alone, so that a search that was stopped keeps the same.

    Parameters
    ----------
    stored
        ``generations`` (k,) and ``centres`` (k, d), or None.
    generation
        How many generations are finished, a multiple of `every`.
    every
        Generations between test points.
    """
    stride = every
    while generation > MOST * stride:
        stride *= 2
    generations, centres = np.zeros(0, dtype=int), np.zeros((0, centre.size), dtype=np.float32)
    if stored is not None:
        kept = (stored["generations"] < generation) & (stored["generations"] % stride == 0)
        generations, centres = stored["generations"][kept], stored["centres"][kept]
    return {
        "generations": np.append(generations, generation),
        "centres": np.vstack([centres, centre.astype(np.float32)]),
    }
