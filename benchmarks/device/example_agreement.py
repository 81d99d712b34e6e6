"""Do two routes simulate the same network?  Compare their runs as two samples."""

import numpy as np
from scipy.stats import t as student

#: How improbable a difference between two routes must be, if they do the same, to stop.
IMPROBABLE = 1e-5
#: Sums are grouped differently, so that the last digits of equal numbers may differ.
ROUNDING = 1e-6


class Disagreement(Exception):
    """Two routes that do not simulate the same: their times mean nothing."""


def check(network: str, outcomes: dict[str, dict[str, np.ndarray]]) -> float:
    """Compare all routes with the first one; return the largest relative difference of means.

    Parameters
    ----------
    outcomes
        Route -> quantity -> one number per run.

    Raises
    ------
    Disagreement
        Names network, quantity, routes and the numbers.
    """
    (first, expected), *others = outcomes.items()
    largest = 0.0
    for other, found in others:
        for quantity in expected:
            one, two = expected[quantity], found[quantity]
            difference, allowed = abs(one.mean() - two.mean()), allowed_difference(one, two)
            if not difference <= allowed:
                raise Disagreement(
                    f"{network}, {quantity}: {first} and {other} must agree within {allowed:.3g}; "
                    f"got {_described(one)} and {_described(two)}."
                )
            largest = max(largest, difference / abs(one.mean()))
    return largest


def allowed_difference(one: np.ndarray, two: np.ndarray) -> float:
    """Return how far apart the means of two samples may be (Welch 1947)."""
    a, b = (sample.var(ddof=1) / len(sample) for sample in (one, two))
    rounding = ROUNDING * abs(one).mean()
    if not a + b > 0:
        return rounding
    freedom = (a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(two) - 1))
    return float(student.isf(IMPROBABLE / 2, freedom) * np.sqrt(a + b) + rounding)


def _described(sample: np.ndarray) -> str:
    error = sample.std(ddof=1) / np.sqrt(len(sample))
    return f"{sample.mean():.6g} ± {error:.2g} ({len(sample)} runs)"
