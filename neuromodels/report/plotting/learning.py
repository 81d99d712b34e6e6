"""How the searches of a condition went: thinned, smoothed, and small enough for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuromodels.report.plotting.draw import new_figure
from neuromodels.report.plotting.panels import draw_band
from neuromodels.report.plotting.style import COLUMN, DARK, GREY, MARKS, Mark, styled

HEIGHT = 52.0
MOST_POINTS = 120
"""Points of a curve at most: a page of 2,000 generations is read on a hand's breadth."""
_WINDOWS = 50


@dataclass(frozen=True)
class Searches:
    """What is known of the searches of one condition.

    Parameters
    ----------
    name
        The condition.
    centres
        Per seed (generations, 2): number of finished generations, and score of the centre on
        the sequences of the search; NaN where it has none.
    tests
        Per seed (points, 4): generation, score on fresh sequences, and its interval.
    """

    name: str
    centres: Sequence[np.ndarray]
    tests: Sequence[np.ndarray] = field(default_factory=tuple)


def learning_curve(searches: Searches, limits: tuple[float, float]) -> Figure:
    """Return the learning curve of a condition, without a background.

    Parameters
    ----------
    limits
        Of the scores, so that several figures can be compared.
    """
    with styled():
        figure = new_figure(COLUMN, HEIGHT)
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        _draw(axes, searches)
        axes.set(title=searches.name, xlabel="generation", ylabel="score", ylim=limits)
        axes.set_xlim(left=0)
    return figure


def limits_of(panels: Sequence[Searches]) -> tuple[float, float]:
    """Return limits that hold every score of several conditions, with a margin."""
    drawn = [running_median(each)[:, 1] for panel in panels for each in panel.centres]
    drawn += [each[:, 1:].ravel() for panel in panels for each in panel.tests]
    scores = np.concatenate([np.zeros(0), *drawn])
    scores = scores[np.isfinite(scores)]
    if not scores.size:
        return 0.0, 1.0
    margin = 0.04 * max(float(np.ptp(scores)), 0.05)
    return float(scores.min()) - margin, float(scores.max()) + margin


def window_of(curve: np.ndarray) -> int:
    """Return over how many generations a curve is smoothed: an odd number, a fiftieth of it."""
    return len(curve) // _WINDOWS // 2 * 2 + 1


def running_median(curve: np.ndarray) -> np.ndarray:
    """Return a running median of a curve (n, 2), at `MOST_POINTS` places at most.

    The window is that of `window_of`, and shorter at both ends; NaN are left out.
    """
    half = window_of(curve) // 2
    rows = [curve[max(0, k - half) : k + half + 1, 1] for k in _places(len(curve))]
    medians = [np.nanmedian(row) if np.isfinite(row).any() else np.nan for row in rows]
    return np.column_stack([curve[_places(len(curve)), 0], medians])


def over_seeds(tests: Sequence[np.ndarray]) -> np.ndarray:
    """Return (points, 4): generation, median over seeds, lowest and highest seed.

    Only generations at which every seed was tested, `MOST_POINTS` at most. Of one seed it
    is the score with its own interval.
    """
    if len(tests) == 1:
        return tests[0][_places(len(tests[0]))]
    shared = sorted(set.intersection(*(set(each[:, 0]) for each in tests)))
    scores = np.array([each[np.isin(each[:, 0], shared), 1] for each in tests])
    columns = shared, np.median(scores, axis=0), scores.min(axis=0), scores.max(axis=0)
    points = np.column_stack(columns)
    return points[_places(len(points))]


def _places(count: int) -> np.ndarray:
    """Return which of some points are drawn: evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))


def _draw(axes: Axes, searches: Searches) -> None:
    for curve in searches.centres:
        drawn = running_median(curve)
        axes.plot(drawn[:, 0], drawn[:, 1], linewidth=0.6, alpha=0.8, color=GREY)
    tests = [each for each in searches.tests if len(each)]
    if tests and len(points := over_seeds(tests)):
        mark = MARKS.get(searches.name, Mark(searches.name, DARK, "o"))
        draw_band(axes, points[:, 0], points[:, 1], points[:, 2], points[:, 3], mark)
