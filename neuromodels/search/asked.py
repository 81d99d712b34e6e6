"""Candidates whose losses are awaited, by the bytes of their rows: for optimizers of others."""

from __future__ import annotations

from collections import Counter

import numpy as np

from neuromodels.errors import DeclarationError

type Asked[T] = dict[bytes, list[T]]
"""By row, what an optimizer knows of the candidates that were asked for."""


def note[T](asked: Asked[T], xs: np.ndarray, known: list[T], kept: int) -> None:
    """Await the losses of candidates (n, d), and of the latest `kept` rows only."""
    for row, each in zip(xs, known, strict=True):
        asked.setdefault(row.tobytes(), []).append(each)
    for lost in list(asked)[: max(len(asked) - max(kept, len(xs)), 0)]:
        del asked[lost]


def take[T](name: str, asked: Asked[T], xs: np.ndarray) -> list[T]:
    """Return what is known of candidates, whose losses are then no longer awaited.

    Raises
    ------
    DeclarationError
        Where one was not asked for, or was told before; `name` is the optimizer's.
    """
    rows = [row.tobytes() for row in np.ascontiguousarray(xs, dtype=float)]
    if any(count > len(asked.get(row, ())) for row, count in Counter(rows).items()):
        raise DeclarationError(
            f"{name}.tell",
            "xs must be candidates that ask returned, each told once",
            cure="Tell the very array, without rounding it to single precision.",
        )
    taken = [asked[row].pop(0) for row in rows]
    for row in {row for row in rows if not asked[row]}:
        del asked[row]
    return taken
