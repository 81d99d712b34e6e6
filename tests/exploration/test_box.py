"""The space between the bounds of a model's parameters."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms

from neuromodels.errors import DeclarationError
from neuromodels.exploration.box import Box
from neuromodels.models import Model, Parameter
from neuromodels.models.compiled import Compiled


def build():
    cells = NeuronGroup(3, "x : second\ny : 1", name="cells")
    return Network(cells)


def box_of(**parameters):
    return Box(Compiled(Model(build, 1 * ms, parameters, {"y": "mean(last(cells.y))"})), "here")


def test_columns_are_the_points_in_the_units_of_tables():
    box = box_of(
        x=Parameter("cells.x", 1 * ms, 100 * ms, "log", per=[0, 1, 0]), y=Parameter("cells.y", 0, 4)
    )
    assert box.labels == ["x[0]", "x[1]", "y"]
    assert [axis.title for axis in box.axes] == ["x[0] [ms]", "x[1] [ms]", "y"]
    places = np.array([[0, 0.5, 1], [1, 0, 0.25]])
    points, columns = box.points(places), box.columns(places)
    np.testing.assert_allclose(points["x"], [[0.001, 0.01], [0.1, 0.001]])
    np.testing.assert_allclose(columns["x[1]"], [10, 1])
    np.testing.assert_allclose(columns["y"], [4, 1])


def test_a_parameter_with_choices_has_no_value_between_them():
    """Each question about a box gets them, not only a fit."""
    box = box_of(y=Parameter("cells.y", choices=[1, 2, 7]))
    values = box.points(np.linspace(0, 1, 50)[:, np.newaxis])["y"]
    assert set(values.ravel()) == {1, 2, 7}
    with pytest.raises(DeclarationError, match="bounds here, not choices"):
        box.refuse_choices("infer", "Give bounds.")
