"""Ticks that have room."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neuromodels.report.plotting.posteriors import Edge, draw_pairs
from neuromodels.report.plotting.ticks import is_geometric, log_ticks, written

ENDS = [(0.1, 0.9), (1, 100), (2000, 9000), (1e-6, 0.1), (3, 4), (1.01, 1.02), (5, 5e9), (0.2, 6)]


@pytest.mark.parametrize(("low", "high"), ENDS)
@pytest.mark.parametrize("most", [3, 4, 6])
def test_a_log_axis_has_few_ticks_within_its_ends(low: float, high: float, most: int) -> None:
    ticks = log_ticks(low, high, most)
    assert 2 <= len(ticks) <= most
    assert ticks == sorted(ticks)
    assert low * (1 - 1e-6) <= ticks[0]
    assert ticks[-1] <= high * (1 + 1e-6)


def test_ticks_are_round_numbers() -> None:
    np.testing.assert_allclose(log_ticks(0.1, 0.9, 3), [0.1, 0.2, 0.5])
    np.testing.assert_allclose(log_ticks(1, 100, 3), [1, 10, 100])
    assert [written(v) for v in (0.2, 1e-6, 3e-5, 100, 2e7)] == [
        "0.2",
        "$10^{-6}$",
        "$3\\times10^{-5}$",
        "100",
        "$2\\times10^{7}$",
    ]


def test_values_that_grow_by_factors() -> None:
    assert is_geometric(np.geomspace(0.1, 10, 5))
    assert is_geometric(np.array([1, 2, 5, 10, 20.0]))
    assert not is_geometric(np.linspace(1, 10, 5))
    assert not is_geometric(np.array([0, 1, 10, 100.0]))
    assert not is_geometric(np.array([1.0, 10]))
    assert not is_geometric(np.array([1.0, 2, 4]))
    assert not is_geometric(np.array([3.0, 2, 1]))


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Return the texts of a figure that lie over each other."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = []
    for axes in figure.axes:
        labels = [*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label]
        texts += [t for t in [*labels, axes.yaxis.label] if t.get_text() and t.get_visible()]
    shown = [t for t in texts if _is_shown(t)]
    boxes = [t.get_window_extent() for t in shown]
    return [
        (a.get_text(), b.get_text())
        for n, (a, box) in enumerate(zip(shown, boxes, strict=True))
        for b, other in zip(shown[n + 1 :], boxes[n + 1 :], strict=True)
        if box.overlaps(other)
    ]


def _is_shown(text) -> bool:
    axes = text.axes
    if axes is None or text in (axes.xaxis.label, axes.yaxis.label):
        return True
    is_x = text in axes.get_xticklabels()
    return (
        bool(axes.xaxis.get_tick_params()["labelbottom" if is_x else "labelleft"])
        if is_x
        else (bool(axes.yaxis.get_tick_params()["labelleft"]))
    )


def test_labels_of_a_pair_plot_do_not_overlap() -> None:
    edges = [
        Edge("tau", "ms", 1, 100, True),
        Edge("w", "mV", 0.1, 0.9, True),
        Edge("g", "1", -5, 5, False),
        Edge("very_long_name", "uS", 1e-6, 1e-1, True),
        Edge("k", "1", 2000, 9000, True),
    ]
    rng = np.random.default_rng(0)
    places = rng.uniform(0.1, 0.9, (200, 5))
    ends = np.array([(e.low, e.high) for e in edges])
    logs = np.array([e.is_log for e in edges])
    low, high = np.where(logs, np.log(np.abs(ends.T)), ends.T)
    samples = low + places * (high - low)
    samples[:, logs] = np.exp(samples[:, logs])
    for count in (2, 3, 5):
        figure = draw_pairs(edges[:count], samples[:, :count])
        assert overlaps(figure) == []
