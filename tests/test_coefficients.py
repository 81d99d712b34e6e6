"""Coefficients: their settings, and the map between a flat vector and named values."""

import numpy as np
import pytest
from brian2.units import ms

from neuromodels.coefficients import Block, Coefficient, CoefficientVector, Side
from neuromodels.errors import DeclarationError


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"low": 2, "high": 1}, "low <= high"),
        ({"low": 1, "high": 2, "default": 3}, "default must lie in"),
        ({"per": "layer"}, "per must be one of"),
        ({"scale": "square"}, "scale must be one of"),
        ({"scale": "log", "low": 0, "high": 1, "default": 0.5}, "low > 0"),
        ({"sigma": 0}, "sigma must be positive"),
        ({"frozen": "yes"}, "frozen: must be a number to freeze at, or True or False; got 'yes'"),
        ({"frozen": None}, "frozen: must be a number"),
        ({"frozen": np.nan}, "frozen: must be a number"),
        ({"frozen": [0.7]}, "frozen: must be a number"),
        ({"frozen": 2.0, "high": 1}, "default must lie in"),
        ({"default": "0.7"}, "default: must be a plain number"),
        ({"default": True}, "default: must be a plain number"),
        ({"default": 3 * ms}, "default: must be a plain number"),
        ({"low": None}, "low: must be a plain number"),
        ({"sigma": "wide"}, "sigma: must be a plain number"),
    ],
)
def test_contradictions_name_the_coefficient(settings, words):
    with pytest.raises(DeclarationError, match=words) as error:
        Coefficient("eta", **settings)
    assert "Coefficient.eta" in str(error.value)


@pytest.mark.parametrize(
    ("per", "size"),
    [("synapse", 12), ("pre", 3), ("post", 4), ("pre + post", 7), ("projection", 1)],
)
def test_granularity_is_how_many_numbers_it_stands_for(per, size):
    assert Coefficient("A", per=per).size(Side(3), Side(4)) == size


def test_a_vector_comes_back_as_named_values_inside_their_bounds():
    rate = Coefficient("rate", default=0.01, low=0.001, high=1.0, scale="log", sigma=0.5)
    gain = Coefficient("gain", default=2.0, low=-3, high=3, per="post")
    kept = Coefficient("kept", frozen=True)
    sizes = ((rate, 1), (kept, 7), (gain, 2))
    vector = CoefficientVector(tuple(Block("a_b", each, size) for each, size in sizes))
    assert vector.dimension == 3
    np.testing.assert_allclose(vector.centre, [np.log(0.01), 2, 2])
    np.testing.assert_allclose(vector.sigma, [0.5, 0.04, 0.04])
    decoded = vector.decode(np.array([[np.log(0.5), 1, 9], [5, -9, 0]]))
    np.testing.assert_allclose(decoded["a_b.rate"], [[0.5], [1.0]])
    np.testing.assert_allclose(decoded["a_b.gain"], [[1, 3], [-3, 0]])
    assert "a_b.kept" not in decoded


def test_freezing_at_a_value_sets_the_default():
    frozen = Coefficient("C").with_settings({"frozen": 0.25})
    assert (frozen.default, frozen.frozen) == (0.25, True)


@pytest.mark.parametrize("value", [0.7, 1, np.float64(0.7), np.int64(2), np.float32(0.5)])
def test_freezing_at_a_value_is_the_same_where_a_coefficient_is_made_and_where_it_is_changed(value):
    made = Coefficient("eta", frozen=value)
    assert (made.default, made.frozen) == (float(value), True)
    assert made == Coefficient("eta").with_settings({"frozen": value})


@pytest.mark.parametrize("switch", [True, False, np.True_, np.False_])
def test_a_switch_keeps_the_default(switch):
    made = Coefficient("eta", default=0.3, frozen=switch)
    assert (made.default, made.frozen) == (0.3, bool(switch))


def test_an_unknown_setting_is_refused():
    with pytest.raises(DeclarationError, match="settings are"):
        Coefficient("C").with_settings({"wide": 1})


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_synapse_has_the_sum_of_its_two_neurons_numbers(scale):
    pre, post = Side(3), Side(2)
    gain = Coefficient(
        "g", default=2.0, low=0.5, high=9.0, per="pre + post", scale=scale, sigma=0.3
    )
    block = Block("a_b", gain, gain.size(pre, post), gain.spread(pre, post))
    vector = CoefficientVector((block,))
    xs = np.random.default_rng(1).standard_normal((4, 5))
    sums = xs[:, :3, None] + xs[:, None, 3:]
    wanted = np.clip(np.exp(sums) if scale == "log" else sums, 0.5, 9.0)
    np.testing.assert_allclose(vector.decode(xs)["a_b.g"], wanted.reshape(4, 6), rtol=1e-12)
    np.testing.assert_allclose(vector.decode(vector.centre[None])["a_b.g"], 2.0)
    assert block.used == 6


def test_sums_are_drawn_with_the_spread_of_the_coefficient():
    gain = Coefficient("g", per="pre + post", sigma=0.3)
    block = Block("a_b", gain, 7, gain.spread(Side(3), Side(4)))
    vector = CoefficientVector((block,))
    draws = np.random.default_rng(2).standard_normal((20_000, 7))
    values = vector.decode(vector.centre + vector.sigma * draws)["a_b.g"]
    np.testing.assert_allclose(values.std(axis=0), 0.3, rtol=0.02)


def test_what_is_told_of_summands_is_not_bounded():
    assert Coefficient("g", low=0, high=1, per="pre + post").told(np.array([-2.0, 3])).tolist() == [
        -2.0,
        3.0,
    ]
    assert Coefficient("g", low=0, high=1).told(np.array([-2.0, 3])).tolist() == [0.0, 1.0]
