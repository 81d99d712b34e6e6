"""Which bits of a sequence are recalled: the serial position curve of evolved rules.

The classic measure of recall in order (Murdock 1962, J. Exp. Psychol. 64:482), asked of networks
whose memory is in their weights; arXiv:2308.12063 has means over positions only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from matplotlib.lines import Line2D

from figures.shared.copy import CHANCE, STUDIES, cell_of
from figures.shared.measures import by_condition, measures_of
from figures.shared.scores import Spread, note_on, over_seeds
from neuromodels.report.plotting.draw import columns_for, new_figure, width_for, write_note
from neuromodels.report.plotting.panels import draw_band, draw_level, show_all
from neuromodels.report.plotting.style import Mark, shades, styled
from neuromodels.store.store import StoredRun

CONDITION = "plastic"
NEEDS = STUDIES
MEASURE = "memory"
LACKS = "the recall at each position"


@dataclass(frozen=True)
class Serial:
    """One run: fraction of right bits at each position, over seeds (seeds, length)."""

    length: int
    latency: int
    recall: Spread

    @property
    def seeds(self) -> int:
        return len(self.recall.each)


def collect(runs: Sequence[StoredRun]) -> list[Serial]:
    """Return the recall of every run, by length and latency.

    Raises
    ------
    NeuromodelsError
        For a run of another task, or one that was not measured.
    """
    return sorted((_serial(run) for run in runs), key=lambda each: (each.length, each.latency))


def _serial(run: StoredRun) -> Serial:
    length, latency = cell_of("pdlf_serial", run)
    measures = measures_of(run, MEASURE, [CONDITION])
    right = by_condition(measures, lambda arrays: arrays["own"].mean(axis=0))[CONDITION]
    return Serial(length, latency, over_seeds(right))


def draw(data: list[Serial]):
    """Return the figure: a panel per length, a curve per delay."""
    lengths = [list(group) for _, group in groupby(data, key=lambda each: each.length)]
    marks = _marks(data)
    columns = columns_for(len(lengths))
    rows = -(-len(lengths) // columns)
    with styled():
        figure = new_figure(width_for(len(lengths)), 48 * rows + 16)
        for number, group in enumerate(lengths):
            axes = figure.add_subplot(rows, columns, number + 1)
            _draw_length(axes, group, marks)
            if number % columns == 0:
                axes.set_ylabel("fraction of right bits")
            if number + columns >= len(lengths):
                axes.set_xlabel("position in the sequence")
        keys = [
            Line2D([], [], color=m.colour, marker=m.marker, label=m.label) for m in marks.values()
        ]
        figure.legend(handles=keys, title="delay", loc="outside right center", frameon=False)
        write_note(figure, note_on((each.seeds for each in data), "one seed: mean over trials"))
        return figure


def _marks(data: list[Serial]) -> dict[int, Mark]:
    """Return one mark per delay, the same in all panels."""
    delays = sorted({each.latency for each in data})
    return dict(zip(delays, shades(f"{delay} steps" for delay in delays), strict=True))


def _draw_length(axes, group: list[Serial], marks: dict[int, Mark]) -> None:
    draw_level(axes, CHANCE, "chance")
    for each in group:
        positions = np.arange(1, each.length + 1)
        recall = each.recall
        draw_band(axes, positions, recall.median, recall.low, recall.high, marks[each.latency])
    show_all(axes, 0.38, 1.03)
    axes.set_xlim(0.5, group[0].length + 0.5)
    axes.set_title(f"{group[0].length} bits")
