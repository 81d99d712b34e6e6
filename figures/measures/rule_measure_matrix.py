"""What each form of rule gives: a row for each form, a column for each cognitive value.

No paper has this figure. Studies, seeds and contrasts were declared before the runs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figures.shared.tables import rows_of
from neuromodels.analysis.cognition import VALUES
from neuromodels.errors import RunNotFound
from neuromodels.measures.battery.contrasts import (
    Battery,
    Form,
    battery_from,
    contrasts_of,
    mean_over_seeds,
)
from neuromodels.measures.battery.standing import STUCK, stuck_cells
from neuromodels.report.plotting.draw import new_figure, place, write_note
from neuromodels.report.plotting.matrix import FOOT, Matrix, draw_matrix
from neuromodels.report.plotting.style import PAGE, styled
from neuromodels.store.store import StoredRun

TABLES = ("rules_and_measures.csv",)
NEEDS = ("rules_copy", "cue_bandit")
TITLES = {
    "rules_copy": "six bits after six steps",
    "cue_bandit": "a bandit with a reversal",
}
FORMS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "rules_copy": (
        ("pdlf-synapse", "plastic", "PDLF, per synapse"),
        ("pdlf-neuron", "plastic", "PDLF, per neuron"),
        ("pdp-pre", "plastic", "PDP, presynaptic"),
        ("pdp-post", "plastic", "PDP, postsynaptic"),
        ("scp", "plastic", "SCP"),
        ("oja", "plastic", "Oja"),
        ("bcm", "plastic", "BCM"),
        ("pair-stdp", "plastic", "pair STDP"),
        ("doublet", "plastic", "doublet"),
        ("three-factor", "plastic", "three factors"),
        ("three-factor", "unmodulated", "the same, M = 1"),
        ("recurrent", "plastic", "fixed, recurrent"),
        ("gru", "plastic", "gated units"),
        ("adaptive", "plastic", "adaptive neurons"),
        ("feed-forward", "plastic", "fixed, feed-forward"),
        ("pdlf-synapse", "plastic, shuffled", "PDLF, shuffled"),
        ("pdlf-synapse", "plastic, random", "PDLF, random rules"),
    ),
    "cue_bandit": (
        ("three_factor", "plastic", "three factors"),
        ("three_factor", "unmodulated", "the same, M = 1"),
        ("nm_oja", "plastic", "Oja, three factors"),
        ("nm_oja", "unmodulated", "the same, M = 1"),
        ("nm_bcm", "plastic", "BCM, three factors"),
        ("nm_bcm", "unmodulated", "the same, M = 1"),
        ("nm_pdlf", "plastic", "PDLF, three factors"),
        ("nm_pdlf", "unmodulated", "the same, M = 1"),
        ("r_stdp", "plastic", "R-STDP"),
        ("r_stdp", "unmodulated", "the same, M = 1"),
    ),
}
"""Setting, condition and name of each form, in the order of the figure."""
REFERENCE: Mapping[str, Form] = {
    "rules_copy": ("recurrent", "plastic"),
    "cue_bandit": ("three_factor", "unmodulated"),
}
"""Form that the others are compared with."""
COLUMNS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "rules_copy": (
        ("score", "score", "held-out score"),
        ("search", "stuck", "stuck searches"),
        ("recall", "information", "information, bit"),
        ("recall", "primacy", "primacy"),
        ("recall", "recency", "recency"),
        ("span", "span", "span, items"),
        ("retention", "retention half-life", "half-life, steps"),
        ("held out", "generalisation", "held out / searched"),
        ("damage", "area under doses", "kept under damage"),
        ("activity", "rate", "rate, Hz"),
        ("activity", "interval CV", "interval CV"),
        ("activity", "synchrony", "synchrony"),
        ("activity", "sparseness", "sparseness"),
        ("activity", "weight turnover", "weight turnover"),
    ),
    "cue_bandit": (
        ("score", "score", "score"),
        ("reward", "trials to criterion", "trials to criterion"),
        ("reward", "switch cost", "cost of the switch"),
    ),
}
"""Probe, value and heading of each column."""
LEVEL = 0.05
LEFT, CELL, ROW, ABOVE, GAP = 31.0, 9.8, 6.2, 29.0, 9.0
"""Beside the panels, of a cell, above a panel and below it, mm."""
NOTED = 19.0
"""Of the lines below everything, mm."""


@dataclass
class Panel:
    """What is known of the forms on one task."""

    task: str
    battery: Battery


def collect(runs: Sequence[StoredRun]) -> list[Panel]:
    """Return a panel for each study, of the values that `neuromodels battery` has stored.

    Raises
    ------
    RunNotFound
        When a run has none.
    """
    cells: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for run in runs:
        setting = setting_of(run)
        stuck = stuck_cells(run, run.study, None)
        cells.setdefault(run.study.name, []).extend((setting, c) for c in (*_stored(run), *stuck))
    return [Panel(task, battery_from(cells[task])) for task in TITLES if task in cells]


def setting_of(run: StoredRun) -> str:
    """Return the name of a setting: of the bandit, whose settings have none, that of its rule."""
    is_bandit = run.study.name == "cue_bandit"
    return run.study.rule.name if is_bandit else run.folder.name.removesuffix(f"-{run.digest}")


def _stored(run: StoredRun) -> list[Mapping[str, Any]]:
    path = run.folder / "measures" / "battery.json"
    if not path.is_file():
        cure = f"Make it with: neuromodels battery {run.folder.parent}"
        raise RunNotFound("rule_measure_matrix", "needs a battery", run.folder.name, cure)
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def collect_committed() -> list[Panel]:
    """Return the panels of the table."""
    cells: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for row in rows_of(*TABLES):
        values = {row["quantity"]: {"value": float(row["value"]) if row["value"] else None}}
        about = {"condition": row["condition"], "seed": int(row["seed"]), "probe": row["probe"]}
        told = {"values": values, "reason": ""} if row["quantity"] else _refused(row)
        cells.setdefault(row["task"], []).append((row["setting"], {**about, **told}))
    return [Panel(task, battery_from(cells[task])) for task in TITLES if task in cells]


def _refused(row: Mapping[str, str]) -> Mapping[str, Any]:
    return {"values": {}, "reason": row["reason"]}


def matrix_of(panel: Panel) -> Matrix:
    """Return what is drawn of a panel."""
    forms = [form for form in FORMS[panel.task] if form[:2] in panel.battery.forms]
    columns = COLUMNS[panel.task]
    tested = {
        ((row["setting"], row["condition"]), (row["probe"], row["value"])): row
        for row in contrasts_of(panel.battery, REFERENCE[panel.task])
    }
    places = [[(form[:2], column[:2]) for column in columns] for form in forms]
    effects = [[_effect(panel.battery, tested, *place) for place in row] for row in places]
    marks = [[_differs(tested.get(place)) for place in row] for row in places]
    return Matrix(
        rows=[form[2] for form in forms],
        columns=[column[2] for column in columns],
        effects=np.array(effects, dtype=float),
        texts=[[_text(panel.battery, *place) for place in row] for row in places],
        marks=np.array(marks),
        groups=_groups(columns),
    )


def _effect(battery: Battery, tested: Mapping[Any, Any], form: Form, ability: Any) -> float:
    """Return how often a search of a form is above one of the reference; NaN for the reference."""
    row = tested.get((form, ability))
    if row is None:
        return np.nan
    if ability[1] == STUCK:  # a difference of shares, from -1 to 1
        return np.nan if row["difference"] is None else (1 + row["difference"]) / 2
    return np.nan if row["superiority"] is None else row["superiority"]


def _differs(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["p"] is not None and row["p"] < LEVEL


def _text(battery: Battery, form: Form, ability: tuple[str, str]) -> str:
    """Return the mean, and below it half the width of its interval, or how many have no number.

    Of stuck searches it is how many of how many.
    """
    by_seed = battery.values.get((form, ability))
    if by_seed is None:
        return "-"
    mean = mean_over_seeds(by_seed)
    if mean["value"] is None:
        return "none"
    if ability[1] == STUCK:
        return f"{round(mean['value'] * mean['n'])}\nof {mean['n']}"
    half = f"±{_short((mean['high'] - mean['low']) / 2)}" if mean["kind"] == "t" else ""
    below = f"n = {mean['n']}" if mean["missing"] else half
    return f"{_short(mean['value'])}\n{below}".rstrip()


def _short(number: float) -> str:
    places = 2 if abs(number) < 0.995 else 1 if abs(number) < 9.95 else 0
    text = f"{round(number, places) + 0.0:.{places}f}"  # never -.00
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _groups(columns: Sequence[tuple[str, str, str]]) -> list[tuple[str, int]]:
    """Return what columns beside each other are about, and how many these are."""
    found: list[tuple[str, int]] = []
    for _, value, _ in columns:
        ability = VALUES[value].ability
        before = found.pop() if found and found[-1][0] == ability else (ability, 0)
        found.append((ability, before[1] + 1))
    return found


def draw(data: list[Panel]):
    """Return the figure, a page wide, a matrix for each task."""
    matrices = [matrix_of(panel) for panel in data]
    heights = [ROW * len(matrix.rows) + ABOVE + GAP for matrix in matrices]
    with styled():
        figure = new_figure(PAGE, sum(heights) + NOTED, exact=True)
        top = sum(heights) + NOTED
        for panel, matrix, height in zip(data, matrices, heights, strict=True):
            high, wide = ROW * (len(matrix.rows) + FOOT), CELL * len(matrix.columns)
            axes = place(figure, LEFT, top - ABOVE - high, wide, high)
            draw_matrix(axes, matrix)
            axes.set_title(TITLES[panel.task], x=(2 - LEFT) / wide, y=1 + (ABOVE - 7) / high)
            top -= height
        write_note(figure, NOTE)
        return figure


NOTE = (
    "Means over searches, and half of their 95 % t interval. n: how many have such a number,"
    " where some have none. Red: above the reference, blue: below (probability that a search of the"
    " row is above one of it; of stuck searches the difference of shares). Frame: p < .05, largest"
    " t over the rows of a column; of stuck searches Boschloo and Holm. Reference: fixed, recurrent"
    " above; three factors with M = 1 below. Grey: the reference, or nothing to compare."
)
