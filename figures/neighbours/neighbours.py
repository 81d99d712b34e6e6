"""Neighbours of multi-plasticity synergy: context gating, and features that BCPNN finds.

No paper has this figure. Scores of `context_gating` are those of its runs, or of a table; the two
other panels have tables alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.scores import final_of, final_scores, note_on
from figures.shared.tables import rows_of, seeds_in
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_point, show_all
from neuromodels.report.plotting.style import GREY, PAGE, Mark, styled
from neuromodels.store.store import StoredRun

NEEDS = ("context_gating",)
TABLES = ("context_gating.csv", "context_gating_selectivity.csv", "features_by_bcpnn.csv")
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
SETTINGS = {
    "gate_blocked": Mark("gate, blocked", BLUE, "o"),
    "gate_interleaved": Mark("gate, mixed", BLUE, "D"),
    "error_blocked": Mark("error, blocked", ORANGE, "o"),
    "error_interleaved": Mark("error, mixed", ORANGE, "D"),
    "random_blocked": Mark("random, blocked", GREY, "o"),
}
"""Setting of `context_gating` -> how the figure calls it."""
FEATURES = {
    "pixels": Mark("pixels", GREY, "s"),
    "channels": Mark("channels", GREY, "o"),
    "untrained": Mark("untrained", GREEN, "D"),
    "bcpnn": Mark("BCPNN", GREEN, "o"),
}
"""Features of digits -> how the figure calls them."""
EDGE = 0.005
"""Room beyond the outermost score, so that its dot is whole."""
Seeds = Mapping[str, np.ndarray]
"""Name -> values, one for each search or network, (seeds,)."""


@dataclass(frozen=True)
class Neighbours:
    """What the three panels show.

    Parameters
    ----------
    scores, selectivity, shuffled
        Of `context_gating`, by setting.
    features
        Accuracy of a linear read-out, by features.
    """

    scores: Seeds
    selectivity: Seeds
    shuffled: Seeds
    features: Seeds


def collect(runs: Sequence[StoredRun]) -> Neighbours:
    """Return the scores of runs, and the rest from the tables.

    Raises
    ------
    NeuromodelsError
        When a run has no finished search.
    """
    scores = {
        run.folder.name.rpartition("-")[0]: np.array(list(found.values()))
        for run in runs
        if (found := final_scores("neighbours", run, "plastic"))
    }
    return _beside_tables(scores)


def collect_committed() -> Neighbours:
    """Return what the tables hold."""
    return _beside_tables({row["setting"]: seeds_in(row) for row in rows_of(TABLES[0])})


def _beside_tables(scores: Seeds) -> Neighbours:
    return Neighbours(
        scores,
        _column(TABLES[1], "setting", "selectivity"),
        _column(TABLES[1], "setting", "shuffled"),
        _column(TABLES[2], "features", "accuracy"),
    )


def _column(table: str, by: str, column: str) -> Seeds:
    """Return a column of a table with a row for each seed, by another one."""
    found: dict[str, list[float]] = {}
    for row in rows_of(table):
        found.setdefault(row[by], []).append(float(row[column]))
    return {name: np.array(values) for name, values in found.items()}


def draw(data: Neighbours):
    """Return the figure, a page wide."""
    with styled():
        figure = new_figure(PAGE, 95)
        scores, selectivity, features = figure.subplots(1, 3)
        _draw(scores, data.scores, SETTINGS, "context gating", "blobs judged right")
        _draw(selectivity, data.selectivity, SETTINGS, "hidden neurons", "task selectivity")
        _draw_shuffled(selectivity, data)
        _draw(features, data.features, FEATURES, "features of digits", "digits named right")
        write_note(figure, _note(data))
        return figure


def _draw(axes, seeds: Seeds, marks: Mapping[str, Mark], title: str, label: str) -> None:
    used = {name: mark for name, mark in marks.items() if name in seeds}
    for place, (name, mark) in enumerate(used.items()):
        final = final_of(seeds[name])
        draw_point(axes, place, final.median, final.low, final.high, mark, seeds[name])
    axes.set_xlim(-0.6, len(used) - 0.3)
    axes.set_xticks(range(len(used)), [mark.label for mark in used.values()], rotation=90)
    axes.set_ylabel(label)
    axes.set_title(title)
    every = np.concatenate([seeds[name] for name in used])
    show_all(axes, float(every.min()) - EDGE, float(every.max()) + EDGE)


def _draw_shuffled(axes, data: Neighbours) -> None:
    """Draw the medians of the control with shuffled contexts as short lines."""
    names = [name for name in SETTINGS if name in data.selectivity]
    medians = [float(np.median(data.shuffled[name])) for name in names]
    show_all(axes, min(medians) - 0.02, max(medians))
    axes.hlines(medians, np.arange(len(names)) - 0.3, np.arange(len(names)) + 0.3, color=GREY)


def _note(data: Neighbours) -> str:
    counts = {len(each) for each in (*data.scores.values(), *data.features.values())}
    return f"{note_on(counts, 'one search or network')}. Grey lines: contexts shuffled."
