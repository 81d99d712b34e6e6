"""From a population, or from the table of one, to everything that is told of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.analysis.intervals import Interval
from neuromodels.analysis.population.contrasts import Outcome, outcomes_of
from neuromodels.analysis.population.effects import TermEffect, term_effects
from neuromodels.analysis.population.form_means import SEARCHED, Table, column, tasks_in, terms_in
from neuromodels.analysis.population.regret import regret_of
from neuromodels.errors import NeuromodelsError
from neuromodels.experiment.population.declaration import read_population
from neuromodels.files import read_json
from neuromodels.measures.population.run import ABOUT, run_population
from neuromodels.measures.population.table import read_table
from neuromodels.measures.population.values import VALUES
from neuromodels.report.population.picture import check_picture, drawn
from neuromodels.store import RUNS
from neuromodels.study.own_files import Announce

SCHEMA = 1
SHARES = ("searched", "held_out", "score", "later", "damaged", "noisy", "acquired")
"""Values that are shares of right answers: the declared margin is one of these."""
NOT_TESTED = ("failures",)
Tell = Callable[[str], None]


def population_of(
    file: Path,
    changes: Sequence[str],
    out: Path | None,
    table: Path | None,
    figure: Path | None,
    announce: Announce,
    tell: Tell,
) -> dict[str, Any]:
    """Run a declared population, or read its table, and return what it says.

    Parameters
    ----------
    file
        That declares the population; or a table, of which no contrasts are known then.
    changes
        As after ``--set``.
    out
        The folder of the run; None: by the name and the digest of the population.
    table
        A table of the population: nothing is searched.
    figure
        Where the picture of all effects is saved, if anywhere.
    announce, tell
        Told of files of the user's own, and of what is done.

    Raises
    ------
    NeuromodelsError
        With what is wrong.
    """
    if figure is not None:
        check_picture(figure)
    if file.suffix == ".csv":
        return drawn(said_of(read_table(file), str(file), (), math.nan), figure)
    population = read_population(file, changes, announce)
    plan: Mapping[str, Any] = {}
    if table is None:
        folder = out or RUNS / f"{population.name}-{population.digest}"
        tell(f"{population.size:,} rules: {len(population.forms)} forms, into {folder}")
        table = run_population(population, folder, file, tell)
        plan = read_json(folder / ABOUT).get("plan", {})
    said = said_of(read_table(table), str(table), population.contrasts, population.margin)
    return drawn({**said, "plan": plan}, figure)


def said_of(columns: Table, source: str, contrasts: Sequence[str], margin: float) -> dict[str, Any]:
    """Return what a table says, as plain values; see ``docs/reference/json.md``.

    Raises
    ------
    NeuromodelsError
        Where the table has no searched rule.
    """
    searched = column(columns, "kind") == SEARCHED
    if not searched.any():
        raise NeuromodelsError(source, "must have rules of the kind 'searched'")
    values = [name for name in VALUES if name in columns and name not in NOT_TESTED]
    effects = [
        effect
        for task in tasks_in(columns)
        for value in values
        for effect in term_effects(
            columns, value, task, margin=margin if value in SHARES else math.nan
        )
    ]
    return {
        "schema": SCHEMA,
        "table": source,
        "rules": int(searched.sum()),
        "forms": len(set(column(columns, "form")[searched].tolist())),
        "tasks": tasks_in(columns),
        "terms": terms_in(columns),
        "margin": _number(margin),
        "effects": [_effect(each) for each in effects],
        "contrasts": [_outcome(each) for each in outcomes_of(columns, contrasts)],
        "regret": _regret(columns),
        "kinds": _kinds(columns),
        "cpu_hours": float(np.nansum(_of(columns, "seconds")) / 3600),
        "trials": int(np.nansum(_of(columns, "evaluations"))),
        "plan": {},
    }


def _of(columns: Table, name: str) -> np.ndarray:
    return column(columns, name) if name in columns else np.zeros(1)


def _effect(effect: TermEffect) -> dict[str, Any]:
    told = {key: _plain(value) for key, value in asdict(effect).items() if "interval" not in key}
    return {
        **told,
        **_ends(effect.interval),
        **{f"delta_{key}": end for key, end in _ends(effect.delta_interval).items()},
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    told = {"claim": outcome.claim.text, "effect": _number(outcome.effect)}
    more = {"p": outcome.p, "holds": outcome.holds, "reason": outcome.reason}
    return {**told, **_ends(outcome.interval), **more}


def _ends(interval: Interval) -> dict[str, Any]:
    return {"low": _number(interval.low), "high": _number(interval.high)}


def _regret(columns: Table) -> dict[str, Any]:
    if "score" not in columns:
        return {}
    found = regret_of(columns)
    return {key: _plain(value) for key, value in asdict(found).items()}


def _kinds(columns: Table) -> list[dict[str, Any]]:
    """Return mean score and share of stuck rules, of each kind in each task."""
    rows = []
    for task in tasks_in(columns):
        for kind in dict.fromkeys(column(columns, "kind").tolist()):
            chosen = (column(columns, "task") == task) & (column(columns, "kind") == kind)
            row: dict[str, Any] = {"task": task, "kind": str(kind), "rules": int(chosen.sum())}
            for name in ("score", "stuck"):
                numbers = _of(columns, name)[chosen] if name in columns else np.zeros(0)
                known = numbers[np.isfinite(numbers)]
                row[name] = float(known.mean()) if known.size else None
                row[f"{name}_missing"] = int(chosen.sum() - known.size)
            rows.append(row)
    return rows


def _plain(value: Any) -> Any:
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
