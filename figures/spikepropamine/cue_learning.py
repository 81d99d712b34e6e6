"""Noisy cue association: score against generation in five conditions (arXiv:2106.02681)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.cue import CHANCE, CONDITION, RULES, SHORT, STUDY, runs_by_rule
from figures.shared.scores import Curve, Final, count_of, counted, final_of, note_of, scores_of
from figures.shared.tables import in_order, rows_of
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_band, draw_level, draw_point, keys_of, show_all
from neuromodels.report.plotting.style import COLUMN, styled
from neuromodels.store.store import StoredRun

NEEDS = (STUDY,)
TABLES = ("cue_association.csv",)
LACKS = "learning curves"
HEIGHT = 74.0


@dataclass(frozen=True)
class Search:
    """The searches of one rule: their final scores, and their curve where it is known."""

    curve: Curve | None
    final: Final

    @property
    def drawn(self) -> list[Curve | Final]:
        """The curve, where it is known, and the final scores."""
        return [self.curve, self.final] if self.curve else [self.final]


def collect(runs: Sequence[StoredRun]) -> dict[str, Search]:
    """Return the searches by rule.

    Raises
    ------
    NeuromodelsError
        For a run of another task, and when none is finished.
    """
    found = {}
    for rule, run in runs_by_rule("cue_learning", runs).items():
        curves, finals = scores_of(run)
        if CONDITION in finals:
            found[rule] = Search(curves[CONDITION], finals[CONDITION])
    if not found:
        names = [run.name for run in runs]
        cure = "Finish a search with: neuromodels resume RUN"
        raise NeuromodelsError("cue_learning", "needs a finished search", names, cure)
    return found


def collect_committed() -> dict[str, Search]:
    """Return the final scores that the table holds, by rule."""
    rows = rows_of(*TABLES, condition=CONDITION)
    found = {}
    for rule in in_order([row["rule"] for row in rows], RULES):
        scores = [float(row["score"]) for row in rows if row["rule"] == rule]
        found[rule] = Search(None, final_of(np.array(scores)))
    return found


def draw(data: dict[str, Search]):
    """Return the figure, a column wide; final scores alone where no curve is known."""
    with styled():
        curves = {rule: search.curve for rule, search in data.items() if search.curve}
        figure = new_figure(COLUMN, HEIGHT)
        if curves:
            left, right = figure.subplots(1, 2, sharey=True, width_ratios=[2.3, 1])
            _draw_curves(left, curves)
        else:
            left = right = figure.subplots()
        _draw_finals(right, {rule: search.final for rule, search in data.items()})
        draw_level(left, CHANCE, "chance")
        show_all(left, 0.36, 1.0)
        left.set_ylabel("fraction of trials correct")
        drawn = [each for search in data.values() for each in search.drawn]
        left.set_title(f"Noisy cue association, {counted(map(count_of, drawn))}")
        keys = keys_of(RULES[rule] for rule in data)
        figure.legend(handles=keys, loc="outside upper left", ncols=2, frameon=False)
        write_note(figure, note_of(drawn))
        return figure


def _draw_curves(axes, curves: Mapping[str, Curve]) -> None:
    for rule, curve in curves.items():
        draw_band(axes, curve.generations, curve.median, curve.low, curve.high, RULES[rule])
    axes.set_xlabel("generation")
    axes.set_xlim(left=0)


def _draw_finals(axes, finals: Mapping[str, Final]) -> None:
    for place, (rule, final) in enumerate(finals.items()):
        each = final.seeds if len(final.seeds) > 1 else ()
        draw_point(axes, place, final.median, final.low, final.high, RULES[rule], each)
    draw_level(axes, CHANCE)
    axes.set(xlabel="final", xlim=(-0.6, len(finals) - 0.3))
    axes.set_xticks(range(len(finals)), [SHORT[rule] for rule in finals], rotation=90)
