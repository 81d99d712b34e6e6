"""The number of generations of a stored study: set anew, down to what was computed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.files import read_json, write_json
from neuromodels.store.folder import LOCK, STUDY
from neuromodels.store.lock import FolderLock
from neuromodels.store.store import StoredRun
from neuromodels.store.sweeps import StoredSetting, StoredSweep, is_sweep, write_sweep

WHERE = "resume --budget"


def set_budget(folder: Path, generations: int) -> None:
    """Give every search of a run or a sweep so many generations in all, more or fewer.

    Nothing that was computed is touched. Scores of just these generations stay valid, also where
    some more have been searched since; a later extension goes on from these.

    Raises
    ------
    DeclarationError
        When there can be no such number.
    StorageError
        When a search has made more generations and has no score of so many, or when somebody
        writes the folder; nothing is changed.
    """
    sweep = StoredSweep(folder) if is_sweep(folder) else None
    runs = sweep.runs if sweep else [StoredRun(folder)]
    with ExitStack() as stack:
        for run in runs:
            lock = FolderLock(run.folder / LOCK)
            lock.acquire()
            stack.callback(lock.release)
        for run in runs:
            _check(run, generations)
        if sweep:
            settings = [_with_budget(setting, generations) for setting in sweep.settings]
            write_sweep(folder, sweep.name, sweep.keys, settings)
        for run in runs:
            path = run.folder / STUDY
            write_json(path, _table_with(read_json(path), generations))


def _check(run: StoredRun, generations: int) -> None:
    replace(run.study.search, generations=generations)  # refuses what is no budget
    least = _least(run, generations)
    if least > generations:
        raise StorageError(
            WHERE,
            f"must be at least {least:,}, as many generations as {run.folder} has searched",
            generations,
            "Nothing was changed.",
        )


def _least(run: StoredRun, wanted: int) -> int:
    """Return the generations of the longest search of a run, that was not scored after `wanted`."""
    try:
        ledger = run.ledger()
    except RunNotFound:
        return 0
    try:
        searches = [
            len(ledger.generations(row.condition, row.seed))
            for row in ledger.runs()
            if (row.status, row.generations) != ("finished", wanted)
        ]
    finally:
        ledger.close()
    return max(searches, default=0)


def _with_budget(setting: StoredSetting, generations: int) -> StoredSetting:
    return replace(setting, table=_table_with(setting.table, generations))


def _table_with(table: Mapping[str, Any], generations: int) -> dict[str, Any]:
    return {**table, "search": {**table["search"], "generations": generations}}
