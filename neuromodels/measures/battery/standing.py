"""What the ledger of a run says beside its probes: which searches are stuck, and which missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuromodels import tasks
from neuromodels.analysis.cognition.declared import LEAST
from neuromodels.analysis.cognition.performance import is_stuck
from neuromodels.measures.battery.examiner import Cell
from neuromodels.measures.quantities import number
from neuromodels.store.records import TestRecord
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCH_OF, SEARCHED
from neuromodels.study.study import Study

PROBE, STUCK = "search", "stuck"
"""What the cells of this page are called, and their value."""


def limit_of(study: Study, given: float | None) -> float:
    """Return the score below which a search counts as stuck: as given, or .05 above chance."""
    if given is not None:
        return given
    return (study.task_out_of(tasks.CATALOG).chance or 0.0) + LEAST


def stuck_cells(run: StoredRun, study: Study, given: float | None) -> list[Cell]:
    """Return a cell per finished search: whether its last test point lies below the limit.

    Test points are on inputs that searches may see. So a search that learned its own inputs, and no
    others, is not stuck.
    """
    ledger = run.ledger()
    try:
        final = [each for each in ledger.tests("final") if each.condition in SEARCHED]
        curve = ledger.tests("curve")
    finally:
        ledger.close()
    return [_cell(each, _last(curve, each), limit_of(study, given)) for each in final]


def _last(curve: Sequence[TestRecord], search: TestRecord) -> TestRecord | None:
    own = [p for p in curve if (p.condition, p.seed) == (search.condition, search.seed)]
    return max(own, key=lambda point: point.generation, default=None)


def _cell(search: TestRecord, last: TestRecord | None, limit: float) -> Cell:
    where = {"condition": search.condition, "seed": search.seed, "probe": PROBE, "solution": ""}
    if last is None:
        why = "the search has no test point; give [test] every"
        return {**where, "trials": 0, "values": {}, "reason": why}
    value = {**number(is_stuck(last.score, limit)), "limit": limit}
    return {**where, "trials": last.trials, "values": {STUCK: value}, "reason": ""}


def searches_of(run: StoredRun, study: Study) -> list[Mapping[str, Any]]:
    """Return how many of the searches that a study declares are finished, by condition."""
    ledger = run.ledger()
    try:
        final = {(each.condition, each.seed) for each in ledger.tests("final")}
    finally:
        ledger.close()
    asked = dict.fromkeys(SEARCH_OF.get(each, each) for each in study.conditions)
    return [
        {
            "condition": condition,
            "finished": sum((condition, seed) in final for seed in study.seeds),
            "declared": len(study.seeds),
        }
        for condition in asked
        if condition in SEARCHED
    ]
