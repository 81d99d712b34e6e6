"""The smallest rule of every search of a run, and which terms their rules share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuromodels.analysis.intervals import mean_interval
from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import measured_inputs
from neuromodels.measures.examine import finished_solutions
from neuromodels.measures.quantities import Solution, within
from neuromodels.measures.simplify.solution import KEEP, Simplified, simplify, streams_of
from neuromodels.store.store import StoredRun
from neuromodels.study.file import study_of
from neuromodels.study.limits.demand import check_trials
from neuromodels.study.own_files import Announce, ignore

SCHEMA = 1
CONDITION = "plastic"
Row = dict[str, Any]


def simplify_run(
    run: StoredRun, trials: int = 500, keep: float = KEEP, announce: Announce = ignore
) -> dict[str, Any]:
    """Return the smallest rule of every search of a run.

    Parameters
    ----------
    trials
        That choose the terms; as many fresh ones give the scores.
    keep
        Part of the score above chance that a smaller rule must keep, above 0, at most 1.
    announce
        Called with each file of the user's own before it is run.

    Returns
    -------
    dict
        ``schema``, ``run``, ``trials``, ``keep``, ``searches`` (see `Simplified`, with ``brian2``
        and ``latex``), ``terms`` (how many searches keep each), and ``rule``: the terms that most
        searches keep, its equations, and its numbers over the searches that keep these terms.

    Raises
    ------
    NeuromodelsError
        When no search is finished, or the rule is not made of terms.
    """
    check_trials("simplify --trials", trials)
    if not 0 < keep <= 1:
        raise DeclarationError("simplify --keep", "must be above 0 and at most 1", keep)
    found = _simplified(run, trials, keep, announce)
    rules = dict(found)
    return {
        "schema": SCHEMA,
        "run": str(run.folder),
        "trials": trials,
        "keep": keep,
        "searches": [{"seed": seed, **_row(each)} for seed, each in rules.items()],
        "terms": _shared(list(rules.values())),
        "rule": _commonest(list(rules.values())),
    }


def _simplified(
    run: StoredRun, trials: int, keep: float, announce: Announce
) -> list[tuple[int, Simplified]]:
    from neuromodels.experiment.compiled import Experiment  # imports Brian2

    study = study_of(run.table, str(run.folder / "study.json"), announce=announce)
    seeds = [seed for _, seed in finished_solutions(run, (CONDITION,))]
    experiment = Experiment(study, CONDITION)
    found = []
    for seed in seeds:
        vector = run.solution(CONDITION, seed)["vector"]
        inputs = measured_inputs(study, seed, 2 * trials, "simplify")
        streams = streams_of(seed, trials)
        solution = Solution(study, CONDITION, vector, streams, seed, inputs)
        found.append((seed, simplify(solution, experiment, keep)))
    return found


def _row(found: Simplified) -> Row:
    return {
        "kept": list(found.kept),
        "left_out": list(found.left_out),
        "full": found.full,
        "reduced": found.reduced,
        "numbers": list(found.numbers),
        **_equations(found),
    }


def _equations(found: Simplified) -> Row:
    from neuromodels.rules.fixed_points import fixed_points, turning_points  # imports sympy
    from neuromodels.rules.latex import latex_of

    rule = found.rule
    lines = [text for text in (rule.each_step, rule.on_pre, rule.on_post) if text.strip()]
    rests = [{**vars(each), "stable": each.is_stable} for each in fixed_points(rule)]
    turns = [
        {"activity": each.weight, "slope": each.slope, "latex": each.latex}
        for each in turning_points(rule)
    ]
    return {
        "model": rule.model.strip(),
        "brian2": "\n".join(lines),
        "latex": latex_of(rule),
        "fixed_points": rests,
        "turning_points": turns,
    }


def _shared(found: Sequence[Simplified]) -> list[Row]:
    """Return how many searches keep each term."""
    terms = (*found[0].kept, *found[0].left_out)
    counts = Counter(term for each in found for term in each.kept)
    return [{"term": t, "kept_in": counts[t], "of": len(found)} for t in sorted(terms)]


def _commonest(found: Sequence[Simplified]) -> Row:
    """Return the rule that most searches end with, and its numbers over these searches."""
    kept, count = Counter(each.kept for each in found).most_common(1)[0]
    alike = [each for each in found if each.kept == kept]
    return {
        "kept": list(kept),
        "searches": count,
        "of": len(found),
        **_equations(alike[0]),
        "numbers": [_over_searches(rows) for rows in zip(*(e.numbers for e in alike), strict=True)],
    }


def _over_searches(rows: Sequence[Row]) -> Row:
    """Return the mean of a number over searches, with its interval; of many, that of medians."""
    values = np.array([row["value"] for row in rows])
    about = {key: rows[0][key] for key in ("projection", "coefficient", "count")}
    return {**about, **within(float(values.mean()), mean_interval(values))}
