"""How searches went: one panel per condition, one line per seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuromodels.plotting.draw import columns_for, new_figure, width_for
from neuromodels.plotting.panels import draw_band
from neuromodels.plotting.style import DARK, GREY, MARKS, Mark, styled

PANEL_HEIGHT = 52.0


def learning_curves(panels: Sequence[tuple[str, Sequence[np.ndarray]]]) -> Figure:
    """Return the learning curves of conditions.

    Parameters
    ----------
    panels
        Name of each condition and, per seed, (generations, 2): generation and score.
    """
    columns = columns_for(len(panels))
    rows = -(-len(panels) // columns)
    with styled():
        figure = new_figure(width_for(len(panels)), rows * PANEL_HEIGHT)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, (name, series) in zip(axes, panels, strict=False):
            _draw(panel, name, series)
        for panel in axes[len(panels) :]:
            panel.set_axis_off()
    return figure


def _draw(axes: Axes, name: str, series: Sequence[np.ndarray]) -> None:
    for each in series:
        axes.plot(each[:, 0], each[:, 1], linewidth=0.4, alpha=0.6, color=GREY)
    shared = min(len(each) for each in series)
    scores = np.array([each[:shared, 1] for each in series])
    mark = MARKS.get(name, Mark(name, DARK, "o"))
    bounds = np.min(scores, axis=0), np.max(scores, axis=0)
    generations = series[0][:shared, 0]
    draw_band(axes, generations, np.median(scores, axis=0), *bounds, mark)
    axes.set(title=name, xlabel="generation", ylabel="score of the centre")
