"""How many bits of information a recalled sequence holds, beside the fraction of bits right.

A bit that is right with probability p tells ``1 - H2(p)`` bits, with the binary entropy ``H2(p) =
-p log2 p - (1 - p) log2 (1 - p)``: Shannon (1948), the capacity of a binary symmetric channel. Of
bits that are drawn independently the sum over positions is a lower bound of what the answers tell
of the sequence (Fano 1961). ``2p - 1`` in its place, as if each bit were known or guessed,
overstates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.intervals import (
    LEAST,
    PERCENTILES,
    RESAMPLES,
    Interval,
    no_interval,
)


@dataclass(frozen=True)
class Capacity:
    """Bits that are recalled of a sequence.

    Parameters
    ----------
    bits
        Sum over positions of ``1 - H2(p)``, less `bias`; not below 0.
    interval
        Over inputs, by the bootstrap; none where all there are were shown, and for fewer than
        `LEAST`.
    bias
        By how much a sum from so few inputs is too large on average, in bits.
    inputs
        Inputs that differ.
    """

    bits: float
    interval: Interval
    bias: float
    inputs: int


def binary_entropy(p: np.ndarray) -> np.ndarray:
    """Return ``H2(p)`` in bits, 0 where `p` is 0 or 1."""
    inside = np.clip(p, 1e-300, 1), np.clip(1 - np.asarray(p), 1e-300, 1)
    return -sum(each * np.log2(each) for each in inside)


def capacity_of(right: np.ndarray, inputs: np.ndarray, rng: np.random.Generator) -> Capacity:
    """Return how many bits of a sequence are recalled.

    Parameters
    ----------
    right
        Whether each position of each trial was right, (trials, length).
    inputs
        Bits that each trial was shown, (trials, length). Every sequence counts alike, however often
        it was drawn.
    rng
        Draws the resamples.

    Returns
    -------
    Capacity
        Where all ``2**length`` sequences were shown it is exact: no bias, no interval. What depends
        on more than the sequence, such as noise or another trial's weights, is only as exact as the
        mean over the trials of each sequence. Where some were not shown, a position that is neither
        always right nor always wrong has a bias of ``1/(2 n ln 2)`` for n inputs (Miller 1955). The
        interval is that of Efron's percentiles, less twice the bias, because a resample has it once
        more.
    """
    by_input = _shares_by_input(right, inputs)
    bits, bias = bits_of_shares(right, inputs)
    if len(by_input) == 2 ** np.asarray(inputs).shape[1]:
        return Capacity(bits, no_interval(len(by_input)), 0.0, len(by_input))
    interval = _interval(by_input, 2 * bias, rng)
    return Capacity(bits, interval, bias, len(by_input))


def bits_of_shares(right: np.ndarray, inputs: np.ndarray) -> tuple[float, float]:
    """Return the bits of `capacity_of` and their bias, without an interval."""
    by_input = _shares_by_input(right, inputs)
    shares = by_input.mean(axis=0)
    bits = float((1 - binary_entropy(shares)).sum())
    if len(by_input) == 2 ** np.asarray(inputs).shape[1]:
        return bits, 0.0
    bias = float(_bias(shares, len(by_input)))
    return max(bits - bias, 0.0), bias


def resampled_bits(
    right: np.ndarray, inputs: np.ndarray, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Return the bits of `capacity_of` on resampled inputs, (draws,), none below 0.

    Where all ``2**length`` sequences were shown there is nothing to resample: all draws are alike.

    Parameters
    ----------
    right, inputs, rng
        As of `capacity_of`.
    draws
        How often inputs are drawn.
    """
    by_input = _shares_by_input(right, inputs)
    bits, bias = bits_of_shares(right, inputs)
    if len(by_input) == 2 ** np.asarray(inputs).shape[1]:
        return np.full(draws, bits)
    return _resampled(by_input, 2 * bias, rng, draws).clip(0.0)


def _shares_by_input(right: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return how often each position is right of each input that differs, (inputs, length)."""
    _, groups = np.unique(np.asarray(inputs), axis=0, return_inverse=True)
    groups = groups.reshape(-1)
    count = np.bincount(groups)
    return np.array([np.bincount(groups, column) / count for column in np.asarray(right).T]).T


def _interval(by_input: np.ndarray, too_large: float, rng: np.random.Generator) -> Interval:
    """Return the percentile interval of a capacity from the shares of inputs, (inputs, length)."""
    n = len(by_input)
    if n < LEAST:
        return no_interval(n)
    sums = _resampled(by_input, too_large, rng, RESAMPLES)
    low, high = np.percentile(sums, PERCENTILES).clip(0.0)
    return Interval(float(low), float(high), "percentile bootstrap", n)


def _resampled(
    by_input: np.ndarray, too_large: float, rng: np.random.Generator, draws: int
) -> np.ndarray:
    n = len(by_input)
    rows = rng.integers(n, size=(draws, n))
    p = np.array([by_input[drawn].mean(axis=0) for drawn in rows])
    return (1 - binary_entropy(p)).sum(axis=1) - too_large


def capacity_bounds(length: int, score: float) -> tuple[float, float]:
    """Return between what the capacity lies when only the mean score over positions is known.

    ``1 - H2(p)`` is convex, so equal positions hold the least, ``length*(1 - H2(score))``. It is
    nowhere above ``|2p - 1|``, so positions that are certain or guessed hold the most.

    Parameters
    ----------
    score
        Fraction of bits right, at least 0.5 in every position.
    """
    least = length * (1 - float(binary_entropy(np.array(score))))
    return least, length * (2 * score - 1)


def _bias(shares: np.ndarray, inputs: int) -> float:
    inside = (shares > 0) & (shares < 1)
    return inside.sum() / (2 * inputs * np.log(2))
