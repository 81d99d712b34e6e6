"""Sensitivity indices: how much each measure depends on each parameter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuromodels.report.plotting.draw import columns_for, new_figure, width_for
from neuromodels.report.plotting.style import DARK, NEGATIVE, POSITIVE, styled

#: Indices of one measure by name, (parameters,) each.
Indices = Mapping[str, np.ndarray]
ROW = 4.5
"""Height of a parameter's row, mm."""


def draw_sobol(
    titles: Sequence[str], parameters: Sequence[str], panels: Sequence[Indices]
) -> Figure:
    """Return a panel for each measure: bars of ``S1`` and ``ST`` with their intervals."""

    def draw(axes: Axes, indices: Indices) -> None:
        for shift, name, colour in ((-0.19, "S1", NEGATIVE), (0.19, "ST", POSITIVE)):
            rows = np.arange(len(parameters)) + shift
            axes.barh(rows, indices[name], 0.36, color=colour, alpha=0.6, label=name)
            axes.hlines(rows, indices[f"{name}_low"], indices[f"{name}_high"], color=DARK, lw=0.8)
        axes.axvline(0, color=DARK, linewidth=0.5)
        axes.set_yticks(range(len(parameters)), parameters)
        axes.set_ylim(len(parameters) - 0.4, -0.6)
        axes.set_xlabel("part of the variance")

    figure = _panels(titles, panels, 16 + ROW * 2 * max(len(parameters), 2), draw)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    with styled():
        figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return figure


def draw_morris(
    titles: Sequence[str], parameters: Sequence[str], panels: Sequence[Indices]
) -> Figure:
    """Return a panel for each measure: ``sigma`` over ``mu_star``, a named point per parameter."""

    def draw(axes: Axes, indices: Indices) -> None:
        middle, sigma = indices["mu_star"], indices["sigma"]
        axes.hlines(sigma, indices["mu_star_low"], indices["mu_star_high"], color=DARK, lw=0.7)
        axes.plot(middle, sigma, "o", color=NEGATIVE, markersize=3)
        for label, x, y in zip(parameters, middle, sigma, strict=True):
            if np.isfinite([x, y]).all():
                axes.annotate(label, (x, y), xytext=(3, 2), textcoords="offset points")
        axes.margins(0.12)
        axes.set(xlabel="mean size of effect", ylabel="its standard deviation")

    return _panels(titles, panels, 50, draw)


def _panels(
    titles: Sequence[str],
    panels: Sequence[Indices],
    height: float,
    draw: Callable[[Axes, Indices], None],
) -> Figure:
    columns = columns_for(len(panels))
    rows = math.ceil(len(panels) / columns)
    with styled():
        figure = new_figure(width_for(len(panels)), height * rows)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, title, indices in zip(grid, titles, panels, strict=False):
            draw(axes, indices)
            axes.set_title(title)
        for axes in grid[len(panels) :]:
            axes.remove()
    return figure
