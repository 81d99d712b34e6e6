"""A run as one HTML page that needs nothing else: tables, learning curves, failures, provenance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.plotting.draw import svg_of
from neuromodels.plotting.learning import learning_curves
from neuromodels.reporting import MEANING, summary
from neuromodels.storage.files import read_json, replace_file
from neuromodels.storage.ledger import Ledger
from neuromodels.storage.records import GenerationRecord
from neuromodels.storage.store import PROVENANCE, StoredRun

NAME = "report.html"
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.question { font-size: 1.1rem; margin-top: .25rem; } .quiet { opacity: .7; font-size: .875rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; } svg { max-width: 100%; height: auto; background: white; }
pre { overflow-x: auto; font-size: .8125rem; padding: .75rem;
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 4px; }
"""


def write_page(run: StoredRun, path: Path | None = None) -> Path:
    """Write the page of a run, by default into its folder; return where it is."""
    target = path or run.folder / NAME
    replace_file(target, page_of(run).encode())
    return target


def page_of(run: StoredRun) -> str:
    """Return the page of a run as HTML text; it loads nothing from elsewhere."""
    found = summary(run)
    parts = [
        *_head(found), *_scores(found), *_curves(run, found), *_searches(found),
        *_coefficients(run, found), *_study(run), *_provenance(run),
    ]  # fmt: skip
    title = escape(found["study"])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _head(found: dict[str, Any]) -> list[str]:
    state = f"{found['status']}; study {found['digest']}; folder {found['run']}"
    lines = [f"<h1>{escape(found['study'])}</h1>"]
    if found["question"]:
        lines.append(f'<p class="question">{escape(found["question"])}</p>')
    return [*lines, f'<p class="quiet">{escape(state)}</p>']


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: Sequence[int] = ()) -> str:
    """Return a table; columns listed in `texts` are set as text, the others as numbers."""

    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = (' class="text"' if k in texts else "" for k in range(len(row)))
        return "".join(
            f"<{tag}{kind}>{escape(each)}</{tag}>" for kind, each in zip(kinds, row, strict=True)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{cells("th", heads)}</tr>{body}</table></div>'


def _scores(found: dict[str, Any]) -> list[str]:
    if not found["conditions"]:
        return ["<h2>Scores</h2><p>No condition is finished yet.</p>"]
    rows = [
        (each["condition"], f"{each['median']:.3f}", f"{each['low']:.3f} to {each['high']:.3f}",
         ", ".join(f"{s['score']:.3f}" for s in each["seeds"]), MEANING[each["condition"]])
        for each in found["conditions"]
    ]  # fmt: skip
    heads = ("condition", "median", "95 %", "by seed", "what it is")
    return ["<h2>Score on fresh sequences</h2>", _table(heads, rows, texts=(4,))]


def _searches(found: dict[str, Any]) -> list[str]:
    if not found["searches"]:
        return []
    rows = [
        (row["condition"], str(row["seed"]), f"{row['generations']} / {row['of']}",
         f"{row['dimension']:,}", _number(row["seconds_per_generation"], ".3g"),
         _number(row["instances_per_second"], ",.0f"), _number(row["optimizer_share"], ".1%"),
         str(row["failures"]))
        for row in found["searches"]
    ]  # fmt: skip
    heads = ("condition", "seed", "generations", "coefficients", "s/generation", "instances/s",
             "optimizer", "failed instances")  # fmt: skip
    return ["<h2>Searches</h2>", _table(heads, rows)]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


# ----------------------------------------------------------------------------------------- curves


def _curves(run: StoredRun, found: dict[str, Any]) -> list[str]:
    ledger = run.ledger()
    try:
        searched = list(dict.fromkeys(row["condition"] for row in found["searches"]))
        panels = [(name, _series(ledger, found, name)) for name in searched]
    finally:
        ledger.close()
    panels = [(name, series) for name, series in panels if series]
    if not panels:
        return []
    note = "Score of the centre of each search: one line per seed; median and range over seeds."
    picture = svg_of(learning_curves(panels))
    return ["<h2>Learning curves</h2>", picture, f'<p class="quiet">{note}</p>']


def _series(ledger: Ledger, found: dict[str, Any], condition: str) -> list[np.ndarray]:
    seeds = [row["seed"] for row in found["searches"] if row["condition"] == condition]
    rows = [ledger.generations(condition, seed) for seed in seeds]
    return [_centre_scores(generations) for generations in rows if generations]


def _centre_scores(generations: Sequence[GenerationRecord]) -> np.ndarray:
    return np.array([[g.generation + 1, g.centre_score or np.nan] for g in generations])


# ------------------------------------------------------------------------- coefficients and origin


def _coefficients(run: StoredRun, found: dict[str, Any]) -> list[str]:
    rows = []
    for search in found["searches"]:
        path = run.folder / "solutions" / f"{search['condition']}-seed{search['seed']}.npz"
        if path.is_file():
            rows += _coefficient_rows(run, search["condition"], search["seed"])
    if not rows:
        return []
    heads = ("condition", "seed", "coefficient", "numbers", "mean", "sd", "lowest", "highest")
    return [
        "<h2>Coefficients of the solutions</h2>", _table(heads, rows, texts=(2,)),
        '<p class="quiet">As the optimizer sees them, before scales and bounds.</p>',
    ]  # fmt: skip


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
    lines = "\n".join(_flat(run.study))
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
    text = "\n\n".join("\n".join(_flat(session)) for session in sessions)
    return [f"<h2>Provenance ({len(sessions)} sessions)</h2>", f"<pre>{escape(text)}</pre>"]
