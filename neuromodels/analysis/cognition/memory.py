"""Working memory: how long a sequence, how long a delay, and which of its items."""

from __future__ import annotations

import numpy as np

CRITERION = 0.75
"""Share of items that counts as remembered: half way between chance and certainty for two."""
LONGEST = 50
"""Half lives are sought within this factor of the range of delays."""
PARTS = 3
"""A sequence has a beginning, a middle and an end of about equal length."""


def span(lengths: np.ndarray, scores: np.ndarray, criterion: float = CRITERION) -> float:
    """Return the length of sequence at which recall falls to a criterion.

    Parameters
    ----------
    lengths, scores
        Lengths, ascending, and the share of items recalled of each, (lengths,).

    Returns
    -------
    float
        Between the longest that is held and the next by linear interpolation; shorter ones need
        not be held, as by a rule that was searched on one length. 0 where none is held; the longest
        where that is, which then is a lower bound: see `is_bound`.
    """
    lengths, scores = _curve(lengths, scores)
    held = np.flatnonzero(scores >= criterion)
    if not held.size:
        return 0.0
    last = int(held[-1])
    if last == len(lengths) - 1:
        return float(lengths[-1])
    part = (scores[last] - criterion) / (scores[last] - scores[last + 1])
    return float(lengths[last] + part * (lengths[last + 1] - lengths[last]))


def is_bound(scores: np.ndarray, criterion: float = CRITERION) -> bool:
    """Whether a span is only a lower bound, because the longest is held."""
    return bool(np.asarray(scores)[-1] >= criterion)


def retention_half_life(delays: np.ndarray, scores: np.ndarray, chance: float) -> float:
    """Return the delay after which half of what is above chance is left.

    The fit is ``score = chance + a*2**(-delay/half_life)`` by least squares, with ``a`` and the
    half life above 0.

    Parameters
    ----------
    delays, scores
        At least three delays, (delays,), and the share recalled after each.

    Returns
    -------
    float
        In the unit of the delays. Infinite where scores do not fall, or hardly: no half life above
        `LONGEST` times the range of delays is told from that. Not-a-number where none is
        above chance, or where fewer than three delays do not tell a curve from a line.
    """
    delays, scores = _curve(delays, scores)
    above = scores - chance
    if len(delays) < 3 or not (above > 0).any():
        return float("nan")
    return _fitted_half_life(delays, above)


def _fitted_half_life(delays: np.ndarray, above: np.ndarray) -> float:
    """Return the half life of the best curve: for each half life the best height is a ratio."""
    from scipy.optimize import minimize_scalar  # takes a third of a second

    def misfit(log_life: float) -> float:
        shape = 2.0 ** (-delays / np.exp(log_life))
        height = max(float(shape @ above) / float(shape @ shape), 0.0)
        return float(((above - height * shape) ** 2).sum())

    width = float(np.ptp(delays))
    grid = np.log(width) + np.linspace(-1, 1, 81) * np.log(LONGEST)
    best = int(np.argmin([misfit(each) for each in grid]))
    if best == len(grid) - 1:
        return float("inf")
    low, high = grid[max(best - 1, 0)], grid[best + 1]
    return float(np.exp(minimize_scalar(misfit, bounds=(low, high), method="bounded").x))


def primacy(right: np.ndarray) -> np.ndarray:
    """Return how much better the first third of a sequence is recalled than its middle, (trials,).

    Parameters
    ----------
    right
        Whether each item was right, (trials, length), of at least `PARTS` items.
    """
    first, middle, _ = _thirds(right)
    return first - middle


def recency(right: np.ndarray) -> np.ndarray:
    """Return how much better the last third of a sequence is recalled than its middle, (trials,).

    Parameters
    ----------
    right
        As of `primacy`.
    """
    _, middle, last = _thirds(right)
    return last - middle


def _thirds(right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    right = np.asarray(right, dtype=float)
    if right.shape[1] < PARTS:
        raise ValueError(
            f"a serial position needs sequences of {PARTS} items or more; got {right.shape[1]}"
        )
    edge = right.shape[1] // PARTS
    parts = right[:, :edge], right[:, edge:-edge], right[:, -edge:]
    first, middle, last = (part.mean(axis=1) for part in parts)
    return first, middle, last


def _curve(xs: np.ndarray, ys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xs, ys = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    if xs.shape != ys.shape or xs.ndim != 1 or not xs.size or (np.diff(xs) <= 0).any():
        raise ValueError(f"a curve needs ascending places and a score for each; got {xs}, {ys}")
    return xs, ys
