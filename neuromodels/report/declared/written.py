"""The plan of a study is written into a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from neuromodels.errors import StorageError
from neuromodels.files import replace_file, writing
from neuromodels.store.declared.commits import commits_of, is_as_committed
from neuromodels.study.plan.plan import path_of_plan, plan_of
from neuromodels.study.study import Study
from neuromodels.study.sweep import Sweep

SCHEMA = 1


def declare(
    study_file: Path,
    declared: Study | Sweep,
    contrasts: Iterable[str] = (),
    exclusions: Iterable[str] = (),
) -> dict[str, Any]:
    """Write the plan of a study beside its file, and return it with its path, as plain values.

    Raises
    ------
    DeclarationError
        Where a contrast cannot be read.
    StorageError
        Where a plan lies there that was changed after its commit, or the disk refuses it.
    """
    plan = plan_of(declared, datetime.now(UTC), contrasts, exclusions)
    path = path_of_plan(study_file, plan.study)
    before = len(commits_of(path)) if path.exists() else 0
    if path.exists() and before and not is_as_committed(path):
        raise StorageError(
            str(path),
            "holds a plan that was changed after its commit",
            cure="Commit it, or put the committed one back, so that no plan is lost.",
        )
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    replace_file(path, plan.to_text().encode())
    return {"schema": SCHEMA, "file": str(path), "earlier": before, **asdict(plan)}


def written_text(told: dict[str, Any]) -> str:
    """Return what `declare` has done, for a terminal."""
    claims = [f"  {contrast}" for contrast in told["contrasts"]] or ["  none"]
    earlier = [f"Earlier plans of this study, committed: {told['earlier']}."]
    return "\n".join(
        [
            f"plan: {told['file']}",
            f"seeds: {', '.join(map(str, told['seeds']))}",
            "contrasts:",
            *claims,
            *(f"{name.replace('_', ' ')}: {count:,}" for name, count in told["budget"].items()),
            *(earlier if told["earlier"] else []),
            "Commit this file, then run the study.",
        ]
    )
