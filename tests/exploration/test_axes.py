"""Places between bounds, and the values that they stand for."""

import numpy as np
import pandas
import pytest
from brian2 import ms, mV, second
from brian2.units.fundamentalunits import DIMENSIONLESS

from neuromodels.errors import DeclarationError
from neuromodels.exploration.axes import Axis, columns_at, places_of

LINEAR = Axis("tau", 1e-3, 5e-3, False, second.dim, 1e-3, "ms")
LOG = Axis("g", 0.01, 100, True, DIMENSIONLESS, 1.0, "1")
AXES = (LINEAR, LOG)
PLACES = np.array([[0.0, 0.0], [0.25, 0.5], [1.0, 1.0]])


def test_places_go_along_the_scale_and_back():
    columns = columns_at(AXES, PLACES)
    assert columns["tau"] == pytest.approx([1, 2, 5])
    assert columns["g"] == pytest.approx([0.01, 1, 100])
    given = {"tau": [1, 2, 5] * ms, "g": [0.01, 1, 100]}
    np.testing.assert_allclose(places_of(AXES, "here", given), PLACES, atol=1e-12)
    frame = pandas.DataFrame(columns)
    np.testing.assert_allclose(places_of(AXES, "here", frame), PLACES, atol=1e-12)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tau": 1 * ms}, r"needs a value of each parameter; got \"none of \['g'\]\""),
        ({"tau": 1 * ms, "g": 1, "h": 2}, "parameter of that name; got 'h'"),
        ({"tau": 1 * mV, "g": 1}, r"here\['tau'\]: values must have the unit"),
        ({"tau": 9 * ms, "g": 1}, r"here\['tau'\]: values must lie from 1 to 5 ms"),
        ({"tau": [1, 2] * ms, "g": 1}, "as many values"),
        (3, "must be a dictionary of values"),
    ],
)
def test_wrong_values_have_one_message(given, told):
    with pytest.raises(DeclarationError, match=told):
        places_of(AXES, "here", given)
