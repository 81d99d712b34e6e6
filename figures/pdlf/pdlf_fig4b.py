"""Weights at six moments around a wound that takes all of them (arXiv:2308.12063, Fig. 4b)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from figures.shared.control import called, task_of
from figures.shared.measures import by_condition, measures_of
from figures.shared.scores import (
    Spread,
    choice_text,
    counts_in,
    final_scores,
    median_seed,
    note_on,
    over_seeds,
    the_run,
)
from neuromodels.report.plotting.draw import new_figure, place, write_note
from neuromodels.report.plotting.panels import draw_weights, show_all
from neuromodels.report.plotting.style import DARK, GREY, PAGE, styled
from neuromodels.store.store import StoredRun

CONDITION = "plastic"
NEEDS = ("control_reacher",)
MEASURE = "weights"
LACKS = "the weights of a trial"
LAYERS = ("input_hidden", "hidden_output")
MOMENTS = ("first weights", "last before", "all lost", "one update later", "later", "near the end")
"""What the six steps of the measure are."""
LEFT, WIDE, GAP = 14.0, 21.0, 1.6
"""Of the matrices, mm: the first one's place, their width, and what lies between two."""
FIRST, SECOND, CURVE, AIR = 26.0, 11.0, 20.0, 3.0
"""Heights of the two layers and of the comparison, and what lies between them, mm."""
BOTTOM, TICKS = 10.0, 5.0
"""Room below the comparison and below the matrices, mm."""


@dataclass(frozen=True)
class Wounded:
    """One trial of the median seed, and all trials of all seeds.

    Parameters
    ----------
    task, seed, seeds
        Which task, whose trial, and of how many seeds it is the median.
    looks, steps
        The six steps, and how many a trial has.
    layers
        By projection, weights that act in these steps, (looks, before, behind).
    alike, others
        By projection, cosine to the weights of the same trial left intact, and to those of another
        intact trial, mean over trials, over seeds (seeds, looks).
    """

    task: str
    seed: int
    seeds: int
    looks: np.ndarray
    steps: int
    layers: Mapping[str, np.ndarray]
    alike: Mapping[str, Spread]
    others: Mapping[str, Spread]


# -- from a stored run to arrays ----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> Wounded:
    """Return the weights of the seed with the median score, and how alike all are.

    Raises
    ------
    NeuromodelsError
        For several runs, a run of a task without goals, or one that was not measured.
    """
    run = the_run("pdlf_fig4b", runs)
    task = task_of("pdlf_fig4b", run)
    seed = median_seed(final_scores("pdlf_fig4b", run, CONDITION))
    measures = measures_of(run, MEASURE, [CONDITION])
    ours = measures[CONDITION][seed]

    def spreads(what: str) -> dict[str, Spread]:
        found = {n: by_condition(measures, lambda a, n=n: a[f"{n}.{what}"]) for n in LAYERS}
        return {name: over_seeds(each[CONDITION]) for name, each in found.items()}

    return Wounded(
        called(run),
        seed,
        len(measures[CONDITION]),
        ours["looks"],
        task.number(task.steps, run.study.task.parameters),
        {name: ours[f"{name}.w"] for name in LAYERS},
        spreads("alike"),
        spreads("others"),
    )


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: Wounded):
    """Return the figure, a page wide: both layers at six moments, and how alike they are below."""
    with styled():
        below = BOTTOM + CURVE + AIR + TICKS
        high = below + SECOND + AIR + FIRST + 14
        figure = new_figure(PAGE, high, exact=True)
        figure.text(0.01, 1 - 2 / high, _title(data), ha="left", va="top")
        bottoms = (below + SECOND + AIR, below)
        limit = max(float(np.abs(each).max()) for each in data.layers.values())
        for column in range(len(data.looks)):
            image = _draw_moment(figure, data, column, bottoms, limit)
        bar = place(figure, PAGE - 17, below, 2, FIRST + AIR + SECOND)
        figure.colorbar(image, cax=bar, label="weight over its layer's norm", ticks=MaxNLocator(5))
        _draw_alike(place(figure, LEFT, BOTTOM, 6 * WIDE + 5 * GAP, CURVE), data)
        counts = counts_in([*data.alike.values(), *data.others.values()])
        write_note(figure, note_on(counts, "cosines: mean over trials"))
        return figure


def _title(data: Wounded) -> str:
    which = f" ({choice_text(data.seeds)})" if data.seeds > 1 else ""
    return f"{data.task}, plastic, seed {data.seed}{which}: one trial of {data.steps} steps"


def _draw_moment(figure, data: Wounded, column: int, bottoms: Sequence[float], limit: float):
    left = LEFT + column * (WIDE + GAP)
    first, second = (data.layers[name][column] for name in LAYERS)
    above = place(figure, left, bottoms[0], WIDE, FIRST)
    below = place(figure, left, bottoms[1], WIDE, SECOND)
    draw_weights(above, first, limit)
    image = draw_weights(below, second.T, limit)
    above.set_title(f"step {data.looks[column]}\n{MOMENTS[column]}")
    for axes, label in ((above, "channel"), (below, "read-out")):
        axes.tick_params(length=0, labelbottom=False, labelleft=False)
        axes.spines[:].set(visible=True, color=GREY, linewidth=0.4)
        if column == 0:
            axes.set_ylabel(label)
    below.set_xlabel("hidden neuron")
    return image


def _draw_alike(axes, data: Wounded) -> None:
    places = np.arange(len(data.looks))
    for k, (name, spreads, key) in enumerate(_compared(data)):
        each, where = spreads[name], places + 0.1 * (k - 1.5)
        axes.vlines(where, each.low, each.high, color=key.get_color(), linewidth=1)
        face = key.get_markerfacecolor()
        axes.plot(
            where,
            each.median,
            key.get_marker(),
            color=key.get_color(),
            markerfacecolor=face,
            markersize=3.5,
        )
    show_all(axes, -0.05, 1.05)
    axes.set(xlim=(-0.5, len(places) - 0.5), ylabel="cosine to\nintact weights")
    axes.set_xticks(places, [f"step {look}" for look in data.looks])
    axes.tick_params(axis="x", length=0)
    keys = [key for _, _, key in _compared(data)]
    axes.legend(handles=keys, loc="center", frameon=False, bbox_to_anchor=(2.5 / 6, 0.55))


def _compared(data: Wounded) -> Iterator[tuple[str, Mapping[str, Spread], Line2D]]:
    """Yield what is compared with intact weights, from left to right, with its key."""
    kinds = ((data.alike, "same trial", DARK), (data.others, "another", "w"))
    for name, marker, layer in zip(LAYERS, "os", ("layer 1", "read-out"), strict=True):
        for spreads, whose, face in kinds:
            yield (
                name,
                spreads,
                Line2D(
                    [],
                    [],
                    linestyle="",
                    marker=marker,
                    color=DARK if face == DARK else GREY,
                    markerfacecolor=face,
                    markersize=3.5,
                    label=f"{layer}, {whose}",
                ),
            )
