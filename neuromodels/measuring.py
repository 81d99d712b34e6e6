"""Cognitive measures of finished solutions, on fresh trials, kept in the run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.analysis.recovery import recovered_fraction, recovery_interval, recovery_steps
from neuromodels.errors import NeuromodelsError
from neuromodels.ownfiles import Announce, ignore
from neuromodels.scoring import mean_interval
from neuromodels.seeding import generator, trial_streams
from neuromodels.storage.files import arrays_to_bytes, replace_file, writing
from neuromodels.storage.store import StoredRun
from neuromodels.study import SEARCHED, Study
from neuromodels.studyfile import study_of

SCHEMA = 1
WOUND = (0.5, 0.55)
"""Part of a trial in which a temporary injury takes all weights: a twentieth."""
SHARES = (0.1, 0.2, 0.3, 0.5, 0.8)
"""Of weights, or of hidden neurons, that a permanent injury takes."""
UNITS = ("weights", "neurons")
CLOSE = 30
"""Degrees off the commanded heading that count as following it."""
KEPT = 8
"""Walks of a solution whose places are kept for figures."""
Found = dict[str, Any]
Quantity = dict[str, float | None]


def measure_path(run: StoredRun, measure: str, seed: int) -> Path:
    """Return where a measure of a seed's solution lies."""
    return run.folder / "measures" / f"{measure}-seed{seed}.npz"


def measured(
    run: StoredRun, measure: str, trials: int = 2000, announce: Announce = ignore
) -> Found:
    """Examine the solutions of a run; store the arrays and return the table.

    Parameters
    ----------
    measure
        A name from `MEASURES`.
    trials
        Fresh trials per solution.
    announce
        Called with each file of the user's own before it is run.

    Returns
    -------
    dict
        ``schema``, ``run``, ``measure``, ``trials``, and ``rows``: each with ``condition``,
        ``seed``, ``quantity``, its ``value``, and a 95 % interval over trials, ``low`` to ``high``,
        where there is one.

    Raises
    ------
    NeuromodelsError
        When no search is finished, or the task does not have what the measure needs.
    """
    study = study_of(run.study, str(run.folder / "study.json"), announce=announce)
    rows: list[Found] = []
    for condition, seed in _finished(run):
        vector = run.solution(condition, seed)["vector"]
        streams = trial_streams(seed, trials, measure)
        arrays, quantities = MEASURES[measure](study, condition, vector, streams, seed)
        if quantities:
            _store(measure_path(run, f"{measure}-{condition}", seed), arrays)
        where = {"condition": condition, "seed": seed}
        rows += [{**where, "quantity": name, **each} for name, each in quantities.items()]
    return {
        "schema": SCHEMA, "run": str(run.folder), "measure": measure, "trials": trials,
        "rows": rows,
    }  # fmt: skip


def table_of(found: Found) -> Group:
    """Return a measure for a terminal: one row per quantity, one column per solution."""
    solutions = list(dict.fromkeys((r["condition"], r["seed"]) for r in found["rows"]))
    table = Table(title=f"{found['measure'].capitalize()}", title_justify="left")
    table.add_column(found["measure"])
    for condition, seed in solutions:
        table.add_column(f"{condition}\nseed {seed}", justify="right")
    cells = {(r["quantity"], r["condition"], r["seed"]): _shown(r) for r in found["rows"]}
    for name in dict.fromkeys(row["quantity"] for row in found["rows"]):
        table.add_row(name, *(cells.get((name, *solution), "") for solution in solutions))
    note = f"{NOTES[found['measure']]} {found['trials']:,} fresh trials, 95 % over trials."
    return Group(table, Text(note, "dim"))


def _finished(run: StoredRun) -> Iterator[tuple[str, int]]:
    ledger = run.ledger()
    try:
        tests = [test for test in ledger.tests("final") if test.condition in SEARCHED]
    finally:
        ledger.close()
    if not tests:
        raise NeuromodelsError(
            "measure", "needs a finished search", run.name,
            f"Finish it with: neuromodels resume {run.folder}",
        )  # fmt: skip
    tests.sort(key=lambda test: (SEARCHED.index(test.condition), test.seed))
    return ((test.condition, test.seed) for test in tests)


def _store(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    replace_file(path, arrays_to_bytes(arrays))


def _shown(row: Found) -> str:
    if row["value"] is None:
        return "never"
    if row["low"] is None:
        return f"{row['value']:.3g}"
    return f"{row['value']:.3f} ({row['low']:.3f} - {row['high']:.3f})"


# -- the measures -------------------------------------------------------------------------------

Measure = Callable[
    [Study, str, np.ndarray, np.ndarray, int], tuple[Mapping[str, np.ndarray], dict[str, Quantity]]
]
"""Study, condition, vector, streams, seed -> arrays to keep, and quantities by name."""


def _memory(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.memory import memory_of  # imports Brian2

    if condition != "plastic":  # weights that never change hold nothing of a trial
        return {}, {}
    found = memory_of(study, vector, streams)
    rng = generator(seed, "bootstrap", "memory")
    return vars(found), {
        "recall, trials left alone": _mean(found.own.mean(axis=1), rng),
        "recall with another trial's weights, its bits": _mean(found.donor.mean(axis=1), rng),
        "the same, own bits": _mean(found.recipient.mean(axis=1), rng),
        "bits read from the weights after the delay": _plain(float(found.decoded.mean())),
        "the same reading, bits of other trials": _plain(float(found.shuffled.mean())),
    }


def _injury(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.episodes import steps_of  # imports Brian2
    from neuromodels.injuries import Injury, rewards_of

    def rewards(*wound: Any) -> np.ndarray:
        return rewards_of(study, condition, vector, streams, Injury(*wound) if wound else None)

    steps = steps_of(study)
    first, last = (round(part * steps) for part in WOUND)
    intact, injured = rewards(), rewards(1.0, first, last)
    rng = generator(seed, "bootstrap", "injury", condition)
    low, high = recovery_interval(intact, injured, last, rng)
    found: dict[str, Quantity] = {
        "score, intact": _mean(intact.sum(axis=1), rng),
        "score, all weights lost for a twentieth": _mean(injured.sum(axis=1), rng),
        "fraction recovered afterwards": {
            **_plain(recovered_fraction(intact, injured, last)), "low": low, "high": high,
        },
        "steps until nine tenths are back": _plain(recovery_steps(intact, injured, last)),
    }  # fmt: skip
    arrays = {"intact": intact, "injured": injured, "wound": np.array([first, last])}
    for unit in UNITS:
        scores = [rewards(share, 0, steps, unit).sum(axis=1) for share in SHARES]
        arrays[f"without_{unit}"] = np.array(scores)
        for share, each in zip(SHARES, scores, strict=True):
            found[f"score without {share:.0%} of {unit}"] = _mean(each, rng)
    return {**arrays, "shares": np.array(SHARES)}, found


def _goals(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.steering import scores_by_goal  # imports Brian2

    unseen = {"plastic": "unseen", "fixed": "unseen_fixed"}[condition]
    rng = generator(seed, "bootstrap", "goals", condition)
    arrays: dict[str, np.ndarray] = {}
    found: dict[str, Quantity] = {}
    for name, network in (("trained", condition), ("unseen", unseen)):
        shares, scores = scores_by_goal(study, network, vector, streams)
        by_goal = [scores[shares == share].mean() for share in np.unique(shares)]
        arrays |= {f"{name}_shares": shares, f"{name}_scores": scores}
        found[f"score, {name} goals"] = _mean(scores, rng)
        found[f"worst of {len(by_goal)} {name} goals"] = _plain(float(min(by_goal)))
    return arrays, found


def _path(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.steering import PATHS, walk_of  # imports Brian2

    rng = generator(seed, "bootstrap", "path", condition)
    arrays: dict[str, np.ndarray] = {}
    found: dict[str, Quantity] = {}
    for name, commands in PATHS.items():
        walk = walk_of(study, condition, vector, streams, commands)
        degrees = np.rad2deg(walk.errors)
        arrays |= {f"{name}_places": walk.places[:KEPT], f"{name}_commanded": walk.commanded}
        found[f"{name}: degrees off the heading"] = _mean(degrees.mean(axis=1), rng)
        within = (degrees <= CLOSE).mean(axis=1)
        found[f"{name}: part of the time within {CLOSE} degrees"] = _mean(within, rng)
    return arrays, found


def _mean(values: np.ndarray, rng: np.random.Generator) -> Quantity:
    low, high = mean_interval(values, rng)
    return {"value": float(values.mean()), "low": low, "high": high}


def _plain(value: float) -> Quantity:
    return {"value": value if np.isfinite(value) else None, "low": None, "high": None}


MEASURES: Mapping[str, Measure] = {
    "memory": _memory, "injury": _injury, "goals": _goals, "path": _path,
}  # fmt: skip
NOTES: Mapping[str, str] = {
    "memory": "Fractions of right bits; weights are exchanged when the delay ends.",
    "injury": "The same wounds for every condition; when a temporary one ends, weights that never"
    " change are given back, plastic ones are not.",
    "goals": "Goals that the search drew, and others that it never did.",
    "path": "The goal is another direction whenever the command changes.",
}
