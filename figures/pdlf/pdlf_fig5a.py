"""Score for each of the 80 goals, trained and never trained (arXiv:2308.12063, Fig. 5a)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from figures.shared.control import (
    NOTHING,
    called,
    control_studies,
    explained,
    goal_axis,
    scores_by_goal,
    task_of,
)
from figures.shared.measures import by_condition, measures_of
from figures.shared.scores import Spread, counted, counts_in, note_on, over_seeds
from neuromodels.report.plotting.draw import columns_for, new_figure, place, width_for, write_note
from neuromodels.report.plotting.panels import condition_keys, draw_level, make_room
from neuromodels.report.plotting.style import GREY, MARKS, styled
from neuromodels.store.store import StoredRun
from neuromodels.tasks.goals import APART, GOALS

NEEDS = control_studies()
MEASURE = "goals"
LACKS = "the score for each goal"
SIDE = 48.0
"""Of a panel at most, mm."""
LINE, TICKS, BELOW, KEYS, NOTE = 3.1, 8.0, 14.0, 7.0, 4.0
"""Room for a line of a heading, for labels above and below a panel, legend and note, mm."""
IS_TRAINED = np.arange(GOALS) % APART == APART // 2


@dataclass(frozen=True)
class Goals:
    """One run, its solutions told every goal.

    Parameters
    ----------
    task, score_name, chance
        How the task and its score are called, and the score of an agent that has found nothing.
    places, axis
        Where the 80 goals lie, and what that is with its unit; angles in rad where it is empty.
    scores
        By condition, the score for each goal over seeds, (seeds, 80).
    """

    task: str
    score_name: str
    chance: float | None
    places: np.ndarray
    axis: str
    scores: Mapping[str, Spread]

    @property
    def counts(self) -> set[int]:
        """Of how many seeds each condition is."""
        return counts_in(self.scores.values())

    def means(self, condition: str) -> tuple[float, float]:
        """Return the mean over trained goals and over the others, medians over seeds."""
        each = self.scores[condition].each
        parts = (np.nanmean(each[:, which], axis=1) for which in (IS_TRAINED, ~IS_TRAINED))
        trained, unseen = (float(np.median(part)) for part in parts)
        return trained, unseen


# -- from stored runs to arrays -----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> list[Goals]:
    """Return the scores for each goal, by run.

    Raises
    ------
    NeuromodelsError
        For a run of a task without goals, or one that was not measured.
    """
    return [_goals(run) for run in runs]


def _goals(run: StoredRun) -> Goals:
    task = task_of("pdlf_fig5a", run)
    parameters = run.study.task.parameters
    found = by_condition(measures_of(run, MEASURE), scores_by_goal)
    places, axis = goal_axis(task, parameters)
    return Goals(
        called(run),
        task.score_name,
        task.chance,
        places,
        axis,
        {condition: over_seeds(each) for condition, each in found.items()},
    )


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: list[Goals]):
    """Return the figure: a column wide for one run, a page wide for several."""
    with styled():
        columns = columns_for(len(data))
        rows = -(-len(data) // columns)
        wide = width_for(len(data)) / columns
        headings = [_heading(each, wide - 4) for each in data]
        above = LINE * max(1 + heading.count("\n") for heading in headings) + TICKS
        high = above + min(wide - 14, SIDE) + BELOW
        figure = new_figure(width_for(len(data)), rows * high + KEYS + NOTE, exact=True)
        for number, each in enumerate(data):
            row, column = divmod(number, columns)
            bottom = NOTE + (rows - 1 - row) * high
            _write(figure, headings[number], wide * column + 2, bottom + high)
            axes = _panel(figure, each, (wide * column, bottom, wide, high - above))
            _draw_scores(axes, each)
            (_finish_line if each.axis else _finish_circle)(axes, each)
        figure.legend(handles=_keys(data), loc="upper left", ncols=3, frameon=False)
        counts = (count for each in data for count in each.counts)
        write_note(figure, note_on(counts, "one seed: mean over trials"))
        return figure


def _write(figure, heading: str, left: float, top: float) -> None:
    """Write a heading at an exact place, mm from the lower left corner."""
    wide, high = figure.get_size_inches() * 25.4
    figure.text(left / wide, top / high, heading, ha="left", va="top")


def _panel(figure, each: Goals, cell: tuple[float, float, float, float]):
    """Return the axes of a run in a cell: left, bottom, width, height without heading, mm."""
    left, bottom, wide, high = cell
    side = high - BELOW
    if each.axis:
        return place(figure, left + 12, bottom + BELOW, wide - 14, side + TICKS - 4)
    middle = left + (wide - side) / 2 + 1.5
    return place(figure, middle, bottom + BELOW, side, side, projection="polar")


def _draw_scores(axes, each: Goals) -> None:
    for condition, spread in each.scores.items():
        mark = MARKS[condition]
        order = np.flatnonzero(np.isfinite(spread.median))  # goals that every seed was told
        places = each.places[order]
        if not each.axis:  # a circle ends where it begins
            order, places = np.append(order, order[:1]), np.append(places, places[:1] + 2 * np.pi)
        bounds = spread.low[order], spread.high[order]
        axes.fill_between(places, *bounds, color=mark.colour, alpha=0.22, linewidth=0)
        axes.plot(places, spread.median[order], mark.line, color=mark.colour, linewidth=0.9)
        axes.plot(
            each.places[IS_TRAINED],
            spread.median[IS_TRAINED],
            mark.marker,
            color=mark.colour,
            markersize=4,
        )


def _finish_line(axes, each: Goals) -> None:
    axes.set_xlabel(each.axis)
    axes.set_ylabel("score")
    if each.chance is not None:
        draw_level(axes, each.chance, NOTHING)
        make_room(axes, each.chance)


def _finish_circle(axes, each: Goals) -> None:
    """Give a polar panel its range and its few ticks."""
    lowest = np.nanmin([np.nanmin(spread.low) for spread in each.scores.values()])
    highest = np.nanmax([np.nanmax(spread.high) for spread in each.scores.values()])
    axes.set_ylim(min(0.0, lowest), highest + 0.05 * (highest - min(0.0, lowest)))
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_rlabel_position(67)
    axes.set_xticks(np.deg2rad([0, 90, 180, 270]), ["0°", "90°", "180°", "−90°"])
    axes.tick_params(pad=2)
    axes.grid(color=GREY, linewidth=0.3, alpha=0.6)
    axes.spines["polar"].set_linewidth(0.4)
    axes.set_xlabel("told direction (radius: score)")


def _heading(each: Goals, wide: float) -> str:
    lines = [f"{each.task}, {counted(each.counts)}", explained(each.score_name, wide)]
    for condition in each.scores:
        trained, unseen = each.means(condition)
        lines.append(f"{condition}: {trained:z.2f} trained, {unseen:z.2f} others")
    return "\n".join(lines)


def _keys(data: list[Goals]):
    keys = condition_keys({condition for each in data for condition in each.scores})
    marker = Line2D([], [], linestyle="", marker="o", color=GREY, markersize=4)
    marker.set_label("marks: trained goals")
    return [*keys, marker]
