"""Few-shot characters: five new characters from one and five examples, and what features give.

The character task of Meta-SpikePropamine (10.3389/fnins.2023.1183321) as we infer it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from figures.shared.few_shot import stored_nearest
from figures.shared.scores import Final, final_of, note_of, scores_of
from figures.shared.tables import rows_of, seeds_in
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_level, draw_point, show_all
from neuromodels.report.plotting.style import COLUMN, GREY, MARKS, Mark, styled
from neuromodels.store.store import StoredRun

TASK = "few_shot"
NEEDS = ("few_shot_1", "few_shot_5")
TABLES = ("few_shot.csv", "few_shot_nearest.csv")
CHANCE = 0.2
BARS = {
    "plastic": Mark("seen alphabets", MARKS["plastic"].colour, "o"),
    "unseen": Mark("held-out alphabets", "#009E73", "D"),
    "nearest": Mark("nearest class, held out", GREY, "s"),
    "M1": MARKS["M1"],
    "M0": MARKS["M0"],
}
"""Condition -> how the figure calls it; `nearest` has no network."""


@dataclass(frozen=True)
class Shots:
    """Scores with some examples of each class, by condition."""

    shots: int
    finals: Mapping[str, Final]


def collect(runs: Sequence[StoredRun]) -> list[Shots]:
    """Return one panel per run, by the number of examples.

    Raises
    ------
    NeuromodelsError
        For a run of another task.
    """
    return sorted((_shots(run) for run in runs), key=lambda each: each.shots)


def _shots(run: StoredRun) -> Shots:
    task = run.study.task
    if task.name != TASK:
        raise NeuromodelsError("few_shot", f"draws runs of {TASK}", task.name)
    shots = int(task.parameters.get("shots", 1))
    return _beside_nearest(shots, scores_of(run)[1])


def _beside_nearest(shots: int, finals: Mapping[str, Final]) -> Shots:
    return Shots(shots, {**finals, "nearest": final_of(stored_nearest("held out", shots))})


def collect_committed() -> list[Shots]:
    """Return the panels of the table."""
    panels = []
    for study in NEEDS:
        rows = rows_of(TABLES[0], study=study)
        finals = {row["condition"]: final_of(seeds_in(row)) for row in rows}
        panels.append(_beside_nearest(int(study.removeprefix("few_shot_")), finals))
    return panels


def draw(data: list[Shots]):
    """Return the figure, a column wide."""
    with styled():
        figure = new_figure(COLUMN, 82)
        panels = figure.subplots(1, len(data), sharey=True, squeeze=False)[0]
        for axes, each in zip(panels, data, strict=True):
            _draw_panel(axes, each)
        show_all(panels[0], 0.1, 0.85)
        panels[0].set_ylabel("fraction of queries named right")
        finals = [final for each in data for final in each.finals.values()]
        write_note(figure, note_of(finals))
        return figure


def _draw_panel(axes, data: Shots) -> None:
    used = {name: mark for name, mark in BARS.items() if name in data.finals}
    for place, (name, mark) in enumerate(used.items()):
        final = data.finals[name]
        each = final.seeds if len(final.seeds) > 1 else ()
        draw_point(axes, place, final.median, final.low, final.high, mark, each)
    draw_level(axes, CHANCE, "chance")
    axes.set_xlim(-0.6, len(used) - 0.3)
    axes.set_xticks(range(len(used)), [mark.label for mark in used.values()], rotation=90)
    axes.set_title(f"5 classes, {data.shots} example{'s' * (data.shots > 1)} of each")
