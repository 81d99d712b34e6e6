"""Rules with some of their terms: the family of which named rules are points, and its switches."""

import numpy as np
import pytest

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.rules import CATALOG, PlasticityRule
from neuromodels.rules.taylor_modulated import POINTS, TERMS
from neuromodels.simulation.network.protocols import driven
from tests.rules.checks import checks

FAMILY = CATALOG["taylor_modulated"]
DT, THIRD = 0.02, 0.6
VALUES = {
    "eta": 0.002,
    "A": 0.5,
    "B": -0.2,
    "C": 0.3,
    "D": 0.05,
    "y_0": 1.5,
    "theta": 0.0,
    "a_lead": 0.7,
    "a_lag": 0.2,
    "tau_e": 0.3,
    "tau_x": 0.02,
    "tau_theta": 1.0,
    "dt": DT,
}
CHOSEN = {"form": "dense", "normalisation": "none", "pairs": "rates", "contrast": "none"}
WITH_ALL_TERMS = {"oja", "nm_bcm", "three_factor"}
"""Also compared with the whole family, all other coefficients 0."""
OWN_Y_0 = {"plastic_bcm", "nm_bcm"}
"""Rules whose threshold rests at `y_0`; that of `bcm` rests at 1, and `scaling` has none."""


def chosen(name):
    rule = CATALOG[name]
    return rule.with_options({key: value for key, value in CHOSEN.items() if key in rule.options})


def own_values(rule):
    return {c.name: VALUES[c.name] for c in rule.coefficients if c.name in VALUES}


def point(name):
    """Return the family's coefficients at a named rule."""
    values = {key: eval(text, {}, VALUES) for key, text in POINTS[name].items()}
    return {**values, "y_0": VALUES["y_0"] if name in OWN_Y_0 else 1.0, "tau_e": VALUES["tau_e"]}


def of_family(rule, values, inputs, weights):
    known = {c.name for c in rule.coefficients}
    return driven(rule, inputs, {k: v for k, v in values.items() if k in known}, weights, DT, THIRD)


@checks("taylor_modulated")
@pytest.mark.parametrize("name", POINTS)
def test_a_named_rule_is_a_point_of_the_family(name):
    rule = chosen(name)
    inputs = np.random.default_rng(5).uniform(0, 1, size=(60, 3))
    weights = np.array([0.2, 0.35, 0.3])
    values = own_values(rule)
    if rule.learns == ("rho",):
        values |= {"w": 0.0, "alpha": 1.0}
    expected = driven(rule, inputs, values, weights, DT, THIRD)
    assert np.abs(expected - weights).max() > 1e-5, "it must have learned something"
    reduced = FAMILY.with_options({"terms": " ".join(POINTS[name])})
    for each in (FAMILY, reduced) if name in WITH_ALL_TERMS else (reduced,):
        found = of_family(each, point(name), inputs, weights)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_a_reduced_rule_has_nothing_that_it_does_not_read():
    plain = FAMILY.with_options({"terms": "k110, k021"})
    assert [c.name for c in plain.coefficients] == ["w", "k021", "k110"]
    assert (plain.model, plain.modulator, plain.forget) == ("w : 1", "", "")
    late = FAMILY.with_options({"terms": "e11"})
    assert [c.name for c in late.coefficients] == ["w", "e11", "tau_e", "g_0"]
    assert (late.model, late.forget) == ("w : 1\nelig : 1", "elig = 0")


@pytest.mark.parametrize(
    ("terms", "part"),
    [("A", "pdlf_scp"), ("B D", "pdlf_pdp_post"), ("D", "pdlf_drift")],
)
def test_terms_of_pdlf_are_its_parts(terms, part):
    kept = chosen("pdlf").with_options({"normalisation": "none", "terms": terms})
    named = chosen(part)
    assert [c.name for c in kept.coefficients] == [c.name for c in named.coefficients]
    inputs = np.random.default_rng(6).normal(size=(20, 3))
    start = np.array([0.1, -0.2, 0.3])
    np.testing.assert_allclose(
        driven(kept, inputs, own_values(kept), start),
        driven(named, inputs, own_values(named), start),
        rtol=1e-12,
    )


@pytest.mark.parametrize("terms", ["", "k999", "k110 k110", "k110 theta"])
def test_terms_that_are_none_are_refused(terms):
    with pytest.raises(DeclarationError, match=r"taylor_modulated\.terms: must name some of k000"):
        FAMILY.with_options({"terms": terms})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"terms": ("b",)}, "must be names of coefficients"),
        ({"model": "w : 1\nseen = a*w : 1"}, "must stand in statements alone"),
    ],
)
def test_a_rule_cannot_declare_terms_that_cannot_be_left_out(changes, words):
    given = {"model": "w : 1", "terms": ("a",), "each_step": "w += a*x", **changes}
    with pytest.raises(DeclarationError, match=words):
        PlasticityRule(name="r", summary="", coefficients=(Coefficient("a"),), **given)


def test_a_coefficient_that_divides_cannot_be_left_out():
    rule = PlasticityRule(
        name="r",
        summary="",
        model="w : 1",
        each_step="w += a*x + y/b",
        coefficients=(Coefficient("a"), Coefficient("b", default=1.0)),
        terms=("a", "b"),
    )
    assert rule.with_options({"terms": "b"}).each_step == "w += y / b"
    with pytest.raises(DeclarationError, match="must not be what a statement divides by"):
        rule.with_options({"terms": "a"})


def test_every_term_alone_makes_a_rule():
    for term in TERMS:
        rule = FAMILY.with_options({"terms": term})
        assert rule.terms == (term,)
        assert term in rule.each_step
        assert ("M" in rule.each_step) == bool(rule.modulator) == (term[0] in "me")
