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
NEEDS = ("rules_copy", "rules_cues", "rules_maze", "rules_body", "cue_bandit")
TITLES = {
    "rules_copy": "six bits after six steps",
    "rules_cues": "three noisy cues",
    "rules_maze": "T-maze",
    "rules_body": "an arm that reaches",
    "cue_bandit": "a bandit with a reversal",
}
ROWS = (("rules_copy",), ("rules_cues", "rules_maze", "rules_body"), ("cue_bandit",))
"""Tasks whose panels stand side by side, and share their rows."""


def _all_forms(*blocks: tuple[str, str, str]) -> Sequence[tuple[str, str, str]]:
    """Return all forms of rule and controls, with those of blocks of neurons after the neurons'."""
    return (
        ("pdlf-synapse", "plastic", "PDLF, per synapse"),
        ("pdlf-neuron", "plastic", "PDLF, per neuron"),
        *blocks,
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
    )


_SHARED = _all_forms(("pdlf-block", "plastic", "PDLF, per block"))
FORMS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "rules_copy": _all_forms(),
    "rules_cues": _SHARED,
    "rules_maze": _SHARED,
    "rules_body": _SHARED,
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
UNSEEN = "unseen"
"""Condition of final scores on goals that no search has seen, and their probe in the table."""
REFERENCE: Mapping[str, Form] = {
    "rules_copy": ("recurrent", "plastic"),
    "rules_cues": ("gru", "plastic"),
    "rules_maze": ("gru", "plastic"),
    "rules_body": ("feed-forward", "plastic"),
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
    "rules_cues": (
        ("score", "score", "score"),
        ("search", "stuck", "stuck searches"),
        ("noise", "area under doses", "kept under noise"),
        ("activity", "rate", "rate, Hz"),
        ("activity", "weight turnover", "weight turnover"),
    ),
    "rules_maze": (
        ("score", "score", "score"),
        ("search", "stuck", "stuck searches"),
        ("noise", "area under doses", "kept under noise"),
        ("activity", "rate", "rate, Hz"),
        ("activity", "weight turnover", "weight turnover"),
    ),
    "rules_body": (
        ("score", "score", "score"),
        (UNSEEN, "score", "score, other targets"),
        ("regrowth", "recovery", "recovery"),
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
BETWEEN, LIFT = 1.5, 4.0
"""Between panels side by side, and how much higher their titles are, mm."""
NOTED = 22.0
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
        more = (*stuck_cells(run, run.study, None), *unseen_cells(run))
        cells.setdefault(run.study.name, []).extend((setting, c) for c in (*_stored(run), *more))
    return [Panel(task, battery_from(cells[task])) for task in TITLES if task in cells]


def setting_of(run: StoredRun) -> str:
    """Return the name of a setting: of the bandit, whose settings have none, that of its rule."""
    is_bandit = run.study.name == "cue_bandit"
    return run.study.rule.name if is_bandit else run.folder.name.removesuffix(f"-{run.digest}")


def unseen_cells(run: StoredRun) -> list[Mapping[str, Any]]:
    """Return a cell per search: its final score on goals that no search has seen."""
    ledger = run.ledger()
    try:
        final = [each for each in ledger.tests("final") if each.condition == UNSEEN]
    finally:
        ledger.close()
    where = {"condition": "plastic", "probe": UNSEEN, "reason": ""}
    return [
        {**where, "seed": each.seed, "values": {"score": {"value": each.score}}} for each in final
    ]


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


def forms_of(panels: Sequence[Panel]) -> list[tuple[str, str, str]]:
    """Return the forms that some of the panels of a row have, in the order of the figure."""
    known = {form for panel in panels for form in panel.battery.forms}
    return [form for form in FORMS[panels[0].task] if form[:2] in known]


def matrix_of(panel: Panel, forms: Sequence[tuple[str, str, str]] = ()) -> Matrix:
    """Return what is drawn of a panel: these forms, or those that it has."""
    forms = forms or forms_of([panel])
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
    """Return the figure, a page wide: a matrix for each task, and some side by side."""
    by_task = {panel.task: panel for panel in data}
    rows = [[by_task[task] for task in tasks if task in by_task] for tasks in ROWS]
    rows = [panels for panels in rows if panels]
    heights = [ROW * len(forms_of(panels)) + _above(panels) + GAP for panels in rows]
    top = sum(heights) + NOTED
    with styled():
        figure = new_figure(PAGE, top, exact=True)
        for panels, height in zip(rows, heights, strict=True):
            _draw_row(figure, panels, top)
            top -= height
        write_note(figure, NOTE)
        return figure


def _above(panels: Sequence[Panel]) -> float:
    """Return the room for headings and titles; beside the first panel these stand above those."""
    return ABOVE + LIFT * (len(panels) > 1)


def _draw_row(figure, panels: Sequence[Panel], top: float) -> None:
    """Draw panels that share their rows side by side, `top` mm above the lower edge."""
    forms, left, above = forms_of(panels), LEFT, _above(panels)
    high = ROW * (len(forms) + FOOT)
    for panel in panels:
        matrix = matrix_of(panel, forms)
        wide = CELL * len(matrix.columns) - BETWEEN * (len(panels) > 1)
        axes = place(figure, left, top - above - high, wide, high)
        draw_matrix(axes, matrix)
        title_at = (2 - LEFT) / wide if left == LEFT else 0
        axes.set_title(TITLES[panel.task], x=title_at, y=1 + (above - 7) / high)
        if left > LEFT:
            axes.set_yticks([])
        left += CELL * len(matrix.columns)


NOTE = (
    "Means over searches, and half of their 95 % t interval. n: how many have such a number,"
    " where some have none. Red: above the reference, blue: below (probability that a search of the"
    " row is above one of it; of stuck searches the difference of shares). Frame: p < .05, largest"
    " t over the rows of a column; of stuck searches Boschloo and Holm. Reference: fixed, recurrent"
    " weights for bits; gated units for cues and T-maze; fixed, feed-forward weights for the arm;"
    " three factors with M = 1 for the bandit. Grey: the reference, or nothing to compare; -: no"
    " such form or number."
)
