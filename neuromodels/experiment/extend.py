"""A larger budget for a study that was finished with a smaller one."""

from __future__ import annotations

from neuromodels.store.records import RunRecord
from neuromodels.store.store import Store
from neuromodels.study.conditions import SEARCH_OF, SEARCHED
from neuromodels.study.study import Study


def _has_reached(study: Study, store: Store, row: RunRecord) -> bool:
    """Whether a search ended because its target was reached."""
    target = study.search.target
    points = store.ledger.tests("curve", row.condition)
    return 0 < target <= max((p.score for p in points if p.seed == row.seed), default=0.0)


def reopen(study: Study, store: Store) -> None:
    """Reopen the searches that ended before the study's last generation.

    Their final scores are forgotten, and with them those of the conditions that test their
    solutions; every generation is kept. May be repeated, and killed at any moment.
    """
    for row in store.ledger.runs():
        is_short = row.generations < study.search.generations
        if row.status != "finished" or row.condition not in SEARCHED or not is_short:
            continue
        if row.seed in study.seeds and not _has_reached(study, store, row):
            follow = [control for control, search in SEARCH_OF.items() if search == row.condition]
            store.remove_recording(row.condition, row.seed)
            store.remove_measures(row.condition, row.seed)
            store.ledger.reopen(row.seed, (row.condition, *follow))
