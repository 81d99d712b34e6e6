"""Pictures of sweeps and fits: what lands on the axes is what was given."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from neuromodels.report.plotting.fits import Course, draw_fit, draw_parallel
from neuromodels.report.plotting.maps import Measured, Scale, draw_lines, draw_maps, draw_points
from neuromodels.report.plotting.sensitivities import draw_sobol
from neuromodels.report.plotting.style import NEGATIVE, POSITIVE


def measured(mean: np.ndarray, title: str = "rate (Hz)") -> Measured:
    return Measured(title, mean, mean - 1, mean + 2)


def test_lines_run_through_the_means_within_their_intervals() -> None:
    scale = Scale("g", np.array([3.0, 1, 2]))
    (axes,) = draw_lines(scale, [measured(np.array([30.0, 10, 20]))]).axes
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 10], [2, 20], [3, 30]])
    (area,) = axes.collections
    corners = {tuple(point) for point in area.get_paths()[0].vertices}
    assert {(1.0, 9.0), (1.0, 12.0), (3.0, 29.0), (3.0, 32.0)} <= corners
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("g", "rate (Hz)")


def test_a_map_has_a_cell_for_each_pair() -> None:
    x, y = Scale("g", np.array([1.0, 2, 4])), Scale("w", np.geomspace(0.1, 10, 4))
    means = np.arange(12.0).reshape(3, 4, 1)
    means[1, 2] = np.nan
    axes, bar = draw_maps(x, y, [measured(means)]).axes
    (cells,) = axes.collections
    found = np.ma.getdata(cells.get_array()).reshape(4, 3)
    hidden = np.ma.getmaskarray(cells.get_array()).reshape(4, 3)
    np.testing.assert_array_equal(found[~hidden], means[..., 0].T[~hidden])
    assert hidden.sum() == 1
    assert hidden[2, 1]
    assert (cells.norm.vmin, cells.norm.vmax) == (0, 11)
    assert bar.get_ylabel() == "rate (Hz)"
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    np.testing.assert_allclose(y.edges[1:-1], np.sqrt(y.values[1:] * y.values[:-1]))


def test_maps_in_a_row_share_their_colours() -> None:
    x, y = Scale("g", np.arange(3.0)), Scale("w", np.arange(2.0))
    means = np.arange(24.0).reshape(3, 2, 4)
    titles = ["a", "b", "c", "d"]
    figure = draw_maps(x, y, [measured(means), measured(-means, "v")], titles)
    maps = [axes for axes in figure.axes if axes.get_title(loc="left") or axes.collections]
    panels = [axes for axes in maps if axes.get_facecolor()[0] < 1]
    assert [axes.get_title(loc="left") for axes in panels] == [*titles, "", "", "", ""]
    assert {axes.collections[0].norm.vmax for axes in panels[:4]} == {23}
    assert {axes.collections[0].norm.vmin for axes in panels[4:]} == {-23}


def test_points_have_a_panel_for_each_measure_and_parameter() -> None:
    scales = [Scale("g", np.array([1.0, 5, 2])), Scale("w (mV)", np.array([0.01, 1, 10]))]
    figure = draw_points(scales, [measured(np.array([3.0, 4, 5])), measured(np.ones(3), "v")])
    axes = figure.axes
    assert [a.get_xlabel() for a in axes] == ["", "", "g", "w (mV)"]
    assert [a.get_ylabel() for a in axes] == ["rate (Hz)", "", "v", ""]
    np.testing.assert_array_equal(axes[1].lines[0].get_xydata()[:, 1], [3, 4, 5])
    assert (axes[0].get_xscale(), axes[1].get_xscale()) == ("linear", "log")


def test_parallel_coordinates_run_from_bound_to_bound() -> None:
    courses = [
        Course("g", np.array([2.0, 4]), (1, 5), (0, 8)),
        Course("w [uS]", np.array([1e-4, 1e-2]), (1, 1), (1e-4, 1), True),
    ]
    axes, bar = draw_parallel(courses, np.array([100.0, 1]), np.array([8, 1e-3])).axes
    (lines,) = axes.collections
    expected = [[[0, 0.25], [1, 0]], [[0, 0.5], [1, 0.5]]]
    np.testing.assert_allclose(lines.get_segments(), expected)
    np.testing.assert_array_equal(lines.get_array(), [100, 1])
    best = next(line for line in axes.lines if line.get_label() == "best")
    np.testing.assert_allclose(best.get_ydata(), [1, 0.25])
    assert bar.get_yscale() == "log"


def test_the_loss_of_a_fit_is_the_best_so_far_beside_that_of_each_generation() -> None:
    best = np.array([5.0, 3, 4, np.nan, 2])
    (axes,) = draw_fit(best, best + 1, []).axes
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["best so far"].get_ydata(), [5, 3, 3, 3, 2])
    np.testing.assert_array_equal(lines["best of each"].get_ydata(), best)
    assert (lines["best of each"].get_linestyle(), lines["best of each"].get_marker()) == (
        "None",
        "o",
    )


def test_bars_have_their_intervals() -> None:
    indices = {"S1": [0.2, 0.5], "S1_low": [0.1, 0.4], "S1_high": [0.3, 0.7]}
    indices |= {"ST": [0.4, 0.6], "ST_low": [0.3, 0.5], "ST_high": [0.5, 0.8]}
    arrays = {name: np.array(values) for name, values in indices.items()}
    (axes,) = draw_sobol(["rate"], ["g", "w"], [arrays]).axes
    widths = {to_hex(bar.get_facecolor()).upper(): [] for bar in axes.patches}
    for bar in axes.patches:
        widths[to_hex(bar.get_facecolor()).upper()].append(bar.get_width())
    assert widths == {NEGATIVE.upper(): [0.2, 0.5], POSITIVE.upper(): [0.4, 0.6]}
    ends = [[tuple(s[:, 0]) for s in lines.get_segments()] for lines in axes.collections]
    assert ends == [[(0.1, 0.3), (0.4, 0.7)], [(0.3, 0.5), (0.5, 0.8)]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["g", "w"]


@pytest.mark.parametrize("count", [1, 2])
def test_a_single_value_has_a_cell_too(count: int) -> None:
    edges = Scale("g", np.arange(1.0, 1 + count)).edges
    np.testing.assert_allclose(edges, np.arange(0.5, count + 1))
