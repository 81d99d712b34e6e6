"""Scores of five kinds of memory with as many searched numbers, on four tasks.

No paper has this figure. Studies, seeds and contrasts were declared before the runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from figures.shared.scores import counts_of, final_of, final_scores, note_on
from figures.shared.tables import rows_of
from neuromodels.report.plotting.draw import new_figure, place, write_note
from neuromodels.report.plotting.panels import draw_rows, show_all
from neuromodels.report.plotting.style import PAGE, styled
from neuromodels.store.store import StoredRun
from neuromodels.study.circuits import Layered
from neuromodels.study.study import Study

TABLES = ("memories.csv",)
TITLES = {
    "memories_copy": ("eight bits after a delay", "bits recalled"),
    "memories_cues": ("noisy cues after a delay", "right answers"),
    "memories_maze": ("junction of a T-maze", "right answers"),
    "memories_reach": ("reaching, no memory", "distance gone"),
}
"""Study -> the heading of its panel, and what its score is."""
NEEDS = tuple(TITLES)
CHANCE = {"memories_copy": 0.5, "memories_cues": 0.5, "memories_maze": 0.5}
KINDS = ("plastic", "recurrent", "adaptive", "gru", "feed-forward")
"""In the order of the figure."""
LEFT, BELOW, WIDE, GAP = 22.0, 17.0, 31.0, 6.0
"""Of the panels, mm: room beside and below them, their width, and what lies between two."""
ROW = 7.0


@dataclass
class Panel:
    """The scores of one study: kind -> seed -> score."""

    study: str
    scores: dict[str, dict[int, float]] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """The kinds that it has, in the order of the figure."""
        return [kind for kind in KINDS if kind in self.scores]


def kind_of(study: Study) -> str:
    """Return which kind of memory a setting of the studies has."""
    circuit = study.circuit
    assert isinstance(circuit, Layered)
    if study.rule.name != "fixed":
        return "plastic"
    if not circuit.hidden:
        return "gru"
    if circuit.neuron == "alif":
        return "adaptive"
    return "recurrent" if circuit.recurrent else "feed-forward"


def collect(runs: Sequence[StoredRun]) -> list[Panel]:
    """Return a panel for each study, with the kinds that are finished for some seed.

    Raises
    ------
    NeuromodelsError
        When a run has no finished search.
    """
    found = ((r.study.name, kind_of(r.study), scores_of(r)) for r in runs)
    return _panels(found)


def scores_of(run: StoredRun) -> dict[int, float]:
    """Return the final score of each seed."""
    return final_scores("kinds_of_memory", run, "plastic")


def collect_committed() -> list[Panel]:
    """Return the panels of the table."""
    rows = rows_of(*TABLES)
    return _panels(
        (row["study"], row["kind"], {int(row["seed"]): float(row["score"])}) for row in rows
    )


def _panels(found: Iterable[tuple[str, str, dict[int, float]]]) -> list[Panel]:
    panels = {study: Panel(study) for study in TITLES}
    for study, kind, scores in found:
        if study in panels:
            panels[study].scores.setdefault(kind, {}).update(scores)
    return [panel for panel in panels.values() if panel.scores]


def draw(data: list[Panel]):
    """Return the figure, a page wide, a panel for each study."""
    with styled():
        high = ROW * len(KINDS)
        figure = new_figure(PAGE, high + BELOW + 8, exact=True)
        counts = set()
        for number, panel in enumerate(data):
            axes = place(figure, LEFT + number * (WIDE + GAP), BELOW, WIDE, high)
            counts |= _draw_panel(axes, panel, has_names=number == 0)
        write_note(figure, note_on(counts, "one seed: its score"))
        return figure


def _draw_panel(axes, panel: Panel, has_names: bool) -> set[int]:
    """Draw a row for each kind; return of how many seeds they are."""
    finals = [final_of(np.array(list(panel.scores[kind].values()))) for kind in panel.kinds]
    middles, ranges = [each.median for each in finals], [(e.low, e.high) for e in finals]
    names = panel.kinds if has_names else [""] * len(finals)
    draw_rows(axes, names, middles, ranges, [each.seeds for each in finals])
    if panel.study in CHANCE:
        axes.axvline(CHANCE[panel.study], color="0.5", linewidth=0.7, linestyle="--", zorder=0)
    show_all(axes, 0.4, 0.98, along="x")
    heading, score = TITLES[panel.study]
    axes.set_title(heading)
    axes.set_xlabel(score)
    return counts_of([], finals)
