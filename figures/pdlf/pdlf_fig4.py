"""Agents that lose weights or neurons while they act (arXiv:2308.12063, Fig. 4a and 4c).

Left: reward per step when all weights are lost for a twentieth of a trial.  Right: score when a
share of the weights, or of the hidden neurons, is missing from the first step to the last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from figures.shared.control import NOTHING, called, control_studies, explained, task_of
from figures.shared.measures import Arrays, by_condition, measures_of
from figures.shared.scores import Spread, counted, counts_in, note_on, over_seeds
from neuromodels.analysis.recovery import recovered_fraction
from neuromodels.measures.injury import UNITS
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import condition_keys, draw_band, draw_level, make_room
from neuromodels.report.plotting.style import GREY, MARKS, PAGE, PALE, styled
from neuromodels.store.store import StoredRun

NEEDS = control_studies()
MEASURE = "injury"
LACKS = "the reward of each step"
WIDE = 76.0
"""Of the two panels at the right, mm."""


@dataclass(frozen=True)
class Injured:
    """One run, its solutions injured.

    Parameters
    ----------
    task, score_name, chance
        How the task and its score are called, and the score of an agent that has found nothing.
    wound
        First and last step (exclusive) without any weight.
    intact, injured
        By condition, reward of each step, mean over trials, over seeds (seeds, steps).
    recovered
        By condition, reward after the wound over that of the same trials left intact, (seeds, 1).
    shares
        What is lost for good, from 0, (k,).
    without
        By unit and condition, scores (seeds, k).
    """

    task: str
    score_name: str
    chance: float | None
    wound: tuple[int, int]
    intact: Mapping[str, Spread]
    injured: Mapping[str, Spread]
    recovered: Mapping[str, Spread]
    shares: np.ndarray
    without: Mapping[str, Mapping[str, Spread]]

    @property
    def counts(self) -> set[int]:
        """Of how many seeds each condition is."""
        return counts_in(self.injured.values())


# -- from stored runs to arrays -----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> list[Injured]:
    """Return what injuries did, by run.

    Raises
    ------
    NeuromodelsError
        For a run of a task without goals, or one that was not measured.
    """
    return [_injured(run) for run in runs]


def _injured(run: StoredRun) -> Injured:
    task = task_of("pdlf_fig4", run)
    measures = measures_of(run, MEASURE)

    def spreads(quantity) -> dict[str, Spread]:
        return {c: over_seeds(each) for c, each in by_condition(measures, quantity).items()}

    any_one = next(iter(next(iter(measures.values())).values()))
    return Injured(
        task=called(run),
        score_name=task.score_name,
        chance=task.chance,
        wound=tuple(map(int, any_one["wound"])),
        intact=spreads(lambda arrays: _reward(arrays["intact"])),
        injured=spreads(lambda arrays: _reward(arrays["injured"])),
        recovered=spreads(_recovered),
        shares=np.array([0.0, *any_one["shares"]]),
        without={unit: spreads(lambda arrays, unit=unit: _without(arrays, unit)) for unit in UNITS},
    )


def _reward(gained: np.ndarray) -> np.ndarray:
    """Return the reward of each step, whose mean over steps is the score, (steps,)."""
    return gained.shape[1] * gained.mean(axis=0)


def _recovered(arrays: Arrays) -> np.ndarray:
    last = int(arrays["wound"][1])
    return np.array([recovered_fraction(arrays["intact"], arrays["injured"], last)])


def _without(arrays: Arrays, unit: str) -> np.ndarray:
    intact = arrays["intact"].sum(axis=1).mean()
    return np.array([intact, *arrays[f"without_{unit}"].mean(axis=1)])


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: list[Injured]):
    """Return the figure, a page wide: one row per run."""
    with styled():
        figure = new_figure(PAGE, 46 * len(data) + 18)
        grid = figure.add_gridspec(len(data), 3, width_ratios=(3, 1.6, 1.6))
        for row, each in enumerate(data):
            is_last = row == len(data) - 1
            _draw_wound(figure.add_subplot(grid[row, 0]), each, is_last)
            left = figure.add_subplot(grid[row, 1])
            right = figure.add_subplot(grid[row, 2], sharey=left)
            for axes, unit in ((left, UNITS[0]), (right, UNITS[1])):
                _draw_losses(axes, each, unit, is_last)
            left.set_ylabel("score")
            left.set_title(explained(each.score_name, WIDE))
            right.tick_params(axis="y", labelleft=False)
        figure.legend(
            handles=_keys(data), loc="outside upper left", ncols=4, frameon=False, handlelength=2
        )
        counts = (count for each in data for count in each.counts)
        write_note(figure, note_on(counts, "one seed: mean over trials"))
        return figure


def _draw_wound(axes, each: Injured, is_last: bool) -> None:
    first, last = each.wound
    axes.axvspan(first - 0.5, last - 0.5, color=PALE, linewidth=0, zorder=0)
    for condition, spread in each.injured.items():
        steps = np.arange(spread.median.size)
        mark = MARKS[condition]
        intact = each.intact[condition].median
        axes.plot(steps, intact, mark.line, color=mark.colour, linewidth=0.5)
        draw_band(axes, steps, spread.median, spread.low, spread.high, mark)
    if each.chance is not None:
        draw_level(axes, each.chance, NOTHING)
        make_room(axes, each.chance)
    axes.set_xlim(0, steps[-1])
    axes.set_title(_heading(each))
    axes.set_ylabel("reward of a step")
    if is_last:
        axes.set_xlabel("step")


def _heading(each: Injured) -> str:
    parts = [f"{c} {_of(spread)}" for c, spread in each.recovered.items()]
    return f"{each.task}, {counted(each.counts)}\nafter the wound: {', '.join(parts)}"


def _of(spread: Spread) -> str:
    """Return a fraction and its interval in percent."""
    middle, low, high = (100 * each[0] for each in (spread.median, spread.low, spread.high))
    if not np.isfinite(middle):
        return "-"
    interval = f" [{low:.0f}, {high:.0f}]" if len(spread.each) > 1 else ""
    return f"{middle:.0f} %{interval}"


def _draw_losses(axes, each: Injured, unit: str, is_last: bool) -> None:
    for condition, spread in each.without[unit].items():
        bounds = (spread.median, spread.low, spread.high)
        draw_band(axes, 100 * each.shares, *bounds, MARKS[condition])
    if each.chance is not None:
        draw_level(axes, each.chance)
    axes.set_xticks([0, 20, 40, 60, 80])
    if is_last:
        axes.set_xlabel(f"lost {unit} (%)")


def _keys(data: list[Injured]):
    keys = condition_keys({condition for each in data for condition in each.injured})
    keys.append(Line2D([], [], color=GREY, linewidth=0.5, label="thin: left intact"))
    return [*keys, Patch(color=PALE, label="all weights lost")]
