"""The run of a network as one HTML page: tables, pictures, the study, provenance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.report.networks.tables import (
    Columns,
    network_summary,
    tables_of,
    unfinished_note,
    whole,
)
from neuromodels.report.pages.html import (
    head_with,
    page_with,
    picture_of,
    provenance_in,
    table_with,
    values_of,
    write_text,
)
from neuromodels.report.plotting.fits import Course, draw_fit
from neuromodels.report.plotting.sensitivities import draw_morris, draw_sobol
from neuromodels.store.networks import POSTERIOR, StoredNetwork

Values = Mapping[str, Any]


def write_network_page(run: StoredNetwork, path: Path | None = None) -> Path:
    """Write the page of a run, by default into its folder; return where it is."""
    return write_text(network_page(run), run.folder, path)


def network_page(run: StoredNetwork) -> str:
    """Return the page of a run as HTML text; it loads nothing from elsewhere."""
    summary = network_summary(run)
    state = f"{summary['action']}, {summary['status']}; study {run.digest}; folder {run.folder}"
    note = unfinished_note(summary)
    parts = [
        *head_with(run.name, run.question, state),
        *([f"<p>{escape(note)}</p>"] if note else []),
        *(part for columns in tables_of(summary, None) for part in _table(columns)),
        *_pictures(run, summary),
        *values_of(run.table),
        *provenance_in(run.folder),
    ]
    return page_with(run.name, parts)


def _table(columns: Columns) -> list[str]:
    texts = [n for n, head in enumerate(columns.heads) if n < columns.texts or head == "unit"]
    table = table_with(columns.heads, columns.rows, texts)
    notes = (f'<p class="quiet">{escape(note)}</p>' for note in columns.notes)
    return [f"<h2>{escape(columns.title)}</h2>", table, *notes]


def _pictures(run: StoredNetwork, summary: Values) -> list[str]:
    draw = _DRAWINGS.get(run.action)
    if summary["result"] is None or draw is None:
        return []
    with whole(summary):
        figure = draw(summary["result"], run)
        if figure is None:
            return []
        picture = picture_of(figure, run.action, f"{run.action} of {run.name}")
    return ["<h2>Picture</h2>", f'<div class="panels">{picture}</div>']


def _of_fit(result: Values, run: StoredNetwork) -> Any:
    course, units = result["course"], {row["name"]: row["unit"] for row in result["parameters"]}
    ends = {row["name"]: (row["low"], row["high"]) for row in result["parameters"]}
    courses = [
        Course(
            f"{name} [{units[name]}]" if units[name] else name,
            _array(centre),
            (_real(ends[name][0]), _real(ends[name][1])),
            tuple(course["limits"][name]),
            course["log"][name],
        )
        for name, centre in course["centres"].items()
    ]
    return draw_fit(_array(course["best"]), _array(course["mean"]), courses)


def _of_sensitivity(result: Values, run: StoredNetwork) -> Any:
    draw = draw_morris if result["method"] == "morris" else draw_sobol
    panels = [
        {name: _array(index) for name, index in measure["indices"].items()}
        for measure in result["measures"]
    ]
    return draw([each["name"] for each in result["measures"]], result["parameters"], panels)


def _of_posterior(result: Values, run: StoredNetwork) -> Any:
    from neuromodels.exploration import Posterior  # brings Brian2

    path = run.folder / POSTERIOR
    return Posterior.load(path).plot() if path.is_file() else None


def _of_sweep(result: Values, run: StoredNetwork) -> Any:
    from neuromodels.exploration import plot_sweep  # brings Brian2

    found = run.dataset()
    return None if found is None else plot_sweep(found)


_DRAWINGS: Mapping[str, Callable[[Values, StoredNetwork], Any]] = {
    "sweep": _of_sweep,
    "fit": _of_fit,
    "sensitivity": _of_sensitivity,
    "infer": _of_posterior,
}


def _array(values: Any) -> np.ndarray:
    """Return nested lists as an array; what is None is NaN."""
    return np.array(values, dtype=float)


def _real(value: float | None) -> float:
    return math.nan if value is None else value
