"""Whether a run was declared before it began, in words, with every earlier plan of its study."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neuromodels.report.declared.outcomes import outcome_lines, outcomes_of
from neuromodels.store.declared.record import DECLARED, MEANING
from neuromodels.store.folder import PROVENANCE
from neuromodels.store.provenance import sessions_in

SHORT = 10
"""Letters of a commit, and of a date, that are shown."""


def plan_of_run(folder: Path) -> dict[str, Any] | None:
    """Return what a run noted of its plan when it began, see `plan_record`; None for no plan."""
    sessions = sessions_in(folder / PROVENANCE)
    plan = sessions[0].get("plan") if sessions else None
    return plan if isinstance(plan, dict) and plan.get("standing") in MEANING else None


def plan_with_outcomes(folder: Path, conditions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the plan of a run, and what came of its contrasts as ``"outcomes"``.

    Parameters
    ----------
    conditions
        Each with ``"condition"`` and its final scores as ``"seeds"``.
    """
    plan = plan_of_run(folder)
    if plan is None:
        return None
    scores = {plan.get("setting", ""): scores_by_seed(conditions)}
    return {**plan, "outcomes": outcomes_of(plan, scores)}


def scores_by_seed(conditions: Iterable[dict[str, Any]]) -> dict[str, dict[int, float]]:
    """Return the final scores of a run by condition and seed."""
    return {c["condition"]: {s["seed"]: s["score"] for s in c["seeds"]} for c in conditions}


def plan_of_settings(reports: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the plan that runs share, with what came of its contrasts over all of them.

    Parameters
    ----------
    reports
        Of runs, as `neuromodels.report.run.summary` returns them; None where there is none yet.

    Returns
    -------
    dict or None
        None where a run has no plan, or two runs have not the same one.
    """
    known = [report for report in reports if report is not None]
    plans = [report["plan"] for report in known]
    if not plans or None in plans or len({(p["content"], p["standing"]) for p in plans}) > 1:
        return None
    scores = {
        plan.get("setting", ""): scores_by_seed(report["conditions"])
        for plan, report in zip(plans, known, strict=True)
    }
    return {**plans[0], "outcomes": outcomes_of(plans[0], scores)}


def badge_lines(plan: dict[str, Any]) -> list[str]:
    """Return the badge of a run, its contrasts, and every earlier plan, as lines."""
    claims = plan.get("contrasts", [])
    outcomes = plan.get("outcomes", [])
    tested = outcome_lines(outcomes) if any(each["n"] for each in outcomes) else []
    return [
        _badge(plan),
        *([f"Contrasts: {'; '.join(map(str, claims))}."] if claims and not tested else []),
        *(["Contrasts, pairs of the same seed:", *tested] if tested else []),
        *(_earlier_line(each) for each in plan.get("earlier", [])),
    ]


def _badge(plan: dict[str, Any]) -> str:
    mark = "✓" if plan["standing"] == DECLARED else "✗"
    where = f"commit {str(plan['commit'])[:SHORT]} of {str(plan['committed'])[:SHORT]}"
    known = f" ({where})" if plan.get("commit") else ""
    return f"{mark} Plan {plan['file']}: {MEANING[plan['standing']]}{known}."


def _earlier_line(earlier: dict[str, Any]) -> str:
    """Return one earlier plan of the study."""
    claims = "; ".join(map(str, earlier["contrasts"])) or "no contrast"
    seeds = len(earlier["seeds"])
    return (
        f"  earlier plan of {str(earlier['date'])[:SHORT]}"
        f" (commit {str(earlier['commit'])[:SHORT]}): {seeds} seeds; {claims}"
    )
