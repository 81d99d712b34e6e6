"""What runs, how far it is, and when it will be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from neuromodels.errors import RunNotFound
from neuromodels.storage.ledger import Ledger
from neuromodels.storage.lock import owner_of
from neuromodels.storage.records import GenerationRecord
from neuromodels.storage.store import LOCK, STUDY, StoredRun, stored_runs
from neuromodels.storage.sweeps import StoredSweep, is_sweep
from neuromodels.study import SEARCHED, tested_of

SCHEMA = 1
_RECENT = 50
"""Generations from whose median pace the time left is told."""


def standing(folder: Path) -> dict[str, Any]:
    """Return everything ``neuromodels status`` shows, as plain values.

    The keys are documented in docs/running.md and stay.

    Parameters
    ----------
    folder
        A run folder, a sweep's, or one with such folders in it.

    Raises
    ------
    RunNotFound
        When there is no run in it.
    """
    folder = Path(folder)
    rows = [_row(path, study, run) for path, study, run in _found(folder)]
    if not rows:
        raise RunNotFound(
            str(folder), "holds no run", cure="`neuromodels run FILE` makes one."
        )
    return {"schema": SCHEMA, "folder": str(folder), "runs": rows}


def _found(folder: Path) -> list[tuple[Path, Mapping[str, Any], StoredRun | None]]:
    if (folder / STUDY).is_file():
        run = StoredRun(folder)
        return [(folder, run.study, run)]
    if is_sweep(folder):
        sweep = StoredSweep(folder)
        settings = {each.folder: each for each in sweep.settings}
        found = [(folder / name, each, sweep.run(each)) for name, each in settings.items()]
        return [(path, run.study if run else each.study, run) for path, each, run in found]
    rows = [(run.folder, run.study, run) for run in stored_runs(folder)]
    sweeps = sorted(path for path in folder.glob("*") if is_sweep(path))
    return rows + [row for path in sweeps for row in _found(path)]


def _row(folder: Path, study: Mapping[str, Any], run: StoredRun | None) -> dict[str, Any]:
    tested = tested_of(study["conditions"])
    searched = [condition for condition in tested if condition in SEARCHED]
    wanted = len(study["seeds"]) * len(tested)
    total = study["search"]["generations"] * len(searched) * len(study["seeds"])
    row = {
        "run": str(folder),
        "study": str(study.get("name", "")),
        "state": "not begun",
        "owner": None,
        "generations": 0,
        "of": total,
        "scored": 0,
        "scored_of": wanted,
        "seconds_left": None,
        "failures": 0,
    }
    return row | (_progress(run, study, searched) if run else {})


def _progress(
    run: StoredRun, study: Mapping[str, Any], searched: list[str]
) -> dict[str, Any]:
    owner = owner_of(run.folder / LOCK)
    try:
        ledger = run.ledger()
    except RunNotFound:
        return {"owner": owner or None, "state": "starting" if owner else "not begun"}
    try:
        return {"owner": owner or None} | _counts(ledger, study, searched, bool(owner))
    finally:
        ledger.close()


def _counts(
    ledger: Ledger, study: Mapping[str, Any], searched: list[str], is_running: bool
) -> dict[str, Any]:
    records = {
        (condition, seed): ledger.generations(condition, seed)
        for condition in searched
        for seed in study["seeds"]
    }
    wanted = {(c, seed) for c in tested_of(study["conditions"]) for seed in study["seeds"]}
    scored = wanted & {(test.condition, test.seed) for test in ledger.tests("final")}
    finished = len(scored) == len(wanted)
    idle = "finished" if finished else "stopped"
    return {
        "state": "running" if is_running else idle,
        "generations": sum(map(len, records.values())),
        "scored": len(scored),
        "seconds_left": None if finished else _left(records, study["search"]["generations"]),
        "failures": sum(each.failures for rows in records.values() for each in rows),
    }


def _left(
    records: Mapping[tuple[str, int], list[GenerationRecord]], budget: int
) -> float | None:
    """Return the seconds that the missing generations take at each condition's recent pace."""
    pace: dict[str, float] = {}
    for (condition, _), rows in records.items():
        if rows:
            pace[condition] = float(np.median([each.seconds for each in rows[-_RECENT:]]))
    if not pace:
        return None
    typical = float(np.mean(list(pace.values())))
    return sum(
        (budget - len(rows)) * pace.get(condition, typical)
        for (condition, _), rows in records.items()
    )


def standing_of(found: dict[str, Any]) -> Table:
    """Return the table of a status for a terminal."""
    table = Table(title=found["folder"], title_justify="left")
    for name in ("run", "state", "generations", "scores", "time left", "failures", "owner"):
        is_number = name in ("generations", "scores", "time left", "failures")
        table.add_column(name, justify="right" if is_number else "left")
    for row in found["runs"]:
        left = row["seconds_left"]
        table.add_row(
            Path(row["run"]).name,
            row["state"],
            f"{row['generations']:,}/{row['of']:,}",
            f"{row['scored']}/{row['scored_of']}",
            "" if left is None else str(timedelta(seconds=round(left))),
            f"{row['failures']:,}",
            row["owner"] or "",
        )
    return table
