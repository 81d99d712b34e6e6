"""Fixed points of rules against what their papers say, and against steps of the rule itself."""

import numpy as np
import pytest
import sympy

from neuromodels.rules import CATALOG
from neuromodels.rules.fixed_points import fixed_points, turning_points


def points(name, **options):
    return fixed_points(CATALOG[name].with_options(options))


def same(text, expected):
    return sympy.simplify(sympy.sympify(text) - sympy.sympify(expected)) == 0


def test_oja_rests_where_the_weight_explains_the_input():
    (point,) = points("oja")
    assert same(point.weight, "x/y")
    assert same(point.slope, "-eta*y**2")
    assert point.is_stable


def test_a_running_mean_rests_at_the_product():
    (point,) = points("hebb", form="dense")
    assert same(point.weight, "x*y")
    assert same(point.slope, "-eta")
    assert point.is_stable


def test_scaling_rests_at_no_weight_and_depends_on_the_activity():
    (point,) = points("scaling")
    assert same(point.weight, "0")
    assert same(point.slope, "eta*(y_0 - y)")
    assert point.is_stable is None


@pytest.mark.parametrize("name", ["pdlf", "bcm", "stdp"])
def test_a_rule_whose_change_does_not_depend_on_the_weight_has_none(name):
    assert points(name) == []


@pytest.mark.parametrize(("name", "options"), [("hebb", {}), ("polynomial", {"form": "dense"})])
def test_a_rule_that_also_changes_at_spikes_or_in_several_statements_has_none(name, options):
    assert points(name, **options) == []


def test_no_formula_is_given_that_nobody_can_read():
    assert points("taylor") == []


def test_a_third_factor_moves_the_point_and_not_its_slope():
    (point,) = points("nm_oja", form="dense")
    assert same(point.weight, "M*x/y"), "as rho rests at M*x/y"


def test_both_points_of_a_quadratic_rule():
    """``k101*x*w + k002*w**2`` rests at 0 and at ``-k101*x/k002``."""
    found = points("taylor_modulated", terms="k101 k002")
    assert {str(sympy.sympify(point.weight)) for point in found} == {"0", "-k101*x/k002"}
    slopes = {str(sympy.sympify(p.weight)): p.slope for p in found}
    assert same(slopes["0"], "k101*x")
    assert same(slopes["-k101*x/k002"], "-k101*x")


def test_steps_of_the_rule_lead_to_its_stable_point():
    (point,) = points("taylor_modulated", terms="k110 k021")
    values = {"k110": 0.05, "k021": -0.08, "x": 0.7, "y": 1.3}
    weight = 0.1
    for _ in range(2000):
        x, y = values["x"], values["y"]
        weight += values["k110"] * x * y + values["k021"] * y**2 * weight
    found = float(sympy.sympify(point.weight).subs(values))
    assert weight == pytest.approx(found)
    assert np.sign(float(sympy.sympify(point.slope).subs(values))) == -1


def test_every_rule_of_the_catalog_can_be_asked():
    resting = {name for name, rule in CATALOG.items() if fixed_points(rule)}
    assert {"oja", "scaling"} <= resting


def test_bcm_turns_at_its_threshold():
    """Bienenstock, Cooper and Munro 1982: 0 below and theta above, where activity moves away."""
    found = {point.weight: point.slope for point in turning_points(CATALOG["bcm"])}
    assert set(found) == {"0", "theta"}
    assert found["theta"] == "eta*theta*x"
    assert found["0"] == "-eta*theta*x"


def test_pdlf_turns_where_its_terms_cancel():
    (point,) = turning_points(CATALOG["pdlf"])
    x, a, b, c, d, eta = 0.7, 0.9, -0.2, 0.3, 0.05, 0.1
    known = {"x": x, "A": a, "B": b, "C": c, "D": d, "eta": eta}
    y = eval(point.weight, {}, known)
    assert eta * (a * x * (y - c) + b * y + d) == pytest.approx(0, abs=1e-12)
    assert eval(point.slope, {}, known) == pytest.approx(eta * (a * x + b))


def test_a_rule_that_does_not_see_the_neuron_turns_nowhere():
    assert turning_points(CATALOG["pdlf_drift"]) == []
