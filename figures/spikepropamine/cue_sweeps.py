"""Noisy cue association with noise, delays and dark cues unlike those of the search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.cue import CHANCE, CONDITION, RULES, STUDY, runs_by_rule
from figures.shared.measures import Arrays, measures_of
from figures.shared.scores import Spread, note_on, over_seeds
from figures.shared.tables import in_order, rows_of, sweep_in
from neuromodels.errors import RunNotFound
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_band, draw_level, show_all
from neuromodels.report.plotting.style import COLUMN, GREY, styled
from neuromodels.store.store import StoredRun

NEEDS = (STUDY,)
MEASURE = "transfer"
TABLES = ("cue_transfer.csv",)
HEIGHT = 140.0
AXES = {
    "noise": "extra noise on every channel (Hz)",
    "delay": "delay (s)",
    "dropout": "probability that a cue stays dark",
}
"""Parameter that is varied -> its axis."""


@dataclass(frozen=True)
class Sweep:
    """Scores against one parameter of the task.

    Parameters
    ----------
    parameter
        Its name.
    scores
        By rule, its values (settings,) and the scores over seeds, (seeds, settings).
    searched
        Lowest and highest value that the searches saw.
    """

    parameter: str
    scores: Mapping[str, tuple[np.ndarray, Spread]]
    searched: tuple[float, float]


def collect(runs: Sequence[StoredRun]) -> list[Sweep]:
    """Return the sweeps that were measured.

    Raises
    ------
    NeuromodelsError
        For a run of another task, and when nothing was measured.
    """
    chosen = runs_by_rule("cue_sweeps", runs)
    found = [sweep for parameter in AXES if (sweep := _sweep(parameter, chosen)).scores]
    if not found:
        run = next(iter(chosen.values()))
        raise RunNotFound(
            "cue_sweeps",
            "needs the measure transfer",
            run.name,
            f"Make it with: neuromodels measure {run.folder} transfer --vary task.delay=300,1050",
        )
    return found


def _sweep(parameter: str, runs: Mapping[str, StoredRun]) -> Sweep:
    scores = {}
    for rule, run in runs.items():
        try:
            seeds = measures_of(run, f"{MEASURE}-{parameter}", (CONDITION,))[CONDITION]
        except RunNotFound:
            continue
        scores[rule] = _over_seeds(parameter, list(seeds.values()))
    return Sweep(parameter, scores, _searched(parameter, next(iter(runs.values()))))


def _over_seeds(parameter: str, seeds: Sequence[Arrays]) -> tuple[np.ndarray, Spread]:
    values = seeds[0][parameter]
    order = np.argsort(values)
    means = np.array([each["scores"].mean(axis=1)[order] for each in seeds])
    return values[order], over_seeds(means)


def _searched(parameter: str, run: StoredRun) -> tuple[float, float]:
    """Return the range of a parameter in the trials of the searches."""
    from neuromodels import tasks

    task = run.study.task
    known = {**tasks.CATALOG[task.name].parameters, **task.parameters}
    low = float(known[parameter])
    return low, low + (float(known["noise_spread"]) if parameter == "noise" else 0.0)


def collect_committed() -> list[Sweep]:
    """Return the sweeps that the table holds."""
    return [_sweep_in(parameter) for parameter in AXES]


def _sweep_in(parameter: str) -> Sweep:
    rows = rows_of(*TABLES, parameter=parameter)
    rules = in_order([row["rule"] for row in rows], RULES)
    scores = {rule: sweep_in([row for row in rows if row["rule"] == rule]) for rule in rules}
    searched = float(rows[0]["searched_low"]), float(rows[0]["searched_high"])
    return Sweep(parameter, scores, searched)


def draw(data: list[Sweep]):
    """Return the figure, a column wide."""
    with styled():
        figure = new_figure(COLUMN, 22 + (HEIGHT - 22) * len(data) / len(AXES))
        panels = figure.subplots(len(data), 1, squeeze=False)[:, 0]
        for axes, sweep in zip(panels, data, strict=True):
            _draw_sweep(axes, sweep)
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside upper left",
            ncols=2,
            frameon=False,
        )
        counts = [len(spread.each) for sweep in data for _, spread in sweep.scores.values()]
        note = note_on(counts, "one seed: mean over trials")
        write_note(figure, f"{note}\nGrey: what the searches saw")
        return figure


def _draw_sweep(axes, sweep: Sweep) -> None:
    scale = 0.001 if sweep.parameter == "delay" else 1.0
    for rule, (values, spread) in sweep.scores.items():
        draw_band(axes, scale * values, spread.median, spread.low, spread.high, RULES[rule])
    low, high = (scale * value for value in sweep.searched)
    axes.axvspan(low, high, color=GREY, alpha=0.15, linewidth=0, zorder=0)
    if low == high:
        axes.axvline(low, color=GREY, alpha=0.4, linewidth=2, zorder=0)
    draw_level(axes, CHANCE, "chance")
    show_all(axes, 0.36, 1.0)
    axes.set(xlabel=AXES[sweep.parameter], ylabel="fraction correct")
