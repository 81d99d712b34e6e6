"""Hidden states of agents with eight goals, plastic beside fixed (arXiv:2308.12063, Fig. 5b).

Spike traces of both networks, on their first two principal components, and how often the goal can
be read from one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D

from figures.shared.control import called, control_studies, goal_axis, task_of
from figures.shared.measures import Arrays, measures_of
from figures.shared.readings import Reading, draw_controls, reading_of
from figures.shared.scores import (
    counted,
    counts_in,
    final_scores,
    median_seed,
    note_on,
)
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_level, draw_point, show_all
from neuromodels.report.plotting.style import COLUMN, GREY, MARKS, PAGE, styled
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED
from neuromodels.tasks.goals import TRAINED

NEEDS = control_studies()
MEASURE = "states"
LACKS = "the hidden states"
COLUMNS = 5
"""Runs beside each other at most."""
COLOURS = {True: "twilight", False: "viridis"}
"""By whether the goals lie on a circle."""
TOLD = {True: "direction, from -180 to 135 degrees", False: "speed or place, lowest to highest"}
NOT_READ = "one start per goal"
"""What stands where no trial can be held out."""
SHOWN = "its input"
"""How the figure calls what a network is shown."""


@dataclass(frozen=True)
class Hidden:
    """One run.

    Parameters
    ----------
    task, is_circle
        How the task is called, and whether its goals lie on a circle.
    states
        By condition, traces of the median seed's hidden neurons, (states, neurons).
    goals
        By condition, which of the eight goals each state had, (states,).
    read
        By condition, fraction of goals read from one hidden state of trials held out, and its
        controls, over seeds (seeds, 1). NaN where each goal has one trial only.
    channels
        The same from what the network is shown.
    """

    task: str
    is_circle: bool
    states: Mapping[str, np.ndarray]
    goals: Mapping[str, np.ndarray]
    read: Mapping[str, Reading]
    channels: Mapping[str, Reading]

    @property
    def counts(self) -> set[int]:
        """Of how many seeds each condition is."""
        return counts_in(each.read for each in self.read.values())


# -- from stored runs to arrays -----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> list[Hidden]:
    """Return the hidden states, by run.

    Raises
    ------
    NeuromodelsError
        For a run of a task without goals, or one that was not measured.
    """
    return [_hidden(run) for run in runs]


def _hidden(run: StoredRun) -> Hidden:
    task = task_of("pdlf_fig5b", run)
    measures = measures_of(run, MEASURE)
    parameters = run.study.task.parameters
    medians = {
        c: seeds[median_seed(final_scores("pdlf_fig5b", run, c))] for c, seeds in measures.items()
    }

    def readings(name: str) -> dict[str, Reading]:
        return {c: reading_of(each, name, run, MEASURE) for c, each in measures.items()}

    return Hidden(
        called(run),
        not goal_axis(task, parameters)[1],
        {c: _flat(each) for c, each in medians.items()},
        {c: np.repeat(each["goals"], len(each["steps"])) for c, each in medians.items()},
        readings("read"),
        readings("read_channels"),
    )


def _flat(arrays: Arrays) -> np.ndarray:
    return arrays["hidden"].reshape(-1, arrays["hidden"].shape[-1]).astype(float)


def components(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return states on their first two principal components, (states, 2), and their variance.

    Returns
    -------
    places, shares
        The second: what part of the variance lies along each, (2,).
    """
    centred = states - states.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    variance = sizes**2
    return left[:, :2] * sizes[:2], variance[:2] / max(float(variance.sum()), 1e-30)


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: list[Hidden]):
    """Return the figure: per run both networks, one above the other, and what can be read."""
    with styled():
        columns = min(len(data), COLUMNS)
        blocks = -(-len(data) // columns)
        figure = new_figure(COLUMN if columns < 3 else PAGE, 112 * blocks + 12)
        grid = figure.add_gridspec(3 * blocks, columns, height_ratios=[1, 1, 0.8] * blocks)
        for number, each in enumerate(data):
            row, column = divmod(number, columns)
            for k, condition in enumerate(SEARCHED):
                axes = figure.add_subplot(grid[3 * row + k, column])
                _draw_states(axes, each, condition, column == 0)
            axes = figure.add_subplot(grid[3 * row + 2, column])
            _draw_read(axes, each, column == 0)
        keys, labels = _keys(data)
        figure.legend(
            keys,
            labels,
            loc="outside upper left",
            ncols=1 + (columns > 2),
            frameon=False,
            handlelength=6,
            handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        )
        counts = (count for each in data for count in each.counts)
        note = note_on(counts, "one seed: mean over trials")
        write_note(figure, f"{note}. Controls: x random hash, + shuffled")
        return figure


def _draw_states(axes, each: Hidden, condition: str, is_first: bool) -> None:
    if condition not in each.states:
        axes.set_axis_off()
        return
    places, shares = components(each.states[condition])
    colours = _colours(each.is_circle)[each.goals[condition]]
    axes.scatter(places[:, 0], places[:, 1], s=2, c=colours, linewidths=0, rasterized=True)
    limit = 1.08 * max(float(np.abs(places).max()), 1e-3)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[])
    axes.set_box_aspect(1)
    axes.set_xlabel("PC 1: {:.0f} %, 2: {:.0f} %".format(*100 * shares))
    if condition == SEARCHED[0]:
        axes.set_title(f"{each.task}\n{counted(each.counts)}")
    if is_first:
        axes.set_ylabel(f"{condition}\ntraces on PC 2")


def _colours(is_circle: bool) -> np.ndarray:
    """Return the colours of the eight goals, (8, 4)."""
    shares = np.arange(TRAINED) / (TRAINED if is_circle else TRAINED - 1)
    return mpl.colormaps[COLOURS[is_circle]](0.92 * shares + 0.06 * is_circle)


def _draw_read(axes, each: Hidden, is_first: bool) -> None:
    draw_level(axes, 1 / TRAINED, "chance")
    points = [
        (name, reading, MARKS[c], hollow)
        for c in each.read
        for name, reading, hollow in ((c, each.read[c], False), (SHOWN, each.channels[c], True))
    ]
    for place, (_, reading, mark, hollow) in enumerate(points):
        spread = reading.read
        draw_controls(axes, [place], reading, named=False)
        if not np.isfinite(spread.median).all():
            axes.text(place, 0.5, NOT_READ, rotation=90, ha="center", va="center", color=GREY)
            continue
        dots = spread.each[:, 0] if len(spread.each) > 1 else ()
        bounds = (float(part[0]) for part in (spread.median, spread.low, spread.high))
        draw_point(axes, place, *bounds, mark, dots, hollow)
    show_all(axes, 0, 1.04)
    axes.set_xlim(-0.5, len(points) - 0.3)
    axes.set_xticks(range(len(points)), [name for name, *_ in points], rotation=90)
    axes.tick_params(labelleft=is_first)
    if is_first:
        axes.set_ylabel("goals read")


def _keys(data: Sequence[Hidden]) -> tuple[list[tuple[Line2D, ...]], list[str]]:
    """Return rows of eight dots, one for circles and one for lines, and what they are."""
    kinds = sorted({each.is_circle for each in data}, reverse=True)
    dots = [
        tuple(Line2D([], [], linestyle="", marker="o", markersize=3, color=c) for c in _colours(k))
        for k in kinds
    ]
    return dots, [TOLD[kind] for kind in kinds]
