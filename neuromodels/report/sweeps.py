"""Sweeps that lie beside runs, a sentence each: how many settings, and the best one so far."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from neuromodels.errors import StorageError
from neuromodels.report.run import summary
from neuromodels.store.neighbours import Tell, folders_in, left_out
from neuromodels.store.sweeps import StoredSetting, StoredSweep, is_sweep

MOST = 8
"""Sweeps that are told of one by one."""


def tell_of_sweeps(folder: Path, named: Collection[Path], tell: Tell) -> None:
    """Tell of each sweep in a folder of runs but those in `named`, which are resolved paths."""
    sweeps = [path for path in folders_in(folder) if is_sweep(path)]
    others = [path for path in sweeps if path.resolve() not in named]
    for path in others[:MOST]:
        try:
            tell(_sentence(StoredSweep(path)))
        except StorageError as error:
            tell(left_out(error))
    if len(others) > MOST:
        tell(f"{folder}: {len(others) - MOST:,} more sweeps, not in the table")


def _sentence(sweep: StoredSweep) -> str:
    scored = list(_scores(sweep))
    best = ""
    if scored:
        score, setting = max(scored, key=lambda each: each[0])
        best = f"; best {setting.study.tested[0]} {score:.3f} at {setting.name}"
    return (
        f"{sweep.folder}: a sweep of {len(sweep.settings)} settings, {len(scored)} with scores, not"
        f" in the table{best}. Compare them with: neuromodels compare {sweep.folder}"
    )


def _scores(sweep: StoredSweep) -> Iterator[tuple[float, StoredSetting]]:
    """Yield the median score of the first condition of each setting that has one."""
    for setting in sweep.settings:
        try:
            run = sweep.run(setting)
            rows = summary(run)["conditions"] if run else []
        except StorageError:  # killed before its ledger was made, or damaged: it has no score
            continue
        first = setting.study.tested[0]
        yield from ((row["median"], setting) for row in rows if row["condition"] == first)
