"""Painters: what lands on the axes is what was given."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from neuromodels.report.plotting.draw import columns_for, new_figure, place
from neuromodels.report.plotting.panels import draw_answers, draw_channels, draw_signs, draw_weights
from neuromodels.report.plotting.style import DARK, MARKS, NEGATIVE, PALE, POSITIVE


@pytest.fixture
def axes():
    return place(new_figure(85, 60, exact=True), 10, 10, 60, 40)


def test_a_panel_lies_where_it_was_placed():
    figure = new_figure(100, 50, exact=True)
    box = place(figure, 20, 10, 40, 25).get_position()
    assert (box.x0, box.y0, box.width, box.height) == pytest.approx((0.2, 0.2, 0.4, 0.5))


@pytest.mark.parametrize(("panels", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (9, 3), (16, 4)])
def test_columns(panels, columns):
    assert columns_for(panels) == columns


def test_spikes_of_both_signs_have_their_colours(axes):
    spikes = np.array([[0, 1, 0], [-1, 0, 1]])
    draw_signs(axes, spikes)
    found = {}
    for lines in axes.collections:
        colour = to_hex(lines.get_color()[0]).upper()
        found[colour] = {(s[0, 0], s[:, 1].mean()) for s in lines.get_segments()}
    assert found == {POSITIVE: {(1, 0), (2, 1)}, NEGATIVE: {(0, 1)}}


def test_channels_that_are_not_there_stay_empty(axes):
    draw_channels(axes, np.array([[1, 0], [np.nan, 1]]), ["a", "b"])
    faces = [to_hex(cell.get_facecolor()) for cell in axes.patches]
    assert faces == [DARK, "#ffffff", DARK]


def test_right_answers_are_bold(axes):
    draw_answers(axes, np.array([1, 2]), np.array([0.5, -0.1, 0.2]), np.array([1.0, 1.0]))
    assert [(t.get_text(), t.get_fontweight()) for t in axes.texts] == [
        ("0", "normal"),
        ("1", "bold"),
    ]
    colours = [to_hex(bar.get_facecolor()) for bar in axes.patches]
    assert [each.lower() for each in colours] == [PALE, NEGATIVE.lower(), POSITIVE.lower()]


def test_weights_of_zero_are_white(axes):
    image = draw_weights(axes, np.array([[0.0, 2.0]]), limit=2.0)
    assert min(image.cmap(image.norm(0.0))[:3]) > 0.95


def test_marks_differ_in_colour_and_shape():
    """Goals that were never trained share the colour of the solution that is tested on them."""
    pairs = {"unseen": "plastic", "unseen_fixed": "fixed"}
    for name, search in pairs.items():
        assert MARKS[name].colour == MARKS[search].colour
        assert MARKS[name].marker != MARKS[search].marker
    others = [mark for name, mark in MARKS.items() if name not in pairs]
    assert len({mark.colour for mark in others}) == len(others)
    assert len({mark.marker for mark in others}) == len(others)
