"""What came of the contrasts that a run has declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuromodels.analysis.comparisons import sign_flip
from neuromodels.analysis.corrections import holm
from neuromodels.analysis.equivalence import paired_equivalence
from neuromodels.analysis.intervals import interval_label, mean_interval
from neuromodels.errors import DeclarationError
from neuromodels.study.plan.contrast import Contrast, Side, contrast_of

LEAST = 2
"""Seeds that a contrast needs."""
LEVEL = 0.05
Scores = Mapping[str, Mapping[str, Mapping[int, float]]]
"""By setting of a sweep, ``""`` for a study that is none; by condition; by seed."""


def outcomes_of(plan: Mapping[str, Any], scores: Scores) -> list[dict[str, Any]]:
    """Return each declared contrast with its test, corrected for their number, as plain values.

    Two scores of a seed are a pair. A claim that one is higher, lower or other is tested by
    permuting the signs of the differences, in both directions; that they are equal, by two
    one-sided t tests against the margin. Holm's correction covers all contrasts of the plan; one
    that cannot be tested yet counts with a p value of 1.

    Parameters
    ----------
    plan
        What the run noted of it.
    scores
        Final scores, of all settings that are known.

    Returns
    -------
    list of dict
        ``"contrast"``, ``"n"``, ``"difference"``, ``"low"``, ``"high"``, ``"kind"``, ``"p"``,
        ``"p_holm"`` and ``"holds"``; the last is None where there are too few seeds, or where
        scores of a setting are not known.
    """
    claims = [str(text) for text in plan.get("contrasts", [])]
    found = [_outcome(text, scores) for text in claims]
    corrected = holm([1.0 if each["p"] is None else each["p"] for each in found])
    for each, p in zip(found, corrected, strict=True):
        if each["p"] is not None:
            each["p_holm"] = p
            each["holds"] = bool(p < LEVEL and each["points_there"])
    return [{k: v for k, v in each.items() if k != "points_there"} for each in found]


def _outcome(text: str, scores: Scores) -> dict[str, Any]:
    values = dict.fromkeys(("difference", "low", "high", "p", "p_holm", "holds"))
    told: dict[str, Any] = {"contrast": text, "n": 0, "kind": "none", **values}
    try:
        (contrast,) = contrast_of(text, {name: list(each) for name, each in scores.items()})
    except (DeclarationError, ValueError):
        return told
    differences = _differences(contrast, scores)
    if len(differences) < LEAST:
        return {**told, "n": len(differences)}
    interval = mean_interval(differences)
    ends = (None, None) if interval.kind == "none" else interval.ends
    mean = float(differences.mean())
    told |= {"n": len(differences), "difference": mean, "kind": interval.kind}
    told |= {"low": ends[0], "high": ends[1], "p": _p(contrast, differences)}
    return {**told, "points_there": _points_there(contrast, mean)}


def _differences(contrast: Contrast, scores: Scores) -> np.ndarray:
    """Return left minus right by seed, (seeds,), of the seeds that have both."""
    left, right = (_by_seed(side, scores) for side in (contrast.left, contrast.right))
    seeds = sorted({s for each in (left, right) if each is not None for s in each})
    pairs = [(_score(left, contrast.left, s), _score(right, contrast.right, s)) for s in seeds]
    return np.array([a - b for a, b in pairs if a is not None and b is not None], dtype=float)


def _by_seed(side: Side, scores: Scores) -> Mapping[int, float] | None:
    known = scores.get(side.setting, {})
    return None if side.number is not None else known.get(side.condition, {})


def _score(known: Mapping[int, float] | None, side: Side, seed: int) -> float | None:
    return side.number if known is None else known.get(seed)


def _p(contrast: Contrast, differences: np.ndarray) -> float | None:
    """Return the p value of a claim; None where the differences allow none."""
    if contrast.relation == "=":
        p = paired_equivalence(differences, np.zeros_like(differences), contrast.margin).p
    else:
        p = sign_flip(differences).p
    return float(p) if np.isfinite(p) else None


def _points_there(contrast: Contrast, difference: float) -> bool:
    """Whether the mean lies on the side that was claimed."""
    sides = {">": difference > 0, "<": difference < 0}
    return sides.get(contrast.relation, True)


def outcome_lines(outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line for each contrast: what was found, and whether the claim holds."""
    return [_line(each) for each in outcomes]


def _line(outcome: Mapping[str, Any]) -> str:
    if outcome["p_holm"] is None:
        return f"  {outcome['contrast']}: not tested, {outcome['n']} seeds"
    label = interval_label(outcome["kind"], outcome["n"], "seeds")
    ends = "" if outcome["low"] is None else f" ({outcome['low']:+.3f} to {outcome['high']:+.3f})"
    verdict = "holds" if outcome["holds"] else "not shown"
    return (
        f"  {outcome['contrast']}: {verdict}; difference {outcome['difference']:+.3f}{ends},"
        f" {label}; p = {outcome['p_holm']:.3g} by Holm over all contrasts"
    )
