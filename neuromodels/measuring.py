"""Cognitive measures of finished solutions, on fresh trials, kept in the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.errors import NeuromodelsError
from neuromodels.ownfiles import Announce, ignore
from neuromodels.scoring import mean_interval
from neuromodels.seeding import generator, trial_streams
from neuromodels.storage.files import arrays_to_bytes, replace_file, writing
from neuromodels.storage.store import StoredRun
from neuromodels.studyfile import study_of

SCHEMA = 1
CONDITION = "plastic"
RECALLS = {
    "own": "trials left alone",
    "donor": "weights of another trial, its bits",
    "recipient": "weights of another trial, own bits",
    "decoded": "bits read from the weights when the delay ends",
    "shuffled": "the same reading, bits of other trials",
}


def measure_path(run: StoredRun, measure: str, seed: int) -> Path:
    """Return where a measure of a seed's plastic solution lies."""
    return run.folder / "measures" / f"{measure}-seed{seed}.npz"


def measure_memory(
    run: StoredRun, trials: int = 2000, announce: Announce = ignore
) -> dict[str, Any]:
    """Examine where the plastic solutions of a run hold a sequence; store and return what is found.

    Parameters
    ----------
    trials
        Fresh trials per solution.
    announce
        Called with each file of the user's own before it is run.

    Returns
    -------
    dict
        ``schema``, ``run``, ``measure``, ``trials`` and ``seeds``, one row each: ``seed`` and by
        the names of `RECALLS` the ``mean`` fraction of right bits with its 95 % interval over
        trials, ``low`` to ``high``; None for the decoder, whose bits share one fit.

    Raises
    ------
    NeuromodelsError
        When no plastic search is finished, or the task has no delay.
    """
    from neuromodels.memory import memory_of  # imports Brian2

    study = study_of(run.study, str(run.folder / "study.json"), announce=announce)
    rows = []
    for seed in _finished(run):
        vector = run.solution(CONDITION, seed)["vector"]
        found = vars(memory_of(study, vector, trial_streams(seed, trials, "memory")))
        _store(measure_path(run, "memory", seed), found)
        rows.append({"seed": seed, **{name: _mean(found[name], seed) for name in RECALLS}})
    return {
        "schema": SCHEMA, "run": str(run.folder), "measure": "memory", "trials": trials,
        "seeds": rows,
    }  # fmt: skip


def table_of(found: dict[str, Any]) -> Group:
    """Return a measure for a terminal."""
    table = Table(title=f"Memory, {found['trials']:,} fresh trials", title_justify="left")
    table.add_column("recall")
    for row in found["seeds"]:
        table.add_column(f"seed {row['seed']}", justify="right")
    for name, meaning in RECALLS.items():
        table.add_row(meaning, *(_shown(row[name]) for row in found["seeds"]))
    note = "Fraction of right bits, 95 % over trials; weights are exchanged when the delay ends."
    return Group(table, Text(note, "dim"))


def _finished(run: StoredRun) -> list[int]:
    ledger = run.ledger()
    try:
        seeds = [test.seed for test in ledger.tests("final", CONDITION)]
    finally:
        ledger.close()
    if not seeds:
        raise NeuromodelsError(
            "measure", "needs a finished plastic search", run.name,
            f"Finish it with: neuromodels resume {run.folder}",
        )  # fmt: skip
    return seeds


def _store(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    replace_file(path, arrays_to_bytes(arrays))


def _mean(right: np.ndarray, seed: int) -> dict[str, float | None]:
    if right.ndim == 1:
        return {"mean": float(right.mean()), "low": None, "high": None}
    per_trial = right.mean(axis=1)
    low, high = mean_interval(per_trial, generator(seed, "bootstrap", "memory"))
    return {"mean": float(per_trial.mean()), "low": low, "high": high}


def _shown(value: dict[str, float | None]) -> str:
    if value["low"] is None:
        return f"{value['mean']:.3f}"
    return f"{value['mean']:.3f} ({value['low']:.3f} - {value['high']:.3f})"
