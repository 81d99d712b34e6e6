"""What a run notes of its plan when it begins: whether there is one, and whether it was committed.

A commit's date is what its author's clock said. So this shows an honest person's order of steps,
and proves nothing about a dishonest one. A commit that others could see before the run does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.store.declared.commits import Commit, commits_of, is_as_committed
from neuromodels.study.plan.plan import Plan, path_of_plan, plan_in, read_plan
from neuromodels.study.study import Study

DECLARED = "declared"
MEANING = {
    DECLARED: "declared, and committed before the run began",
    "late": "declared, but its commit is dated after the run began",
    "changed": "declared, but the file was changed after it was committed",
    "not committed": "declared, but not committed",
    "other": "declared for another study: its digest or its seeds differ",
    "unreadable": "the file is no plan",
}
"""What each standing of a plan says."""


@dataclass(frozen=True)
class Earlier:
    """An earlier plan of the same question."""

    commit: str
    date: str
    digests: dict[str, str]
    seeds: tuple[int, ...]
    contrasts: tuple[str, ...]


def plan_record(study_file: Path, study: Study, began: datetime) -> dict[str, Any] | None:
    """Return what a run notes of its plan, as plain values; None where there is no plan.

    Parameters
    ----------
    study_file
        Beside which the plan lies.
    study
        That is run: one of the settings of a sweep, or the study itself.
    began
        When its run began, with a time zone.

    Returns
    -------
    dict
        ``"standing"``: a key of `MEANING`; ``"file"``, ``"commit"``, ``"committed"``; the name of
        the ``"setting"`` of a sweep; the plan's
        ``"contrasts"`` and ``"exclusions"``; ``"earlier"``: other plans of the same name.
    """
    path = path_of_plan(study_file, study.name)
    if not path.is_file():
        return None
    commits = commits_of(path)
    latest = commits[0] if commits else None
    try:
        plan = read_plan(path)
    except DeclarationError as error:
        return {"standing": "unreadable", "file": path.name, "content": "", "told": str(error)}
    return {
        "standing": _standing(path, plan, study, latest, began),
        "file": path.name,
        "setting": next((n for n, d in plan.digests.items() if d == study.digest), ""),
        "content": sha256(plan.to_text().encode()).hexdigest()[:12],
        "commit": latest.name if latest else "",
        "committed": latest.date if latest else "",
        "date": plan.date,
        "contrasts": list(plan.contrasts),
        "exclusions": list(plan.exclusions),
        "earlier": [asdict(each) for each in _earlier(commits, plan)],
    }


def _standing(path: Path, plan: Plan, study: Study, latest: Commit | None, began: datetime) -> str:
    if study.digest not in plan.digests.values() or set(study.seeds) != set(plan.seeds):
        return "other"
    if latest is None:
        return "not committed"
    if not is_as_committed(path):
        return "changed"
    return DECLARED if datetime.fromisoformat(latest.date) <= began else "late"


def _earlier(commits: list[Commit], plan: Plan) -> list[Earlier]:
    """Return the plans of other commits, the latest first; what cannot be read is left out."""
    found = []
    for commit in commits:
        try:
            known = plan_in(commit.text)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if known != plan:
            told = known.digests, known.seeds, known.contrasts
            found.append(Earlier(commit.name, commit.date, *told))
    return found
