"""What a sequence leaves in the weights, beyond what zeros leave (arXiv:2308.12063, Fig. 2d, 2e).

Weights from the channel of bits to the hidden neurons, and from these to the read-out, when the
last bit was shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from figures.shared.measures import measures_of
from figures.shared.readings import Reading, draw_controls, reading_of
from figures.shared.scores import (
    choice_text,
    counts_in,
    final_scores,
    median_seed,
    note_on,
    the_run,
)
from neuromodels.errors import NeuromodelsError
from neuromodels.measures.imprint import bits_text
from neuromodels.report.plotting.draw import new_figure, place, write_note
from neuromodels.report.plotting.panels import draw_level, draw_weights, show_all
from neuromodels.report.plotting.style import GREY, PAGE, Mark, styled
from neuromodels.store.store import StoredRun

TASK = "sequence_copy"
CONDITION = "plastic"
NEEDS = ("pdlf_copy_l8_d0",)
MEASURE = "imprint"
LACKS = "the weight change of each neuron"
CHANCE = 0.5
LAYERS = {
    "input_hidden": Mark("layer 1", "#009E73", "o"),
    "hidden_output": Mark("read-out", "#CC79A7", "s"),
}
"""Projections -> how the figure calls and draws them."""
WIDE, GAP, LEFT, BOTTOM, ABOVE = 22.0, 2.0, 8.0, 14.0, 12.0
"""Of the maps, mm: their width, what lies between two, and the room around them."""


@dataclass(frozen=True)
class Imprint:
    """The median seed of one run, and what can be read in all of them.

    Parameters
    ----------
    seed, score, seeds
        Whose weights, what this solution recalls, and of how many seeds it is the median.
    sequences
        Bits of the sequences, (k, length).
    changes
        By projection, what each leaves beyond zeros, one number per hidden neuron, (k, hidden).
    read
        By projection, how often each bit is read from its weights, of sequences held out, and the
        controls of the reading, over seeds (seeds, length).
    """

    seed: int
    score: float
    seeds: int
    sequences: np.ndarray
    changes: Mapping[str, np.ndarray]
    read: Mapping[str, Reading]


# -- from a stored run to arrays ----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> Imprint:
    """Return what sequences left in the weights of the seed with the median score.

    Raises
    ------
    NeuromodelsError
        For several runs, a run of another task, or one that was not measured.
    """
    run = the_run("pdlf_fig2d", runs)
    if run.study.task.name != TASK:
        raise NeuromodelsError("pdlf_fig2d", f"draws a run of {TASK}", run.study.task.name)
    scores = final_scores("pdlf_fig2d", run, CONDITION)
    seed = median_seed(scores)
    measures = measures_of(run, MEASURE, [CONDITION])
    ours = measures[CONDITION][seed]
    first, second = (ours[f"{name}.change"] for name in LAYERS)
    read = {n: reading_of(measures[CONDITION], f"{n}.read", run, MEASURE) for n in LAYERS}
    return Imprint(
        seed,
        scores[seed],
        len(scores),
        ours["sequences"],
        dict(zip(LAYERS, (first[:, 0, :], second[:, :, 0]), strict=True)),
        read,
    )


def arranged(neurons: np.ndarray) -> np.ndarray:
    """Return one number per neuron, row by row in the rectangle that is nearest to a square."""
    count = neurons.size
    rows = max(k for k in range(1, count + 1) if count % k == 0 and k**2 <= count)
    return neurons.reshape(rows, -1)


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: Imprint):
    """Return the figure, a page wide: maps of changes, and which bits can be read at the right."""
    with styled():
        rows, columns = arranged(next(iter(data.changes.values()))[0]).shape
        tall = WIDE * rows / columns
        high = BOTTOM + 2 * tall + GAP + ABOVE
        figure = new_figure(PAGE, high, exact=True)
        figure.text(0.01, 1 - 2 / high, _title(data), ha="left", va="top")
        limit = max(float(np.abs(each).max()) for each in data.changes.values()) or 1.0
        for row, name in enumerate(LAYERS):
            bottom = BOTTOM + (1 - row) * (tall + GAP)
            image = _draw_row(figure, data, name, (bottom, tall), limit)
        right = LEFT + len(data.sequences) * (WIDE + GAP)
        bar = place(figure, right, BOTTOM, 2, 2 * tall + GAP)
        figure.colorbar(image, cax=bar, label="change of the weight", ticks=MaxNLocator(5))
        _draw_read(place(figure, right + 31, BOTTOM, PAGE - right - 33, 2 * tall + GAP), data)
        write_note(figure, note_on(counts_in(each.read for each in data.read.values()), "one seed"))
        return figure


def _title(data: Imprint) -> str:
    which = f" ({choice_text(data.seeds)})" if data.seeds > 1 else ""
    return (
        f"Weights after the last bit, less those after zeros."
        f" Seed {data.seed}{which} recalls {data.score:.1%} of fresh bits."
    )


def _draw_row(figure, data: Imprint, name: str, where: tuple[float, float], limit: float):
    """Draw the changes of a projection by all sequences, (bottom, height) in mm."""
    bottom, tall = where
    for k, change in enumerate(data.changes[name]):
        axes = place(figure, LEFT + k * (WIDE + GAP), bottom, WIDE, tall)
        image = draw_weights(axes, arranged(change), limit)
        axes.spines[:].set(visible=True, color=GREY, linewidth=0.4)
        axes.tick_params(length=0, labelbottom=False, labelleft=False)
        if k == 0:
            axes.set_ylabel(LAYERS[name].label)
        if name == next(iter(LAYERS)):
            axes.set_title(bits_text(data.sequences[k]))
        else:
            axes.set_xlabel("hidden neurons")
    return image


def _draw_read(axes, data: Imprint) -> None:
    draw_level(axes, CHANCE, "chance")
    for shift, (name, mark) in zip((-0.12, 0.12), LAYERS.items(), strict=True):
        spread = data.read[name].read
        bits = 1 + np.arange(spread.median.size) + shift
        axes.vlines(bits, spread.low, spread.high, color=mark.colour, linewidth=1)
        axes.plot(
            bits, spread.median, mark.marker, color=mark.colour, markersize=3, label=mark.label
        )
        draw_controls(axes, bits, data.read[name], named=shift > 0)
    show_all(axes, 0, 1.05)
    axes.set(xlabel="bit", ylabel="read from weights", title="bits of sequences held out")
    axes.set_xticks(1 + np.arange(spread.median.size))
    axes.legend(frameon=False, loc="lower left", handlelength=1)
