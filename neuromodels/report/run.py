"""The table of a run: each condition's score over seeds, and what the searches cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels import tasks
from neuromodels.analysis.intervals import median_interval
from neuromodels.errors import printable
from neuromodels.report.declared.badge import badge_lines, plan_with_outcomes
from neuromodels.report.standings import failed_trials_text
from neuromodels.report.wording.inputs import inputs_text, inputs_told
from neuromodels.report.wording.interval_text import ends_text, intervals_note
from neuromodels.report.wording.silence import silence_text, silent_populations, silent_scores
from neuromodels.report.wording.stages import stages_text, stages_told
from neuromodels.store.finished import Key, finished_keys
from neuromodels.store.front_and_archive import fronts_of
from neuromodels.store.ledger import Ledger
from neuromodels.store.records import OWN, TestRecord, counts_from_text
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import CONDITIONS, SEARCHED, in_order
from neuromodels.study.outcome import FAILURES
from neuromodels.study.study import Study
from neuromodels.tasks import Task

SCHEMA = 1
FRONT_NOTE = (
    "Members that no other beats in all goals, on fresh sequences; goals with their weights."
)
FAILED_NOTE = "A failed trial counts as a score of 0."
FROM_DATA = (
    "{:,} or more trials per seed with noise of their own; only `unseen` shows data that no search"
    " or choice has seen"
)
MEANING = {name: condition.meaning for name, condition in CONDITIONS.items()}


def meaning_of(condition: str) -> str:
    """Return what a condition is, in a few words; conditions of mechanisms are not in a list."""
    return CONDITIONS[condition].meaning


def summary(run: StoredRun) -> dict[str, Any]:
    """Return everything ``neuromodels report`` shows, as plain values.

    The keys are documented in docs/reference/json.md and stay.
    """
    ledger = run.ledger()
    try:
        tests = ledger.tests("final")
        conditions = _conditions(tests, run.study)
        done = finished_keys(ledger, run.table)
        searches = _searches(ledger, run.study.search.generations, done)
        front = fronts_of(run)
    finally:
        ledger.close()
    missing = _missing(run.study, done)
    return {
        "schema": SCHEMA,
        "run": str(run.folder),
        "study": run.name,
        "question": run.study.question,
        "digest": run.digest,
        "status": "unfinished" if missing else "finished",
        "task": run.table["task"],
        "inputs": inputs_told(run.study, [s for c in conditions for s in c["seeds"]]),
        "plan": plan_with_outcomes(run.folder, conditions),
        "conditions": conditions,
        "searches": searches,
        "stages": stages_told(run.study.search),
        "front": front,
        "missing": missing,
        "silent": silent_scores(tests),
    }


def _conditions(tests: list[TestRecord], study: Study) -> list[dict[str, Any]]:
    by_condition = defaultdict(list)
    for test in tests:
        by_condition[test.condition].append(test)
    return [_condition(c, by_condition[c], study) for c in in_order(by_condition)]


def _condition(condition: str, tests: list[TestRecord], study: Study) -> dict[str, Any]:
    scores = np.array([test.score for test in tests])
    return {
        "condition": condition,
        "median": float(np.median(scores)),
        **(_over_trials(condition, tests[0], study) if len(tests) == 1 else _over_seeds(scores)),
        "seeds": [_seed(asdict(test)) for test in tests],
    }


def _over_trials(condition: str, test: TestRecord, study: Study) -> dict[str, Any]:
    """Return the interval of a single seed, which is that of its test."""
    is_random = condition == "random"
    return {
        "low": test.low,
        "high": test.high,
        "interval_over": "rules" if is_random else "sequences",
        "kind": test.interval_kind,
        "n": study.test.random_rules if is_random else test.trials,
    }


def _over_seeds(scores: np.ndarray) -> dict[str, Any]:
    """Return the interval of the median of several seeds."""
    found = median_interval(scores)
    ends = {"low": found.low, "high": found.high}
    return {**ends, "interval_over": "seeds", "kind": found.kind, "n": found.n}


def _seed(test: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of one final score; a failed trial counts as 0 in it."""
    kept = ("seed", "score", "low", "high", "loss", "trials", "generation", "failures", "inputs")
    by_kind = {kind: test[kind] for kind in FAILURES}
    silent = counts_from_text(test["silent_trials"])
    told = {"kind": test["interval_kind"], "exact": bool(test["exact"])}
    more = {"failures_by_kind": by_kind, "silent_trials": silent, **told}
    return {**{key: test[key] for key in kept}, **more}


def failed_trials(condition: dict[str, Any]) -> str:
    """Return how many trials of a condition's final scores failed, empty where none did."""
    seeds = condition["seeds"]
    kinds = {kind: sum(seed["failures_by_kind"][kind] for seed in seeds) for kind in FAILURES}
    failures, trials = (sum(seed[key] for seed in seeds) for key in ("failures", "trials"))
    return failed_trials_text(failures, kinds, trials)


def silent_by_condition(report: dict[str, Any]) -> dict[str, str]:
    """Return whose neurons never fired, by condition; empty texts where all did or none knows."""
    return {
        each["condition"]: silent_populations(each["condition"], report["silent"], each["seeds"])
        for each in report["conditions"]
    }


def _searches(ledger: Ledger, generations: int, done: set[Key]) -> list[dict[str, Any]]:
    rows = [row for row in ledger.runs() if row.condition in SEARCHED]
    order = in_order({row.condition for row in rows})
    rows.sort(key=lambda row: (order.index(row.condition), row.seed))
    found = []
    for row in rows:
        status = "finished" if (row.condition, row.seed) in done else "unfinished"
        values = {**asdict(row), "status": status}
        found.append(_search(ledger, row.condition, row.seed, values, generations))
    return found


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


def _missing(study: Study, done: set[Key]) -> list[dict[str, Any]]:
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
    if report["plan"]:
        parts += [Text(line) for line in badge_lines(report["plan"])]
    if report["conditions"]:
        parts += [_score_table(report), Text(_footnote(report), "dim")]
    if report["silent"]:
        parts.append(Text(silence_text(report["silent"]), "bold"))
    if report["searches"]:
        parts.append(_search_table(report["searches"]))
    if report["searches"] and report["stages"]:
        parts.append(Text(stages_text(report["stages"]), "dim"))
    if report["front"]:
        parts += [_front_table(report["front"]), Text(FRONT_NOTE, "dim")]
    if report["missing"]:
        parts += [*_outdated_text(report), _missing_text(report)]
    return Group(*parts)


def _score_table(report: dict[str, Any]) -> Table:
    seeds = sorted({s["seed"] for each in report["conditions"] for s in each["seeds"]})
    table = Table(title="Score on fresh sequences", title_justify="left")
    table.add_column("condition")
    table.add_column("median", justify="right")
    table.add_column("interval", justify="right")
    for seed in seeds:
        table.add_column(f"seed {seed}", justify="right")
    failed = {each["condition"]: failed_trials(each) for each in report["conditions"]}
    if any(failed.values()):
        table.add_column("failed trials")
    silent = silent_by_condition(report)
    if any(silent.values()):
        table.add_column("silent")
    table.add_column("what it is")
    for each in report["conditions"]:
        by_seed = {s["seed"]: f"{s['score']:.3f}" for s in each["seeds"]}
        table.add_row(
            each["condition"],
            f"{each['median']:.3f}",
            ends_text(each),
            *(by_seed.get(seed, "") for seed in seeds),
            *([failed[each["condition"]]] if any(failed.values()) else []),
            *([silent[each["condition"]]] if any(silent.values()) else []),
            meaning_of(each["condition"]),
        )
    return table


def _footnote(report: dict[str, Any]) -> str:
    trials = {s["trials"] for each in report["conditions"] for s in each["seeds"]}
    name, chance = _meaning_of_scores(report["task"]["name"])
    drawn = _inputs_text(report, min(trials))
    fallen = any(failed_trials(each) for each in report["conditions"])
    counting = f" {FAILED_NOTE}" if fallen else ""
    return f"{name}, {drawn}{chance}. {intervals_note(report['conditions'])}{counting}"


def _inputs_text(report: dict[str, Any], trials: int) -> str:
    """Return what the final scores are on."""
    seen = report["inputs"]["kind"] == "searched"
    if seen and _is_of_data(report["task"]["name"]):
        return FROM_DATA.format(trials)
    return inputs_text(report["inputs"], trials)


def _is_of_data(task: str) -> bool:
    """Whether a task of the catalog shows what a file of the user's holds, not read here."""
    return task in list(tasks.CATALOG) and "file" in tasks.CATALOG[task].options


def _meaning_of_scores(task: str) -> tuple[str, str]:
    if task not in list(tasks.CATALOG):  # a task in a file of the user's own, which is not run here
        return Task.score_name, ""
    known = tasks.CATALOG[task]
    if _is_of_data(task):
        return Task.score_name, ""
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
    sources = [source_text(row) for row in searches]
    if any(sources):
        table.add_column("taken from")
    for row, source in zip(searches, sources, strict=True):
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
            *([Text(source)] if any(sources) else []),
        )
    return table


def source_text(search: dict[str, Any]) -> str:
    """Return the setting of a sweep that a search was taken from; empty for a run's own."""
    return "" if search["source"] == OWN else printable(search["source"])


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


def outdated_note(report: dict[str, Any]) -> str:
    """Return which scores are those of a search that was extended since; empty without any."""
    scored = {
        (each["condition"], s["seed"]) for each in report["conditions"] for s in each["seeds"]
    }
    missing = [(each["condition"], each["seed"]) for each in report["missing"]]
    names = _names(key for key in missing if key in scored)
    return f"Scores of a shorter search, until new ones replace them: {names}." if names else ""


def _outdated_text(report: dict[str, Any]) -> list[Text]:
    note = outdated_note(report)
    return [Text(note)] if note else []


def _missing_text(report: dict[str, Any]) -> Text:
    names = _names((each["condition"], each["seed"]) for each in report["missing"])
    return Text(f"Not finished: {names}. Go on with: neuromodels resume {report['run']}")


def _names(keys: Iterable[Key]) -> str:
    names = [f"{condition} (seed {seed})" for condition, seed in keys]
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _number_text(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
