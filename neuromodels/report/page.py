"""A run as one HTML page that needs nothing else: tables, learning curves, failures, provenance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.files import read_json, replace_file
from neuromodels.report.plotting.draw import svg_of
from neuromodels.report.plotting.learning import Searches, learning_curve, limits_of, window_of
from neuromodels.report.plotting.style import DARK
from neuromodels.report.run import MEANING, summary
from neuromodels.report.standings import failures_by_kind
from neuromodels.store.ledger import Ledger
from neuromodels.store.records import GenerationRecord, TestRecord
from neuromodels.store.store import PROVENANCE, StoredRun, solution_path

NAME = "report.html"
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.question { font-size: 1.1rem; margin-top: .25rem; } .quiet { opacity: .7; font-size: .875rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; }
.panels { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.panels svg { width: 100%; height: auto; max-width: 36rem; }
.panels svg text { font-family: inherit !important; }
pre { white-space: pre-wrap; font-size: .8125rem; padding: .75rem;
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 4px; }
@media (max-width: 48rem) {
  tr:has(th) { display: none; }
  tr { display: block; padding: .25rem 0;
    border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
  td { display: inline-block; padding: 0 .75rem 0 0; border: 0; white-space: normal; }
  td:empty { display: none; }
  td::before { content: attr(data-of) " "; opacity: .7; font-size: .875rem; }
}
"""
"""Narrow screens show each row of a table as a paragraph: nothing needs to be scrolled aside."""


def write_page(run: StoredRun, path: Path | None = None) -> Path:
    """Write the page of a run, by default into its folder; return where it is."""
    target = path or run.folder / NAME
    replace_file(target, page_of(run).encode())
    return target


def page_of(run: StoredRun) -> str:
    """Return the page of a run as HTML text; it loads nothing from elsewhere."""
    report = summary(run)
    records = _records(run, report)
    parts = [
        *_head(report),
        *_scores(report),
        *_curves(records),
        *_searches(report),
        *_failures(records),
        *_coefficients(run, report),
        *_study(run),
        *_provenance(run),
    ]
    title = escape(report["study"])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


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
    lines = [f"<h1>{escape(report['study'])}</h1>"]
    if report["question"]:
        lines.append(f'<p class="question">{escape(report["question"])}</p>')
    return [*lines, f'<p class="quiet">{escape(state)}</p>']


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: Sequence[int] = ()) -> str:
    """Return a table; columns listed in `texts` are set as text, the others as numbers."""
    kinds = [' class="text"' if k in texts else "" for k in range(len(heads))]
    top = "".join(f"<th{kind}>{escape(h)}</th>" for kind, h in zip(kinds, heads, strict=True))

    def cells(row: Sequence[str]) -> str:
        return "".join(
            f'<td{kind} data-of="{escape(head)}">{escape(cell)}</td>'
            for kind, head, cell in zip(kinds, heads, row, strict=True)
        )

    body = "".join(f"<tr>{cells(row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _scores(report: dict[str, Any]) -> list[str]:
    if not report["conditions"]:
        return ["<h2>Scores</h2><p>No condition is finished yet.</p>"]
    rows = [
        (
            each["condition"],
            f"{each['median']:.3f}",
            f"{each['low']:.3f} to {each['high']:.3f}",
            ", ".join(f"{s['score']:.3f}" for s in each["seeds"]),
            MEANING[each["condition"]],
        )
        for each in report["conditions"]
    ]
    heads = ("condition", "median", "95 %", "by seed", "what it is")
    return ["<h2>Score on fresh sequences</h2>", _table(heads, rows, texts=(4,))]


def _searches(report: dict[str, Any]) -> list[str]:
    if not report["searches"]:
        return []
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
        )
        for row in report["searches"]
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
    )
    return ["<h2>Searches</h2>", _table(heads, rows)]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


# ---------------------------------------------------------------------------- curves and failures


def _curves(records: Records) -> list[str]:
    conditions = dict.fromkeys(condition for (condition, _), (rows, _) in records.items() if rows)
    panels = [_panel(records, condition) for condition in conditions]
    if not panels:
        return []
    limits = limits_of(panels)
    pictures = [_picture(learning_curve(each, limits), each.name) for each in panels]
    return [
        "<h2>Learning curves</h2>",
        f'<div class="panels">{"".join(pictures)}</div>',
        f'<p class="quiet">{escape(_caption(panels))}</p>',
    ]


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


def _picture(figure: Any, name: str) -> str:
    """Return a figure whose lines have the text's colour, and whose names are its own."""
    svg = svg_of(figure).replace(DARK, "currentColor")
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="learning curve: {escape(name)}"', 1)


def _caption(panels: Sequence[Searches]) -> str:
    """Return what the lines of the learning curves are."""
    seeds = max(len(each.centres) for each in panels)
    window = max(window_of(curve) for each in panels for curve in each.centres)
    median = f"running median over {window} generations" if window > 1 else "every generation"
    thin = f"Thin: score of the centre on the sequences of the search, {median}"
    thin += ", one line per seed." if seeds > 1 else "."
    tested = {min(len(each.tests), 2) for each in panels if each.tests}
    if not tested:
        return thin
    bands = {1: "with its 95 % interval", 2: "median and range over seeds"}
    band = bands[max(tested)] + (", of a single seed its 95 % interval" if len(tested) > 1 else "")
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
    return ["<h2>Failures</h2>", _table(heads, rows, texts=(4,))]


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
        _table(heads, rows, texts=(2,)),
        '<p class="quiet">As the optimizer sees them, before scales and bounds.</p>',
    ]


def _coefficient_rows(run: StoredRun, condition: str, seed: int) -> list[tuple[str, ...]]:
    arrays = run.solution(condition, seed)
    rows = []
    for name, start, stop in zip(arrays["names"], arrays["starts"], arrays["stops"], strict=True):
        part = arrays["vector"][start:stop]
        numbers = (part.mean(), part.std(), part.min(), part.max())
        shown = tuple(f"{number:.4g}" for number in numbers)
        rows.append((condition, str(seed), str(name), str(len(part)), *shown))
    return rows


def _study(run: StoredRun) -> list[str]:
    lines = "\n".join(_flat(run.table))
    return ["<h2>Study</h2>", f"<pre>{escape(lines)}</pre>"]


def _flat(value: Any, prefix: str = "") -> Iterable[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{prefix}.{key}" if prefix else key)
    else:
        yield f"{prefix} = {value}"


def _provenance(run: StoredRun) -> list[str]:
    path = run.folder / PROVENANCE
    sessions = read_json(path).get("sessions", []) if path.is_file() else []
    if not sessions:
        return []
    lines = [list(_flat(session)) for session in sessions]
    texts = ["\n".join(lines[0])]
    for before, now in pairwise(lines):
        # a run that was resumed a hundred times says the same a hundred times
        texts.append("\n".join(line for line in now if line not in before))
    text = "\n\n".join(texts)
    note = "Of later sessions only what is not as in the one before."
    return [
        f"<h2>Provenance ({len(sessions)} sessions)</h2>",
        f"<pre>{escape(text)}</pre>",
        *([f'<p class="quiet">{note}</p>'] if len(sessions) > 1 else []),
    ]
