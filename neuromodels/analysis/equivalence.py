"""Whether two settings are as good as each other: a test that can say yes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.effects import paired_differences
from neuromodels.analysis.intervals import Interval, no_interval


@dataclass(frozen=True)
class Equivalence:
    """Whether a difference lies within a margin.

    Parameters
    ----------
    difference
        Mean of the setting minus that of the reference.
    interval
        Its 90 % t interval. It lies within the margin exactly where `p` is below .05.
    p
        The larger p value of two one-sided t tests; NaN where no value differs from another.
    margin
        What was declared.
    """

    difference: float
    interval: Interval
    p: float
    margin: float

    @property
    def is_shown(self) -> bool:
        """Whether equivalence is shown at the level .05. Where not, nothing is shown."""
        return self.p < 0.05


def paired_equivalence(values: np.ndarray, reference: np.ndarray, margin: float) -> Equivalence:
    """Test seed by seed whether two settings differ by less than a margin (TOST, Schuirmann 1987).

    A difference that is not significant does not show that two settings are alike. This does.

    Parameters
    ----------
    values, reference
        One score per seed, in the same order of seeds, (seeds,) each.
    margin
        The largest difference that does not matter, in the unit of the scores. Declare it before
        you see the scores.

    Raises
    ------
    ValueError
        The shapes differ, fewer than two pairs, what is not finite, or a margin not above 0.
    """
    differences = paired_differences(values, reference)
    _check(margin, differences)
    n = differences.size
    return _equivalence(differences.mean(), _error2(differences), n - 1, n, margin)


def unpaired_equivalence(values: np.ndarray, reference: np.ndarray, margin: float) -> Equivalence:
    """Test whether two independent groups differ by less than a margin: TOST with Welch's t.

    Parameters
    ----------
    values, reference
        (n,) and (m,). The interval's `n` is the smaller number.
    margin
        As for `paired_equivalence`.

    Raises
    ------
    ValueError
        Fewer than two in a group, what is not finite, or a margin not above 0.
    """
    ours, theirs = np.asarray(values, dtype=float), np.asarray(reference, dtype=float)
    _check(margin, ours, theirs)
    first, second = _error2(ours), _error2(theirs)
    parts = first**2 / (ours.size - 1) + second**2 / (theirs.size - 1)
    freedom = (first + second) ** 2 / parts if parts else 1.0
    fewer = min(ours.size, theirs.size)
    return _equivalence(ours.mean() - theirs.mean(), first + second, freedom, fewer, margin)


def _equivalence(
    difference: float, error2: float, freedom: float, n: int, margin: float
) -> Equivalence:
    from scipy import special

    if error2 == 0:  # no value differs from another: how far others would lie is not known
        return Equivalence(float(difference), no_interval(n), np.nan, margin)
    error = np.sqrt(error2)
    half = special.stdtrit(freedom, 0.95) * error
    ends = float(difference - half), float(difference + half)
    p = float(special.stdtr(freedom, (abs(difference) - margin) / error))
    return Equivalence(float(difference), Interval(*ends, "t", n, level=0.9), p, margin)


def _error2(values: np.ndarray) -> float:
    """Return the squared standard error of a mean."""
    return float(values.var(ddof=1) / values.size)


def _check(margin: float, *groups: np.ndarray) -> None:
    if not (np.isfinite(margin) and margin > 0):
        raise ValueError(f"margin must be above 0; got {margin}")
    for group in groups:
        if group.ndim != 1 or group.size < 2 or not np.isfinite(group).all():
            told = "a group must be two finite numbers or more along one axis"
            raise ValueError(f"{told}; got {group.tolist()}")
