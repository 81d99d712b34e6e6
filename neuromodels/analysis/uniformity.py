"""Whether numbers between 0 and 1 are uniform."""

from __future__ import annotations

import numpy as np
from scipy import integrate, special

#: A number nearer to 0 or 1 is taken as this far from it: its logarithm stays finite.
NEAREST = 1e-12
#: Terms of the series below: right to 1e-9 for a statistic that counts.
TERMS = 7
#: A larger statistic counts as this one: its p value is 0 as far as numbers tell.
LARGEST = 20.0


def anderson_darling(values: np.ndarray) -> float:
    """Return how far numbers are from uniform ones: the statistic of Anderson and Darling (1954).

    It sums squared deviations of the cumulative distribution, each over its variance. So it sees
    numbers that crowd at both ends or in the middle, which the largest deviation alone hides.

    Parameters
    ----------
    values
        Between 0 and 1, (numbers,).
    """
    ordered = np.clip(np.sort(values), NEAREST, 1 - NEAREST)
    count = len(ordered)
    weights = 2 * np.arange(1, count + 1) - 1
    return float(-count - weights @ (np.log(ordered) + np.log1p(-ordered[::-1])) / count)


def uniformity_p(values: np.ndarray) -> float:
    """Return the p value of the test of Anderson and Darling for uniform numbers.

    It is the limit for many numbers. From eight on, a p value near .05 is right to .002.

    Parameters
    ----------
    values
        Between 0 and 1, (numbers,).
    """
    return float(np.clip(1 - _limit_below(min(anderson_darling(values), LARGEST)), 0, 1))


def _limit_below(statistic: float) -> float:
    """Return the probability of a smaller statistic (Anderson and Darling 1954, section 4)."""
    terms = sum(_term(j, statistic) for j in range(TERMS))
    return float(np.sqrt(2 * np.pi) / statistic * terms)


def _term(j: int, statistic: float) -> float:
    decay = ((4 * j + 1) * np.pi) ** 2 / (8 * statistic)
    inside = integrate.quad(
        lambda w: np.exp(statistic / (8 * (w * w + 1)) - decay * w * w), 0, np.inf
    )[0]
    return float(special.binom(-0.5, j) * (4 * j + 1) * np.exp(-decay) * inside)
