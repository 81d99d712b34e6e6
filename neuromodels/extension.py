"""A larger budget for a study that was finished with a smaller one."""

from __future__ import annotations

from neuromodels.storage.store import Store
from neuromodels.study import FROM_PLASTIC, SEARCHED, Study


def reopen(study: Study, store: Store) -> None:
    """Reopen the searches that ended before the study's last generation.

    Their final scores are forgotten, and with them those of the conditions that test the plastic
    solution; every generation is kept. May be repeated, and killed at any moment.
    """
    for row in store.ledger.runs():
        is_short = row.generations < study.search.generations
        if row.status != "finished" or row.condition not in SEARCHED or not is_short:
            continue
        if row.seed in study.seeds:
            follow = FROM_PLASTIC if row.condition == "plastic" else ()
            store.remove_recording(row.condition, row.seed)
            store.ledger.reopen(row.seed, (row.condition, *follow))
