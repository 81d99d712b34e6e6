"""Adaptability: what comes back after an injury, and how much damage or noise is borne."""

from __future__ import annotations

import numpy as np

from neuromodels.analysis.cognition.declared import above_chance


def recovery(regrown: float, never_regrown: float, never_injured: float) -> float:
    """Return which part of what an injury takes comes back, between its two anchors.

    It is ``(regrown - never_regrown)/(never_injured - never_regrown)``, all rewards of the same
    trials after the injury; not-a-number where the injury takes nothing.
    """
    return float(above_chance(regrown, never_injured, never_regrown, least=0.0))


def area_under_doses(doses: np.ndarray, scores: np.ndarray, chance: float) -> float:
    """Return which part of the intact score is kept, as a mean over doses of damage or noise.

    It is ``integral of (score - chance) / ((intact - chance)*(highest - lowest dose))``, by
    trapezia.

    Parameters
    ----------
    doses, scores
        At least two doses, ascending, (doses,); the score at the first is the intact one.

    Returns
    -------
    float
        1 where no dose costs anything, 0 where every one leaves chance.
    """
    doses, scores = np.asarray(doses, dtype=float), np.asarray(scores, dtype=float)
    if doses.size < 2 or doses.shape != scores.shape or (np.diff(doses) <= 0).any():
        raise ValueError(f"a curve needs two ascending doses or more, with scores; got {doses}")
    kept = np.atleast_1d(above_chance(scores, scores[0], chance))
    return float(np.trapezoid(kept, doses) / np.ptp(doses))
