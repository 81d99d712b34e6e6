"""Ask a measure of all finished solutions of a run, on fresh trials; keep the arrays behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from neuromodels.analysis.intervals import median_interval
from neuromodels.errors import NeuromodelsError
from neuromodels.experiment.scoring import measured_inputs
from neuromodels.measures import CATALOG
from neuromodels.measures.kept import check_replaceable, keep_measure, measure_path
from neuromodels.measures.quantities import Examined, Measure, Solution, within
from neuromodels.seeding import trial_streams
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCH_OF, in_order
from neuromodels.study.file import study_of
from neuromodels.study.limits.demand import check_trials
from neuromodels.study.own_files import Announce, ignore
from neuromodels.study.study import Study

SCHEMA = 1
Row = dict[str, Any]


def examine_solutions(
    run: StoredRun,
    measure: str,
    trials: int = 2000,
    announce: Announce = ignore,
    vary: Sequence[str] = (),
    only: Sequence[str] = (),
    replace: bool = False,
) -> dict[str, Any]:
    """Examine the solutions of a run; store the arrays and return the table.

    Parameters
    ----------
    measure
        A name from `neuromodels.measures.CATALOG`.
    trials
        Fresh trials per solution.
    announce
        Called with each file of the user's own before it is run.
    vary
        Of a measure with settings: ``task.PARAMETER=VALUE,VALUE,...`` each.
    only
        Conditions that are examined; empty: all that the measure is about.
    replace
        Whether a result of more trials, or of other values, may be given up.

    Returns
    -------
    dict
        ``schema``, ``run``, ``measure``, ``trials``, and ``rows``: each with ``condition``,
        ``seed``, ``quantity``, its ``value``, and an interval over trials, ``low`` to ``high``,
        where there is one, with its ``kind`` and ``n``, the number of trials.  A measure that is
        given over seeds also has rows with ``seed`` None: medians over seeds with their intervals.

    Raises
    ------
    NeuromodelsError
        When no search is finished, the task does not have what the measure needs, or a larger
        result is stored.
    """
    check_trials("measure --trials", trials)
    study = study_of(run.table, str(run.folder / "study.json"), announce=announce)
    declared = CATALOG[measure]
    name, varied, examine = _examination(declared, study, vary)
    asked = list(finished_solutions(run, _examined_conditions(declared, only)))
    paths = {key: measure_path(run, f"{name}-{key[0]}", key[1]) for key in asked}
    if not replace:
        for key in asked:
            check_replaceable(paths[key], trials, varied, _vector(run, *key))
    rows: list[Row] = []
    for condition, seed in asked:
        vector = _vector(run, condition, seed)
        streams = trial_streams(seed, trials, measure)
        inputs = measured_inputs(study, seed, trials, measure)
        solution = Solution(study, condition, vector, streams, seed, inputs)
        arrays, quantities = examine(solution)
        if not np.array_equal(vector, _vector(run, condition, seed)):
            cure = "Measure it when its search is finished."
            raise NeuromodelsError("measure", "the solution changed meanwhile", run.name, cure)
        path = paths[condition, seed]
        keep_measure(path, arrays, trials, vector, anyway=replace)
        where = {"condition": condition, "seed": seed}
        rows += [{**where, "quantity": label, **numbers} for label, numbers in quantities.items()]
    rows += _medians(rows) if declared.over_seeds else []
    return {
        "schema": SCHEMA,
        "run": str(run.folder),
        "measure": measure,
        "trials": trials,
        "rows": rows,
    }


def _examination(
    measure: Measure, study: Study, vary: Sequence[str]
) -> tuple[str, Mapping[str, np.ndarray], Callable[[Solution], Examined]]:
    """Return how the files of a measure are called, what is varied, and what examines."""
    if measure.settings is not None:
        settings = measure.settings(study, vary)
        examine = partial(measure.examine, settings)
        return f"{measure.name}-{settings.name}", settings.arrays, examine
    if vary:
        names = ", ".join(name for name, each in CATALOG.items() if each.settings)
        raise NeuromodelsError(
            "measure --vary", f"goes with the measure {names}", measure.name, "Leave it out."
        )
    return measure.name, {}, measure.examine


def _vector(run: StoredRun, condition: str, seed: int) -> np.ndarray:
    """Return the solution that a condition tests, (d,)."""
    return run.solution(SEARCH_OF.get(condition, condition), seed)["vector"]


def _examined_conditions(measure: Measure, only: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that are examined: those asked for, else all of the measure."""
    known = measure.conditions
    unknown = [condition for condition in only if condition not in known]
    if unknown:
        raise NeuromodelsError("measure --only", f"must be one of {', '.join(known)}", unknown[0])
    return tuple(only) or known


def finished_solutions(run: StoredRun, conditions: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Return every condition that tests a solution, with the seed of its search.

    Raises
    ------
    NeuromodelsError
        When there is none.
    """
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
    order = in_order({test.condition for test in tests})
    tests.sort(key=lambda test: (order.index(test.condition), test.seed))
    return ((test.condition, test.seed) for test in tests)


def _medians(rows: Sequence[Row]) -> list[Row]:
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
            **within(float(np.median(of_seeds)), median_interval(np.array(of_seeds))),
        }
        for (condition, name), of_seeds in values.items()
        if len(of_seeds) > 1
    ]


# -- what the command line says of measures -----------------------------------------------------


def choice_of_measures() -> dict[str, Any]:
    """Return the names of all measures, and what each is about."""
    about = " ".join(f"{name}: {measure.about}" for name, measure in CATALOG.items())
    return {"choices": tuple(CATALOG), "help": about}


def values() -> dict[str, Any]:
    """Return the help of ``--vary``: which measures take other values of a study."""
    names = ", ".join(name for name, measure in CATALOG.items() if measure.settings)
    return {"help": f"of {names}: e.g. task.latency=0,4,8; of several, all combinations"}
