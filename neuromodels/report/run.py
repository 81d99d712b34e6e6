"""The table of a run: each condition's score over seeds, and what the searches cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels import tasks
from neuromodels.analysis.intervals import seeds_interval
from neuromodels.store.front_and_archive import fronts_of
from neuromodels.store.ledger import Ledger
from neuromodels.store.records import TestRecord
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import CONDITIONS, SEARCHED
from neuromodels.study.outcome import FAILURES
from neuromodels.study.study import Study
from neuromodels.tasks import Task

SCHEMA = 1
FRONT_NOTE = (
    "Members that no other beats in all goals, on fresh sequences; goals with their weights."
)
MEANING = {name: condition.meaning for name, condition in CONDITIONS.items()}


def summary(run: StoredRun) -> dict[str, Any]:
    """Return everything ``neuromodels report`` shows, as plain values.

    The keys are documented in docs/reference/json.md and stay.
    """
    ledger = run.ledger()
    try:
        conditions = _conditions(ledger.tests("final"))
        searches = _searches(ledger, run.study.search.generations)
        front = fronts_of(run)
    finally:
        ledger.close()
    missing = _missing(run.study, conditions)
    return {
        "schema": SCHEMA,
        "run": str(run.folder),
        "study": run.name,
        "question": run.study.question,
        "digest": run.digest,
        "status": "unfinished" if missing else "finished",
        "task": run.table["task"],
        "conditions": conditions,
        "searches": searches,
        "front": front,
        "missing": missing,
    }


def _conditions(tests: list[TestRecord]) -> list[dict[str, Any]]:
    by_condition = defaultdict(list)
    for test in tests:
        by_condition[test.condition].append(test)
    return [_condition(c, by_condition[c]) for c in CONDITIONS if c in by_condition]


def _condition(condition: str, tests: list[TestRecord]) -> dict[str, Any]:
    scores = np.array([test.score for test in tests])
    if len(tests) == 1:
        low, high = tests[0].low, tests[0].high
        over = "rules" if condition == "random" else "sequences"
    else:
        low, high = seeds_interval(scores)
        over = "seeds"
    kept = ("seed", "score", "low", "high", "loss", "trials", "generation")
    return {
        "condition": condition,
        "median": float(np.median(scores)),
        "low": low,
        "high": high,
        "interval_over": over,
        "seeds": [{key: asdict(test)[key] for key in kept} for test in tests],
    }


def _searches(ledger: Ledger, generations: int) -> list[dict[str, Any]]:
    rows = [row for row in ledger.runs() if row.condition in SEARCHED]
    rows.sort(key=lambda row: (list(CONDITIONS).index(row.condition), row.seed))
    return [_search(ledger, row.condition, row.seed, asdict(row), generations) for row in rows]


def _search(
    ledger: Ledger, condition: str, seed: int, row: dict[str, Any], total: int
) -> dict[str, Any]:
    records = ledger.generations(condition, seed)
    seconds = [record.seconds for record in records]
    return {
        **row,
        "generations": len(records),
        "of": total,
        "seconds": sum(seconds),
        "seconds_per_generation": float(np.median(seconds)) if seconds else None,
        "instances_per_second": _median([r.instances_per_second for r in records]),
        "optimizer_share": _median([r.optimizer_share for r in records]),
        "failures": sum(record.failures for record in records),
        "failures_by_kind": {
            kind: sum(getattr(record, kind) for record in records) for kind in FAILURES
        },
        "restarts": max((record.restart for record in records), default=0),
        "centre_score": records[-1].centre_score if records else None,
    }


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def _missing(study: Study, conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = {(each["condition"], seed["seed"]) for each in conditions for seed in each["seeds"]}
    return [
        {"condition": condition, "seed": seed}
        for condition in study.tested
        for seed in study.seeds
        if (condition, seed) not in done
    ]


# -- what a terminal shows ----------------------------------------------------------------------


def report_tables(report: dict[str, Any]) -> Group:
    """Return the tables of a summary for a terminal."""
    parts: list[Any] = [Text(f"{report['study']}  {report['digest']}  {report['status']}", "bold")]
    if report["question"]:
        parts.append(Text(report["question"]))
    if report["conditions"]:
        parts += [_score_table(report), Text(_footnote(report), "dim")]
    if report["searches"]:
        parts.append(_search_table(report["searches"]))
    if report["front"]:
        parts += [_front_table(report["front"]), Text(FRONT_NOTE, "dim")]
    if report["missing"]:
        parts.append(_missing_text(report))
    return Group(*parts)


def _score_table(report: dict[str, Any]) -> Table:
    seeds = sorted({s["seed"] for each in report["conditions"] for s in each["seeds"]})
    table = Table(title="Score on fresh sequences", title_justify="left")
    table.add_column("condition")
    table.add_column("median", justify="right")
    table.add_column("95 %", justify="right")
    for seed in seeds:
        table.add_column(f"seed {seed}", justify="right")
    table.add_column("what it is")
    for each in report["conditions"]:
        by_seed = {s["seed"]: f"{s['score']:.3f}" for s in each["seeds"]}
        table.add_row(
            each["condition"],
            f"{each['median']:.3f}",
            f"{each['low']:.3f} - {each['high']:.3f}",
            *(by_seed.get(seed, "") for seed in seeds),
            MEANING[each["condition"]],
        )
    return table


def _footnote(report: dict[str, Any]) -> str:
    trials = {s["trials"] for each in report["conditions"] for s in each["seeds"]}
    over = sorted({each["interval_over"] for each in report["conditions"]})
    name, chance = _meaning_of_scores(report["task"]["name"])
    return (
        f"{name}, {min(trials):,} or more trials per seed that no search or choice has"
        f" seen{chance}. Intervals: bootstrap over {' or '.join(over)}."
    )


def _meaning_of_scores(task: str) -> tuple[str, str]:
    if task not in list(tasks.CATALOG):  # a task in a file of the user's own, which is not run here
        return Task.score_name, ""
    known = tasks.CATALOG[task]
    return known.score_name, "" if known.chance is None else f"; chance {known.chance:g}"


def _search_table(searches: list[dict[str, Any]]) -> Table:
    table = Table(title="Searches", title_justify="left")
    for name in (
        "condition",
        "seed",
        "generations",
        "coefficients",
        "s/generation",
        "instances/s",
        "optimizer",
        "builds",
        "failures",
    ):
        table.add_column(name, justify="left" if name == "condition" else "right")
    for row in searches:
        table.add_row(
            row["condition"],
            str(row["seed"]),
            f"{row['generations']} / {row['of']}",
            str(row["dimension"]),
            _number_text(row["seconds_per_generation"], ".3g"),
            _number_text(row["instances_per_second"], ",.0f"),
            _number_text(row["optimizer_share"], ".1%"),
            f"{row['builds']} (+{row['cache_hits']} cached)",
            _failures(row),
        )
    return table


def _failures(row: dict[str, Any]) -> str:
    kinds = [f"{kind} {count:,}" for kind, count in row["failures_by_kind"].items() if count]
    return f"{row['failures']:,}" + (f" ({', '.join(kinds)})" if kinds else "")


def _front_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Front", title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="left" if name == "condition" else "right")
    for row in rows:
        table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()))
    return table


def _missing_text(report: dict[str, Any]) -> Text:
    names = [f"{each['condition']} (seed {each['seed']})" for each in report["missing"]]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return Text(f"Not finished: {shown}. Go on with: neuromodels resume {report['run']}")


def _number_text(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
