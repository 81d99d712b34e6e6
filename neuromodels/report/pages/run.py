"""A run as one HTML page that needs nothing else: tables, learning curves, failures, provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.analysis.intervals import kind_label
from neuromodels.report.declared.badge import badge_lines
from neuromodels.report.pages.html import (
    head_with,
    page_with,
    picture_of,
    provenance_in,
    table_with,
    values_of,
    write_text,
)
from neuromodels.report.plotting.learning import Searches, learning_curve, limits_of, window_of
from neuromodels.report.run import (
    FAILED_NOTE,
    failed_trials,
    meaning_of,
    outdated_note,
    silent_by_condition,
    source_text,
    summary,
)
from neuromodels.report.standings import failures_by_kind
from neuromodels.report.wording.interval_text import ends_text, intervals_note
from neuromodels.report.wording.silence import silence_text
from neuromodels.store.folder import solution_path
from neuromodels.store.ledger import Ledger
from neuromodels.store.load import coefficient_at, coefficients_of
from neuromodels.store.records import GenerationRecord, TestRecord
from neuromodels.store.store import StoredRun


def write_page(run: StoredRun, path: Path | None = None) -> Path:
    """Write the page of a run, by default into its folder; return where it is."""
    return write_text(page_of(run), run.folder, path)


def page_of(run: StoredRun) -> str:
    """Return the page of a run as HTML text; it loads nothing from elsewhere."""
    report = summary(run)
    records = _records(run, report)
    parts = [
        *_head(report),
        *_plan(report),
        *_scores(report),
        *_curves(records),
        *_searches(report),
        *_failures(records),
        *_coefficients(run, report),
        *values_of(run.table),
        *provenance_in(run.folder),
    ]
    return page_with(report["study"], parts)


Records = Mapping[tuple[str, int], tuple[list[GenerationRecord], list[TestRecord]]]
"""Generations and points of the learning curve of each search, by condition and seed."""


def _records(run: StoredRun, report: dict[str, Any]) -> Records:
    ledger = run.ledger()
    try:
        keys = [(row["condition"], row["seed"]) for row in report["searches"]]
        return {key: (ledger.generations(*key), _curve_tests(ledger, *key)) for key in keys}
    finally:
        ledger.close()


def _curve_tests(ledger: Ledger, condition: str, seed: int) -> list[TestRecord]:
    return [test for test in ledger.tests("curve", condition) if test.seed == seed]


def _head(report: dict[str, Any]) -> list[str]:
    state = f"{report['status']}; study {report['digest']}; folder {report['run']}"
    return head_with(report["study"], report["question"], state)


def _plan(report: dict[str, Any]) -> list[str]:
    """Return whether the run was declared, and what was claimed."""
    if not report["plan"]:
        return ['<p class="quiet">No plan was declared before this run.</p>']
    return [f"<p>{escape(line)}</p>" for line in badge_lines(report["plan"])]


def _scores(report: dict[str, Any]) -> list[str]:
    if not report["conditions"]:
        return ["<h2>Scores</h2><p>No condition is finished yet.</p>"]
    failed = {each["condition"]: failed_trials(each) for each in report["conditions"]}
    silent = silent_by_condition(report)
    shown = {"failed trials": failed, "silent": silent}
    more = {head: texts for head, texts in shown.items() if any(texts.values())}
    rows = [
        (
            each["condition"],
            f"{each['median']:.3f}",
            ends_text(each, " to "),
            ", ".join(f"{s['score']:.3f}" for s in each["seeds"]),
            *(texts[each["condition"]] for texts in more.values()),
            meaning_of(each["condition"]),
        )
        for each in report["conditions"]
    ]
    heads = ("condition", "median", "interval", "by seed", *more, "what it is")
    said = f"{intervals_note(report['conditions'])} {FAILED_NOTE * any(failed.values())}".strip()
    note = [f'<p class="quiet">{said}</p>']
    table = table_with(heads, rows, texts=range(4, len(heads)))
    if outdated := outdated_note(report):
        note.append(f'<p class="quiet">{escape(outdated)}</p>')
    if silence := silence_text(report["silent"]):
        note.append(f"<p><strong>{escape(silence)}</strong></p>")
    return ["<h2>Score on fresh sequences</h2>", table, *note]


def _searches(report: dict[str, Any]) -> list[str]:
    if not report["searches"]:
        return []
    sources = [source_text(row) for row in report["searches"]]
    more = ["taken from"] if any(sources) else []
    rows = [
        (
            row["condition"],
            str(row["seed"]),
            f"{row['generations']} / {row['of']}",
            f"{row['dimension']:,}",
            _number(row["seconds_per_generation"], ".3g"),
            _number(row["instances_per_second"], ",.0f"),
            _number(row["optimizer_share"], ".1%"),
            f"{row['failures']:,}",
            *(source for _ in more),
        )
        for row, source in zip(report["searches"], sources, strict=True)
    ]
    heads = (
        "condition",
        "seed",
        "generations",
        "coefficients",
        "s/generation",
        "instances/s",
        "optimizer",
        "failed instances",
        *more,
    )
    return ["<h2>Searches</h2>", table_with(heads, rows, texts=range(8, len(heads)))]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


# ---------------------------------------------------------------------------- curves and failures


def _curves(records: Records) -> list[str]:
    conditions = dict.fromkeys(condition for (condition, _), (rows, _) in records.items() if rows)
    panels = [_panel(records, condition) for condition in conditions]
    if not panels:
        return []
    limits = limits_of(panels)
    pictures = [_picture(each, limits) for each in panels]
    return [
        "<h2>Learning curves</h2>",
        f'<div class="panels">{"".join(pictures)}</div>',
        f'<p class="quiet">{escape(_caption(panels, _kinds(records)))}</p>',
    ]


def _picture(panel: Searches, limits: Any) -> str:
    curve = learning_curve(panel, limits)
    return picture_of(curve, panel.name, f"learning curve: {panel.name}")


def _panel(records: Records, condition: str) -> Searches:
    searches = [search for (name, _), search in records.items() if name == condition]
    centres = [_centre_scores(rows) for rows, _ in searches if rows]
    tests = [_test_scores(tests) for _, tests in searches if tests]
    return Searches(condition, centres, tests)


def _centre_scores(rows: Sequence[GenerationRecord]) -> np.ndarray:
    # None becomes NaN
    return np.array([[g.generation + 1, g.centre_score] for g in rows], dtype=float)


def _test_scores(tests: Sequence[TestRecord]) -> np.ndarray:
    return np.array([[t.generation, t.score, t.low, t.high] for t in tests])


def _kinds(records: Records) -> str:
    """Return what the intervals of single tests are."""
    kinds = dict.fromkeys(test.interval_kind for _, tests in records.values() for test in tests)
    return " or ".join(kind_label(kind) for kind in kinds if kind != "none") or "interval"


def _caption(panels: Sequence[Searches], kinds: str) -> str:
    """Return what the lines of the learning curves are."""
    seeds = max(len(each.centres) for each in panels)
    window = max(window_of(curve) for each in panels for curve in each.centres)
    median = f"running median over {window} generations" if window > 1 else "every generation"
    thin = f"Thin: score of the centre on the sequences of the search, {median}"
    thin += ", one line per seed." if seeds > 1 else "."
    tested = {min(len(each.tests), 2) for each in panels if each.tests}
    if not tested:
        return thin
    bands = {1: f"with its {kinds} over trials", 2: "median and range over seeds"}
    of_one = f", of a single seed its {kinds} over trials" if len(tested) > 1 else ""
    band = bands[max(tested)] + of_one
    return f"Thick: score of the centre on fresh sequences, {band}. {thin}"


def _failures(records: Records) -> list[str]:
    rows = [
        row
        for (condition, seed), (generations, _) in records.items()
        if (row := _failure_row(generations, condition, seed))
    ]
    if not rows:
        return ["<h2>Failures</h2><p>No instance failed.</p>"] if records else []
    heads = ("condition", "seed", "failed instances", "of all", "kinds", "last in generation")
    return ["<h2>Failures</h2>", table_with(heads, rows, texts=(4,))]


def _failure_row(
    generations: Sequence[GenerationRecord], condition: str, seed: int
) -> tuple[str, ...] | None:
    failed = [each for each in generations if each.failures]
    if not failed:
        return None
    count = sum(each.failures for each in failed)
    instances = sum(each.instances_per_second * each.seconds for each in generations)
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in failures_by_kind(failed).items())
    last = f"{failed[-1].generation + 1:,}"
    return condition, str(seed), f"{count:,}", f"{100 * count / instances:.2g} %", kinds, last


# ------------------------------------------------------------------------- coefficients and origin


def _coefficients(run: StoredRun, report: dict[str, Any]) -> list[str]:
    rows = []
    for search in report["searches"]:
        if solution_path(run.folder, search["condition"], search["seed"]).is_file():
            rows += _coefficient_rows(run, search["condition"], search["seed"])
    if not rows:
        return []
    heads = ("condition", "seed", "coefficient", "numbers", "mean", "sd", "lowest", "highest")
    return [
        "<h2>Coefficients of the solutions</h2>",
        table_with(heads, rows, texts=(2,)),
        '<p class="quiet">As they stand in the equations, within their bounds.</p>',
    ]


def _coefficient_rows(run: StoredRun, condition: str, seed: int) -> list[tuple[str, ...]]:
    arrays = run.solution(condition, seed)
    known, rows = coefficients_of(run.study, condition), []
    for name, start, stop in zip(arrays["names"], arrays["starts"], arrays["stops"], strict=True):
        part = coefficient_at(str(name), known).told(arrays["vector"][start:stop])
        numbers = (part.mean(), part.std(), part.min(), part.max())
        shown = tuple(f"{number:.4g}" for number in numbers)
        rows.append((condition, str(seed), str(name), str(len(part)), *shown))
    return rows
