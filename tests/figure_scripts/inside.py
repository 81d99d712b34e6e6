"""What of a drawn figure lies outside of its axes."""

from itertools import chain

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection, PolyCollection

from neuromodels.report.plotting.style import styled

TOLERANCE = 1.0
"""Pixels."""


def cut_off(figure, *, is_laid_out=False):
    """Return a word about each line, dot, band and bar that its axes cut off.

    Parameters
    ----------
    is_laid_out
        Whether the figure was drawn before, which takes most of the time.
    """
    if not is_laid_out:
        with styled():
            FigureCanvasAgg(figure).draw()
    return [
        f"{type(artist).__name__} in {axes.get_title(loc='left') or axes.get_xlabel()!r}"
        for axes in figure.axes
        for artist, points in drawn_in(axes)
        if not is_inside(axes, points)
    ]


def drawn_in(axes):
    """Yield everything that shows data in axes, with its points in pixels, (n, 2)."""
    for line in axes.lines:
        yield line, line.get_transform().transform(np.column_stack(line.get_data()))
    for each in axes.collections:
        if isinstance(each, PathCollection):
            yield each, each.get_offset_transform().transform(np.asarray(each.get_offsets()))
        elif isinstance(each, PolyCollection | LineCollection):
            vertices = [path.vertices for path in each.get_paths()]
            if vertices:
                yield each, each.get_transform().transform(np.concatenate(vertices))
    for bar in chain.from_iterable(axes.containers):
        yield bar, bar.get_transform().transform(bar.get_path().vertices)


def is_inside(axes, points):
    """Whether points lie in the axes: on a disc where these are polar."""
    points = points[np.isfinite(points).all(axis=1)]
    if axes.name == "polar":
        centre = axes.transAxes.transform((0.5, 0.5))
        radii = np.linalg.norm(points - centre, axis=1)
        return bool((radii <= axes.bbox.width / 2 + TOLERANCE).all())
    low, high = axes.bbox.min - TOLERANCE, axes.bbox.max + TOLERANCE
    return bool(((points >= low) & (points <= high)).all())
