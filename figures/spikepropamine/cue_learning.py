"""Noisy cue association: score against generation in five conditions (arXiv:2106.02681)."""

from collections.abc import Sequence
from dataclasses import dataclass

from figures.shared.cue import CHANCE, CONDITION, RULES, SHORT, STUDY, runs_by_rule
from figures.shared.scores import Curve, Final, counted, note_on, scores_of, write_note
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure
from neuromodels.report.plotting.panels import draw_band, draw_level, draw_point
from neuromodels.report.plotting.style import COLUMN, styled
from neuromodels.store.store import StoredRun

NEEDS = (STUDY,)
HEIGHT = 74.0


@dataclass(frozen=True)
class Search:
    """The searches of one rule: over how many seeds, their curve, and the final scores."""

    seeds: int
    curve: Curve
    final: Final


def collect(runs: Sequence[StoredRun]) -> dict[str, Search]:
    """Return the searches by rule.

    Raises
    ------
    NeuromodelsError
        For a run of another task, and when none is finished.
    """
    found = {}
    for rule, run in runs_by_rule("cue_learning", runs).items():
        seeds, curves, finals = scores_of(run)
        if CONDITION in finals:
            found[rule] = Search(seeds, curves[CONDITION], finals[CONDITION])
    if not found:
        names = [run.name for run in runs]
        cure = "Finish a search with: neuromodels resume RUN"
        raise NeuromodelsError("cue_learning", "needs a finished search", names, cure)
    return found


def draw(data: dict[str, Search]):
    """Return the figure, a column wide."""
    with styled():
        figure = new_figure(COLUMN, HEIGHT)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[2.3, 1])
        for place, (rule, search) in enumerate(data.items()):
            curve, final, mark = search.curve, search.final, RULES[rule]
            draw_band(left, curve.generations, curve.median, curve.low, curve.high, mark)
            each = final.seeds if len(final.seeds) > 1 else ()
            draw_point(right, place, final.median, final.low, final.high, mark, each)
        for axes, name in ((left, "chance"), (right, "")):
            draw_level(axes, CHANCE, name)
        left.set(xlabel="generation", ylabel="fraction of trials correct", ylim=(0.36, 1.0))
        left.set_xlim(left=0)
        right.set(xlabel="final", xlim=(-0.6, len(data) - 0.3))
        right.set_xticks(range(len(data)), [SHORT[rule] for rule in data], rotation=90)
        seeds = max(search.seeds for search in data.values())
        left.set_title(f"Noisy cue association, {counted(seeds)}")
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False
        )
        write_note(figure, note_on([search.seeds for search in data.values()]))
        return figure
