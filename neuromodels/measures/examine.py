"""Cognitive measures of finished solutions, on fresh trials, kept in the run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.analysis.decoding import nearest_mean
from neuromodels.analysis.intervals import mean_interval, seeds_interval
from neuromodels.analysis.recovery import (
    alikeness,
    recovered_fraction,
    recovery_interval,
    recovery_steps,
)
from neuromodels.errors import NeuromodelsError
from neuromodels.files import arrays_to_bytes, replace_file, writing
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import CONDITIONS, SEARCH_OF, SEARCHED
from neuromodels.study.file import study_of
from neuromodels.study.own_files import Announce, ignore
from neuromodels.study.study import Study

SCHEMA = 1
WOUND = (0.5, 0.55)
"""Part of a trial in which a temporary injury takes all weights: a twentieth."""
SHARES = (0.1, 0.2, 0.3, 0.5, 0.8)
"""Of weights, or of hidden neurons, that a permanent injury takes."""
UNITS = ("weights", "neurons")
CLOSE = 30
"""Degrees off the commanded heading that count as following it."""
TRANSFER = "transfer"
"""The measure that is told what to vary."""
KEPT = 8
"""Walks of a solution whose places are kept for figures, and trials of each goal."""
LATER = (0.75, 0.95)
"""Parts of a trial after an injury at which weights are looked at again."""
ACROSS = ("novel", TRANSFER)
"""Measures whose quantities are also given over seeds."""
Found = dict[str, Any]
Quantity = dict[str, float | None]


def measure_path(run: StoredRun, measure: str, seed: int) -> Path:
    """Return where a measure of a seed's solution lies."""
    return run.folder / "measures" / f"{measure}-seed{seed}.npz"


def measured(
    run: StoredRun,
    measure: str,
    trials: int = 2000,
    announce: Announce = ignore,
    vary: Sequence[str] = (),
    only: Sequence[str] = (),
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
    vary
        Of the measure ``transfer``: ``task.PARAMETER=VALUE,VALUE,...`` each.
    only
        Conditions that are examined; empty: all that the measure is about.

    Returns
    -------
    dict
        ``schema``, ``run``, ``measure``, ``trials``, and ``rows``: each with ``condition``,
        ``seed``, ``quantity``, its ``value``, and a 95 % interval over trials, ``low`` to ``high``,
        where there is one.  A measure in `ACROSS` also has rows with ``seed`` None: medians over
        seeds with their intervals.

    Raises
    ------
    NeuromodelsError
        When no search is finished, or the task does not have what the measure needs.
    """
    study = study_of(run.study, str(run.folder / "study.json"), announce=announce)
    rows: list[Found] = []
    name, examine = _named(measure, study, vary)
    for condition, seed in _finished(run, _about(measure, only)):
        vector = run.solution(SEARCH_OF.get(condition, condition), seed)["vector"]
        streams = trial_streams(seed, trials, measure)
        arrays, quantities = examine(study, condition, vector, streams, seed)
        if quantities:
            _store(measure_path(run, f"{name}-{condition}", seed), arrays)
        where = {"condition": condition, "seed": seed}
        rows += [{**where, "quantity": label, **each} for label, each in quantities.items()]
    rows += _across(rows) if measure in ACROSS else []
    return {
        "schema": SCHEMA,
        "run": str(run.folder),
        "measure": measure,
        "trials": trials,
        "rows": rows,
    }


def _about(measure: str, only: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that a measure examines."""
    known = (*SEARCHED, *SEARCH_OF) if measure == TRANSFER else SEARCHED
    unknown = [each for each in only if each not in known]
    if unknown:
        raise NeuromodelsError("measure --only", f"must be one of {', '.join(known)}", unknown[0])
    return tuple(only) or known


def _named(measure: str, study: Study, vary: Sequence[str]) -> tuple[str, Measure]:
    """Return how the files of a measure are called, and what examines a solution."""
    if measure != TRANSFER:
        if vary:
            raise NeuromodelsError(
                "measure --vary", f"goes with the measure {TRANSFER}", measure, "Leave it out."
            )
        return measure, MEASURES[measure]
    from neuromodels.measures.transfer import Transfer  # imports Brian2

    transfer = Transfer(study, vary)
    return f"{TRANSFER}-{transfer.name}", partial(_transfer, transfer)


def table_of(found: Found) -> Group:
    """Return a measure for a terminal: one row per quantity, one column per solution."""
    solutions = list(dict.fromkeys((r["condition"], r["seed"]) for r in found["rows"]))
    if found["measure"] == TRANSFER:  # of every condition: medians over its seeds, if it has some
        several = [each for each in solutions if each[1] is None]
        solutions = several or solutions
    table = Table(title=f"{found['measure'].capitalize()}", title_justify="left")
    table.add_column(found["measure"])
    for condition, seed in solutions:
        of = "all seeds" if seed is None else f"seed {seed}"
        table.add_column(f"{condition}\n{of}", justify="right")
    cells = {(r["quantity"], r["condition"], r["seed"]): _shown(r) for r in found["rows"]}
    for name in dict.fromkeys(row["quantity"] for row in found["rows"]):
        table.add_row(name, *(cells.get((name, *solution), "") for solution in solutions))
    over = "seeds" if solutions[-1][1] is None else "trials"
    return Group(table, _note(found, over))


def _note(found: Found, over: str) -> Text:
    note = f"{NOTES[found['measure']]} {found['trials']:,} fresh trials, 95 % over {over}."
    return Text(note, "dim")


def _finished(run: StoredRun, conditions: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield every condition that tests a solution, with the seed of its search."""
    ledger = run.ledger()
    try:
        tests = [test for test in ledger.tests("final") if test.condition in conditions]
    finally:
        ledger.close()
    if not tests:
        raise NeuromodelsError(
            "measure",
            "needs a finished search",
            run.name,
            f"Finish it with: neuromodels resume {run.folder}",
        )
    tests.sort(key=lambda test: (list(CONDITIONS).index(test.condition), test.seed))
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
    from neuromodels.measures.memory import memory_of  # imports Brian2

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
    from neuromodels.experiment.episodes import steps_of  # imports Brian2
    from neuromodels.measures.injury import Injury, rewards_of

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
            **_plain(recovered_fraction(intact, injured, last)),
            "low": low,
            "high": high,
        },
        "steps until nine tenths are back": _plain(recovery_steps(intact, injured, last)),
    }
    arrays = {"intact": intact, "injured": injured, "wound": np.array([first, last])}
    for unit in UNITS:
        scores = [rewards(share, 0, steps, unit).sum(axis=1) for share in SHARES]
        arrays[f"without_{unit}"] = np.array(scores)
        for share, each in zip(SHARES, scores, strict=True):
            found[f"score without {share:.0%} of {unit}"] = _mean(each, rng)
    return {**arrays, "shares": np.array(SHARES)}, found


def _weights(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.experiment.episodes import steps_of  # imports Brian2
    from neuromodels.measures.injury import Injury, weights_in

    if condition != "plastic":  # weights that never change are lost, and given back
        return {}, {}
    steps = steps_of(study)
    first, last = (round(part * steps) for part in WOUND)
    looks = [1, first - 1, first, last, *(int(part * steps) for part in LATER)]
    intact = weights_in(looks, study, condition, vector, streams)
    hurt = weights_in(looks, study, condition, vector, streams, Injury(1.0, first, last))
    rng = generator(seed, "bootstrap", "weights")
    arrays: dict[str, np.ndarray] = {}
    found: dict[str, Quantity] = {}
    for name, each in hurt.items():
        arrays[f"{name}.w"] = each[:, 0].astype(np.float32)
        alike = alikeness(each, intact[name])
        others = alikeness(each, np.roll(intact[name], 1, axis=1))
        arrays |= {f"{name}.alike": alike.mean(axis=1), f"{name}.others": others.mean(axis=1)}
        for look, cosines in list(zip(looks, alike, strict=True))[3:]:
            found[f"{name}: like the same trial left intact, step {look}"] = _mean(cosines, rng)
        found[f"{name}: like another intact trial, step {looks[-1]}"] = _mean(others[-1], rng)
    return {**arrays, "looks": np.array(looks), "wound": np.array([first, last])}, found


def _states(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.measures.states import states_of  # imports Brian2

    found = states_of(study, condition, vector, streams)
    rng = generator(seed, "bootstrap", "states", condition)
    hidden = nearest_mean(found.hidden, found.goals)
    channels = nearest_mean(found.channels, found.goals)
    kept = np.concatenate(
        [np.flatnonzero(found.goals == goal)[:KEPT] for goal in np.unique(found.goals)]
    )
    arrays = {
        "hidden": found.hidden[kept],
        "goals": found.goals[kept],
        "steps": found.steps,
        "read": hidden,
        "read_channels": channels,
    }
    return arrays, {
        "goals read from the hidden traces of one step": _mean(hidden, rng),
        "goals read from what is shown in that step": _mean(channels, rng),
    }


def _imprint(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.measures.imprint import imprints_of, written  # imports Brian2

    if condition != "plastic":  # weights that never change are left by no sequence
        return {}, {}
    found = imprints_of(study, vector, streams)
    arrays = {"sequences": found.sequences}
    quantities: dict[str, Quantity] = {}
    for name, changes in found.changes.items():
        arrays[f"{name}.change"] = changes.astype(np.float32)
        arrays[f"{name}.read"] = found.read[name]
        for sequence, size in zip(found.sequences, found.size(name), strict=True):
            quantities[f"{name}: change by {written(sequence)}"] = _plain(float(size))
        read = f"{name}: bits read from the weights"
        quantities[read] = _plain(float(found.read[name].mean()))
    return arrays, quantities


def _goals(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.measures.goals import scores_by_goal  # imports Brian2

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
    from neuromodels.measures.goals import PATHS, walk_of  # imports Brian2

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


def _transfer(
    transfer: Any, study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    scores = transfer.scores(condition, vector, streams)
    rng = generator(seed, "bootstrap", TRANSFER, condition)
    named = zip(transfer.labels, scores, strict=True)
    return {**transfer.arrays, "scores": scores}, {name: _mean(each, rng) for name, each in named}


def _mean(values: np.ndarray, rng: np.random.Generator) -> Quantity:
    low, high = mean_interval(values, rng)
    return {"value": float(values.mean()), "low": low, "high": high}


def _kept(intact: np.ndarray, changed: np.ndarray, rng: np.random.Generator) -> Quantity:
    """Return what part of (trials, 1) is left; None where there was nothing to lose."""
    kept = _plain(recovered_fraction(intact, changed, 0))
    if kept["value"] is None:
        return kept
    low, high = recovery_interval(intact, changed, 0, rng)
    return {**kept, "low": low, "high": high}


def _across(rows: list[Found]) -> list[Found]:
    """Return rows without a seed: median over seeds, and its interval."""
    values: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["value"] is not None:
            values.setdefault((row["condition"], row["quantity"]), []).append(row["value"])
    return [
        {
            "condition": condition,
            "seed": None,
            "quantity": name,
            "value": float(np.median(each)),
            "low": low,
            "high": high,
        }
        for (condition, name), each in values.items()
        if len(each) > 1
        for low, high in [seeds_interval(np.array(each))]
    ]


def _plain(value: float) -> Quantity:
    return {"value": value if np.isfinite(value) else None, "low": None, "high": None}


def _novel(
    study: Study, condition: str, vector: np.ndarray, streams: np.ndarray, seed: int
) -> tuple[Mapping[str, np.ndarray], dict[str, Quantity]]:
    from neuromodels.measures.novel import FULL, trials_of  # imports Brian2

    found = trials_of(study, condition, vector, streams, seed)
    rng = generator(seed, "bootstrap", "novel", condition)
    nominal, *novel = found.scores[:, :, None]
    quantities: dict[str, Quantity] = {
        f"return, {found.conditions[0]}, {found.steps} steps": _mean(found.steps * nominal, rng),
        f"return, {found.conditions[0]}, {FULL} steps": _mean(FULL * found.full, rng),
    }
    for name, scores in zip(found.conditions[1:], novel, strict=True):
        quantities[f"return, {name}"] = _mean(found.steps * scores, rng)
    for name, scores in zip(found.conditions[1:], novel, strict=True):
        quantities[f"retention, {name}"] = _kept(nominal, scores, rng)
    quantities["retention, mean of all"] = _kept(nominal, np.mean(novel, axis=0), rng)
    arrays = {"conditions": np.array(found.conditions), "scores": found.scores, "full": found.full}
    return {**arrays, "steps": np.array(found.steps)}, quantities


MEASURES: Mapping[str, Measure] = {
    "memory": _memory,
    "imprint": _imprint,
    "injury": _injury,
    "weights": _weights,
    "goals": _goals,
    "states": _states,
    "path": _path,
    "novel": _novel,
}
NOTES: Mapping[str, str] = {
    "memory": "Fractions of right bits; weights are exchanged when the delay ends.",
    "injury": "The same wounds for every condition; when a temporary one ends, weights that never"
    " change are given back, plastic ones are not.",
    "imprint": "Weights after the last bit; a change is in units of what a sequence of zeros"
    " leaves.",
    "weights": "Cosines between weights after all were lost for a twentieth of a trial and those of"
    " intact trials.",
    "states": "By the nearest mean of the other half of the trials; one of eight goals by chance.",
    "goals": "Goals that the search drew, and others that it never did.",
    TRANSFER: "Scores with other parameters of the task; the solutions stay as they are.",
    "path": "The goal is another direction whenever the command changes.",
    "novel": "Return: sum of rewards. Retention: return over that of the nominal world.",
}
