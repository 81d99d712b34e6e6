"""What the generations of a search in stages are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromodels.search.plan import SearchPlan


def stages_told(plan: SearchPlan) -> list[dict[str, Any]]:
    """Return every stage as plain values, the study's own last; empty for a search without."""
    if not plan.stages:
        return []
    names = ("generations", "trials")
    return [
        {**{name: getattr(stage, name) for name in names}, "task": dict(stage.task)}
        for stage in plan.all_stages
    ]


def stages_text(told: list[dict[str, Any]]) -> str:
    """Return the stages in words."""
    parts = [
        f"{stage['generations']:,} generations of {stage['trials']:,} trials on"
        f" {task_text(stage['task'])}"
        for stage in told
    ]
    return (
        f"Each search has {len(told)} stages: {'; '.join(parts)}. The loss of a generation is that"
        " of its stage. All scores of tests are on the task of the study."
    )


def task_text(changes: Mapping[str, float]) -> str:
    """Return the task of a stage in words."""
    changed = [f"{key} {value:g}" for key, value in changes.items()]
    return ", ".join(changed) if changed else "the task of the study"
